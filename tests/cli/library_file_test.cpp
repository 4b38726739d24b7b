#include <doctest/doctest.h>

#include "heddle/io.h"
#include "heddle/kinds.h"
#include "heddle/lightgcn.h"
#include "heddle/recommender.h"
#include "tests/cli/program.h"

// Files that a C++ program saves are as good to the command line as its own.
using namespace heddle;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

using Metadata = std::map<std::string, std::string>;

Device one_thread() { return Device::cpu({.threads = 1}); }

/// A shop's log, read and split in a way that no default is.
struct Shop {
  Shop() {
    std::string log = "kind,who,what\n";
    for (int user = 0; user < 40; ++user) {
      for (int i = 0; i < 8; ++i)
        log += (i % 3 == 0 ? "view,u" : "buy,u") + std::to_string(user) + "," +
               std::to_string((user % 4 + 4 * i + user / 4 * i) % 32) + "\n";
    }
    path = folder.write("log.csv", log);
    prepared = {.behaviour_weights = {{"buy", 2.5f}, {"view", 1}},
                .k_core = 2,
                .split = SplitMethod::ratio,
                .test_share = 0.25,
                .seed = 5};
    const io::InteractionReading how{.format = io::InteractionFormat::csv,
                                     .columns = {.user = "who", .item = "what", .behaviour = "kind"}};
    data = prepare(io::load_interactions(path, how), prepared);
  }
  static constexpr const char* options =
      " --format csv --user-column who --item-column what --behaviour-column kind --behaviour-weights view=1,buy=2.5 --k-core 2"
      " --split ratio --test-share 0.25 --split-seed 5";
  TempDir folder;
  std::string path;
  PrepareOptions prepared;
  InteractionDataset data;
};

struct Trained {
  std::unique_ptr<Recommender> model;
  std::string command;  ///< what trains the same
};

/// A model of every kind there is, as a program makes it.
Trained trained(const std::string& kind, const InteractionDataset& data) {
  if (kind == "lightgcn") {
    LightGcn model(data, {.dim = 8, .layers = 2, .seed = 9}, one_thread());
    train(model, data, {.epochs = 3, .reg = 0.001f, .batch_size = 32, .temperature = 0.25f, .negatives = 16});
    return {model.recommender(),
            "lightgcn --dim 8 --layers 2 --seed 9 --epochs 3 --reg 0.001 --batch-size 32 --temperature 0.25 --negatives 16"};
  }
  if (kind == "blend") {
    auto first = make_graph_filter(data, {.rank = 4, .seed = 9}, one_thread());
    return {make_blend(std::move(first), make_item_cosine(data, {.neighbours = 7}, one_thread()), 0.5f),
            "blend --first graph-filter --rank 4 --seed 9 --second item-cosine --neighbours 7 --blend-weight 0.5"};
  }
  if (kind == "graph-filter") return {make_graph_filter(data, {.rank = 4, .seed = 9}, one_thread()), kind + " --rank 4 --seed 9"};
  if (kind == "item-cosine") return {make_item_cosine(data, {.neighbours = 7}, one_thread()), kind + " --neighbours 7"};
  if (kind == "popularity") return {make_popularity(data, one_thread()), kind};
  FAIL("how is a ", kind, " made?");
  return {};
}

/// What both must tell: how data and model are made anew.
Metadata told(const std::string& path) {
  Metadata metadata = io::read_safetensors(path).metadata;
  std::erase_if(metadata, [](const auto& entry) {
    const std::string& key = entry.first;
    return !(key.starts_with("fit") || key.starts_with("data.") || key.starts_with("held_out"));
  });
  return metadata;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("a file of every kind that save_recommender wrote tells what one of train --save tells, and is evaluated like it") {
    const Shop shop;
    for (const Kind& row : kinds()) {
      if (row.task != Task::recommend) continue;
      const std::string& kind = row.name;
      CAPTURE(kind);
      for (const double held_out : {0.0, 0.25}) {
        InteractionDataset data = shop.data;
        if (held_out > 0) hold_out_validation(data, held_out, kind == "popularity" || kind == "item-cosine" ? 0 : 9);
        const Trained made = trained(kind, data);
        const std::string ours = shop.folder.file("ours"), theirs = shop.folder.file("theirs");
        save_recommender(*made.model, data, theirs);
        const json report = run_program("train " + made.command + " --json --quiet --device cpu --threads 1 --save " + ours +
                                        " --data " + shop.path + Shop::options + (held_out > 0 ? " --hold-out 0.25" : ""))
                                .json();
        CHECK(told(ours) == told(theirs));
        const Metadata metadata = told(theirs);
        for (const auto& [name, value] : report["settings"].items()) {
          CAPTURE(name);
          if (name != "protocol") CHECK(metadata.contains("fit." + name));  // it only sets others
        }
        const std::string evaluate = " --json --new-users --new-user-share 0.2 --device cpu --threads 1 --data " + shop.path;
        const json by_ours = run_program("evaluate " + ours + evaluate).json();
        const json by_theirs = run_program("evaluate " + theirs + evaluate).json();
        CHECK(by_theirs["trained_on"]["same"] == true);
        CHECK(by_theirs["data"] == by_ours["data"]);
        CHECK(by_theirs["metrics"] == by_ours["metrics"]);
        CHECK(by_theirs["val_metrics"] == by_ours["val_metrics"]);
        CHECK(by_theirs["val_metrics"].empty() == (held_out == 0));
        CHECK(by_theirs["new_users"]["as_new"] == by_ours["new_users"]["as_new"]);
        CHECK(by_theirs["new_users"]["as_known"] == by_ours["new_users"]["as_known"]);
      }
    }
  }

  TEST_CASE("what a LightGCN was left to choose is chosen anew by who trains it anew, whoever saved it") {
    const Shop shop;
    const std::string ours = shop.folder.file("ours"), theirs = shop.folder.file("theirs");
    for (const RankingLoss loss : {RankingLoss::softmax, RankingLoss::bpr}) {
      const bool softmax = loss == RankingLoss::softmax;
      CAPTURE(softmax);
      LightGcn model(shop.data, {.dim = 8, .seed = 9}, one_thread());
      train(model, shop.data, {.epochs = 1, .loss = loss, .negatives = 16});
      save_recommender(*model.recommender(), shop.data, theirs);
      run_program(
          std::string("train lightgcn --dim 8 --seed 9 --epochs 1 --negatives 16 --json --quiet --device cpu --threads 1") +
          (softmax ? "" : " --loss bpr") + " --save " + ours + " --data " + shop.path + Shop::options)
          .json();
      CHECK(told(ours) == told(theirs));
      for (const std::string& path : {ours, theirs}) {
        const Metadata metadata = io::read_safetensors(path).metadata;
        CHECK(metadata.at("fit.temperature") == "0");
        CHECK(metadata.at("fit.batch_size") == "0");
        CHECK(metadata.at("fit.negatives") == "16");
        CHECK(metadata.contains("fit.popularity_share"));
        CHECK(metadata.at("trained.batch_size") == "256");
        for (const char* of_softmax : {"trained.temperature", "trained.negatives", "trained.popularity_share"})
          CHECK(metadata.contains(of_softmax) == softmax);
        if (softmax) CHECK(std::stof(metadata.at("trained.temperature")) > 0);
        const json evaluated =
            run_program("evaluate " + path + " --json --new-users --new-user-share 0.2 --device cpu --threads 1" + " --data " +
                        shop.path)
                .json();
        CHECK((evaluated["new_users"]["choice_s"] > 0) == softmax);
      }
    }
  }

  TEST_CASE("the weight of a blend that was chosen is not told as one that was given") {
    const Shop shop;
    const std::string model = shop.folder.file("model");
    run_program("train blend --first popularity --second item-cosine --hold-out 0.25 --json --save " + model + " --data " +
                shop.path + Shop::options)
        .json();
    CHECK(told(model).at("fitted_weight").empty());
  }

  TEST_CASE("a loaded model that is saved again with its metadata tells what it told") {
    const Shop shop;
    for (const Kind& row : kinds()) {
      if (row.task != Task::recommend) continue;
      const std::string first = shop.folder.file("first"), second = shop.folder.file("second");
      save_recommender(*trained(row.name, shop.data).model, shop.data, first);
      const SavedRecommender saved = load_recommender(first, one_thread());
      save_recommender(*saved.model, shop.data, second, saved.metadata);
      CHECK(io::read_safetensors(second).metadata == io::read_safetensors(first).metadata);
    }
  }
}
