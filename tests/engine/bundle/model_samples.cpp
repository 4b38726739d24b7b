#include "tests/engine/bundle/model_samples.h"

#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include "engine/bundle/node_model_file.h"
#include "engine/bundle/recommender_file.h"
#include "heddle/classifier_training.h"
#include "heddle/error.h"
#include "heddle/fit.h"
#include "io/safetensors.h"
#include "io/tuned.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

const Device& one_thread() {
  static const Device device = Device::cpu({.threads = 1});
  return device;
}

/// Five nodes on a path, three features, two classes.
const NodeDataset& path_graph() {
  static const NodeDataset data = [] {
    NodeDataset path;
    path.name = "path";
    path.nodes = 5;
    path.edges = {{0, 1}, {1, 2}, {2, 3}, {3, 4}};
    path.dense_features = {5, 3, {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1}};
    path.labels = {0, 1, 0, 1, 0};
    path.classes = 2;
    path.train = {0, 1};
    return path;
  }();
  return data;
}

/// Three users, four items.
InteractionDataset few_interactions() {
  InteractionDataset data;
  data.name = "few";
  data.users = IdTable({"a", "b", "c"});
  data.items = IdTable({"w", "x", "y", "z"});
  data.item_names = {"Walnut", "", "Yew", "Zest"};
  data.train = {.rows = 3, .cols = 4, .row_offsets = {0, 2, 3, 5}, .col_indices = {0, 1, 1, 2, 3}, .values = {}};
  return data;
}

/// A recommender of every kind, in little time and few bytes.
std::unique_ptr<Recommender> recommender_of(const Kind& kind, const InteractionDataset& data) {
  const std::map<std::string, Settings> small{
      {"lightgcn", {{"dim", "2"}, {"layers", "1"}, {"epochs", "1"}, {"temperature", "0.2"}}},
      {"blend", {{"first", "item-cosine"}, {"second", "graph-filter"}, {"rank", "2"}, {"weight", "0.5"}}}};
  const auto found = small.find(kind.name);
  return fit(kind, found == small.end() ? Settings() : found->second, data, {.device = one_thread(), .seed = 1}).model;
}

}  // namespace

std::string without_checksum(std::string content) {
  for (const char* const entry : {"\"heddle.checksum\":\"", "\"heddle.file_version\":\""}) {
    const std::size_t at = content.find(entry);
    if (at == std::string::npos) continue;
    const std::size_t end = content.find(',', at);
    content.replace(at, end + 1 - at, end + 1 - at, ' ');
  }
  return content;
}

void node_model(std::string_view content) {
  predict(*model_from(io::detail::parse_safetensors(content, "f"), "f", path_graph(), one_thread()));
}

void recommender(std::string_view content) {
  const SavedRecommender saved =
      recommending::recommender_from(io::TensorReader::of_content(std::string(content), "f"), one_thread());
  const Query first{saved.model->users() > 0 ? 0 : -1, {}};
  Session session(one_thread());
  saved.model->rank(session, {&first, 1}, {.k = 3});
}

void tuned_file(std::string_view content) { io::detail::parse_tuned(content, "f"); }

std::vector<ModelSample> model_samples() {
  const TempDir folder;
  const std::string path = folder.file("sample");
  std::vector<ModelSample> samples;
  const auto add = [&](const std::string& name, void (*read)(std::string_view), const char* fuzz_target) {
    std::ifstream stream(path, std::ios::binary);
    samples.push_back({name, read, without_checksum({std::istreambuf_iterator<char>(stream), {}}), fuzz_target});
  };
  const InteractionDataset data = few_interactions();
  for (const Kind& kind : kinds()) {
    if (kind.task == Task::classify_nodes) {
      save_model(*make_model(kind, path_graph(), {{"hidden", "2"}}, 1, one_thread()), path);
      add(kind.name, node_model, "node_model");
    } else {
      save_recommender(*recommender_of(kind, data), data, path);
      add(kind.name, recommender, "recommender");
    }
  }
  // All that format version 2 added.
  save_recommender(*recommender_of(find_kind("lightgcn"), data), data, path, {},
                   {.history = false,
                    .item_columns = {{"kind", {"toy", "", "tool", "toy"}}, {"price", {"1", "2.50", "", "4"}}},
                    .lists = {.deny = {1}, .allow = std::vector<int32_t>{0, 1, 3}},
                    .own = {}});
  add("lightgcn without history", recommender, "recommender");
  TunedVariants tuned;
  tuned.add({{1, 2}, 16, "cpu (1 thread, portable)", "cpu_row_loop", "path", "0.1 ms"});
  tuned.add({{3, 4}, 7, "simt", "row_per_warp", "", ""});
  io::write_tuned(path, tuned);
  add("tuned", tuned_file, "tuned");
  return samples;
}

}  // namespace heddle::test
