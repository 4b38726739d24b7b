#include <doctest/doctest.h>

#include <sstream>

#include "tests/cli/program.h"

using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

TEST_SUITE("cli") {
  TEST_CASE("predict gives the figures, predictions and embeddings of the training that saved the model") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string data = "--data " + folder.path().string();
    const std::string model = outputs.file("model.safetensors");
    const json trained =
        run_program("train gcn " + data + " --json --hidden 8 --layers 3 --seeds 2 --save " + model + " --save-predictions " +
                    outputs.file("a.tsv") + " --save-embeddings " + outputs.file("a.npy"))
            .json();
    const json predicted = run_program("predict " + model + " " + data + " --json --save-predictions " + outputs.file("b.tsv") +
                                       " --save-embeddings " + outputs.file("b.npy"))
                               .json();
    CHECK(predicted["model"] == "gcn");
    CHECK(predicted["settings"] == trained["settings"]);
    CHECK(predicted["data"] == trained["data"]);
    CHECK(predicted["weights_hash"] == trained["seeds"][0]["weights_hash"]);
    CHECK(predicted["accuracy"]["train"] == trained["seeds"][0]["train_accuracy"]);
    CHECK(predicted["accuracy"]["val"].is_null());
    CHECK(predicted["accuracy"]["test"] == trained["seeds"][0]["test_accuracy"]);
    CHECK(predicted["loss"]["test"].get<double>() > 0);
    CHECK(predicted["trained_on"]["same"] == true);
    for (const char* field : {"device", "device_description", "threads", "total_s", "peak_rss_bytes", "version"}) {
      CAPTURE(field);
      CHECK(predicted.contains(field));
    }
    CHECK(file_content(outputs.file("a.tsv")) == file_content(outputs.file("b.tsv")));
    CHECK(file_content(outputs.file("a.npy")) == file_content(outputs.file("b.npy")));

    const ProgramResult table = run_program("predict " + model + " " + data);
    CHECK(table.status == 0);
    CHECK(table.out == file_content(outputs.file("a.tsv")));
    CHECK(table.err.find("trained on this data") != std::string::npos);
    const ProgramResult quiet = run_program("predict " + model + " " + data + " --quiet");
    CHECK(quiet.out == table.out);
    CHECK(quiet.err.empty());
  }

  TEST_CASE("predict needs no labels") {
    const TempDir folder;
    write_karate(folder);
    const std::string model = folder.file("model.safetensors");
    REQUIRE(run_program("train gcn --data " + folder.path().string() + " --epochs 20 --save " + model).status == 0);
    const std::string predict = "predict " + model + " --quiet --data ";
    const std::string with_labels = run_program(predict + folder.path().string()).out;
    const TempDir bare;
    bare.write("edges.txt", file_content(folder.file("edges.txt")));
    const ProgramResult without = run_program(predict + bare.path().string());
    CHECK(without.status == 0);
    const auto predicted_column = [](const std::string& table) {
      std::istringstream lines(table);
      std::string column;
      for (std::string line; std::getline(lines, line);) {
        const std::size_t begin = line.find('\t') + 1;
        column += line.substr(begin, line.find('\t', begin) - begin) + "\n";
      }
      return column;
    };
    CHECK(predicted_column(with_labels).size() > 34);
    CHECK(predicted_column(without.out) == predicted_column(with_labels));
  }

  TEST_CASE("predict says where the data is not what the model was trained on") {
    const TempDir folder;
    write_karate(folder);
    const std::string model = folder.file("model.safetensors");
    const std::string data = "--data " + folder.path().string();
    REQUIRE(run_program("train gcn " + data + " --epochs 5 --save " + model).status == 0);
    folder.write("train.txt", "0\n");
    CHECK(run_program("predict " + model + " " + data + " --json").json()["trained_on"]["same"] == false);
    CHECK(run_program("predict " + model + " " + data).err.find("trained on other data than this") != std::string::npos);
    // Nodes without features are known by their places: told where the edges are others.
    const std::string doubt = "has no features, so that the model knows nodes by their places alone";
    CHECK(run_program("predict " + model + " " + data).err.find(doubt) == std::string::npos);
    const TempDir turned;
    write_karate(turned);
    std::string edges = file_content(turned.file("edges.txt"));
    turned.write("edges.txt", edges.substr(edges.find("\n", 20) + 1));  // without its first edge
    CHECK(run_program("predict " + model + " --data " + turned.path().string()).err.find(doubt) != std::string::npos);
    CHECK(run_program("predict --quiet " + model + " --data " + turned.path().string()).err.find(doubt) == std::string::npos);
    folder.write(
        "labels.txt", "0\n1\n2\n" + [] {
          std::string rest;
          for (int node = 3; node < 34; ++node) rest += "1\n";
          return rest;
        }());
    const ProgramResult misfit = run_program("predict " + model + " " + data);
    CHECK(misfit.status == 3);
    CHECK(misfit.out.empty());
    CHECK(misfit.err.find("its labels name 3 classes, the model scores 2") != std::string::npos);
  }
}
