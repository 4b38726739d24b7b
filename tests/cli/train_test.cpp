#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "heddle/io.h"
#include "tests/cli/program.h"
#include "tests/support/data.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

/// `heddle train gcn` on the karate club in `folder`.
ProgramResult train(const TempDir& folder, const std::string& options) {
  return run_program("train gcn --data " + folder.path().string() + " " + options);
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("train prints its figures on standard output and nothing on standard error") {
    const TempDir folder;
    write_karate(folder);
    for (const char* quiet : {"", "--quiet"}) {
      const ProgramResult result = train(folder, std::string("--epochs 20 ") + quiet);
      CHECK(result.status == 0);
      CHECK(result.err.empty());
      for (const char* word : {"34 nodes, 78 edges", "content hash", "20 epochs", "seed 0",
                               "train 100.0 %, validation none, test ", "ms median", "MB of memory"}) {
        CAPTURE(word);
        CHECK(result.out.find(word) != std::string::npos);
      }
    }
  }

  TEST_CASE("train --json prints one object with every documented field") {
    const TempDir folder;
    write_karate(folder);
    const ProgramResult result = train(folder, "--json --epochs 30 --hidden 8 --seed 5 --threads 2 --device cpu");
    CHECK(result.err.empty());
    CHECK(result.out.find('\n') == result.out.size() - 1);
    const json object = result.json();
    CHECK(object["model"] == "gcn");
    CHECK(object["settings"]["hidden"] == 8);
    CHECK(object["settings"]["dropout"] == 0.5);
    CHECK(object["options"] == json{{"epochs", 30},
                                    {"learning_rate", 0.01},
                                    {"weight_decay", 0.0005},
                                    {"patience", 0},
                                    {"selection", "last"},
                                    {"class_weights", "none"}});
    CHECK(object["device"] == "cpu");
    CHECK(object["threads"] == 2);
    CHECK(object["seeds_at_once"] == 1);
    CHECK(object["interrupted"] == false);
    const json& data = object["data"];
    CHECK(data["nodes"] == 34);
    CHECK(data["edges"] == 78);
    CHECK(data["classes"] == 2);
    CHECK(data["train"] == 2);
    CHECK(data["val"] == 0);
    CHECK(data["test"] == 32);
    CHECK(data["hash"].get<std::string>().size() == 32);
    for (const char* field :
         {"name", "features", "duplicate_edges", "self_loops", "isolated_rows_added", "unlabelled_left_out"}) {
      CAPTURE(field);
      CHECK(data.contains(field));
    }
    REQUIRE(object["seeds"].size() == 1);
    const json& seed = object["seeds"][0];
    CHECK(seed["seed"] == 5);
    CHECK(seed["epochs"] == 30);
    CHECK(seed["train_loss"].get<double>() > 0);
    CHECK(seed["train_accuracy"] == 1.0);
    CHECK(seed["val_accuracy"].is_null());
    CHECK(seed["test_accuracy"].get<double>() > 0.5);
    CHECK(seed["weights_hash"].get<std::string>().size() == 32);
    CHECK(object["test_accuracy"]["mean"] == seed["test_accuracy"]);
    CHECK(object["test_accuracy"]["std"] == 0.0);
    CHECK(object["epoch_ms"]["min"].get<double>() > 0);
    CHECK(object["epoch_ms"]["median"].get<double>() >= object["epoch_ms"]["min"].get<double>());
    CHECK(object["total_s"].get<double>() > 0);
    CHECK(object["peak_rss_bytes"].get<int64_t>() > 1'000'000);
    CHECK(object.contains("version"));
    CHECK(object.contains("device_description"));
  }

  TEST_CASE("--seeds 4 gives what four single runs give, and their mean and deviation") {
    const TempDir folder;
    write_karate(folder);
    const json together = train(folder, "--json --seed 3 --seeds 4 --threads 2 --device cpu").json();
    REQUIRE(together["seeds"].size() == 4);
    CHECK(together["seeds_at_once"] == 2);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 4; ++i) {
      const json alone = train(folder, "--json --device cpu --threads 2 --seed " + std::to_string(3 + i)).json();
      CHECK(together["seeds"][i] == alone["seeds"][0]);
      const double accuracy = alone["seeds"][0]["test_accuracy"];
      sum += accuracy;
      squares += accuracy * accuracy;
    }
    CHECK(together["test_accuracy"]["mean"].get<double>() == doctest::Approx(sum / 4));
    const double variance = squares / 4 - sum / 4 * sum / 4;
    CHECK(std::abs(together["test_accuracy"]["std"].get<double>() - std::sqrt(std::max(0.0, variance))) < 1e-6);
  }

  TEST_CASE("results do not depend on the number of threads") {
    const TempDir folder;
    write_karate(folder);
    for (const char* device : {"cpu", "simt"}) {
      CAPTURE(device);
      const std::string options = std::string("--json --epochs 3 --device ") + device + " --threads ";
      const json one = train(folder, options + "1").json();
      const json three = train(folder, options + "3").json();
      CHECK(one["seeds"] == three["seeds"]);
      CHECK(one["threads"] == 1);
      CHECK(three["threads"] == 3);
    }
  }

  TEST_CASE("the predictions table has a header and a line a node") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string path = outputs.file("predictions.tsv");
    CHECK(train(folder, "--save-predictions " + path).status == 0);
    const std::string table = file_content(path);
    CHECK(table.starts_with("node\tpredicted\tlabel\tprobability\tsplit\n0\t0\t0\t"));
    CHECK(std::count(table.begin(), table.end(), '\n') == 35);
    CHECK(table.find("\ttrain\n") != std::string::npos);
    CHECK(table.find("\ttest\n") != std::string::npos);
  }

  TEST_CASE("the name's ending decides how the predictions table is written, of train and of predict") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string model = outputs.file("m");
    REQUIRE(train(folder, "--save " + model + " --save-predictions " + outputs.file("p.tsv")).status == 0);
    const std::string tabs = file_content(outputs.file("p.tsv"));
    std::string commas = tabs;
    std::replace(commas.begin(), commas.end(), '\t', ',');
    REQUIRE(train(folder, "--save-predictions " + outputs.file("p.csv")).status == 0);
    CHECK(file_content(outputs.file("p.csv")) == commas);
    const auto predict = [&](const std::string& name) {
      return run_program("predict " + model + " --data " + folder.path().string() + " --quiet --save-predictions " +
                         outputs.file(name));
    };
    REQUIRE(predict("q.csv").status == 0);
    CHECK(file_content(outputs.file("q.csv")) == commas);
    REQUIRE(predict("q").status == 0);
    CHECK(file_content(outputs.file("q")) == tabs);
    REQUIRE(predict("q.jsonl").status == 0);
    CHECK(file_content(outputs.file("q.jsonl")).starts_with("{\"node\": 0, \"predicted\": 0, \"label\": 0, "));
    REQUIRE(predict("q.csv.gz").status == 0);
    CHECK(std::system(("gunzip -c '" + outputs.file("q.csv.gz") + "' | cmp -s - '" + outputs.file("q.csv") + "'").c_str()) == 0);
  }

  TEST_CASE("a node without a label has an empty one in the table, and no split") {
    const TempDir folder;
    folder.write("edges.txt", "0 1\n1 2\n2 3\n");
    folder.write("labels.txt", "0\n1\n-1\n1\n");
    folder.write("train.txt", "0\n1\n");
    const std::string path = folder.file("predictions.tsv");
    CHECK(train(folder, "--epochs 5 --save-predictions " + path).status == 0);
    const std::string table = file_content(path);
    const std::size_t line = table.find("\n2\t");
    REQUIRE(line != std::string::npos);
    CHECK(table.substr(line + 4, 2) == "\t\t");
    CHECK(table.find("\t\n", line) != std::string::npos);
  }

  TEST_CASE("saved embeddings are nodes x hidden") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string path = outputs.file("embeddings.npy");
    CHECK(train(folder, "--hidden 8 --save-embeddings " + path).status == 0);
    CHECK(heddle::io::read_npy(path).shape == std::vector<int64_t>{34, 8});
    // Asking for embeddings changes nothing of the training.
    CHECK(train(folder, "--json").json()["seeds"] == train(folder, "--json --save-embeddings " + path).json()["seeds"]);
  }

  TEST_CASE("Cora has the published counts, and seed 0 a sane accuracy") {
    const auto cora = heddle::test::shared_data("planetoid/cora", "planetoid/ind.cora.x");
    if (!cora) return;
    const json object = run_program("train gcn --json --device cpu --data " + cora->string()).json();
    const json& data = object["data"];
    CHECK(data["name"] == "cora");
    CHECK(data["nodes"] == 2708);
    CHECK(data["edges"] == 5278);
    CHECK(data["features"] == 1433);
    CHECK(data["classes"] == 7);
    CHECK(data["train"] == 140);
    CHECK(data["val"] == 500);
    CHECK(data["test"] == 1000);
    CHECK(object["seeds"][0]["test_accuracy"].get<double>() > 0.795);
    CHECK(object["seeds"][0]["test_accuracy"].get<double>() < 0.835);
    const json patient = run_program("train gcn --json --patience 10 --seeds 2 --data " + cora->string()).json();
    CHECK(patient["seeds"][0]["epochs"].get<int>() <= 200);
    CHECK(patient["test_accuracy"]["mean"].get<double>() > 0.78);
  }

  TEST_CASE("gat saves its attention, chooses its weights as asked, and says what it cannot do without validation") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string gat = "train gat --data " + folder.path().string();
    const std::string model = outputs.file("gat.safetensors");
    const std::string last = " --selection last --patience 0 --epochs 5";
    const json object =
        run_program(gat + last + " --json --heads 2 --hidden 4 --save " + model + " --save-attention " + outputs.file("a.csv"))
            .json();
    CHECK(object["options"]["selection"] == "last");
    CHECK(object["seeds"][0]["selected_epoch"] == 5);
    const std::string table = file_content(outputs.file("a.csv"));
    CHECK(table.starts_with("source,target,layer1_head1,layer1_head2,layer2_head1\n0,0,"));
    CHECK(std::count(table.begin(), table.end(), '\n') == 1 + 2 * 78 + 34);
    run_program("predict " + model + " --json --data " + folder.path().string() + " --save-attention " + outputs.file("b.csv"))
        .json();
    CHECK(file_content(outputs.file("b.csv")) == table);
    run_program("predict " + model + " --json --data " + folder.path().string() + " --save-attention " + outputs.file("b.gexf"))
        .json();
    CHECK(file_content(outputs.file("b.gexf")).find("<attribute id=\"2\" title=\"layer2_head1\" type=\"float\"/>") !=
          std::string::npos);
    CHECK(file_content(outputs.file("b.gexf")).find("<attvalue for=\"predicted\" value=") != std::string::npos);
    run_program("predict " + model + " --json --no-self-loops --data " + folder.path().string() + " --save-attention " +
                outputs.file("d.csv"))
        .json();
    const std::string without = file_content(outputs.file("d.csv"));
    CHECK(std::count(without.begin(), without.end(), '\n') == 1 + 2 * 78);

    const auto refused = [](const std::string& arguments, int status, const std::string& sentence) {
      const ProgramResult result = run_program(arguments);
      INFO(result.err);
      CHECK(result.status == status);
      CHECK(result.err.find(sentence) != std::string::npos);
    };
    refused(gat, 2,
            "patience and the weights of the best validation epoch need a validation split, it is empty; --selection last "
            "--patience 0 need none");
    refused(gat + " --patience 0", 2,
            "the weights of the best validation epoch need a validation split, it is empty; --selection last needs none");
    refused(gat + " --selection best", 2, "--selection is 'best', it must be one of last, best-validation");
    refused(gat + " --save-attention " + outputs.file("a.txt"), 2, "must end in .csv or .gexf");
    refused(gat + " --save-attention " + outputs.file("no/a.csv"), 7, "no does not exist");
    refused("train gcn --save-attention a.csv --data " + folder.path().string(), 2, "--save-attention");
    const std::string gcn = outputs.file("gcn.safetensors");
    REQUIRE(run_program("train gcn --epochs 2 --save " + gcn + " --data " + folder.path().string()).status == 0);
    refused("predict " + gcn + " --save-attention " + outputs.file("c.csv") + " --data " + folder.path().string(), 2,
            "holds a gcn, which has no attention");
    CHECK(file_content(outputs.file("c.csv")).empty());
  }

  TEST_CASE("gat on Cora by its authors' protocol") {
    const auto cora = heddle::test::shared_data("planetoid/cora", "planetoid/ind.cora.x");
    if (!cora) return;
    const json object = run_program("train gat --json --device cpu --data " + cora->string()).json();
    CHECK(object["options"]["selection"] == "best-validation");
    CHECK(object["seeds"][0]["epochs"].get<int>() > object["seeds"][0]["selected_epoch"].get<int>());
    CHECK(object["seeds"][0]["test_accuracy"].get<double>() > 0.80);
    CHECK(object["seeds"][0]["test_accuracy"].get<double>() < 0.86);
  }
}
