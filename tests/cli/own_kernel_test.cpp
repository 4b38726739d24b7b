// Kernels from somebody's file: heddle bench OP --add FILE.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "heddle/error.h"
#include "tests/cli/program.h"
#include "tests/support/source_dir.h"

using heddle::text;
using heddle::test::can_count;
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::source_dir;
using heddle::test::TempDir;

namespace {

const std::string templates = (source_dir() / "docs/own_kernel/").string();
const std::string defects = (source_dir() / "tests/cli/own_kernels/").string();
const std::string graph = " --graph rmat:6,4 --dim 8";

bool has_cuda() {
  static const ProgramResult timed = run_program("bench spmm --device cuda --graph star:3 --dim 1 --repeats 1");
  if (timed.status == 0) return true;
  INFO(timed.err);
  REQUIRE(timed.status == 5);
  MESSAGE("skipped: no cuda device");
  return false;
}

/// "NAME.cu:LINE" of the line that is marked.
std::string defect_line(const std::string& name) {
  std::ifstream file(defects + name + ".cu");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.ends_with("// DEFECT")) return text(name, ".cu:", number);
  }
  return "no line of " + name + ".cu is marked";
}

/// The row of the variant that the file adds.
nlohmann::json added_row(const std::string& op, const std::string& file, const std::string& more, int status) {
  const TempDir folder;
  const std::string json = folder.file("rows.json");
  const ProgramResult result = run_program("bench " + op + " --add " + file + graph + more + " --json " + json);
  INFO(result.err);
  REQUIRE(result.status == status);
  const nlohmann::json rows = nlohmann::json::parse(file_content(json));
  for (const nlohmann::json& row : rows["rows"]) {
    if (row["added"] == true) return row;
  }
  FAIL("no row is added");
  return {};
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("own kernels / the files to start from are compiled, checked and counted beside the built-in variants") {
    if (!can_count()) return;
    for (const char* op : {"spmm", "sddmm", "softmax", "gat"}) {
      CAPTURE(op);
      const nlohmann::json row = added_row(op, templates + op + ".cu", "", 0);
      CHECK(row["device"] == "simt");
      CHECK(row["failed"] == "");
      CHECK(row["wrong"] == false);
      CHECK(row["error_over_bound"].get<double>() <= 1);
      CHECK(row["load_requests"].get<int64_t>() > 0);
      CHECK(row["estimated"]["us"].get<double>() > 0);
    }
  }

  TEST_CASE("own kernels / counts are those of the kernel by hand") {
    if (!can_count()) return;
    // A warp a row, 8 lanes of it with a column each: both offsets, then a column, a value and a gather for every non-zero.
    const nlohmann::json row = added_row("spmm", templates + "spmm.cu", "", 0);
    const int64_t nnz = row["nnz"].get<int64_t>(), rows = row["rows"].get<int64_t>();
    CHECK(row["load_requests"].get<int64_t>() == 2 * rows + 3 * nnz);
    CHECK(row["store_requests"].get<int64_t>() == rows);
    CHECK(row["lanes_per_request"].get<double>() == doctest::Approx(8));
  }

  TEST_CASE("own kernels / several files, and the names to run") {
    if (!can_count()) return;
    const TempDir folder;
    const std::string json = folder.file("rows.json");
    const ProgramResult result =
        run_program("bench spmm --add " + templates + "spmm.cu --variant warp_per_row,row_cache" + graph + " --json " + json);
    INFO(result.err);
    REQUIRE(result.status == 0);
    CHECK(nlohmann::json::parse(file_content(json))["rows"].size() == 2);
    CHECK(result.out.find("warp_per_row +") != std::string::npos);
    const ProgramResult twice = run_program("bench spmm --add " + templates + "spmm.cu --add " + templates + "spmm.cu" + graph);
    CHECK(twice.status == 2);
    CHECK(twice.err.find("there is a variant 'warp_per_row' already") != std::string::npos);
  }

  TEST_CASE("own kernels / a defect is reported with its line and its threads, and the others go on") {
    if (!can_count()) return;
    struct Defect {
      const char* name;
      const char* field;
      std::vector<const char*> parts;
    };
    const Defect all[] = {
        {"race",
         "failed",
         {"data race on byte 0 of y: write by thread 0 of block (0, 0, 0) at ", "then write by thread 1 of block"}},
        {"out_of_bounds",
         "failed",
         {"access out of bounds: read of 4 bytes at byte ", " of values, which has ", "by thread 0 of block ("}},
        {"writes_input", "failed", {"x is written, it is only to be read: write of 4 bytes at byte ", "by thread 0 of block ("}},
        {"unwritten_shared",
         "failed",
         {"shared memory is read before any thread has written it", "by thread 0 of block (0, 0, 0) at "}},
        {"missing_barrier", "failed", {"data race on byte ", " of shared memory: ", "write by thread ", "read by thread "}},
        {"wrong_mask", "failed", {"threads 0-7: in __shfl_sync with mask 0xffffffff", "thread 8 has ended"}},
        {"wrong_result", "wrong_where", {"y[", " in double precision; last written by thread ", " of block ("}}};
    for (const Defect& defect : all) {
      const std::string name = defect.name, field = defect.field;
      CAPTURE(name);
      const nlohmann::json row = added_row("spmm", defects + name + ".cu", "", 3);
      const std::string sentence = row[field];
      CAPTURE(sentence);
      CHECK(sentence.find(defect_line(name)) != std::string::npos);
      for (const char* part : defect.parts) CHECK(sentence.find(part) != std::string::npos);
      CHECK_FALSE(row.contains("estimated"));
      CHECK(row["wrong"] == (field == "wrong_where"));
    }
  }

  TEST_CASE("own kernels / bits that are said to repeat and do not are found by other orders of the threads") {
    if (!can_count()) return;
    const std::string sentence = added_row("spmm", defects + "unrepeatable.cu", "", 3)["failed"];
    CHECK(sentence.find("they differ with the order in which threads run") != std::string::npos);
  }

  TEST_CASE("own kernels / what cannot be compiled, loaded or meant is one sentence") {
    if (!can_count()) return;
    const auto complaint = [](const std::string& arguments, int status, const std::string& sentence,
                              const std::string& before = "") {
      const ProgramResult result = run_program("bench " + arguments, before);
      INFO(result.err);
      CHECK(result.status == status);
      CHECK(result.err.find(sentence) != std::string::npos);
    };
    complaint("spmm --add " + defects + "does_not_compile.cu", 3, defect_line("does_not_compile"));
    complaint("spmm --add " + defects + "does_not_compile.cu", 3, "'fastest_product_of_all' was not declared", "LC_ALL=C");
    complaint("spmm --add " + defects + "exports_nothing.cu", 3,
              "exports no variant of spmm: it needs a line HEDDLE_EXPORT_VARIANTS(spmm, ");
    complaint("sddmm --add " + templates + "spmm.cu", 3, "exports no variant of sddmm");
    complaint("spmm --add " + defects + "nowhere.cu", 7, "nowhere.cu: there is no such file");
    complaint("spmm --add " + defects, 7, "there is no such file");
    complaint("spmm --device cpu --add " + templates + "spmm.cu", 2, "a file's kernels run on simt or cuda, not on cpu");
    complaint("spmm --add " + templates + "spmm.cu", 2, "there is no compiler no-such-compiler", "CXX=no-such-compiler");
    complaint("spmm --add " + templates + "spmm.cu", 2, "where there is no heddle/kernel/module.h", "HEDDLE_INCLUDE=/dev");
    complaint("spmm --add " + templates + "spmm.cu", 7,
              "no folder for temporary files (TMPDIR, or /tmp): ", "TMPDIR=" + defects + "nowhere");
    complaint("spmm --add " + templates + "spmm.cu", 3, "no-such-header.h", "HEDDLE_MODULE_FLAGS='-include no-such-header.h'");
    complaint("gemm --add " + templates + "spmm.cu", 2, "--add");
  }

  TEST_CASE("own kernels / what the compiler made is gone afterwards, whatever came of it") {
    if (!can_count()) return;
    const TempDir folder;
    const std::pair<std::string, int> files[] = {
        {templates + "spmm.cu", 0}, {defects + "race.cu", 3}, {defects + "does_not_compile.cu", 3}};
    for (const auto& [file, status] : files) {
      CAPTURE(file);
      CHECK(run_program("bench spmm --add " + file + graph, "TMPDIR=" + folder.path().string()).status == status);
      CHECK(std::filesystem::is_empty(folder.path()));
    }
  }

  TEST_CASE("own kernels / on cuda they are checked and timed") {
    if (!has_cuda()) return;
    CHECK(added_row("spmm", templates + "spmm.cu", " --device cuda --repeats 1", 0)["median_ms"].get<double>() > 0);
    const nlohmann::json wrong = added_row("spmm", defects + "wrong_result.cu", " --device cuda --repeats 1", 3);
    CHECK(wrong["wrong"] == true);
    CHECK(wrong["wrong_where"].get<std::string>().find(" in double precision") != std::string::npos);
  }
}
