#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "heddle/io.h"
#include "tests/cli/program.h"
#include "tests/support/compare.h"

using heddle::test::ProgramResult;
using heddle::test::run_interrupted;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

/// Options that make LightGCN quick on a few hundred interactions.
constexpr const char* small_training = " --dim 16 --batch-size 128 --negatives 16 --temperature 0.2 --epochs 20";

/// `heddle train MODEL` on the interactions in `folder`.
ProgramResult train(const std::string& model, const TempDir& folder, const std::string& options = "") {
  return run_program("train " + model + " --data " + folder.path().string() + " " + options);
}

/// The files that a sentence names.
std::vector<std::string> files_named_in(const std::string& sentence) {
  std::vector<std::string> files;
  std::istringstream words(sentence);
  for (std::string word; words >> word;) {
    while (!word.empty() && std::string_view(",;:").find(word.back()) != std::string_view::npos) word.pop_back();
    if (std::filesystem::is_regular_file(word)) files.push_back(word);
  }
  return files;
}

void check_fields(const json& object, std::initializer_list<const char*> fields) {
  for (const char* field : fields) {
    CAPTURE(field);
    CHECK(object.contains(field));
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("train lightgcn --json prints one object with every documented field") {
    const TempDir folder;
    write_interactions(folder);
    const ProgramResult result =
        train("lightgcn", folder, std::string("--json --device cpu --threads 2 --seed 3 --topk 10,20") + small_training);
    CHECK(result.err.empty());
    const json object = result.json();
    CHECK(object["model"] == "lightgcn");
    CHECK(object["settings"]["dim"] == 16);
    CHECK(object["settings"]["loss"] == "softmax");
    CHECK(object["settings"]["batch_size"] == 128);
    CHECK(object["seed"] == 3);
    CHECK(object["device"] == "cpu");
    CHECK(object["threads"] == 2);
    CHECK(object["epochs"] == 20);
    CHECK(object["best_epoch"] == 20);
    CHECK(object["steps"] == 20 * 6);  // 720 interactions in batches of 128
    CHECK(object["losses"].size() == 20);
    CHECK(object["losses"][19].get<double>() < object["losses"][0].get<double>());
    CHECK(object["epoch_s"]["median"].get<double>() >= object["epoch_s"]["min"].get<double>());
    CHECK(object["step_ms"]["median"].get<double>() > 0);
    CHECK(object["evaluations"].empty());
    CHECK(object["blend"].is_null());
    CHECK(object["held_out"] == 0);
    CHECK(object["interrupted"] == false);
    CHECK(object["test_users"] == 60);
    CHECK(object["val_metrics"].empty());
    for (const char* metric : {"recall", "ndcg", "precision", "hit", "mrr", "map"}) {
      CAPTURE(metric);
      CHECK(object["metrics"][std::string(metric) + "@10"].get<double>() > 0);
      CHECK(object["metrics"][std::string(metric) + "@20"].get<double>() <= 1);
    }
    CHECK(object["metrics"].size() == 12);
    const json& data = object["data"];
    CHECK(data["users"] == 60);
    CHECK(data["items"] == 40);
    CHECK(data["train"] == 720);
    CHECK(data["val"] == 0);
    CHECK(data["test"] == 120);
    CHECK(data["density"].get<double>() == doctest::Approx(0.3));
    CHECK(data["hash"].get<std::string>().size() == 32);
    CHECK(data["per_user"] == json{{"mean", 12.0}, {"median", 12}, {"max", 12}});
    check_fields(data, {"name", "per_item", "logged", "duplicates", "below_min_rating", "other_behaviours", "k_core_removed",
                        "overlap", "cold_users", "cold_items", "test_items_unseen"});
    check_fields(object,
                 {"device_description", "model_bytes", "load_s", "fit_s", "eval_s", "total_s", "peak_rss_bytes", "version"});
    CHECK(object["model_bytes"].get<int64_t>() >= 100 * 16 * 4);
  }

  TEST_CASE("train lightgcn prints its figures on standard output and nothing on standard error") {
    const TempDir folder;
    write_interactions(folder);
    const ProgramResult result = train("lightgcn", folder, small_training);
    CHECK(result.status == 0);
    CHECK(result.err.empty());
    for (const char* word :
         {"60 users, 40 items", "720 interactions to train on, 0 to validate, 120 to test", "content hash",
          "20 epochs in batches of 128; loss ", "@20: recall 0.", "means over 60 users", "fit ", "MB of memory"}) {
      CAPTURE(word);
      CHECK(result.out.find(word) != std::string::npos);
    }
  }

  TEST_CASE("train lightgcn gives the same figures for every number of threads") {
    const TempDir folder;
    write_interactions(folder);
    const std::string options = std::string("--json --device cpu") + small_training + " --threads ";
    const json one = train("lightgcn", folder, options + "1").json();
    const json three = train("lightgcn", folder, options + "3").json();
    CHECK(one["losses"] == three["losses"]);
    CHECK(one["metrics"] == three["metrics"]);
  }

  TEST_CASE("every recommender trains, and those that look at the user beat popularity") {
    const TempDir folder;
    write_interactions(folder);
    const double popular = train("popularity", folder, "--json").json()["metrics"]["recall@20"];
    for (const std::string model : {"item-cosine", "graph-filter --rank 8", "lightgcn"}) {
      CAPTURE(model);
      const json object = train(model, folder, "--json" + (model == "lightgcn" ? std::string(small_training) : "")).json();
      CHECK(model.starts_with(object["model"].get<std::string>()));
      CHECK(object["metrics"]["recall@20"].get<double>() > popular + 0.05);
      CHECK(object["fit_s"].get<double>() > 0);
      if (model != "lightgcn") {
        for (const char* field : {"epochs", "best_epoch", "steps", "losses", "epoch_s", "step_ms", "evaluations"})
          CHECK(object[field].is_null());
      }
    }
  }

  TEST_CASE("--protocol paper sets what the authors set, and an option still overrides") {
    const TempDir folder;
    write_interactions(folder);
    const json settings = train("lightgcn", folder, "--json --protocol paper --epochs 2 --dim 8").json()["settings"];
    CHECK(settings["batch_size"] == 2048);
    CHECK(settings["learning_rate"] == 0.001);
    CHECK(settings["schedule"] == "constant");
    CHECK(settings["reg"] == 0.0001);
    CHECK(settings["layers"] == 3);
    CHECK(settings["loss"] == "bpr");
    CHECK(settings["init_std"] == 0.1);
    CHECK(settings["norm_power"] == 0);
    CHECK(settings["epochs"] == 2);
    CHECK(settings["dim"] == 8);
  }

  TEST_CASE("metrics of another definition are labelled") {
    const TempDir folder;
    write_interactions(folder);
    const json standard = train("popularity", folder, "--json").json()["metrics"];
    const json retrieved = train("popularity", folder, "--json --metrics retrieved").json()["metrics"];
    const json sampled = train("popularity", folder, "--json --metrics uni5 --topk 3").json()["metrics"];
    CHECK(retrieved["ndcg@20(retrieved)"].get<double>() >= standard["ndcg@20"].get<double>());
    CHECK(sampled.contains("recall@3(uni5)"));
    CHECK(!sampled.contains("recall@3"));
  }

  TEST_CASE("--eval-every prints a line an evaluation on standard error, unless --quiet") {
    const TempDir folder;
    write_interactions(folder);
    const std::string options = std::string("--json --eval-every 10 --hold-out 0.25") + small_training;
    const ProgramResult result = train("lightgcn", folder, options);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 2);
    CHECK(result.err.starts_with("epoch 10 of 20: loss "));
    CHECK(result.err.find(", validation recall@20 0.") != std::string::npos);
    CHECK(result.err.find(", test recall@20 0.") != std::string::npos);
    const json object = result.json();
    CHECK(object["evaluations"].size() == 2);
    CHECK(object["evaluations"][1]["epoch"] == 20);
    CHECK(object["evaluations"][1]["test"]["recall@20"] == object["metrics"]["recall@20"]);
    CHECK(object["evaluations"][1]["val"]["recall@20"] == object["val_metrics"]["recall@20"]);
    CHECK(train("lightgcn", folder, options + " --quiet").err.empty());
  }

  TEST_CASE("--patience holds validation interactions out of training and keeps the best epoch") {
    const TempDir folder;
    write_interactions(folder);
    const json object = train("lightgcn", folder, std::string("--json --quiet --patience 2") + small_training).json();
    CHECK(object["held_out"] == 60);  // one of each user's twelve
    CHECK(object["data"]["train"] == 660);
    CHECK(object["data"]["val"] == 60);
    const json& evaluations = object["evaluations"];
    REQUIRE(!evaluations.empty());
    double best = -1;
    int64_t best_epoch = 0;
    for (const json& evaluation : evaluations) {
      if (evaluation["val"]["recall@20"].get<double>() <= best) continue;
      best = evaluation["val"]["recall@20"];
      best_epoch = evaluation["epoch"];
    }
    CHECK(object["best_epoch"] == best_epoch);
    CHECK(object["val_metrics"]["recall@20"] == best);
    CHECK(object["epochs"].get<int64_t>() <= 20);
  }

  TEST_CASE("a blend's weight is chosen on held-out interactions, or given") {
    const TempDir folder;
    write_interactions(folder);
    const json chosen = train("graph-filter", folder, "--json --rank 8 --blend item-cosine").json();
    CHECK(chosen["model"] == "blend");
    CHECK(chosen["settings"]["rank"] == 8);
    CHECK(chosen["settings"]["neighbours"] == 200);
    CHECK(chosen["blend"]["first"] == "graph-filter");
    CHECK(chosen["blend"]["second"] == "item-cosine");
    CHECK(chosen["blend"]["chosen"] == true);
    CHECK(chosen["blend"]["held_out"] == true);
    CHECK(chosen["data"]["train"] == 720);  // both were fitted anew on all of it
    const std::string weight = chosen["blend"]["weight"].dump();
    const json given =
        train("blend", folder, "--json --first graph-filter --second item-cosine --rank 8 --blend-weight " + weight).json();
    CHECK(given["blend"]["chosen"] == false);
    CHECK(given["metrics"] == chosen["metrics"]);
    const json zero = train("graph-filter", folder, "--json --rank 8 --blend item-cosine --blend-weight 0").json();
    CHECK(zero["metrics"]["recall@20"] == train("graph-filter", folder, "--json --rank 8").json()["metrics"]["recall@20"]);
    const json trained =
        train("lightgcn", folder, std::string("--json --blend graph-filter --blend-weight 0.5") + small_training).json();
    CHECK(trained["epochs"] == 20);
    CHECK(trained["metrics"]["recall@20"].get<double>() > 0.3);
  }

  TEST_CASE("without test interactions there are no metrics, and that is no error") {
    const TempDir folder;
    folder.write("log.csv", "user,item\na,1\na,2\nb,2\nb,3\nc,1\nc,3\n");
    const std::string command = "train item-cosine --data " + folder.file("log.csv") + " --split none";
    const json object = run_program(command + " --json").json();
    CHECK(object["metrics"].empty());
    CHECK(object["test_users"] == 0);
    CHECK(run_program(command).out.find("test       none") != std::string::npos);
  }

  TEST_CASE("columns, ratings and behaviours of a CSV are read as the options say") {
    const TempDir folder;
    folder.write("log.csv",
                 "kind,who,what,stars\nview,a,1,5\nbuy,a,1,5\nbuy,a,2,1\nview,b,2,4\ncart,b,3,4\nbuy,c,3,5\nreturn,c,1,5\n");
    const std::string command = "data --json --split none --data " + folder.file("log.csv") +
                                " --user-column who --item-column 3 --rating-column stars --behaviour-column kind";
    const json all = run_program(command).json()["data"];
    CHECK(all["logged"] == 7);
    CHECK(all["train"] == 6);
    CHECK(all["duplicates"] == 1);
    const json some = run_program(command + " --min-rating 4 --behaviour-weights view=1,cart=3,buy=5").json()["data"];
    CHECK(some["below_min_rating"] == 1);
    CHECK(some["other_behaviours"] == 1);
    CHECK(some["train"] == 4);
  }

  TEST_CASE("heddle data tells what is in the files, and a split of its own") {
    const TempDir folder;
    write_interactions(folder);
    const ProgramResult text = run_program("data --data " + folder.path().string());
    CHECK(text.status == 0);
    for (const char* word : {"60 users, 40 items, density 30 %", "720 interactions to train on, 0 to validate, 120 to test",
                             "12.0 items to train on on average, 12 in the middle, 12 at most", "content hash"}) {
      CAPTURE(word);
      CHECK(text.out.find(word) != std::string::npos);
    }
    const json whole = run_program("data --json --split none --data " + folder.file("train.txt")).json()["data"];
    CHECK(whole["train"] == 720);
    CHECK(whole["test"] == 0);
    const json split =
        run_program("data --json --split ratio --test-share 0.25 --val-share 0.1 --data " + folder.file("train.txt"))
            .json()["data"];
    CHECK(split["test"] == 180);
    CHECK(split["val"] == 60);
    CHECK(split["train"] == 480);
  }

  TEST_CASE("training that diverges in its first epoch ends with status 6 and saves nothing") {
    const TempDir folder;
    write_interactions(folder);
    const TempDir outputs;
    const ProgramResult result = train("lightgcn", folder,
                                       std::string("--loss bpr --schedule constant --learning-rate 1e30 --save ") +
                                           outputs.file("model.safetensors") + small_training);
    CHECK(result.status == 6);
    CHECK(result.out.empty());
    CHECK(result.err.starts_with("heddle: "));
    CHECK(result.err.find("the loss of epoch 1, step ") != std::string::npos);
    CHECK(std::filesystem::is_empty(outputs.path()));
  }

  TEST_CASE("training that diverges after a good epoch ends with status 6, and that epoch's weights are in the file it names") {
    const TempDir folder;
    write_interactions(folder);
    const TempDir outputs;
    // One step an epoch. The first brings every weight to about 1e10, and their squares times 1e18 pass float's 3.4e38.
    const std::string options =
        "--loss bpr --dim 16 --batch-size 1024 --schedule constant --learning-rate 1e10 --reg 1e18 --save ";
    const ProgramResult result = train("lightgcn", folder, options + outputs.file("model.safetensors"));
    CHECK(result.status == 6);
    CHECK(result.out.empty());
    const std::string before = "; the weights of epoch ";
    const std::size_t at = result.err.find(before);
    REQUIRE(at != std::string::npos);
    const std::string epoch = std::to_string(std::stoll(result.err.substr(at + before.size())));
    CHECK(result.err.find("the loss of epoch " + std::to_string(std::stoll(epoch) + 1) + ", step ") != std::string::npos);
    const std::vector<std::string> saved = files_named_in(result.err);
    REQUIRE(saved.size() == 1);
    // They are what a training of so many epochs ends with.
    const std::string expected = folder.file("expected.safetensors");
    REQUIRE(train("lightgcn", folder, options + expected + " --epochs " + epoch).status == 0);
    const heddle::io::TensorFile kept = heddle::io::read_safetensors(saved.front()),
                                 good = heddle::io::read_safetensors(expected);
    REQUIRE(kept.tensors.size() == good.tensors.size());
    REQUIRE(!kept.tensors.empty());
    for (std::size_t i = 0; i < kept.tensors.size(); ++i) {
      CAPTURE(kept.tensors[i].name);
      CHECK(kept.tensors[i].name == good.tensors[i].name);
      CHECK(heddle::test::bit_difference(kept.tensors[i].values, good.tensors[i].values) == "");
    }
    CHECK(run_program("recommend " + saved.front() + " --user 7 --json").json()["results"][0]["items"].size() == 10);
  }

  TEST_CASE("what Ctrl-C leaves of a recommender's training answers, and is told of where it is judged") {
    const TempDir folder;
    write_interactions(folder);
    const ProgramResult result = run_interrupted("train lightgcn --json --dim 16 --temperature 0.1 --epochs 10000000 --data " +
                                                 folder.path().string() + " --save " + folder.file("model.safetensors"));
    CHECK(result.status == 130);
    const json object = json::parse(result.out, nullptr, false);
    REQUIRE(object.is_object());
    CHECK(object["interrupted"] == true);
    CHECK(object["metrics"]["recall@20"].get<double>() > 0);
    const std::string model = folder.file("model.unfinished.safetensors");
    CHECK(run_program("recommend " + model + " --user 7 --json").json()["results"][0]["items"].size() == 10);
    const ProgramResult judged = run_program("evaluate " + model + " --data " + folder.path().string());
    CHECK_MESSAGE(judged.out.find("its training was interrupted after " + object["epochs"].dump() + " of 10000000 epochs") !=
                      std::string::npos,
                  judged.out);
  }
}
