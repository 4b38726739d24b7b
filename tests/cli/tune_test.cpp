#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "tests/cli/program.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using heddle::test::write_karate;

namespace {

std::string weights_hash(const std::string& arguments, const std::string& before = "") {
  const ProgramResult result = run_program("train gcn --epochs 3 --device cpu --threads 2 --json " + arguments, before);
  INFO(result.err);
  REQUIRE(result.status == 0);
  return result.json()["seeds"][0]["weights_hash"];
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("tune measures, remembers, and adds to what it remembered") {
    const TempDir folder;
    const std::string file = folder.file("tuned"), json = folder.file("json");
    const std::string command = "tune --threads 2 --repeats 2 --save " + file + " --json " + json;
    ProgramResult result = run_program(command + " --graph uniform:50,4 --graph star:20 --dim 5,16");
    INFO(result.err);
    REQUIRE(result.status == 0);
    CHECK(result.out.find("uniform:50,4") != std::string::npos);
    const nlohmann::json cases = nlohmann::json::parse(file_content(json));
    CHECK(cases["cost"] == "median_ms");
    REQUIRE(cases["cases"].size() == 4);
    for (const nlohmann::json& one : cases["cases"]) {
      CHECK(one["rule"] == "cpu_row_vectorised");
      CHECK(one["best_cost"].get<double>() > 0);
      CHECK(one["best_cost"].get<double>() <= one["rule_cost"].get<double>());
    }
    CHECK(cases["rule_over_best"].get<double>() >= 1);
    const auto lines = [&] {
      const std::string content = file_content(file);
      return std::count(content.begin(), content.end(), '\n');
    };
    CHECK(lines() == 5);
    REQUIRE(run_program(command + " --graph star:20 --dim 16,17").status == 0);
    CHECK(lines() == 6);
  }

  TEST_CASE("train --tuned runs what the file names, as if it were forced") {
    const TempDir folder;
    write_karate(folder);
    const std::string file = folder.file("tuned"), data = "--data " + folder.path().string();
    // Both widths of the network, so that every product by the adjacency is chosen.
    REQUIRE(run_program("tune --threads 2 --repeats 1 --graph " + folder.path().string() + " --dim 2,16 --save " + file).status ==
            0);
    std::string content = file_content(file);
    for (const char* name : {"cpu_row_vectorised", "cpu_row_no_prefetch", "cpu_row_equal_rows", "cpu_merge_path"}) {
      content = replaced(content, std::string("\t") + name + "\t", "\tcpu_row_loop\t");
    }
    std::ofstream(file) << content;
    const std::string trace = folder.file("trace.json");
    const std::string tuned = weights_hash(data + " --tuned " + file + " --profile " + trace);
    CHECK(tuned == weights_hash(data, "HEDDLE_FORCE_SPMM=cpu_row_loop"));
    CHECK(file_content(trace).find("cpu_row_loop") != std::string::npos);
    const ProgramResult other = run_program("train gcn --epochs 1 --device cpu --threads 1 " + data + " --tuned " + file);
    CHECK(other.status == 0);
    CHECK(other.err.find(" has no choice for cpu (1 thread, ") != std::string::npos);
    // What is forced goes before what is tuned.
    const std::string forced =
        weights_hash(data + " --tuned " + file + " --profile " + trace, "HEDDLE_FORCE_SPMM=cpu_merge_path");
    CHECK(forced == weights_hash(data, "HEDDLE_FORCE_SPMM=cpu_merge_path"));
    CHECK(file_content(trace).find("cpu_row_loop") == std::string::npos);
  }

  TEST_CASE("tune and --tuned refuse what cannot be meant") {
    const TempDir folder;
    write_karate(folder);
    const auto complaint = [](const std::string& arguments, int status, const char* sentence) {
      const ProgramResult result = run_program(arguments);
      INFO(result.err);
      CHECK(result.status == status);
      CHECK(result.err.find(sentence) != std::string::npos);
    };
    complaint("tune", 2, "--graph is required");
    complaint("tune --graph star:9 --dim 0", 2, "--dim is '0'");
    std::ofstream(folder.file("notes")) << "buy milk\n";
    complaint("tune --graph star:9 --save " + folder.file("notes"), 3, "its first line is not 'heddle-tuned 1'");
    CHECK(file_content(folder.file("notes")) == "buy milk\n");
    complaint("train gcn --data " + folder.path().string() + " --tuned " + folder.file("notes"), 3, "its first line is not");
    complaint("train gcn --data " + folder.path().string() + " --tuned " + folder.file("nothing"), 7, "nothing");
    const std::string named = folder.file("tuned");
    const std::string device = run_program("info --json").json()["devices"][0]["description"];
    std::ofstream(named) << "heddle-tuned 1\n" << std::string(32, '0') << "\t16\t" << device << "\tfastest\tkarate\tby hand\n";
    complaint("train gcn --device cpu --data " + folder.path().string() + " --tuned " + named, 2, "cpu has no variant 'fastest'");
  }
}
