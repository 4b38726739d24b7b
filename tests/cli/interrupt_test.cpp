#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "heddle/io.h"
#include "tests/cli/program.h"

// What a signal leaves of a training.
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_interrupted;
using heddle::test::run_interrupted_at;
using heddle::test::run_interrupted_early;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* plain_answer = "heddle: stopping after this step; once more ends at once\n";

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
constexpr const char* endless_models[] = {"gcn", "gat", "lightgcn", "blend"};

/// So many users and items that choosing a blend's weight takes a while, and training one epoch of a tiny model does not.
void write_crowd(const TempDir& folder) {
  std::string train, test;
  uint32_t random = 1;
  for (int user = 0; user < 8000; ++user) {
    train += std::to_string(user);
    test += std::to_string(user);
    for (int i = 0; i < 12; ++i) {
      random = random * 1664525 + 1013904223;
      (i < 2 ? test : train) += " " + std::to_string(12 * ((random >> 16) % 250) + static_cast<uint32_t>(i));
    }
    train += "\n";
    test += "\n";
  }
  folder.write("train.txt", train);
  folder.write("test.txt", test);
}

/// Trains at rates at which it goes well for an epoch or two and then does not, until one leaves its last good weights.
ProgramResult diverge(const std::string& line) {
  ProgramResult result;
  for (const char* rate : {"9e19", "7e19", "5e19", "4e19"}) {
    result = run_program(
        line + " --dim 16 --batch-size 512 --loss bpr --reg 0 --schedule constant --epochs 1000 --learning-rate " + rate);
    if (result.status != 6 || result.err.find("; saved ") != std::string::npos) break;
  }
  return result;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("an interrupted training leaves the model that stood there, and what it reached beside it") {
    const Endless endless;
    for (const std::string kind : endless_models) {
      CAPTURE(kind);
      const TempDir folder;
      const std::string live = folder.write("live.safetensors", "yesterday's"),
                        beside = folder.file("live.unfinished.safetensors");
      const ProgramResult result = run_interrupted(endless.line(kind) + " --save " + live);
      CHECK(result.status == 130);
      CHECK(file_content(live) == "yesterday's");
      CHECK(result.err.starts_with(plain_answer));
      const std::string sentence = result.err.substr(std::string(plain_answer).size());
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

  TEST_CASE("interrupted rankings for everybody leave what stood in the file's place, and nothing beside it") {
    const TempDir crowd, folder;
    write_crowd(crowd);
    const std::string model = crowd.file("m"), out = folder.write("all.csv.gz", "yesterday's");
    REQUIRE(run_program("train popularity --quiet --save " + model + " --data " + crowd.path().string()).status == 0);
    // Eight million lines, in as many pieces as there are blocks of users.
    const ProgramResult result = run_interrupted_at("ranking", "recommend " + model + " --all-users --topk 1000 --out " + out);
    CHECK(result.status == 130);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.err.find(plain_answer) != std::string::npos, result.err);
    CHECK_MESSAGE(result.err.find("heddle: ranking was interrupted after ") != std::string::npos, result.err);
    CHECK_MESSAGE(result.err.ends_with(" of 8000 users; " + out + " is not written\n"), result.err);
    CHECK(file_content(out) == "yesterday's");
    CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
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
        CHECK(result.err.starts_with(plain_answer) == (signal != SIGHUP));
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

  TEST_CASE("--quiet keeps the answer to Ctrl-C back wherever something is trained") {
    const Endless endless;
    const TempDir folder;
    const std::string shop = " --data " + endless.shop.path().string(), model = folder.file("m.unfinished");
    CHECK(run_interrupted(endless.line("lightgcn") + " --quiet --save " + folder.file("m")).status == 130);
    const std::string lines[] = {endless.line("gcn"),
                                 endless.line("gat"),
                                 endless.line("lightgcn"),
                                 endless.line("blend"),
                                 "train gcn --threads 1 --epochs 3 --seeds 1000000 --data " + endless.nodes.path().string(),
                                 "compare --models lightgcn --temperature 0.1 --epochs 10000000" + shop,
                                 "demo --users 20000",
                                 "evaluate " + model + " --new-users" + shop};
    for (const std::string& line : lines) {
      CAPTURE(line);
      const ProgramResult told = run_interrupted(line);
      CHECK(told.status == 130);
      CHECK_MESSAGE(told.err.find(plain_answer) != std::string::npos, told.err);
      const ProgramResult quiet = run_interrupted(line + " --quiet");
      CHECK(quiet.status == 130);
      CHECK_MESSAGE(quiet.err.starts_with("heddle: "), quiet.err);
      CHECK(quiet.err.find("interrupted") != std::string::npos);
      CHECK(quiet.err.find(plain_answer) == std::string::npos);
      CHECK(std::count(quiet.err.begin(), quiet.err.end(), '\n') == 1);
    }
  }

  TEST_CASE("a blend that is interrupted while its weight is chosen leaves both trained models, told to have no weight") {
    const TempDir shop;
    write_crowd(shop);
    const std::string data = " --data " + shop.path().string();
    for (const char* lightgcn : {"lightgcn --blend item-cosine", "blend --first item-cosine --second lightgcn"}) {
      for (const char* held_out : {"", " --hold-out 0.1"}) {
        CAPTURE(lightgcn);
        CAPTURE(held_out);
        const TempDir folder;
        const std::string beside = folder.file("m.unfinished");
        const ProgramResult result = run_interrupted_at("choosing the blend's weight",
                                                        std::string("train ") + lightgcn +
                                                            " --json --epochs 1 --dim 4 --layers 1 --temperature 0.1 --save " +
                                                            folder.file("m") + held_out + data);
        CHECK(result.status == 130);
        CHECK_MESSAGE(
            result.err.find("heddle: interrupted before the blend's weight was chosen, so that both models count alike; "
                            "saved " +
                            beside) != std::string::npos,
            result.err);
        const json object = json::parse(result.out, nullptr, false);
        REQUIRE(object.is_object());
        CHECK(object["interrupted"] == true);
        CHECK(object["blend"]["chosen"] == false);
        CHECK(object["blend"]["weight"] == 1);
        CHECK(object["epochs"] == 1);
        CHECK(object["held_out"] > 0);
        const auto metadata = heddle::io::read_safetensors(beside).metadata;
        CHECK(metadata.at("unfinished") == "interrupted");
        CHECK(metadata.at("undecided") == "weight");
        CHECK(metadata.at("held_out") == "0.1");
        CHECK(metadata.at("fitted_weight").empty());
        const json judged = run_program("evaluate " + beside + " --json" + data).json();
        CHECK(judged["metrics"] == object["metrics"]);
        CHECK(judged["val_metrics"] == object["val_metrics"]);
        CHECK(judged["unfinished"] == "its training was interrupted after 1 of 1 epoch, before its blend's weight was chosen");
      }
    }
  }

  TEST_CASE("a blend whose weight is to be chosen is saved where LightGCN is interrupted in it") {
    const Endless endless;
    for (const char* held_out : {"", " --hold-out 0.1"}) {
      CAPTURE(held_out);
      const TempDir folder;
      const ProgramResult result =
          run_interrupted("train lightgcn --blend popularity --dim 16 --temperature 0.1 --epochs 10000000 --json --save " +
                          folder.file("m") + " --data " + endless.shop.path().string() + held_out);
      CHECK(result.status == 130);
      CHECK_MESSAGE(result.err.find(" steps, before the blend's weight was chosen, so that both models count alike; saved " +
                                    folder.file("m.unfinished")) != std::string::npos,
                    result.err);
      CHECK(json::parse(result.out, nullptr, false)["saved"] == json{folder.file("m.unfinished")});
      CHECK(run_program("similar " + folder.file("m.unfinished") + " --item 1").status == 0);
    }
  }

  TEST_CASE("a blend whose LightGCN diverges is saved with the last good weights, whatever its weight comes from") {
    const TempDir shop;
    write_interactions(shop);
    const std::string data = " --data " + shop.path().string();
    for (const char* kind : {"lightgcn --blend popularity", "blend --first popularity --second lightgcn"}) {
      for (const char* weight : {" --blend-weight 0.5", "", " --hold-out 0.1"}) {
        CAPTURE(kind);
        CAPTURE(weight);
        const TempDir folder;
        const std::string live = folder.write("live", "yesterday's"), beside = folder.file("live.unfinished");
        const ProgramResult result = diverge(std::string("train ") + kind + weight + data + " --save " + live);
        CHECK(result.status == 6);
        const bool given = weight == std::string(" --blend-weight 0.5");
        CHECK_MESSAGE(
            (result.err.find("; no weight was chosen, both models count alike; saved " + beside) == std::string::npos) == given,
            result.err);
        CHECK_MESSAGE(result.err.find("; saved " + beside) != std::string::npos, result.err);
        CHECK(file_content(live) == "yesterday's");
        const auto metadata = heddle::io::read_safetensors(beside).metadata;
        CHECK(metadata.at("unfinished") == "diverged");
        CHECK(metadata.contains("undecided") != given);
        CHECK(metadata.at("setting.weight") == (given ? "0.5" : "1"));
        CHECK(std::stoll(metadata.at("epochs")) >= 1);
        CHECK(metadata.at("epochs_planned") == "1000");
        CHECK(run_program("similar " + beside + " --item 1").status == 0);
      }
    }
  }

  TEST_CASE("a first seed's model is finished and saved where a later seed diverges") {
    const TempDir folder;
    write_karate(folder);
    for (const char* threads : {"1", "4"}) {
      CAPTURE(threads);
      const TempDir outputs;
      // A rate at which some seeds go well and some do not.
      ProgramResult result;
      for (const char* rate : {"3e18", "3.5e18", "4e18", "4.5e18", "5e18", "5.5e18", "6e18"}) {
        result = run_program(std::string("train gcn --epochs 20 --seeds 30 --threads ") + threads + " --learning-rate " + rate +
                             " --data " + folder.path().string() + " --save " + outputs.file("m"));
        if (result.status != 0 && fs::exists(outputs.file("m"))) break;
      }
      CHECK(result.status == 6);
      CHECK(result.out.empty());
      CHECK_MESSAGE(result.err.starts_with("heddle: seed "), result.err);
      CHECK_MESSAGE(result.err.ends_with("; of seed 0: saved " + outputs.file("m") + "\n"), result.err);
      const auto metadata = heddle::io::read_safetensors(outputs.file("m")).metadata;
      CHECK(metadata.at("epochs") == "20");
      CHECK(!metadata.contains("unfinished"));
    }
  }

  TEST_CASE("a signal that comes twice at the same time, as timeout sends it, asks once") {
    const Endless endless;
    for (const std::string kind : {"gcn", "lightgcn"}) {
      CAPTURE(kind);
      const TempDir folder;
      const ProgramResult result =
          run_interrupted(endless.line(kind) + " --save " + folder.file("m"), {SIGTERM, SIGTERM}, std::chrono::milliseconds(1));
      CHECK(result.status == 128 + SIGTERM);
      CHECK(result.err.starts_with(plain_answer));
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
    CHECK(result.err.starts_with(plain_answer));  // on a busy machine the first step may not have begun
    CHECK(result.err.find("interrupted after") == std::string::npos);
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
    const ProgramResult result = diverge("train lightgcn --data " + folder.path().string() + " --save " + live);
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

  TEST_CASE("Ctrl-C while data is read or a model is made at once ends the program with a line that says so") {
    const TempDir folder, crowd;
    std::string log = "user,item\n";
    for (int64_t i = 0; i < 1'000'000; ++i) log += std::to_string(i % 50'000) + "," + std::to_string(i * 7919 % 20'011) + "\n";
    const std::string data = " --data " + folder.write("log.csv", log), model = folder.file("m");
    write_crowd(crowd);
    for (const std::string& line : {"train lightgcn --save " + model, "train graph-filter --quiet --save " + model,
                                    std::string("compare"), std::string("data"), "evaluate " + folder.file("small")}) {
      CAPTURE(line);
      if (line.starts_with("evaluate")) {
        REQUIRE(run_program("train popularity --split none --save " + folder.file("small") + " --data " +
                            folder.write("s.csv", "user,item\na,1\nb,2\n"))
                    .status == 0);
      }
      // --quiet leaves no progress to wait for: then by the time that the process has worked.
      const bool quiet = line.find("--quiet") != std::string::npos;
      const ProgramResult result =
          quiet ? run_interrupted_early(line + data) : run_interrupted_at("reading the data", line + data);
      CHECK(result.status == 130);
      CHECK(result.out.empty());
      const std::string last = result.err.substr(result.err.find("heddle: "));
      if (!quiet) CHECK(last == "heddle: interrupted while reading the data; nothing was saved\n");
      if (quiet) CHECK(last.starts_with("heddle: interrupted while "));
      CHECK(!fs::exists(model));
    }
    // Commands that read a model and tell of no progress, until they have worked for some processor time: on the checksum of
    // three gigabytes that the file system has no bytes of; and on a graph.
    const int64_t bytes = int64_t{3} << 30;
    std::string header = R"({"__metadata__":{"heddle.checksum":"0","heddle.file_version":"2"},"x":{"dtype":"U8","shape":[)" +
                         std::to_string(bytes) + R"(],"data_offsets":[0,)" + std::to_string(bytes) + "]}}";
    header.resize(256, ' ');
    const std::string large = folder.write("large", std::string("\0\x01\0\0\0\0\0\0", 8) + header);
    fs::resize_file(large, static_cast<std::uintmax_t>(8 + 256 + bytes));
    std::string edges, labels;
    for (int64_t i = 0; i < 8'000'000; ++i) edges += std::to_string(i % 50'000) + " " + std::to_string(i * 7919 % 50'021) + "\n";
    for (int64_t i = 0; i < 50'021; ++i) labels += i % 2 == 0 ? "0\n" : "1\n";
    const TempDir graph, club;
    graph.write("edges.txt", edges);
    graph.write("labels.txt", labels);
    write_karate(club);
    REQUIRE(run_program("train gcn --epochs 1 --save " + folder.file("gcn") + " --data " + club.path().string()).status == 0);
    const std::pair<std::string, std::string> readers[] = {
        {"recommend " + large + " --user 7", "reading the model"},
        {"similar " + large + " --item 7", "reading the model"},
        {"export " + large + " --embeddings " + folder.file("e.npy"), "reading the model"},
        {"predict " + folder.file("gcn") + " --quiet --data " + graph.path().string(), "reading the data"}};
    for (const auto& [line, doing] : readers) {
      CAPTURE(line);
      const ProgramResult result = run_interrupted_early(line);
      CHECK(result.status == 130);
      CHECK(result.out.empty());
      CHECK_MESSAGE(result.err == "heddle: interrupted while " + doing + "; nothing was saved\n", result.err);
      CHECK(!fs::exists(folder.file("e.npy")));
    }
    const ProgramResult fitted = run_interrupted_at(
        "fitting", "train graph-filter --rank 200 --iterations 200 --save " + model + " --data " + crowd.path().string());
    CHECK(fitted.status == 130);
    CHECK_MESSAGE(fitted.err.ends_with("heddle: interrupted while fitting; nothing was saved\n"), fitted.err);
    CHECK(fitted.out.empty());
    CHECK(!fs::exists(model));
  }

  TEST_CASE("Ctrl-C ends a comparison of one model with a sentence that agrees with its number") {
    const Endless endless;
    const ProgramResult result =
        run_interrupted_at("lightgcn: training", "compare --models lightgcn --epochs 10000000 --temperature 0.2 --data " +
                                                     endless.shop.path().string());
    CHECK(result.status == 130);
    CHECK_MESSAGE(result.err.ends_with("heddle: interrupted at lightgcn, with 0 of 1 model judged\n"), result.err);
  }

  TEST_CASE("Ctrl-C ends bench and tune within a case, of which nothing is told") {
    for (const std::string command : {"bench spmm", "bench gat", "tune"}) {
      CAPTURE(command);
      const TempDir folder;
      // A thousand rounds of each variant take minutes.
      const auto start = std::chrono::steady_clock::now();
      const ProgramResult result =
          run_interrupted(command + " --threads 1 --repeats 1000 --graph uniform:5000,16 --dim 64 --json " + folder.file("rows"));
      CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(sizeof HEDDLE_SANITIZERS > 1 ? 120 : 30));
      CHECK(result.status == 130);
      CHECK_MESSAGE(result.err == std::string(plain_answer) + "heddle: interrupted after 0 of 1 case\n", result.err);
      CHECK(!fs::exists(folder.file("rows")));
    }
  }

  TEST_CASE("Ctrl-C ends bench and tune with the cases that they have") {
    std::string graphs;
    for (int graph = 0; graph < 1000; ++graph) graphs += " --graph star:" + std::to_string(2000 + graph);
    for (const std::string command : {"bench spmm", "tune"}) {
      CAPTURE(command);
      const TempDir folder;
      const std::string rows = folder.file("rows.json"), other = folder.file("other");
      const std::string files = " --json " + rows + (command == "tune" ? " --save " : " --csv ") + other;
      const ProgramResult result =
          run_interrupted_at("star:2002: measuring", command + " --threads 1 --repeats 5 --dim 8" + graphs + files);
      CHECK(result.status == 130);
      CAPTURE(result.err);
      CHECK(result.err.find(plain_answer) != std::string::npos);
      const std::size_t at = result.err.find("heddle: interrupted after ");
      REQUIRE(at != std::string::npos);
      const std::string sentence = result.err.substr(at);
      CHECK(sentence.find(" of 1000 cases; saved ") != std::string::npos);
      CHECK(std::count(sentence.begin(), sentence.end(), '\n') == 1);
      const long done = std::stol(sentence.substr(std::string("heddle: interrupted after ").size()));
      CHECK(done >= 2);
      CHECK(done < 1000);
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
