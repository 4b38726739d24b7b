#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "kernels/spmm/spmm.h"
#include "tests/cli/program.h"

using namespace heddle;
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;

namespace {

nlohmann::json rows_of(const std::string& arguments, const TempDir& folder) {
  const std::string file = folder.file("rows.json");
  const ProgramResult result = run_program("bench spmm " + arguments + " --json " + file);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return nlohmann::json::parse(file_content(file))["rows"];
}

bool can_count() { return run_program("bench spmm --device simt --graph star:3 --dim 1").status == 0; }

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("bench spmm checks and times every variant of the cpu") {
    const TempDir folder;
    const nlohmann::json rows =
        rows_of("--graph uniform:200,5 --graph star:50 --dim 7,16 --repeats 3 --csv " + folder.file("csv"), folder);
    CHECK(rows.size() == 2 * 2 * kernels::spmm_variants(DeviceKind::cpu).size());
    for (const nlohmann::json& row : rows) {
      CAPTURE(row.dump());
      CHECK(row["error_over_bound"].get<double>() <= 1);
      CHECK(row["wrong"] == false);
      CHECK(row["median_ms"].get<double>() > 0);
      CHECK(row["least_ms"].get<double>() <= row["median_ms"].get<double>());
      CHECK(row["ceiling_share"].get<double>() > 0);
      CHECK(row["chosen"] == (row["variant"] == "cpu_row_vectorised"));
    }
    CHECK(rows[0]["graph"] == "uniform:200,5");
    CHECK(rows[0]["rows"] == 200);
    // n (d + d) floats, 8 bytes a non-zero, 8 an offset.
    CHECK(rows[0]["bytes_compulsory"] == 200 * 14 * 4 + 8 * rows[0]["nnz"].get<int64_t>() + 8 * 201);
    CHECK(rows.back()["graph"] == "star:50");
    CHECK(rows.back()["nnz"] == 98);
    CHECK(rows.back()["degree_most"] == 49);
    const std::string csv = file_content(folder.file("csv"));
    CHECK(csv.starts_with("variant,device,graph,"));
    CHECK(csv.find("\"uniform:200,5\"") != std::string::npos);
    CHECK(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')) == rows.size() + 1);
  }

  TEST_CASE("bench spmm counts every variant of simt, the same in every run") {
    if (!can_count()) {
      MESSAGE("skipped: this build cannot count");
      return;
    }
    const TempDir folder;
    const std::string arguments = "--device simt --graph rmat:6,4 --dim 8";
    const nlohmann::json rows = rows_of(arguments, folder);
    CHECK(rows.size() == kernels::spmm_variants(DeviceKind::simt).size());
    for (const nlohmann::json& row : rows) {
      CAPTURE(row.dump());
      CHECK(row["error_over_bound"].get<double>() <= 1);
      CHECK(row["load_requests"].get<int64_t>() > 0);
      CHECK(row["bytes_moved"].get<int64_t>() > 0);
      CHECK(row["estimate_us"].get<double>() > 0);
      CHECK((row["atomic_requests"].get<int64_t>() > 0) == (row["variant"] == "edge_atomic"));
      CHECK_FALSE(row.contains("median_ms"));
    }
    CHECK(rows_of(arguments, folder) == rows);
  }

  TEST_CASE("bench spmm runs the named variants only") {
    const TempDir folder;
    const nlohmann::json rows =
        rows_of("--graph uniform:30,2 --dim 4 --repeats 1 --cold --variant cpu_row_loop,cpu_merge_path", folder);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0]["cold"] == true);
    CHECK(run_program("bench spmm --graph uniform:30,2 --dim 4 --repeats 1 --variant cpu_row_loop").out.find("is the fastest") !=
          std::string::npos);
  }

  TEST_CASE("bench takes no graph, width or variant that cannot be meant") {
    const std::pair<const char*, const char*> cases[] = {
        {"bench", "subcommand"},
        {"bench spmm --graph rmat:99,1", "the graph 'rmat:99,1' needs SCALE from 1 to 26"},
        {"bench spmm --graph uniform:5", "needs N from 1 to"},
        {"bench spmm --graph star:0", "needs N from 1 to"},
        {"bench spmm --graph star:5x", "needs N from 1 to"},
        {"bench spmm --dim 4,", "--dim is '4,'"},
        {"bench spmm --dim 0", "--dim is '0'"},
        {"bench spmm --graph star:3 --variant row_per_weaver", "cpu has no variant 'row_per_weaver'; it has "},
        {"bench spmm --repeats 0", "--repeats is '0'"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      const ProgramResult result = run_program(arguments);
      CHECK(result.status == 2);
      CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
    }
    CHECK(run_program("bench spmm --graph gowalla", "HEDDLE_DATA=").status == 2);
    CHECK(run_program("bench spmm --graph /no/such/file").status == 7);
  }
}
