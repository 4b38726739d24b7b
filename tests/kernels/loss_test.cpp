#include "kernels/loss/loss.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "bench/references.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace {

using namespace heddle;
using namespace heddle::kernels;
using namespace heddle::test;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Logits, labels and the rows that count, on the host.
struct Case {
  Case(HostMatrix logits_, std::vector<int32_t> labels_, std::vector<int32_t> rows_)
      : logits(std::move(logits_)), labels(std::move(labels_)), rows(std::move(rows_)) {}

  HostMatrix logits;
  std::vector<int32_t> labels;
  std::vector<int32_t> rows;
  float dloss = 1;
  std::vector<float> weights = {};  ///< of the classes; empty: all are 1
};

/// `listed` of n rows, in random order; logits within +-range, labels drawn. Labels of unlisted rows are not valid ones.
Case random_case(int64_t n, int64_t classes, int64_t listed, double range, uint64_t seed) {
  bench::Draws draws(seed);
  Case c({n, classes, std::vector<float>(static_cast<std::size_t>(n * classes))},
         std::vector<int32_t>(static_cast<std::size_t>(n), -1), {});
  for (float& logit : c.logits.values) logit = static_cast<float>((2 * draws.uniform() - 1) * range);
  const std::vector<int64_t> order = bench::random_permutation(n, seed + 1);
  for (int64_t i = 0; i < listed; ++i) {
    c.rows.push_back(static_cast<int32_t>(order[static_cast<std::size_t>(i)]));
    c.labels[static_cast<std::size_t>(c.rows.back())] = static_cast<int32_t>(draws.below(classes));
  }
  return c;
}

struct Results {
  std::vector<float> loss, gradient;
  int32_t correct;
};

Results run(Workbench& workbench, const Case& c) {
  const DeviceMatrix logits(workbench.stream(), c.logits);
  const Guarded<int32_t> labels = workbench.array(c.labels), rows = workbench.array(c.rows);
  const Guarded<float> loss = workbench.output(1), dloss = workbench.array(std::vector<float>{c.dloss});
  const Guarded<float> gradient = workbench.output(c.logits.rows * c.logits.cols);
  const Guarded<int32_t> correct = workbench.output<int32_t>(1);
  const auto count = static_cast<int64_t>(c.rows.size());
  const Guarded<float> weights = workbench.array(c.weights);
  const float* const class_weights = c.weights.empty() ? nullptr : weights.data();
  double sum = 0;
  for (const int32_t row : c.rows)
    sum += c.weights.empty() ? 0.0
                             : static_cast<double>(c.weights[static_cast<std::size_t>(c.labels[static_cast<std::size_t>(row)])]);
  masked_nll({logits.view(), labels.data(), rows.data(), count, loss.data(), class_weights, sum}, workbench.execution());
  masked_nll_backward({logits.view(), labels.data(), rows.data(), count, dloss.data(),
                       gradient.view(c.logits.rows, c.logits.cols), class_weights, sum},
                      workbench.execution());
  count_correct({logits.view(), labels.data(), rows.data(), count, correct.data()}, workbench.execution());
  CHECK(bit_difference(logits.values(), c.logits.values) == "");
  return {loss.values(), gradient.values(), correct.value()};
}

void check_case(const Case& c, const std::string& what) {
  const bench::Reference loss = bench::masked_nll(c.logits, c.labels, c.rows, c.weights);
  const bench::Reference gradient = bench::masked_nll_backward(c.logits, c.labels, c.rows, c.dloss, c.weights);
  for (const auto& [name, device] : devices()) {
    INFO(text("masked_nll / ", name, " / ", what, " matches double precision"));
    Workbench workbench(device);
    const Results results = run(workbench, c);
    CHECK(mismatch(results.loss, loss) == "");
    CHECK(mismatch(results.gradient, gradient) == "");
    CHECK(results.correct == bench::count_correct(c.logits, c.labels, c.rows));
  }
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("masked_nll / 1 to 1000 classes, some of the rows in any order, match double precision") {
    for (int64_t classes : {1, 2, 3, 7, 16, 31, 33, 100, 1000}) {
      check_case(random_case(40, classes, 17, 5, 51 + static_cast<uint64_t>(classes)), text(classes, " classes"));
    }
    check_case(random_case(1, 7, 1, 5, 50), "one row");
    check_case(random_case(30, 7, 30, 5, 50), "all rows");
  }

  TEST_CASE("masked_nll / class weights, zeros among them, match double precision") {
    for (const int64_t classes : {2, 7, 33}) {
      Case c = random_case(40, classes, 23, 5, 61 + static_cast<uint64_t>(classes));
      for (int64_t i = 0; i < classes; ++i) c.weights.push_back(i == 1 ? 0.0f : 0.25f + 0.5f * static_cast<float>(i));
      check_case(c, text(classes, " classes with weights"));
    }
    Case by_hand({2, 2, {0, 0, 0, 0}}, {0, 1}, {0, 1});
    by_hand.weights = {1, 3};
    const NamedDevice first = devices().front();
    Workbench workbench(first.device);
    const Results results = run(workbench, by_hand);
    CHECK(results.loss.front() == doctest::Approx(std::log(2.0)));  // (1 log 2 + 3 log 2) / 4
    CHECK(results.gradient == std::vector<float>{-0.125f, 0.125f, 0.375f, -0.375f});
  }

  TEST_CASE("masked_nll / logits of +-1e4 match double precision") {
    for (int64_t classes : {1, 2, 7, 40})
      check_case(random_case(30, classes, 20, 1e4, 52), text("+-1e4 / ", classes, " classes"));
    check_case({{2, 3, {1e4f, -1e4f, 0, -1e4f, -1e4f, 1e4f}}, {1, 2}, {1, 0}}, "a label at the least of +-1e4");
    check_case({{1, 3, {1e4f, 1e4f, 1e4f}}, {1}, {0}}, "equal logits of 1e4");
  }

  TEST_CASE("masked_nll / a label at the largest and at the smallest logit matches double precision") {
    check_case({{3, 4, {3, 1, 2, -5, 3, 1, 2, -5, -80, 0, 1, 2}}, {0, 3, 0}, {2, 0, 1}}, "label at an extreme");
  }

  TEST_CASE("masked_nll / minus infinity is a class without probability") {
    check_case({{1, 3, {0.5f, -infinity, 1}}, {2}, {0}}, "-inf beside the label");
  }

  TEST_CASE("masked_nll / the upstream gradient scales") {
    for (float dloss : {0.0f, -3.0f, 1e-30f, 1e20f}) {
      Case c = random_case(12, 5, 8, 4, 53);
      c.dloss = dloss;
      check_case(c, text("dloss ", dloss));
    }
  }

  TEST_CASE("masked_nll / rows across several chunks of the mean match double precision") {
    for (int64_t listed : {sum_chunk_terms, sum_chunk_terms + 1, 2 * sum_chunk_terms + 77}) {
      check_case(random_case(listed + 100, 3, listed, 5, 54), text(listed, " rows"));
    }
  }

  TEST_CASE("masked_nll / NaN and infinity among the listed logits show in the loss, elsewhere they do not") {
    for (std::size_t place : {std::size_t{0}, std::size_t{2}, std::size_t{6}}) {
      for (float value : {not_a_number, infinity}) {
        Case listed = random_case(4, 7, 4, 5, 55);
        listed.logits.values[place] = value;
        Case unlisted = random_case(4, 7, 4, 5, 55);
        unlisted.logits.values[place] = value;
        std::erase(unlisted.rows, 0);
        for (const auto& [name, device] : devices()) {
          INFO(text(name, " / ", value, " at ", place));
          Workbench workbench(device);
          CHECK_FALSE(std::isfinite(run(workbench, listed).loss[0]));
          CHECK(mismatch(run(workbench, unlisted).loss, bench::masked_nll(unlisted.logits, unlisted.labels, unlisted.rows)) ==
                "");
        }
      }
    }
  }

  TEST_CASE("count_correct / among equal logits the smallest class wins, and a NaN anywhere makes the row wrong") {
    const HostMatrix logits{
        7, 3, {1,         1,         0,        1, 1, 0, 0, 2, 2, not_a_number, 1, 0, 1, not_a_number, 0, 1, 0, not_a_number,
               -infinity, -infinity, -infinity}};
    const Case c(logits, {0, 1, 1, 0, 0, 0, 0}, {6, 5, 4, 3, 2, 1, 0});
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      CHECK(run(workbench, c).correct == 3);  // rows 0, 2 and 6
    }
  }

  TEST_CASE("count_correct / of no rows is 0, of many is exact") {
    const Case many = random_case(700, 4, 650, 2, 56);
    for (const auto& [name, device] : devices()) {
      INFO(name);
      Workbench workbench(device);
      const DeviceMatrix logits(workbench.stream(), many.logits);
      const Guarded<int32_t> labels = workbench.array(many.labels), rows = workbench.array(many.rows);
      const Guarded<int32_t> correct = workbench.output<int32_t>(1);
      count_correct({logits.view(), labels.data(), rows.data(), 0, correct.data()}, workbench.execution());
      CHECK(correct.value() == 0);
      count_correct({logits.view(), labels.data(), rows.data(), 650, correct.data()}, workbench.execution());
      CHECK(correct.value() == bench::count_correct(many.logits, many.labels, many.rows));
    }
  }

  TEST_CASE("masked_nll / the bits depend neither on threads nor on schedules") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(simt_orders());
    const Case c = random_case(2600, 7, 2500, 5, 57);
    for (const auto& group : groups) {
      check_same_bits(group, [&](Workbench& workbench) {
        Results results = run(workbench, c);
        results.gradient.push_back(results.loss[0]);
        results.gradient.push_back(static_cast<float>(results.correct));
        return results.gradient;
      });
    }
  }
}
