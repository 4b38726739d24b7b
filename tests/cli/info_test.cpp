#include <doctest/doctest.h>

#include "heddle/version.h"
#include "tests/cli/program.h"

using heddle::test::ProgramResult;
using heddle::test::run_program;

TEST_SUITE("cli") {
  TEST_CASE("--version prints one line") {
    const ProgramResult result = run_program("--version");
    CHECK(result.status == 0);
    CHECK(result.out == std::string("heddle ") + heddle::version() + "\n");
    CHECK(result.err.empty());
  }

  TEST_CASE("--help is there for every subcommand, with its own summary and with defaults") {
    const nlohmann::json commands = run_program("options --json").json()["commands"];
    REQUIRE(commands.size() > 20);
    for (const nlohmann::json& command : commands) {
      const std::string name = command["command"];
      CAPTURE(name);
      const ProgramResult result = run_program(name.substr(std::string("heddle").size()) + " --help");
      CHECK(result.status == 0);
      CHECK(result.out.starts_with(command["summary"].get<std::string>()));
      CHECK(result.out.find("--help") != std::string::npos);
      CHECK(result.err.empty());
    }
    const std::string help = run_program("train gcn --help").out;
    for (const char* option : {"--hidden N=16", "--layers N=2", "--dropout N=0.5", "--epochs N=200", "--learning-rate N=0.01",
                               "--weight-decay N=0.0005", "--patience N=0", "--seed N=0", "--seeds N=1", "--device NAME=auto"}) {
      CAPTURE(option);
      CHECK(help.find(option) != std::string::npos);
    }
  }

  TEST_CASE("--help of a recommender has the defaults of its options") {
    const std::string help = run_program("train lightgcn --help").out;
    for (const char* option : {"--epochs N=", "--dim N=64", "--layers N=3", "--loss NAME=softmax",
                               "--batch-size N=", "--topk LIST=20", "--split NAME=auto", "--test-share N=0.2",
                               "--protocol NAME=default", "--precision NAME=f32", "--metrics NAME=standard"}) {
      CAPTURE(option);
      CHECK(help.find(option) != std::string::npos);
    }
  }

  TEST_CASE("info names the devices, in text and as JSON") {
    const ProgramResult text = run_program("info");
    CHECK(text.status == 0);
    for (const char* word : {"cpu (", "simt (", "cuda", "BLAS", "zlib", "libzip", "xxhash", "huge pages"}) {
      CAPTURE(word);
      CHECK(text.out.find(word) != std::string::npos);
    }
    const nlohmann::json info = run_program("info --json").json();
    CHECK(info["version"] == heddle::version());
    CHECK(info["devices"].size() == 3);
    CHECK(info["devices"][0]["name"] == "cpu");
    CHECK(info["devices"][0]["available"] == true);
    CHECK(info["instruction_sets"][0] == "portable");
    CHECK(info["models"][0] == "gcn");
    CHECK(info["recommenders"] == nlohmann::json{"lightgcn", "popularity", "item-cosine", "graph-filter", "blend"});
    for (const char* field : {"compiler", "build_type", "processor", "hardware_threads", "default_threads",
                              "default_threads_reason", "cuda", "blas", "libraries", "huge_pages"}) {
      CAPTURE(field);
      CHECK(info.contains(field));
    }
  }

  TEST_CASE("demo gcn tells of the karate club, and most members are on their side") {
    const ProgramResult text = run_program("demo gcn");
    CHECK(text.status == 0);
    CHECK(text.out.find("34 members and 78 friendships") != std::string::npos);
    CHECK(text.out.find("on average") != std::string::npos);
    CHECK(text.err.empty());
    const nlohmann::json demo = run_program("demo gcn --json").json();
    CHECK(demo["data"]["name"] == "karate");
    CHECK(demo["seeds"].size() == 20);
    CHECK(demo["first_seed"]["of"] == 32);
    CHECK(demo["first_seed"]["right"].get<int>() >= 29);
    CHECK(demo["first_seed"]["right"].get<int>() + demo["first_seed"]["mistakes"].size() == 32);
    CHECK(demo["test_accuracy"]["mean"].get<double>() > 0.93);
  }
}
