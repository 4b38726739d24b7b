#include <doctest/doctest.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "heddle/fit.h"
#include "heddle/io.h"
#include "heddle/kinds.h"
#include "heddle/saved_model.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

// samples/version_1 holds a file of every kind that heddle 0.1.0 wrote, with a checksum and (older ones) without, a blend with a
// trained model in it, and in expected.txt what that program answered for each.
namespace heddle::test {

namespace {

Device one_thread() { return Device::cpu({.threads = 1}); }

/// The five nodes on a path that the node classifiers were trained on: no features, so one-hot ones.
NodeDataset five_nodes() {
  NodeDataset data;
  data.name = "club";
  data.nodes = 5;
  data.edges = {{0, 1}, {1, 2}, {2, 3}, {3, 4}};
  data.dense_features = {5, 5, std::vector<float>(25)};
  for (std::size_t node = 0; node < 5; ++node) data.dense_features.values[6 * node] = 1;
  data.labels = {0, 1, 0, 1, 0};
  data.classes = 2;
  return data;
}

/// A line of expected.txt: a file, what was asked of it, and answers "A-3=0.25": an item or a class, a score or a probability.
struct Expected {
  std::string file, asked;
  std::vector<std::pair<std::string, float>> answers;
};

std::vector<Expected> expected_answers(const std::filesystem::path& folder) {
  std::ifstream stream(folder / "expected.txt");
  std::vector<Expected> all;
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    Expected& each = all.emplace_back();
    words >> each.file >> each.asked;
    for (std::string word; words >> word;) {
      const std::size_t equals = word.find('=');
      float number = 0;
      REQUIRE(std::from_chars(word.data() + equals + 1, word.data() + word.size(), number).ec == std::errc());
      each.answers.emplace_back(word.substr(0, equals), number);
    }
  }
  return all;
}

std::vector<std::pair<std::string, float>> answers_of_nodes(const std::string& path) {
  const NodePredictions predictions = predictions_of(predict(*load_model(path, five_nodes(), one_thread())));
  std::vector<std::pair<std::string, float>> answers;
  for (std::size_t node = 0; node < predictions.predicted.size(); ++node)
    answers.emplace_back(std::to_string(predictions.predicted[node]), predictions.probability[node]);
  return answers;
}

std::vector<std::pair<std::string, float>> answers_of_items(const std::string& path, const std::string& asked) {
  const SavedRecommender saved = load_recommender(path, one_thread());
  Session session(one_thread());
  Ranking ranking;
  if (asked.starts_with("like:")) {
    ranking = saved.model->similar(session, saved.items.require_known(asked.substr(5), "item"), 3);
  } else if (asked.find(',') == std::string::npos) {
    const Query query{saved.users.require_known(asked, "user"), {}};
    ranking = saved.model->rank(session, {&query, 1}, {.k = 5}).front();
  } else {
    std::vector<int32_t> basket;
    std::istringstream ids(asked);
    for (std::string id; std::getline(ids, id, ',');) basket.push_back(saved.items.require_known(id, "item"));
    ranking = saved.model->recommend(session, basket, {.k = 5});
  }
  std::vector<std::pair<std::string, float>> answers;
  for (const RankedItem& each : ranking) answers.emplace_back(saved.items[each.item], each.score);
  return answers;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("files of format version 1 / a sample of every kind is read, and answers as when it was written") {
  const std::filesystem::path folder = source_dir() / "tests/engine/bundle/samples/version_1";
  const std::vector<Expected> all = expected_answers(folder);
  std::set<std::string> kinds_seen;
  for (const Expected& expected : all) {
    INFO(expected.file, ", ", expected.asked);
    const std::string path = (folder / (expected.file + ".safetensors")).string();
    const SavedModelInfo info = saved_model_info(path);
    CHECK(info.metadata.at("format_version") == "1");
    std::ifstream stream(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    CHECK((content.find("heddle.checksum") == std::string::npos) == expected.file.starts_with("without_checksum/"));
    kinds_seen.insert(info.model);
    const auto answers =
        info.kind == SavedKind::node_classifier ? answers_of_nodes(path) : answers_of_items(path, expected.asked);
    REQUIRE(answers.size() == expected.answers.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      CHECK(answers[i].first == expected.answers[i].first);
      // The same formulas on one thread; which vector unit sums is another matter. Probabilities were written with six decimals.
      CHECK(answers[i].second == doctest::Approx(expected.answers[i].second).epsilon(1e-4).scale(0.01));
    }
  }
  // gcn, gat, lightgcn, popularity, item-cosine, graph-filter, blend: those that were there when version 1 was.
  CHECK(kinds_seen.size() == 7);
  CHECK(all.size() == 2 * (2 + 5 * 4) + 4);
}

TEST_CASE("files of format version 1 / names, weights and what the training was are read from them too") {
  const std::string folder = (source_dir() / "tests/engine/bundle/samples/version_1").string();
  const SavedRecommender named = load_recommender(folder + "/lightgcn.safetensors", one_thread());
  REQUIRE(named.item_names.size() == 9);
  CHECK(named.item_names[static_cast<std::size_t>(named.items.require_known("A-6", "item"))] == "Caf\xC3\xA9 cup");
  CHECK(named.metadata.at("epochs") == "3");
  CHECK(trained_on(named.metadata).name == "shop");
  CHECK(unfinished_text(named.metadata).empty());
  const SavedRecommender blend = load_recommender(folder + "/blend-of-lightgcn.safetensors", one_thread());
  CHECK(blend.model->settings().at("first") == "lightgcn");
  CHECK(blend.model->trained_with().at("first.temperature") == "0.2");
  CHECK(trained_on(blend.metadata).origin.options.at("split") == "none");
  CHECK(plan_as_fitted(blend.metadata).parts.front().settings.at("epochs") == "3");
  const SavedRecommender weighted = load_recommender(folder + "/item-cosine.safetensors", one_thread());
  CHECK(weighted.item_names.empty());
  CHECK(weighted.model->train().values.size() == 35);
}

TEST_CASE("files of format version 1 / notes that are called as entries of version 2 are notes") {
  const TempDir folder;
  const std::string sample = (source_dir() / "tests/engine/bundle/samples/version_1/popularity.safetensors").string();
  io::TensorFile file = io::read_safetensors(sample);
  file.metadata["history"] = "two years of orders";
  file.metadata["item_column.0"] = "shelf";
  io::write_safetensors(folder.file("m"), file);
  const SavedRecommender saved = load_recommender(folder.file("m"), one_thread());
  CHECK(saved.history);
  CHECK(saved.item_columns.empty());
  CHECK(saved.metadata.at("history") == "two years of orders");
  CHECK(model_file_summary(folder.file("m")).item_columns.empty());
}

TEST_SUITE_END();

}  // namespace heddle::test
