#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/cli/program.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

/// What a trace's viewers demand, and that events which overlap lie one within the other.
void check_trace(const json& trace) {
  REQUIRE(trace["traceEvents"].is_array());
  int64_t ops = 0;
  std::vector<std::pair<double, double>> open;  // begin and end of the events around the next one
  constexpr double rounding_us = 1e-3;          // times are sums of two numbers in binary
  for (const json& event : trace["traceEvents"]) {
    CHECK(event["ph"] == "X");
    CHECK(event["name"].is_string());
    CHECK(event["pid"].is_number_integer());
    CHECK(event["tid"].is_number_integer());
    const double begin = event["ts"].get<double>(), end = begin + event["dur"].get<double>();
    CHECK(end >= begin);
    while (!open.empty() && open.back().second <= begin + rounding_us) open.pop_back();
    if (!open.empty()) CHECK(end <= open.back().second + rounding_us);
    open.emplace_back(begin, end);
    if (event["cat"] == "span") continue;
    ++ops;
    CHECK(event["args"]["phase"] == event["cat"]);
    CHECK(event["args"]["bytes"].get<int64_t>() > 0);
    CHECK(event["args"]["shapes"].is_object());
  }
  CHECK(ops > 0);
}

std::map<std::pair<std::string, std::string>, int64_t> calls_in(const json& trace) {
  std::map<std::pair<std::string, std::string>, int64_t> calls;
  for (const json& event : trace["traceEvents"]) ++calls[{event["name"], event["cat"]}];
  return calls;
}

int64_t calls_in_profile(const json& profile, const std::string& op, const std::string& phase) {
  for (const json& entry : profile) {
    if (entry["op"] == op && entry["phase"] == phase) return entry["calls"];
  }
  return 0;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("train gcn --profile writes a trace and a list that agree with each other") {
    const TempDir folder;
    write_karate(folder);
    const std::string file = (folder.path() / "trace.json").string();
    const ProgramResult result =
        run_program("train gcn --data " + folder.path().string() + " --json --device cpu --epochs 5 --profile " + file);
    CHECK(result.status == 0);
    CHECK(result.err.empty());
    const json trace = json::parse(file_content(file));
    check_trace(trace);
    CHECK(trace["otherData"]["events_left_out"] == 0);
    auto calls = calls_in(trace);
    CHECK(calls[{"epoch 1", "span"}] == 1);
    CHECK(calls[{"epoch 5", "span"}] == 1);
    CHECK(calls[{"backward", "span"}] == 5);
    const json profile = result.json()["profile"];
    REQUIRE(profile.is_array());
    double share = 0, last_ms = 1e300;
    std::set<std::string> ops;
    for (const json& entry : profile) {
      share += entry["share"].get<double>();
      CHECK(entry["total_ms"].get<double>() <= last_ms);
      last_ms = entry["total_ms"];
      CHECK(entry["bytes"].get<int64_t>() > 0);
      // Times of some hundred nanoseconds may round to 0, and then there is no rate.
      const double ms = entry["total_ms"], bytes = entry["bytes"].get<double>();
      CHECK(entry["gb_per_s"].get<double>() == doctest::Approx(ms > 0 ? 1e-6 * bytes / ms : 0));
      CHECK(entry["calls"] == calls[{entry["op"], entry["phase"]}]);
      ops.insert(entry["op"].get<std::string>());
    }
    CHECK(share == doctest::Approx(1));
    for (const char* op : {"spmm", "gemm", "bias_relu_dropout", "masked_nll", "adam"}) {
      CAPTURE(op);
      CHECK(ops.count(op) == 1);
    }
    int64_t products = 0;
    for (const json& event : trace["traceEvents"]) {
      if (event["name"] != "spmm") continue;
      ++products;
      CHECK(event["args"]["variant"].is_string());
      CHECK(event["args"]["shapes"]["y"].get<std::string>().starts_with("34 x "));
    }
    CHECK(products > 0);
  }

  TEST_CASE("train --profile prints a table and changes no bit of the result") {
    const TempDir folder;
    write_karate(folder);
    const std::string file = (folder.path() / "trace.json").string();
    for (const std::string model : {"gcn", "gat --selection last --patience 0"}) {
      CAPTURE(model);
      const std::string train = "train " + model + " --data " + folder.path().string() + " --epochs 5 --device cpu";
      const ProgramResult table = run_program(train + " --profile " + file);
      CHECK(table.status == 0);
      for (const char* word : {"\nprofile    ops took ", "GB/s", "forward", "backward", "update", "evaluation"}) {
        CAPTURE(word);
        CHECK(table.out.find(word) != std::string::npos);
      }
      CHECK(table.out.find("saved      " + file) != std::string::npos);
      check_trace(json::parse(file_content(file)));
      const json profiled = run_program(train + " --json --profile " + file).json(),
                 plain = run_program(train + " --json").json();
      CHECK(plain["profile"].is_null());
      CHECK(profiled["seeds"][0]["weights_hash"] == plain["seeds"][0]["weights_hash"]);
    }
  }

  TEST_CASE("train lightgcn --profile has steps in epochs") {
    const TempDir folder;
    write_interactions(folder);
    const std::string file = (folder.path() / "trace.json").string();
    const ProgramResult result =
        run_program("train lightgcn --data " + folder.path().string() +
                    " --json --device cpu --dim 16 --batch-size 256 --temperature 0.2 --epochs 2 --profile " + file);
    CHECK(result.status == 0);
    const json trace = json::parse(file_content(file));
    check_trace(trace);
    const json object = result.json();
    // 60 users with 12 items each: 720 interactions, three batches an epoch.
    CHECK(object["steps"] == 6);
    auto calls = calls_in(trace);
    CHECK(calls[{"epoch 2", "span"}] == 1);
    CHECK(calls[{"step 3", "span"}] == 2);
    CHECK(calls_in_profile(object["profile"], "sampled_softmax_loss", "forward") == 6);
    CHECK(calls_in_profile(object["profile"], "adam", "update") == 6);
    // What judges the model at the end is not training.
    CHECK(calls_in_profile(object["profile"], "score_top_k", "evaluation") == 0);
  }

  TEST_CASE("--profile is refused where there is no one training to follow") {
    const TempDir folder;
    write_karate(folder);
    const std::string file = (folder.path() / "trace.json").string();
    const auto check_refused = [&](const std::string& arguments, const char* sentence) {
      CAPTURE(arguments);
      const ProgramResult result = run_program("train " + arguments + " --data " + folder.path().string() + " --profile " + file);
      CHECK(result.status == 2);
      CHECK(result.err.find(sentence) != std::string::npos);
      CHECK_FALSE(std::filesystem::exists(file));
    };
    check_refused("gcn --seeds 2", "--profile follows one training; --seeds is 2");
    check_refused("popularity", "--profile follows a training in epochs; popularity is made at once");
    check_refused("item-cosine", "item-cosine is made at once");
    check_refused("graph-filter", "graph-filter is made at once");
    check_refused("lightgcn --blend item-cosine", "a blend has two models");
  }

  TEST_CASE("--profile into a folder that is not there, or over another output, ends before training") {
    const TempDir folder, shop;
    write_karate(folder);
    write_interactions(shop);
    const std::string missing = (folder.path() / "no" / "trace.json").string();
    for (const std::string model : {"gcn", "gat --selection last --patience 0"}) {
      const ProgramResult result =
          run_program("train " + model + " --data " + folder.path().string() + " --epochs 10000000 --profile " + missing);
      CHECK(result.status == 7);
      CHECK(result.err.find("cannot write " + missing) != std::string::npos);
      CHECK(result.out.empty());
    }
    const ProgramResult lightgcn =
        run_program("train lightgcn --data " + shop.path().string() + " --epochs 10000000 --profile " + missing);
    CHECK(lightgcn.status == 7);
    const std::string twice = (folder.path() / "model").string();
    const ProgramResult same =
        run_program("train gcn --data " + folder.path().string() + " --save " + twice + " --profile " + twice);
    CHECK(same.status == 2);
    CHECK(same.err.find("is named for two outputs") != std::string::npos);
  }
}
