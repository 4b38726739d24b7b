#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "kernels/spmm/spmm.h"
#include "tests/cli/program.h"

using namespace heddle;
using heddle::test::can_count;
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
    CHECK(csv.starts_with("op,variant,device,graph,"));
    CHECK(csv.find("\"uniform:200,5\"") != std::string::npos);
    CHECK(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')) == rows.size() + 1);
  }

  TEST_CASE("bench tells which files it has written") {
    const TempDir folder;
    const std::string csv = folder.file("rows.csv"), json = folder.file("rows.json");
    const ProgramResult result =
        run_program("bench spmm --graph star:5 --dim 1 --repeats 1 --variant cpu_row_loop --json " + json + " --csv " + csv);
    CHECK(result.status == 0);
    CHECK_MESSAGE(result.out.ends_with("\nsaved      " + json + ", " + csv + "\n"), result.out);
    CHECK(run_program("bench spmm --graph star:5 --dim 1 --repeats 1 --variant cpu_row_loop").out.find("saved") ==
          std::string::npos);
  }

  TEST_CASE("bench spmm counts every variant of simt, the same in every run") {
    if (!can_count()) return;
    const TempDir folder;
    const std::string arguments = "--device simt --graph rmat:6,4 --dim 8";
    const nlohmann::json rows = rows_of(arguments, folder);
    CHECK(rows.size() == kernels::spmm_variants(DeviceKind::simt).size());
    for (const nlohmann::json& row : rows) {
      CAPTURE(row.dump());
      CHECK(row["error_over_bound"].get<double>() <= 1);
      CHECK(row["load_requests"].get<int64_t>() > 0);
      CHECK(row["bytes_moved"].get<int64_t>() > 0);
      CHECK(row["estimated"]["us"].get<double>() > 0);
      CHECK(row["estimated"]["card"] == "H100 SXM");
      CHECK(row["coalescing"].get<double>() <= 1);
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
  }

  TEST_CASE("bench compares the variants of every op on the cpu, and counts them on simt") {
    const bool counts = can_count();
    const std::pair<const char*, std::size_t> cases[] = {
        {"sddmm --graph rmat:5,3 --heads 3 --dim 7", 2}, {"softmax --graph rmat:5,3 --dim 3", 2},
        {"gat --graph rmat:5,3 --heads 2 --dim 5", 4},   {"gemm --rows 33 --inner 17 --dim 9", 1},
        {"topk --users 3 --items 70 --k 9 --dim 8", 1},  {"sampling --graph rmat:5,3 --dim 50", 1}};
    for (const auto& [arguments, least] : cases) {
      for (const char* device : {"cpu", "simt"}) {
        if (device == std::string("simt") && !counts) continue;
        const TempDir folder;
        const std::string command = std::string("bench ") + arguments + " --device " + device + " --repeats 2";
        INFO(command);
        const ProgramResult result = run_program(command + " --json " + folder.file("rows.json"));
        INFO(result.err);
        REQUIRE(result.status == 0);
        const nlohmann::json rows = nlohmann::json::parse(file_content(folder.file("rows.json")))["rows"];
        CHECK(rows.size() >= least);
        std::size_t chosen = 0;
        for (const nlohmann::json& row : rows) {
          CAPTURE(row.dump());
          CHECK(row["refused"] == "");
          CHECK(row["failed"] == "");
          CHECK(row["error_over_bound"].get<double>() <= 1);
          CHECK(row.contains("median_ms") == (device == std::string("cpu")));
          CHECK(row.contains("estimated") == (device == std::string("simt")));
          chosen += row["chosen"] == true;
        }
        CHECK(chosen == (arguments[0] == 'g' && arguments[1] == 'a' ? 2 : 1));
        if (device != std::string("simt")) continue;
        REQUIRE(run_program(command + " --json " + folder.file("again.json")).status == 0);
        CHECK(file_content(folder.file("again.json")) == file_content(folder.file("rows.json")));
      }
    }
  }

  TEST_CASE("bench draws what it measured: a bar for each variant, a group for each width") {
    const TempDir folder;
    REQUIRE(run_program("bench spmm --graph star:20 --dim 4,8 --repeats 1 --plot " + folder.file("bars.svg")).status == 0);
    const std::string svg = file_content(folder.file("bars.svg"));
    const auto count = [&](const std::string& part) {
      std::size_t found = 0;
      for (std::size_t at = svg.find(part); at != std::string::npos; at = svg.find(part, at + 1)) ++found;
      return found;
    };
    CHECK(svg.starts_with("<?xml"));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(count("<text") == count("</text>"));
    CHECK(count("<rect") == 1 + 2 * kernels::spmm_variants(DeviceKind::cpu).size());
    CHECK(count("spmm, star:20, width ") == 2);
    CHECK(count(" ms</text>") == 2 * kernels::spmm_variants(DeviceKind::cpu).size());
  }

  TEST_CASE("bench draws the numbers that it writes: bars as long as their times, three digits beside them") {
    const TempDir folder;
    const nlohmann::json rows = rows_of("--graph star:20 --dim 4 --repeats 1 --plot " + folder.file("bars.svg"), folder);
    const std::string svg = file_content(folder.file("bars.svg"));
    double most = 0;
    for (const nlohmann::json& row : rows) most = std::max(most, row["median_ms"].get<double>());
    for (const nlohmann::json& row : rows) {
      const double ms = row["median_ms"].get<double>();
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.3g", ms);
      const std::string name = row["variant"].get<std::string>() + (row["chosen"] == true ? " *" : "") + "</text>";
      const std::size_t at = svg.find(name);
      REQUIRE(at != std::string::npos);
      const std::string drawn = svg.substr(at, svg.find("ms</text>", at) - at);
      CAPTURE(drawn);
      CHECK(drawn.ends_with(std::string(">") + digits + " "));
      CHECK(drawn.find("width=\"" + std::to_string(std::max(1, static_cast<int>(560 * ms / most))) + "\"") != std::string::npos);
    }
  }

  TEST_CASE("bench counts for another second-level cache and another number of multiprocessors") {
    if (!can_count()) return;
    const TempDir folder;
    const std::string arguments = "--device simt --graph uniform:2000,8 --dim 16 --variant row_per_subwarp";
    const nlohmann::json whole = rows_of(arguments, folder)[0], small = rows_of(arguments + " --l2 16KB", folder)[0],
                         few = rows_of(arguments + " --sms 4", folder)[0];
    // In 50 MB every byte is read from memory once; in 16 KB rows of x are fetched again and again.
    CHECK(whole["dram_bytes"].get<int64_t>() < whole["bytes_compulsory"].get<int64_t>() + 1000);
    CHECK(small["dram_bytes"].get<int64_t>() > 2 * whole["dram_bytes"].get<int64_t>());
    CHECK(small["l2_hit_share"].get<double>() < whole["l2_hit_share"].get<double>());
    CHECK(small["bytes_moved"] == whole["bytes_moved"]);
    // 32 blocks of 64 rows: 8 for each of 4 multiprocessors, one for some of 132 and none for the others.
    CHECK(few["imbalance"].get<double>() < 1.1);
    CHECK(whole["imbalance"].get<double>() > 3);
  }

  TEST_CASE("bench counts the instructions of the kernels' PTX where nvcc is") {
    if (!can_count()) return;
    const TempDir folder;
    const std::string arguments =
        "bench spmm --device simt --ptx --graph star:9 --dim 8 --variant row_cache,row_per_subwarp --json " + folder.file("json");
    const ProgramResult result = run_program(arguments);
    if (result.err.find("PTX needs nvcc") != std::string::npos) {
      MESSAGE("skipped: there is no nvcc");
    } else {
      INFO(result.err);
      REQUIRE(result.status == 0);
      const nlohmann::json written = nlohmann::json::parse(file_content(folder.file("json")));
      REQUIRE(written["rows"].size() == 2);
      for (const nlohmann::json& row : written["rows"]) {
        CAPTURE(row.dump());
        CHECK(row["ptx_arithmetic"].get<int64_t>() > 20);
        CHECK(row["ptx_memory"].get<int64_t>() > 5);
        CHECK(row["ptx_memory"].get<int64_t>() < row["ptx_arithmetic"].get<int64_t>());
      }
    }
    const ProgramResult without = run_program(arguments, "NVCC=no-such-nvcc");
    CHECK(without.status == 2);
    CHECK(without.err.find("PTX needs nvcc, and there is no no-such-nvcc") != std::string::npos);
    CHECK(run_program("bench spmm --ptx --graph star:9").status == 2);
  }

  TEST_CASE("bench says which of the standard set are not there") {
    const TempDir folder;  // an empty folder of data sets
    const ProgramResult bench =
        run_program("bench sampling --graph standard --dim 16 --repeats 1", "HEDDLE_DATA=" + folder.path().string());
    INFO(bench.err);
    CHECK(bench.status == 0);
    CHECK(bench.out.starts_with("absent from HEDDLE_DATA, left out: cora, gowalla, epinions, enron, condmat\n"));
    for (const char* graph : {"rmat:16,16", "uniform:65536,16", "star:65536"}) CHECK(bench.out.find(graph) != std::string::npos);
  }

  TEST_CASE("bench reads a Matrix Market file, and says what is wrong with one") {
    const TempDir folder;
    const std::string good =
        folder.write("a.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n% note\n3 3 2\n2 1\n3 3\n");
    const nlohmann::json rows = rows_of("--graph " + good + " --dim 2 --repeats 1 --variant cpu_row_loop", folder);
    CHECK(rows[0]["rows"] == 3);
    CHECK(rows[0]["nnz"] == 3);
    CHECK(rows[0]["form"] == "as the file has it, which is symmetric");
    const nlohmann::json whole = rows_of("--graph " + good + " --dim 2 --repeats 1 --variant cpu_row_loop --symmetric", folder);
    CHECK(whole[0]["nnz"] == 3 + 2);
    CHECK(whole[0]["form"] == "undirected, with self-loops");
    const std::string wide =
        folder.write("b.mtx", "%%MatrixMarket matrix coordinate real general\n2 5 4\n1 5 2.5\n2 1 -1\n2 1 3\n1 2 0\n");
    const nlohmann::json directed = rows_of("--graph " + wide + " --dim 2 --repeats 1 --variant all", folder);
    CHECK(directed[0]["rows"] == 2);
    CHECK(directed[0]["nnz"] == 2);
    CHECK(directed[0]["form"] == "as the file has it");
    const ProgramResult sampled = run_program("bench sampling --dim 2 --repeats 1 --graph " + wide);
    CHECK(sampled.status == 0);
    CHECK(sampled.out.find("(as the file has it)") != std::string::npos);
    CHECK(run_program("bench softmax --dim 2 --repeats 1 --graph " + wide).err.find("is 2 x 5, it must be square") !=
          std::string::npos);
    CHECK(run_program("bench spmm --symmetric --graph " + wide).err.find("only a square one can be made symmetric") !=
          std::string::npos);
    const std::pair<const char*, const char*> cases[] = {
        {"3 3 1\n1 1\n", "begins with '%%MatrixMarket matrix coordinate'"},
        {"%%MatrixMarket matrix array real general\n2 2\n", "is not the coordinate form of a matrix"},
        {"%%MatrixMarket matrix coordinate pattern general\n", "there is no line of sizes"},
        {"%%MatrixMarket matrix coordinate pattern general\n2 2 1\n3 1\n", ":3: row '3' is not between 1 and 2"},
        {"%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 2\n", "lists 1 entry, its line of sizes says 2"},
        {"%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1\n", ":3: the column is missing"}};
    for (const auto& [content, words] : cases) {
      const ProgramResult result = run_program("bench spmm --graph " + folder.write("bad.mtx", content));
      INFO(result.err);
      CHECK(result.status == 3);
      CHECK(result.err.find(words) != std::string::npos);
    }
  }

  TEST_CASE("bench takes no graph, width or variant that cannot be meant") {
    const std::pair<const char*, const char*> cases[] = {
        {"bench", "subcommand"},
        {"bench spmm --graph rmat:99,1",
         "the graph 'rmat:99,1' must be rmat:SCALE,EDGEFACTOR, with SCALE from 1 to 26 and EDGEFACTOR from 1 to 4096"},
        {"bench spmm --graph rmat:12", "must be rmat:SCALE,EDGEFACTOR, with SCALE from 1 to 26 and EDGEFACTOR from 1 to 4096"},
        {"bench spmm --graph corra", "the graph 'corra' is neither one of cora, gowalla, "},
        {"tune --graph corra", "; did you mean cora?"},
        {"bench spmm --graph uniform:5", "must be uniform:N,DEGREE, with N from 1 to 67108864 and DEGREE from 1 to 4096"},
        {"bench spmm --graph star:0", "must be star:N, with N from 1 to 67108864"},
        {"bench spmm --graph star:5x", "must be star:N, with N from 1 to 67108864"},
        {"bench spmm --dim 4,", "--dim is '4,'"},
        {"bench spmm --card Voodoo2", "--card is 'Voodoo2', it must be one of H100 SXM, H200, A100, L4, RTX 4090"},
        {"bench spmm --l2 50GBit", "--l2 is '50GBit'"},
        {"bench spmm --l2 0", "--l2 is '0'"},
        {"bench spmm --sms -1", "--sms is '-1'"},
        {"bench gat --heads 0 --graph star:3", "--heads is '0'"},
        {"bench topk --k 1001", "--k is '1001'"},
        {"bench sampling --graph star:1", "there is nothing to draw"},
        {"bench spmm --json /dev/null --csv /dev/null", "named for two outputs"},
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
    CHECK(run_program("bench spmm --graph cora", "HEDDLE_DATA=").err.find("the graph 'cora' is read from HEDDLE_DATA") !=
          std::string::npos);
    for (const char* command : {"bench spmm --graph ", "tune --graph ", "train gcn --data ", "data --data "})
      CHECK(run_program(command + std::string("/no/such/file")).status == 7);
    CHECK(run_program("bench spmm --graph star:3 --plot /no/such/file.svg").status == 7);
  }
}
