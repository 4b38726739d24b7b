#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>

#include "heddle/io.h"
#include "tests/cli/program.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

/// The karate club with names: member "m7" for 7, the factions "hi" and "officer"; no parts.
void write_named_karate(const TempDir& folder) {
  const heddle::NodeDataset data = heddle::io::karate_club();
  std::string edges = "source,target\n", labels = "member_id,faction\n";
  for (const auto& [first, second] : data.edges) edges += "m" + std::to_string(first) + ",m" + std::to_string(second) + "\n";
  for (std::size_t node = 0; node < data.labels.size(); ++node)
    labels += "m" + std::to_string(node) + (data.labels[node] == 0 ? ",hi\n" : ",officer\n");
  folder.write("edges.csv", edges);
  folder.write("labels.csv", labels);
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("data without parts are refused with the option that makes some, and trained with it") {
    const TempDir folder, out;
    write_named_karate(folder);
    const std::string data = " --data " + folder.path().string();
    const ProgramResult none = run_program("train gcn --epochs 3" + data);
    CHECK(none.status == 3);
    CHECK(none.err.find("no node is in the training split; --split random or --split per-class makes one") != std::string::npos);
    const json random = run_program("train gcn --epochs 30 --json --split random --stratified" + data).json();
    CHECK(random["data"]["train"] == 22);  // of 17 of each faction 3 are for validation and 3 for the test
    CHECK(random["data"]["test"] == 6);
    const std::string per_class = " --split per-class --per-class 3 --val-nodes 8 --test-nodes 20 --split-seed 4" + data;
    const json planted = run_program("train gcn --epochs 60 --json" + per_class).json();
    CHECK(planted["data"]["train"] == 6);
    CHECK(planted["data"]["val"] == 8);
    CHECK(planted["data"]["test"] == 20);
    const ProgramResult many = run_program("train gcn --split per-class" + data);
    CHECK(many.status == 3);
    CHECK(many.err.find("class 'hi' has 17 nodes, fewer than the 20 of each class") != std::string::npos);
  }

  TEST_CASE("predictions, embeddings, attention and figures speak of nodes and classes by their names") {
    const TempDir folder, out;
    write_named_karate(folder);
    const std::string data = " --split random --data " + folder.path().string(), model = out.file("model.safetensors");
    const json trained =
        run_program("train gat --epochs 20 --json" + data + " --save " + model + " --save-predictions " + out.file("p.tsv") +
                    " --save-embeddings " + out.file("e.npy") + " --save-attention " + out.file("a.csv"))
            .json();
    CHECK(file_content(out.file("p.tsv")).find("\nm33\t") != std::string::npos);
    CHECK(file_content(out.file("p.tsv")).find("\tofficer\t") != std::string::npos);
    CHECK(file_content(out.file("e.ids.txt")).starts_with("m0\nm1\n"));
    CHECK(file_content(out.file("a.csv")).find("\nm0,m") != std::string::npos);
    CHECK(trained["data"]["class_names"] == json::array({"hi", "officer"}));
    const json& test = trained["classification"]["test"];
    CHECK(test["accuracy"] == trained["seeds"][0]["test_accuracy"]);
    CHECK(test["macro_f1"] == trained["seeds"][0]["test_macro_f1"]);
    CHECK(test["macro_f1"] == trained["test_macro_f1"]["mean"]);
    int64_t nodes = 0, right = 0;
    for (const json& each : test["confusion"]) {
      nodes += each["nodes"].get<int64_t>();
      right += each["label"] == each["predicted"] ? each["nodes"].get<int64_t>() : 0;
    }
    CHECK(nodes == 6);
    CHECK(static_cast<double>(right) / 6 == doctest::Approx(test["accuracy"].get<double>()));
    const ProgramResult asked = run_program("predict " + model + data);
    CHECK(asked.out == file_content(out.file("p.tsv")));
    CHECK(asked.err.find("macro-F1   train ") != std::string::npos);
    const json predicted = run_program("predict --json " + model + data).json();
    CHECK(predicted["classification"] == trained["classification"]);
    // The same in the text: a row for each class, and a table of what was taken for what.
    const std::string text = run_program("predict --class-figures " + model + data).err;
    CHECK(text.find("per class  of the test's 6 nodes, in percent\n           class     nodes  precision  recall    F1\n") !=
          std::string::npos);
    std::string confusion = "confusion  label        as 1   as 2\n";
    for (std::size_t row = 0; row < 2; ++row) {
      const json& of = test["classes"][row];
      CHECK(text.find(fmt::format("           {:<7}{:>8}{:>11.1f}{:>8.1f}{:>6.1f}\n", of["class"].get<std::string>(),
                                  of["nodes"].get<int64_t>(), 100 * of["precision"].get<double>(),
                                  100 * of["recall"].get<double>(), 100 * of["f1"].get<double>())) != std::string::npos);
      confusion += fmt::format("           {:>2} {:<7}", row + 1, of["class"].get<std::string>());
      for (std::size_t column = 0; column < 2; ++column) {
        std::string count = ".";
        for (const json& each : test["confusion"]) {
          if (each["label"] == of["class"] && each["predicted"] == test["classes"][column]["class"])
            count = std::to_string(each["nodes"].get<int64_t>());
        }
        confusion += fmt::format("{:>7}", count);
      }
      confusion += "\n";
    }
    CHECK_MESSAGE(text.find(confusion) != std::string::npos, text);
    CHECK(run_program("train gcn --epochs 3 --class-figures" + data).out.find("per class  of the test's 6 nodes") !=
          std::string::npos);
    CHECK(run_program("predict " + model + data).err.find("per class") == std::string::npos);
  }

  TEST_CASE("a model keeps the names of its classes, whichever of them other data have") {
    const TempDir folder, few, none, strange, out;
    write_named_karate(folder);
    const std::string model = out.file("model.safetensors"), edges = file_content(folder.file("edges.csv"));
    REQUIRE(run_program("train gcn --epochs 40 --quiet --split random --save " + model + " --data " + folder.path().string())
                .status == 0);
    const std::string predict = "predict " + model + " --json --split random --data ";
    const auto accuracy_of = [&](const TempDir& data) {
      return run_program(predict + data.path().string()).json()["accuracy"]["train"];
    };
    // The second class alone, which would be number 0 of these data.
    std::string labels = "member_id,faction\n";
    for (int node = 0; node < 34; ++node) labels += "m" + std::to_string(node) + (node < 30 ? ",\n" : ",officer\n");
    few.write("edges.csv", edges);
    few.write("labels.csv", labels);
    CHECK(accuracy_of(few).get<double>() == 1);
    none.write("edges.csv", "source,target\n" + edges.substr(edges.find('\n') + 1));
    const std::string table = run_program("predict --quiet " + model + " --data " + none.path().string()).out;
    CHECK(table.find("\tofficer\t") != std::string::npos);
    strange.write("edges.csv", edges);
    strange.write("labels.csv", "member_id,faction\nm0,hi\nm1,hi\nm2,third\n");
    CHECK(run_program(predict + strange.path().string()).err.find("the model was not trained on class 'third'") !=
          std::string::npos);
  }

  TEST_CASE("class weights change the training, not what figures count") {
    const TempDir folder;
    write_named_karate(folder);
    const std::string train = "train gcn --epochs 20 --json --split random --data " + folder.path().string();
    const json plain = run_program(train).json(), none = run_program(train + " --class-weights none").json();
    CHECK(plain["seeds"] == none["seeds"]);
    const json ones = run_program(train + " --class-weights 1,1").json();
    CHECK(ones["seeds"][0]["weights_hash"] == plain["seeds"][0]["weights_hash"]);
    const json balanced = run_program(train + " --class-weights balanced").json();
    CHECK(balanced["options"]["class_weights"] == "balanced");
    const json weighted = run_program(train + " --class-weights 1,8").json();
    CHECK(weighted["seeds"][0]["weights_hash"] != plain["seeds"][0]["weights_hash"]);
    const ProgramResult few = run_program(train + " --class-weights 1,2,3");
    CHECK(few.status == 2);
    CHECK(few.err.find("3 weights, and the model tells 2 classes apart") != std::string::npos);
    CHECK(run_program(train + " --class-weights some").err.find("it must be none, balanced or a list") != std::string::npos);
  }

  TEST_CASE("data nodes tells what a graph holds, how it was read and how to train on it") {
    const TempDir folder;
    write_named_karate(folder);
    const std::string path = folder.path().string();
    const ProgramResult told = run_program("data nodes --data " + path);
    CHECK(told.status == 0);
    CHECK(told.out.find("34 nodes, 78 edges, 0 features, 2 classes") != std::string::npos);
    CHECK(told.out.find("labels     34 nodes: hi 17, officer 17") != std::string::npos);
    CHECK(told.out.find("train with heddle train gcn --data " + path + " --split random\n") != std::string::npos);
    const json object = run_program("data nodes --json --split random --split-seed 3 --data " + path).json();
    CHECK(object["data"]["nodes"] == 34);
    CHECK(object["data"]["train"] == 22);
    CHECK(object["split"] == "random, 0.2 for validation, 0.2 for the test, seed 3");
    CHECK(object["data"]["reading"]["files"].size() == 2);
    const std::string train_with = object["train_with"];
    CHECK(run_program(train_with.substr(7) + " --epochs 2 --quiet").status == 0);
    // An edge list alone has nothing to train on, and what ends reading does not keep what was read from being told.
    folder.write("lone.txt", "a b\nb c\n");
    CHECK(run_program("data nodes --data " + folder.file("lone.txt")).out.find("no node has a label") != std::string::npos);
    folder.write("train.txt", "m1\nzz\n");
    const ProgramResult ended = run_program("data nodes --data " + path);
    CHECK(ended.status == 3);
    CHECK(ended.out.find("edges.csv") != std::string::npos);
    CHECK(ended.err.find("node 'zz' is not among the nodes") != std::string::npos);
    // Asked as interactions, a graph is told for one.
    const ProgramResult other = run_program("data --data " + path);
    CHECK(other.status == 3);
    CHECK(other.err.find("which heddle data nodes describes") != std::string::npos);
  }
}
