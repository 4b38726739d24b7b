#include <doctest/doctest.h>
#include <signal.h>

#include <filesystem>

#include "heddle/io.h"
#include "tests/cli/program.h"

// What a signal leaves of a training.
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_interrupted;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAnswer = "heddle: stopping after this step; once more ends at once\n";

/// A training of each kind that runs in epochs, which would take for ever.
struct Endless {
  Endless() {
    write_karate(nodes);
    write_interactions(shop);
  }
  std::string line(const std::string& kind) const {
    const std::string epochs = " --epochs 10000000 --data ";
    if (kind == "gcn") return "train gcn --json" + epochs + nodes.path().string();
    if (kind == "gat") return "train gat --json --selection last --patience 0" + epochs + nodes.path().string();
    const std::string blend = kind == "blend" ? " --blend popularity --blend-weight 0.5" : "";
    return "train lightgcn --json --dim 16 --temperature 0.1" + blend + epochs + shop.path().string();
  }
  TempDir nodes, shop;
};
constexpr const char* kEndless[] = {"gcn", "gat", "lightgcn", "blend"};

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("an interrupted training leaves the model that stood there, and what it reached beside it") {
    const Endless endless;
    for (const std::string kind : kEndless) {
      CAPTURE(kind);
      const TempDir folder;
      const std::string live = folder.write("live.safetensors", "yesterday's"),
                        beside = folder.file("live.unfinished.safetensors");
      const ProgramResult result = run_interrupted(endless.line(kind) + " --save " + live);
      CHECK(result.status == 130);
      CHECK(file_content(live) == "yesterday's");
      CHECK(result.err.starts_with(kAnswer));
      const std::string sentence = result.err.substr(std::string(kAnswer).size());
      CHECK_MESSAGE(sentence.starts_with("heddle: interrupted after "), sentence);
      CHECK_MESSAGE(sentence.find(" of 10000000 ") != std::string::npos, sentence);
      CHECK_MESSAGE(
          sentence.find("; saved " + beside + ", for only a finished training takes the name " + live) != std::string::npos,
          sentence);
      const json object = json::parse(result.out, nullptr, false);
      REQUIRE(object.is_object());
      CHECK(object["interrupted"] == true);
      CHECK(object["saved"] == json{beside});
      const auto metadata = heddle::io::read_safetensors(beside).metadata;
      CHECK(metadata.at("unfinished") == "interrupted");
      CHECK(metadata.at("epochs_planned") == "10000000");
      const json epochs = object.contains("seeds") ? object["seeds"][0]["epochs"] : object["epochs"];
      CHECK(metadata.at("epochs") == epochs.dump());
    }
  }

  TEST_CASE("an interrupted training takes no name that is free, unless --replace-with-unfinished lets it take any") {
    const Endless endless;
    for (const std::string kind : {"gcn", "lightgcn"}) {
      CAPTURE(kind);
      const TempDir folder;
      const std::string live = folder.file("live"), beside = folder.file("live.unfinished");
      CHECK(run_interrupted(endless.line(kind) + " --save " + live).status == 130);
      CHECK(!fs::exists(live));
      CHECK(fs::exists(beside));
      fs::remove(beside);
      folder.write("live", "yesterday's");
      const ProgramResult replaced = run_interrupted(endless.line(kind) + " --replace-with-unfinished --save " + live);
      CHECK(replaced.status == 130);
      CHECK_MESSAGE(replaced.err.ends_with("; saved " + live + "\n"), replaced.err);
      CHECK(!fs::exists(beside));
      CHECK(heddle::io::read_safetensors(live).metadata.at("unfinished") == "interrupted");
    }
  }

  TEST_CASE("all that an interrupted gcn and gat write is named so") {
    const Endless endless;
    for (const std::string kind : {"gcn", "gat"}) {
      const TempDir folder;
      std::string outputs = " --save-embeddings " + folder.file("e.npy") + " --save-predictions " + folder.file("p.tsv");
      if (kind == "gat") outputs += " --save-attention " + folder.file("a.csv");
      CHECK(run_interrupted(endless.line(kind) + outputs).status == 130);
      CHECK(fs::exists(folder.file("e.unfinished.npy")));
      CHECK(fs::exists(folder.file("p.unfinished.tsv")));
      CHECK(fs::exists(folder.file("a.unfinished.csv")) == (kind == "gat"));
      CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == (kind == "gat" ? 3 : 2));
    }
  }

  TEST_CASE("of several seeds the first one's model is finished where an interruption met a later one") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const ProgramResult result = run_interrupted("train gcn --threads 1 --epochs 3 --seeds 1000000 --json --data " +
                                                 folder.path().string() + " --save " + outputs.file("m"));
    CHECK(result.status == 130);
    CHECK(!heddle::io::read_safetensors(outputs.file("m")).metadata.contains("unfinished"));
  }

  TEST_CASE("SIGTERM and SIGHUP end a training as Ctrl-C does, each with its own status") {
    const Endless endless;
    for (const std::string kind : {"gcn", "lightgcn"}) {
      for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        CAPTURE(kind);
        CAPTURE(signal);
        const TempDir folder;
        const ProgramResult result = run_interrupted(endless.line(kind) + " --save " + folder.file("m"), {signal});
        CHECK(result.status == 128 + signal);
        CHECK(fs::exists(folder.file("m.unfinished")));
        CHECK(result.err.starts_with(kAnswer) == (signal != SIGHUP));
      }
    }
  }

  TEST_CASE("a closed terminal may say so twice, --quiet keeps the answer back, and nohup keeps the training going") {
    const Endless endless;
    const TempDir folder;
    const ProgramResult twice = run_interrupted(endless.line("gcn") + " --save " + folder.file("m"), {SIGHUP, SIGHUP});
    CHECK(twice.status == 128 + SIGHUP);
    CHECK(fs::exists(folder.file("m.unfinished")));
    const ProgramResult quiet = run_interrupted(endless.line("lightgcn") + " --quiet");
    CHECK(quiet.status == 130);
    CHECK_MESSAGE(quiet.err.starts_with("heddle: interrupted after "), quiet.err);
    CHECK(quiet.err.find("; nothing is kept of the training; --save FILE keeps the model") != std::string::npos);
  }

  TEST_CASE("a signal that comes twice at the same time, as timeout sends it, asks once") {
    const Endless endless;
    for (const std::string kind : {"gcn", "lightgcn"}) {
      CAPTURE(kind);
      const TempDir folder;
      const ProgramResult result =
          run_interrupted(endless.line(kind) + " --save " + folder.file("m"), {SIGTERM, SIGTERM}, std::chrono::milliseconds(1));
      CHECK(result.status == 128 + SIGTERM);
      CHECK(result.err.starts_with(kAnswer));
      CHECK(fs::exists(folder.file("m.unfinished")));
    }
  }

  TEST_CASE("a second Ctrl-C ends the program at once") {
    const TempDir folder;
    write_interactions(folder);
    // A step of this takes far longer than the time between the first and the last, of which the second is too early to count.
    const ProgramResult result = run_interrupted("train lightgcn --threads 1 --dim 65536 --layers 20 --temperature 0.1 --data " +
                                                     folder.path().string() + " --save " + folder.file("m"),
                                                 {SIGINT, SIGINT, SIGINT}, std::chrono::milliseconds(300));
    CHECK(result.status == 130);
    CHECK(result.err == kAnswer);
    CHECK(!fs::exists(folder.file("m.unfinished")));
  }

  TEST_CASE("progress that nobody reads any more ends a training after its step, saved") {
    const TempDir folder;
    write_interactions(folder);
    // The shell's pipe: head reads one line of progress and goes.
    const std::string line = "train lightgcn --dim 16 --temperature 0.1 --eval-every 1 --epochs 10000000 --data " +
                             folder.path().string() + " --save " + folder.file("m");
    run_program(line + " 2>&1 | head -n 1 #");
    CHECK(heddle::io::read_safetensors(folder.file("m.unfinished")).metadata.at("unfinished") == "interrupted");
  }

  TEST_CASE("a training that diverges leaves its last good weights beside the model that stood there") {
    const TempDir folder;
    write_interactions(folder);
    const std::string live = folder.write("live", "yesterday's"), beside = folder.file("live.unfinished");
    const std::string line =
        "train lightgcn --dim 16 --batch-size 512 --loss bpr --reg 0 --schedule constant --epochs 1000 --data " +
        folder.path().string() + " --save " + live + " --learning-rate ";
    // A rate at which it goes well for an epoch or two and then does not.
    ProgramResult result;
    for (const char* rate : {"9e19", "7e19", "5e19", "4e19"}) {
      result = run_program(line + rate);
      if (result.status != 6 || result.err.find("; saved ") != std::string::npos) break;
    }
    CHECK(result.status == 6);
    CHECK_MESSAGE(
        result.err.find("; saved " + beside + ", for only a finished training takes the name " + live) != std::string::npos,
        result.err);
    CHECK(file_content(live) == "yesterday's");
    const auto metadata = heddle::io::read_safetensors(beside).metadata;
    CHECK(metadata.at("unfinished") == "diverged");
    CHECK(std::stoll(metadata.at("epochs")) >= 1);
    CHECK(metadata.at("epochs_planned") == "1000");
    CHECK(run_program("similar " + beside + " --item 1").status == 0);
  }

  TEST_CASE("a training that diverges at once says what is wrong, and that nothing was saved") {
    const TempDir nodes, shop, folder;
    write_karate(nodes);
    write_interactions(shop);
    const std::string live = folder.write("live", "yesterday's");
    for (const std::string& line :
         {"train gcn --learning-rate 1e30 --data " + nodes.path().string(),
          "train lightgcn --dim 16 --temperature 0.1 --learning-rate 1e38 --data " + shop.path().string()}) {
      CAPTURE(line);
      const ProgramResult result = run_program(line + " --save " + live);
      CHECK(result.status == 6);
      CAPTURE(result.err);
      CHECK(result.err.starts_with("heddle: training diverged: the loss of epoch "));
      CHECK(result.err.ends_with(" may help; nothing was saved\n"));
      CHECK(result.err.find(" is NaN; ") != std::string::npos);
      CHECK(result.err.find("epoch 0") == std::string::npos);
      CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
      CHECK(file_content(live) == "yesterday's");
    }
  }

  TEST_CASE("Ctrl-C ends bench and tune after the case under way, with the cases that they have") {
    std::string widths = "1";
    for (int width = 2; width <= 2000; ++width) widths += "," + std::to_string(width);
    for (const std::string command : {"bench spmm", "tune"}) {
      CAPTURE(command);
      const TempDir folder;
      const std::string rows = folder.file("rows.json"), other = folder.file("other");
      const std::string files = " --json " + rows + (command == "tune" ? " --save " : " --csv ") + other;
      const ProgramResult result =
          run_interrupted(command + " --threads 1 --repeats 5 --graph uniform:2000,8 --dim " + widths + files);
      CHECK(result.status == 130);
      CAPTURE(result.err);
      REQUIRE(result.err.starts_with(kAnswer));
      const std::string sentence = result.err.substr(std::string(kAnswer).size());
      CHECK(sentence.starts_with("heddle: interrupted after "));
      CHECK(sentence.find(" of 2000 cases; saved ") != std::string::npos);
      CHECK(std::count(sentence.begin(), sentence.end(), '\n') == 1);
      const long done = std::stol(sentence.substr(std::string("heddle: interrupted after ").size()));
      CHECK(done >= 1);
      CHECK(done < 2000);
      const json written = json::parse(file_content(rows));
      CHECK(written["interrupted"] == true);
      if (command == "tune") {
        CHECK(written["cases"].size() == static_cast<std::size_t>(done));
        const std::string saved = file_content(other);  // a heading and a line a case
        CHECK(std::count(saved.begin(), saved.end(), '\n') == done + 1);
      } else {
        CHECK(written["rows"].size() >= static_cast<std::size_t>(done));
        CHECK(!file_content(other).empty());
      }
    }
  }
}
