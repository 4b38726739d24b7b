// The program of tests: doctest's, with one rule more. A test case that ends without having checked anything says why in a
// message ("skipped: ..."), or it is a failure: a loop over an empty list and an early return look like success otherwise.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

/// Test cases that checked nothing and said nothing.
std::vector<std::string> unchecked;  // NOLINT: doctest makes the listener, and gives no way to it

class CheckedCases final : public doctest::IReporter {
 public:
  explicit CheckedCases(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData& test) override {
    name_ = test.m_name;
    spoke_ = false;
  }
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void log_message(const doctest::MessageData&) override { spoke_ = true; }
  void test_case_end(const doctest::CurrentTestCaseStats& test) override {
    if (test.numAssertsCurrentTest == 0 && !spoke_) unchecked.push_back(name_);
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}

 private:
  std::string name_;
  bool spoke_ = false;
};

REGISTER_LISTENER("checked_cases", 1, CheckedCases);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int result = context.run();
  // HEDDLE_TEST_DEVICES takes devices away, and with them what some tests are about.
  if (context.shouldExit() || std::getenv("HEDDLE_TEST_DEVICES") != nullptr) return result;
  for (const std::string& name : unchecked) std::printf("checked nothing: %s\n", name.c_str());
  return unchecked.empty() ? result : 1;
}
