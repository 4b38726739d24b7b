#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/file.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

NodeDataset four_nodes() {
  NodeDataset data;
  data.name = "four";
  data.nodes = 4;
  data.labels = {1, -1, 0, 2};
  data.train = {0};
  data.val = {3};
  data.test = {2};
  return data;
}

const NodePredictions predictions{{1, 0, 2, 2}, {0.5f, 1, 1.0f / 3, 0.00000051f}};

}  // namespace

TEST_SUITE_BEGIN("io");

TEST_CASE("predictions / a line a node, empty where there is no label or no split") {
  const std::string expected =
      "node\tpredicted\tlabel\tprobability\tsplit\n"
      "0\t1\t1\t0.500000\ttrain\n"
      "1\t0\t\t1.000000\t\n"
      "2\t2\t0\t0.333333\ttest\n"
      "3\t2\t2\t0.000001\tval\n";
  CHECK(io::predictions_text(predictions, four_nodes()) == expected);
  std::string commas = expected;
  std::replace(commas.begin(), commas.end(), '\t', ',');
  CHECK(io::predictions_text(predictions, four_nodes(), io::TableFormat::csv) == commas);
  const TempDir folder;
  io::write_predictions(folder.file("p"), predictions, four_nodes());
  CHECK(io::detail::read_file(folder.file("p")).view() == expected);
  NodeDataset unlabelled = four_nodes();
  unlabelled.labels.clear();
  CHECK(io::predictions_text(predictions, unlabelled).find("0\t1\t\t0.500000\ttrain\n") != std::string::npos);
}

TEST_CASE("predictions / the name's ending decides the form of the file") {
  using Form = std::pair<io::TableFormat, bool>;
  const auto form = [](const char* path) {
    const io::TableFileForm found = io::table_file_form(path);
    return Form(found.format, found.gzip);
  };
  CHECK(form("a/p.csv") == Form(io::TableFormat::csv, false));
  CHECK(form("p.csv.gz") == Form(io::TableFormat::csv, true));
  CHECK(form("p.jsonl") == Form(io::TableFormat::json_lines, false));
  CHECK(form("p.tsv.gz") == Form(io::TableFormat::tsv, true));
  CHECK(form("p.csv/table") == Form(io::TableFormat::tsv, false));
  CHECK(form("/dev/stdout") == Form(io::TableFormat::tsv, false));
  const TempDir folder;
  for (const char* const name : {"p.csv", "p.tsv", "p.jsonl", "p"}) {
    CAPTURE(name);
    const std::string path = folder.file(name), packed = path + ".gz";
    io::write_predictions(path, predictions, four_nodes());
    io::write_predictions(packed, predictions, four_nodes());
    const std::string expected = io::predictions_text(predictions, four_nodes(), io::table_file_form(path).format);
    CHECK(io::detail::read_file(path).view() == expected);
    CHECK(io::detail::is_gzip(io::detail::read_file(packed).view()));
    CHECK(io::detail::read_text_file(packed).view() == expected);
  }
}

TEST_CASE("predictions / JSON lines are one object each, with null for nothing") {
  std::istringstream lines(io::predictions_text(predictions, four_nodes(), io::TableFormat::json_lines));
  std::vector<nlohmann::json> objects;
  for (std::string line; std::getline(lines, line);) objects.push_back(nlohmann::json::parse(line));
  REQUIRE(objects.size() == 4);
  CHECK(objects[0] == nlohmann::json{{"node", 0}, {"predicted", 1}, {"label", 1}, {"probability", 0.5}, {"split", "train"}});
  CHECK(objects[1] ==
        nlohmann::json{{"node", 1}, {"predicted", 0}, {"label", nullptr}, {"probability", 1.0}, {"split", nullptr}});
}

TEST_CASE("predictions / sizes that do not fit are refused") {
  const auto refuses = [](const char* sentence, const NodePredictions& of, const NodeDataset& data) {
    return error_mismatch(ErrorKind::usage, sentence, [&] { io::predictions_text(of, data); });
  };
  CHECK(refuses("four: there are 3 predicted classes and 4 probabilities for 4 nodes", {{1, 0, 2}, predictions.probability},
                four_nodes()) == "");
  NodeDataset data = four_nodes();
  data.labels.pop_back();
  CHECK(refuses("four: there are 3 labels for 4 nodes", predictions, data) == "");
  data = four_nodes();
  data.val = {4};
  CHECK(refuses("four: node 4 of a split, there are 4", predictions, data) == "");
}

TEST_CASE("predictions / nodes and classes are called as the data call them") {
  NodeDataset data = four_nodes();
  data.node_ids = IdTable(std::vector<std::string>{"ann", "b, o", "c\"d", " e"});
  data.class_names = {"cat", "dog", "a b"};
  CHECK(io::predictions_text(predictions, data) ==
        "node\tpredicted\tlabel\tprobability\tsplit\n"
        "ann\tdog\tdog\t0.500000\ttrain\n"
        "b, o\tcat\t\t1.000000\t\n"
        "\"c\"\"d\"\ta b\tcat\t0.333333\ttest\n"
        "\" e\"\ta b\ta b\t0.000001\tval\n");
  CHECK(io::predictions_text(predictions, data, io::TableFormat::csv).find("\"b, o\",cat,,1.000000,\n") != std::string::npos);
  std::istringstream lines(io::predictions_text(predictions, data, io::TableFormat::json_lines));
  std::string line;
  std::vector<nlohmann::json> objects;
  while (std::getline(lines, line)) objects.push_back(nlohmann::json::parse(line));
  REQUIRE(objects.size() == 4);
  CHECK(objects[2]["node"] == "c\"d");
  CHECK(objects[2]["predicted"] == "a b");
  CHECK(objects[1]["label"].is_null());
  data.node_ids = IdTable(std::vector<std::string>{"ann"});
  CHECK(error_mismatch(ErrorKind::usage, "1 id for 4 nodes", [&] { io::predictions_text(predictions, data); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
