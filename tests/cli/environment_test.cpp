#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "tests/cli/program.h"
#include "tests/support/source_dir.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::source_dir;
using heddle::test::TempDir;

namespace {

/// The variables that the program's sources name: all that begin with HEDDLE_ and stand as a string of their own.
std::set<std::string> variables() {
  std::set<std::string> names;
  static const std::regex name("\"(HEDDLE_[A-Z_]+)\"");
  for (const char* folder : {"cli", "engine", "io", "kernels", "autograd", "bench"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() / folder)) {
      const std::string ending = entry.path().extension().string();
      if (ending != ".cpp" && ending != ".h" && ending != ".cu") continue;
      const std::string source = file_content(entry.path().string());
      for (std::sregex_iterator at(source.begin(), source.end(), name), end; at != end; ++at) names.insert((*at)[1]);
    }
  }
  return names;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("environment / a value that cannot be meant, of every variable that the program reads, is a usage error") {
    const std::set<std::string> all = variables();
    for (const char* known :
         {"HEDDLE_ISA", "HEDDLE_PROGRESS_DELAY", "HEDDLE_FORCE_SPMM", "HEDDLE_FORCE_GEMM", "HEDDLE_FORCE_SDDMM",
          "HEDDLE_FORCE_EDGE_SOFTMAX", "HEDDLE_FORCE_GAT", "HEDDLE_DATA", "HEDDLE_INCLUDE"})
      CHECK(all.contains(known));
    const TempDir folder;
    write_interactions(folder);
    const std::string documented = file_content((source_dir() / "docs/cli.md").string());
    for (const std::string& variable : all) {
      CAPTURE(variable);
      CHECK(documented.find("`" + variable + "`") != std::string::npos);
      if (variable == "HEDDLE_MODULE_FLAGS") continue;  // words of a compiler
      // Whatever the command: one that reads the variable, and one that does not. HEDDLE_DATA is a matter of those that read it.
      const std::string lines[] = {"info", "data --data " + folder.path().string(), "variants",
                                   "bench spmm --graph standard --dim 1"};
      for (const std::string& line : lines) {
        if (variable == "HEDDLE_DATA" && !line.starts_with("bench")) continue;
        CAPTURE(line);
        const ProgramResult result = run_program(line, variable + "=brocade");
        CHECK(result.status == 2);
        CHECK(result.out.empty());
        CHECK_MESSAGE(result.err.starts_with("heddle: " + variable + " is 'brocade'"), result.err);
        CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
      }
      CHECK(run_program("help", variable + "=brocade").status == 0);
      CHECK(run_program("info", variable + "=").status == 0);
    }
  }

  TEST_CASE("environment / a variant that the run's device lacks is refused before anything is read, and bench runs all") {
    const TempDir folder;
    write_interactions(folder);
    const std::string shop = " --quiet --device cpu --data " + folder.path().string();
    for (const std::string line : {"compare --models popularity,lightgcn", "train popularity", "train gcn", "train lightgcn"}) {
      CAPTURE(line);
      const ProgramResult result = run_program(line + shop, "HEDDLE_FORCE_SPMM=merge_path");
      CHECK(result.status == 2);
      CHECK(result.out.empty());
      CHECK_MESSAGE(result.err.starts_with("heddle: HEDDLE_FORCE_SPMM is 'merge_path', a variant that cpu does not have; it has "
                                           "cpu_row_vectorised, cpu_merge_path"),
                    result.err);
    }
    CHECK(run_program("bench spmm --graph star:3 --dim 1 --repeats 1 --variant cpu_row_loop", "HEDDLE_FORCE_SPMM=merge_path")
              .status == 0);
  }

  TEST_CASE("environment / the sentence lists what a variable may be") {
    const std::pair<const char*, const char*> cases[] = {
        {"HEDDLE_ISA=mmx", "HEDDLE_ISA is 'mmx', this processor has: portable"},
        {"HEDDLE_PROGRESS_DELAY=soon", "HEDDLE_PROGRESS_DELAY is 'soon', it must be milliseconds from 0 to 1000000000"},
        {"HEDDLE_FORCE_GAT=x", "HEDDLE_FORCE_GAT is 'x'; there are cpu_blocks (cpu), "},
        {"HEDDLE_INCLUDE=/",
         "HEDDLE_INCLUDE is '/', where there is no heddle/kernel/module.h; it must be the folder include of "},
    };
    for (const auto& [before, words] : cases) {
      const ProgramResult result = run_program("info", before);
      CHECK(result.status == 2);
      CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
    }
    CHECK(run_program("info", "HEDDLE_ISA=portable").out.find("portable)") != std::string::npos);
  }
}
