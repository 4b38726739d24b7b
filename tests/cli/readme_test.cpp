// The README's command lines, run on small data. Its programs and the lines that build them: tests/project/consumer.cmake.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "heddle/device.h"
#include "tests/cli/program.h"
#include "tests/support/source_dir.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::source_dir;
using heddle::test::TempDir;

namespace {

std::string readme() { return file_content((source_dir() / "README.md").string()); }

/// What is not run here, by how the line begins, and why.
const std::map<std::string, std::string>& not_run() {
  static const std::map<std::string, std::string> reasons = {
      {"heddle=", "names the program, which is another one here"},
      {"./dev demo", "builds; what it then runs is compared with the README below"},
      {"./dev test", "runs this test"},
      {"./dev gpu", "builds; the test project/gpu_run runs it"},
      {"cmake ", "the test project/consumer_installed runs it"},
      {"g++ ", "the test project/consumer_installed runs it"},
      {"heddle tune", "no whole command: it needs a graph; tests/cli/tune_test.cpp"},
      {"heddle bench spmm --add my_variant.cu", "no file of that name; tests/cli/own_kernel_test.cpp runs the templates"},
  };
  return reasons;
}

std::string trimmed(std::string line) {
  if (const std::size_t comment = line.find(" # "); comment != std::string::npos) line.resize(comment);
  line.erase(line.find_last_not_of(' ') + 1);
  return line.substr(std::min(line.size(), line.find_first_not_of(' ')));
}

/// Indented lines outside fenced blocks, and `heddle ...` in type of fixed width, in their order.
std::vector<std::string> readme_lines() {
  std::vector<std::string> found;
  std::istringstream lines(readme());
  bool fenced = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) fenced = !fenced;
    if (fenced) continue;
    if (line.starts_with("    ")) {
      found.push_back(trimmed(line));
      continue;
    }
    for (std::size_t at = 0; (at = line.find("`heddle ", at)) != std::string::npos;) {
      const std::size_t end = line.find('`', at + 1);
      REQUIRE(end != std::string::npos);
      found.push_back(line.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  return found;
}

/// Whether a line is of the map of the project's folders ("io/    files to host data"), which must then be there.
bool names_folders(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  if (!(words >> word) || word.back() != '/') return false;
  do {
    CAPTURE(word);
    if (word.back() == '/') CHECK(std::filesystem::is_directory(source_dir() / word));
  } while (words >> word);
  return true;
}

/// 60 customers, one of them 4711, and 40 items, A-17 and B-3 among them: of four kinds, as customers are.
std::string orders() {
  std::string text = "user,item\n";
  for (int user = 0; user < 60; ++user) {
    for (int place = 0; place < 6; ++place) {
      const int item = user % 4 * 10 + (user / 4 + place * 3) % 10;
      text += (user == 7 ? std::string("4711") : std::to_string(user)) + "," + (item % 2 == 1 ? "A-" : "B-") +
              std::to_string(item) + "\n";
    }
  }
  // Item 3 is odd: one order of the other name brings it in.
  return text + "0,B-3\n4,B-3\n8,B-3\n";
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

/// Figures of time and memory and the device, which differ from run to run, as dots; blanks that only align them as one.
std::string without_measures(const std::string& text) {
  std::string result = std::regex_replace(text, std::regex("(?:[0-9]+ (?:h|min) )*[0-9.]+ (s|ms|MB|GB)\\b"), "... $1");
  result = std::regex_replace(result, std::regex("on (cpu|cuda|simt) \\([^)]*\\)"), "on ...");
  result = std::regex_replace(result, std::regex(" +"), " ");
  return std::regex_replace(result, std::regex(" +\n"), "\n");
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("readme: every command line of it runs on small data") {
    if (sizeof HEDDLE_SANITIZERS > 1) {
      MESSAGE("skipped: each of these commands has tests of its own that sanitizers see");
      return;
    }
    const TempDir folder;
    folder.write("orders.csv", orders());
    folder.write("requests.txt", "4711\n{\"items\": [\"A-17\"]}\n");
    std::filesystem::create_directory(folder.path() / "gowalla");
    std::filesystem::create_directory(folder.path() / "cora");
    const TempDir shop, karate;
    write_interactions(shop);
    write_karate(karate);
    const auto overwrite = std::filesystem::copy_options::recursive;
    std::filesystem::copy(shop.path(), folder.path() / "gowalla", overwrite);
    std::filesystem::copy(karate.path(), folder.path() / "cora", overwrite);
    folder.write("cora/val.txt", "2\n33\n");
    folder.write("cora/train.txt", "0\n32\n");
    folder.write("cora/test.txt", "1\n3\n4\n5\n");

    std::set<std::string> reasons_used;
    int64_t ran = 0;
    for (std::string line : readme_lines()) {
      CAPTURE(line);
      if (names_folders(line)) continue;
      const auto reason = std::find_if(not_run().begin(), not_run().end(), [&](const auto& each) {
        return line == each.first || (line.starts_with(each.first) && each.first != "heddle tune");
      });
      if (reason != not_run().end()) {
        reasons_used.insert(reason->first);
        continue;
      }
      const std::string program = line.starts_with("$heddle ") ? "$heddle " : "heddle ";
      REQUIRE(line.starts_with(program));
      std::string arguments = line.substr(program.size());
      replace_all(arguments, "DIR/", "");
      replace_all(arguments, " FILE", " shop.safetensors");
      const ProgramResult result = run_program(arguments, "cd " + folder.path().string() + ";");
      CHECK_MESSAGE(result.status == 0, result.err);
      CHECK(!result.out.empty());
      ++ran;
    }
    CHECK(ran >= 15);
    for (const auto& [line, reason] : not_run()) {
      CAPTURE(line);
      CHECK(reasons_used.contains(line));
    }
    for (const char* file : {"shop.safetensors", "items.npy", "a.csv"}) {
      CAPTURE(file);
      CHECK(std::filesystem::file_size(folder.path() / file) > 0);
    }
  }

  TEST_CASE("readme: a variant that it, or a page of docs, names in a variable runs on the device that is named beside it") {
    const TempDir folder;
    const std::string line =
        "compare --quiet --models popularity,graph-filter --rank 4 --data " + folder.write("orders.csv", orders()) + " --device ";
    std::vector<std::string> pages = {readme()};
    for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "docs")) {
      if (entry.path().extension() == ".md") pages.push_back(file_content(entry.path().string()));
    }
    CHECK(pages.size() > 5);
    static const std::regex variable("(HEDDLE_FORCE_[A-Z_]+=[a-z0-9_]+)(?:` with `--device ([a-z]+))?");
    int named = 0;
    for (const std::string& text : pages) {
      for (std::sregex_iterator at(text.begin(), text.end(), variable), end; at != end; ++at, ++named) {
        CAPTURE(at->str());
        REQUIRE((*at)[2].matched);
        const ProgramResult result = run_program(line + at->str(2), at->str(1));
        CHECK_MESSAGE(result.status == 0, result.err);
      }
    }
    CHECK(named > 1);
  }

  TEST_CASE("readme: the demo prints what the README shows, up to what is measured") {
    // Other instruction sets add in another order, and two nearly equal scores may then change places.
    if (heddle::best_isa() == heddle::Isa::portable) {
      MESSAGE("skipped: this processor has no fused multiply-add");
      return;
    }
    if (sizeof HEDDLE_SANITIZERS > 1) {
      MESSAGE(
          "skipped: sanitizers see every line of it in the demo of a smaller shop, and the figures are those of any other build");
      return;
    }
    const std::string text = readme();
    const std::string opening = "```text\nA made-up shop";
    const std::size_t begin = text.find(opening);
    REQUIRE(begin != std::string::npos);
    const std::size_t first = begin + std::string("```text\n").size();
    const std::string shown = text.substr(first, text.find("```", first) - first);
    CHECK(without_measures(run_program("demo --device cpu --quiet").out) == without_measures(shown));
  }
}
