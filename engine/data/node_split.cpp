#include "heddle/node_split.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/random.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// What a class is called, for sentences.
std::string class_text(const NodeDataset& data, std::size_t of) {
  return of < data.class_names.size() ? "'" + data.class_names[of] + "'" : std::to_string(of);
}

/// The labelled nodes of each class in an order that depends on nothing but the seed and their numbers.
std::vector<std::vector<int32_t>> drawn_by_class(const NodeDataset& data, uint64_t seed) {
  const RandomStream stream{seed, random_purpose::node_split, nullptr};
  std::vector<std::pair<uint64_t, int32_t>> order;
  for (int64_t node = 0; node < data.nodes; ++node) {
    if (data.labels[static_cast<std::size_t>(node)] >= 0)
      order.emplace_back(random_key(stream, static_cast<uint64_t>(node)), static_cast<int32_t>(node));
  }
  std::sort(order.begin(), order.end());
  std::vector<std::vector<int32_t>> classes(static_cast<std::size_t>(data.classes));
  for (const auto& [key, node] : order)
    classes[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(node)])].push_back(node);
  return classes;
}

/// All of them in the same order, whatever their class.
std::vector<int32_t> drawn(const NodeDataset& data, uint64_t seed) {
  NodeDataset one;
  one.nodes = data.nodes;
  one.classes = 1;
  for (const int32_t label : data.labels) one.labels.push_back(std::min(label, 0));
  return std::move(drawn_by_class(one, seed).front());
}

/// The parts of `nodes`: the first for the test, the next for validation, the rest to train on.
void share_out(NodeDataset& data, const std::vector<int32_t>& nodes, const NodeSplitOptions& options) {
  const auto count = static_cast<double>(nodes.size());
  const auto test = static_cast<std::ptrdiff_t>(std::floor(options.test_share * count + 1e-9));
  const auto val = static_cast<std::ptrdiff_t>(std::floor(options.val_share * count + 1e-9));
  data.test.insert(data.test.end(), nodes.begin(), nodes.begin() + test);
  data.val.insert(data.val.end(), nodes.begin() + test, nodes.begin() + test + val);
  data.train.insert(data.train.end(), nodes.begin() + test + val, nodes.end());
}

void split_per_class(NodeDataset& data, const NodeSplitOptions& options) {
  const std::vector<std::vector<int32_t>> classes = drawn_by_class(data, options.seed);
  std::vector<bool> trained(static_cast<std::size_t>(data.nodes), false);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (classes[c].empty()) continue;  // numbers that no node has for its label
    const auto size = static_cast<int64_t>(classes[c].size());
    require(size >= options.per_class, ErrorKind::bad_data, data.name, ": class ", class_text(data, c), " has ",
            counted(size, "node"), ", fewer than the ", options.per_class, " of each class that --per-class takes to train on");
    for (int64_t i = 0; i < options.per_class; ++i) {
      const int32_t node = classes[c][static_cast<std::size_t>(i)];
      data.train.push_back(node);
      trained[static_cast<std::size_t>(node)] = true;
    }
  }
  std::vector<int32_t> rest = drawn(data, options.seed);
  std::erase_if(rest, [&](int32_t node) { return trained[static_cast<std::size_t>(node)]; });
  const auto left = static_cast<int64_t>(rest.size());
  require(left >= options.val_nodes + options.test_nodes, ErrorKind::bad_data, data.name, ": beside the ",
          counted(data.train.size(), "node"), " to train on ", there_are(left, "labelled node"), ", too few for the ",
          options.val_nodes, " of --val-nodes and the ", options.test_nodes, " of --test-nodes");
  data.val.assign(rest.begin(), rest.begin() + options.val_nodes);
  data.test.assign(rest.begin() + options.val_nodes, rest.begin() + options.val_nodes + options.test_nodes);
}

}  // namespace

const SettingTable<NodeSplitOptions>& node_split_settings() try {
  using Options = NodeSplitOptions;
  static const SettingTable<Options> table(
      "split",
      {setting(
           "split", &Options::split,
           {{"files", NodeSplit::files}, {"random", NodeSplit::random}, {"per-class", NodeSplit::per_class}},
           "which nodes are trained on: files (as the data say it), random (by shares of the labelled nodes) or per-class (as "
           "many of each class, as in Planetoid's data sets)"),
       setting("val_share", &Options::val_share, Range::from_to_below(0, 1),
               "random: share of the labelled nodes for validation"),
       setting("test_share", &Options::test_share, Range::from_to_below(0, 1), "random: share for the test"),
       setting("stratified", &Options::stratified, "random: the shares are those of each class"),
       setting("per_class", &Options::per_class, 1, INT32_MAX, "per-class: nodes of each class to train on"),
       setting("val_nodes", &Options::val_nodes, 0, INT32_MAX, "per-class: nodes for validation"),
       setting("test_nodes", &Options::test_nodes, 0, INT32_MAX, "per-class: nodes for the test"),
       setting("split_seed", &Options::seed, Range(), "seed of a split that is drawn")});
  return table;
} catch (...) {
  rethrow_as_error();
}

void split_nodes(NodeDataset& data, const NodeSplitOptions& options) try {
  node_split_settings().check(options);
  if (options.split == NodeSplit::files) return;
  require(options.val_share + options.test_share < 1, ErrorKind::usage, "--val-share ", options.val_share, " and --test-share ",
          options.test_share, " leave nothing to train on; their sum must be below 1");
  require(std::any_of(data.labels.begin(), data.labels.end(), [](int32_t label) { return label >= 0; }), ErrorKind::bad_data,
          data.name, ": no node has a label, so that there is nothing to split");
  // Made beside, so that data of which none can be made keep theirs.
  NodeDataset made;
  made.name = data.name;
  made.nodes = data.nodes;
  made.labels = data.labels;
  made.classes = data.classes;
  made.class_names = data.class_names;
  if (options.split == NodeSplit::per_class) {
    split_per_class(made, options);
  } else if (options.stratified) {
    for (const std::vector<int32_t>& nodes : drawn_by_class(made, options.seed)) share_out(made, nodes, options);
  } else {
    share_out(made, drawn(made, options.seed), options);
  }
  require(!made.train.empty(), ErrorKind::bad_data, data.name, ": no node is left to train on");
  made.options = data.options;
  for (const Setting& row : node_split_settings().rows()) made.options.erase(row.name);  // of parts made before
  made.options.merge(node_split_settings().changed(options));
  data.options = std::move(made.options);
  for (const auto& [from, to] : {std::pair(&made.train, &data.train), {&made.val, &data.val}, {&made.test, &data.test}}) {
    std::sort(from->begin(), from->end());
    *to = std::move(*from);
  }
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
