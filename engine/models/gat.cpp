#include "engine/models/checked.h"
#include "engine/models/classifier_settings.h"
#include "heddle/attention.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/models.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// A matrix of each head, side by side: a head's weights depend on its own size only, as in the authors' program.
HostMatrix glorot_heads(int64_t rows, int64_t heads, int64_t cols, uint64_t seed, uint32_t& index) {
  HostMatrix all{rows, heads * cols, std::vector<float>(static_cast<std::size_t>(rows * heads * cols))};
  for (int64_t head = 0; head < heads; ++head) {
    const HostMatrix one = glorot_uniform(rows, cols, seed, index++);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t c = 0; c < cols; ++c) all.values[(row * heads + head) * cols + c] = one.values[row * cols + c];
    }
  }
  return all;
}

/// A vector of each head: a column's Glorot bound, the numbers in a row.
HostMatrix glorot_vectors(int64_t heads, int64_t cols, uint64_t seed, uint32_t& index) {
  HostMatrix all{1, heads * cols, {}};
  for (int64_t head = 0; head < heads; ++head) {
    const HostMatrix one = glorot_uniform(cols, 1, seed, index++);
    all.values.insert(all.values.end(), one.values.begin(), one.values.end());
  }
  return all;
}

HostMatrix zero_row(int64_t cols) { return {1, cols, std::vector<float>(static_cast<std::size_t>(cols))}; }

const SettingTable<GatOptions>& gat_table() {
  // The upper bounds are far above every published model; they keep products of sizes in 64 bits.
  static const SettingTable<GatOptions> table(
      "gat", {setting("hidden", &GatOptions::hidden, 1, 1'000'000, "width of each head of the hidden layers"),
              setting("heads", &GatOptions::heads, 1, 256, "attention heads of the hidden layers, side by side"),
              setting("output_heads", &GatOptions::output_heads, 1, 256, "attention heads of the last layer, averaged"),
              setting("layers", &GatOptions::layers, 1, 1000, "number of attention layers"),
              setting("dropout", &GatOptions::dropout, Range::from_to_below(0, 1),
                      "probability of dropping an input feature or a hidden unit in training, in [0, 1)"),
              setting("attention_dropout", &GatOptions::attention_dropout, Range::from_to_below(0, 1),
                      "probability of dropping an attention coefficient in training, in [0, 1)"),
              setting("slope", &GatOptions::slope, 0, 1, "LeakyReLU's slope below 0, in [0, 1]"),
              setting("gat_version", &GatOptions::gat_version, 1, 2,
                      "1: GAT; 2: GATv2, whose LeakyReLU comes before the scores' product (Brody, Alon & Yahav 2022)"),
              classes_setting<GatOptions>(), feature_scaling_setting<GatOptions>()});
  return table;
}

/// How the authors train it.
TrainOptions gat_protocol() {
  return {.epochs = 100'000,
          .learning_rate = 0.005f,
          .weight_decay = 5e-4f,
          .patience = 100,
          .selection = Selection::best_validation};
}

}  // namespace

void GatOptions::check() const { gat_table().check(*this); }

std::vector<ParameterShape> GatOptions::parameters(int64_t features, int64_t classes_of_data) const try {
  std::vector<ParameterShape> shapes;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const bool last = layer + 1 == layers;
    const int64_t in = layer == 0 ? features : heads * hidden;
    const int64_t out = last ? classes_of_data : hidden;
    const int64_t all = (last ? output_heads : heads) * out;
    const auto add = [&](const char* parameter, int64_t rows, int64_t cols) {
      shapes.push_back({text(parameter, layer + 1), rows, cols});
    };
    if (gat_version == 1) {
      add("weight", in, all);
      add("source", 1, all);
      add("target", 1, all);
    } else {
      for (const char* side : {"source", "target"}) {
        add(text(side, "_weight").c_str(), in, all);
        add(text(side, "_bias").c_str(), 1, all);
      }
      add("attention", 1, all);
    }
    add("bias", 1, last ? out : all);
  }
  return shapes;
} catch (...) {
  rethrow_as_error();
}

Gat::Gat(const NodeDataset& data, const GatOptions& options, const Device& device) try
    : options_(options),
      graph_hash_(data.graph_hash()),
      context_(device, options.seed),
      graph_(context_.stream(), gcn_adjacency(checked(data, "gat", options).nodes, data.edges, {}, data.directed)),
      features_(context_, data, options.feature_scaling) {
  if (options_.classes == 0) options_.classes = data.classes;
  options_.feature_scaling = features_.scaling();
  uint32_t index = 0;
  const std::vector<ParameterShape> shapes = options_.parameters(features_.count(), options_.classes);
  const std::size_t of_each = shapes.size() / static_cast<std::size_t>(options.layers);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto& [name, rows, cols] = shapes[i];
    const bool is_bias = name.find("bias") != std::string::npos;
    const int64_t heads = i / of_each + 1 == static_cast<std::size_t>(options.layers) ? options.output_heads : options.heads;
    // A vector of each head scores its columns; the matrices are those before it.
    const bool is_vector = options.gat_version == 1 ? i % of_each != 0 : i % of_each == 4;
    parameters_.emplace_back(context_, name,
                             is_bias     ? zero_row(cols)
                             : is_vector ? glorot_vectors(heads, cols / heads, options.seed, index)
                                         : glorot_heads(rows, heads, cols / heads, options.seed, index),
                             true);
  }
  if (options.output_heads > 1) {
    HostMatrix mean{options.output_heads * options_.classes, options_.classes, {}};
    mean.values.resize(static_cast<std::size_t>(mean.rows * mean.cols));
    for (int64_t row = 0; row < mean.rows; ++row) {
      mean.values[row * mean.cols + row % mean.cols] = 1.0f / static_cast<float>(options.output_heads);
    }
    mean_of_heads_.emplace(context_, mean);
  }
} catch (...) {
  rethrow_as_error();
}

AttentionOptions Gat::attention_of(int64_t layer) const {
  return {.heads = layer + 1 == options_.layers ? options_.output_heads : options_.heads,
          .slope = options_.slope,
          .dropout = options_.attention_dropout};
}

Gat::Projected Gat::project(int64_t layer, const Tensor& x) {
  const std::span<Parameter> p = of_layer(layer);
  const Tensor input = layer == 0 ? dropout(features_.values(), options_.dropout) : x;
  const auto projected = [&](const Tensor& weight) {
    return layer == 0 && features_.sparse() ? spmm(features_.matrix(), input, weight) : matmul(input, weight);
  };
  if (options_.gat_version == 1) return {projected(p[0]), {}};
  const Tensor sources = add_bias(projected(p[0]), p[1]);
  return {sources, add_bias(projected(p[2]), p[3])};
}

Tensor Gat::attend(int64_t layer, const Tensor& x) {
  const std::span<Parameter> p = of_layer(layer);
  const auto [sources, targets] = project(layer, x);
  if (options_.gat_version == 1) return gat_attention(graph_, sources, p[1], p[2], attention_of(layer));
  return gatv2_attention(graph_, sources, targets, p[4], attention_of(layer));
}

EdgeTable Gat::attention() try {
  const Evaluating evaluating(context_);
  EdgeTable table{.nodes = graph_.rows(), .sources = {}, .targets = {}, .columns = {}, .values = {}};
  const CsrView graph = graph_.view();
  std::vector<int64_t> offsets(static_cast<std::size_t>(graph.rows + 1));
  table.sources.resize(static_cast<std::size_t>(graph.nnz));
  download(context_.stream(), offsets.data(), graph.row_offsets, offsets.size() * sizeof(int64_t));
  download(context_.stream(), table.sources.data(), graph.col_indices, table.sources.size() * sizeof(int32_t));
  table.targets.reserve(table.sources.size());
  for (std::size_t target = 0; target + 1 < offsets.size(); ++target) {
    table.targets.insert(table.targets.end(), static_cast<std::size_t>(offsets[target + 1] - offsets[target]),
                         static_cast<int32_t>(target));
  }
  std::vector<HostMatrix> layers;
  for (int64_t layer = 0; layer < options_.layers; ++layer) {
    context_.begin_step();
    Tensor x;  // once more from the start: what a step before has made is gone
    for (int64_t below = 0; below < layer; ++below) x = activate(below, attend(below, x));
    const std::span<Parameter> p = of_layer(layer);
    const auto [sources, targets] = project(layer, x);
    const int64_t heads = attention_of(layer).heads;
    const Tensor scores =
        options_.gat_version == 1
            ? leaky_relu(edge_sums(graph_, head_scores(sources, p[1], heads), head_scores(sources, p[2], heads)), options_.slope)
            : head_scores(leaky_relu(edge_sums(graph_, sources, targets), options_.slope), p[4], heads);
    layers.push_back(edge_softmax(graph_, scores).to_host());
    for (int64_t head = 1; head <= heads; ++head) table.columns.push_back(text("layer", layer + 1, "_head", head));
  }
  table.values = {graph.nnz, static_cast<int64_t>(table.columns.size()), {}};
  table.values.values.reserve(static_cast<std::size_t>(table.values.rows * table.values.cols));
  for (int64_t edge = 0; edge < graph.nnz; ++edge) {
    for (const HostMatrix& layer : layers) {
      const auto row = layer.values.begin() + edge * layer.cols;
      table.values.values.insert(table.values.values.end(), row, row + layer.cols);
    }
  }
  return table;
} catch (...) {
  rethrow_as_error();
}

Tensor Gat::activate(int64_t layer, const Tensor& x) { return bias_elu_dropout(x, of_layer(layer).back(), options_.dropout); }

std::span<Parameter> Gat::of_layer(int64_t layer) {
  const std::size_t of_each = options_.gat_version == 1 ? 4 : 6;
  return std::span(parameters_).subspan(static_cast<std::size_t>(layer) * of_each, of_each);
}

Tensor Gat::hidden() {
  Tensor h;
  for (int64_t layer = 0; layer + 1 < options_.layers; ++layer) h = activate(layer, attend(layer, h));
  return h;
}

Tensor Gat::forward() try {
  Tensor y = attend(options_.layers - 1, hidden());
  if (mean_of_heads_) y = matmul(y, mean_of_heads_->tensor());
  return add_bias(std::move(y), parameters_.back());
} catch (...) {
  rethrow_as_error();
}

Tensor Gat::embeddings() try {
  require(options_.layers >= 2, ErrorKind::usage, "gat: a model of one layer has no hidden representation");
  return hidden();
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> Gat::settings() const try { return gat_table().write(options_); } catch (...) {
  rethrow_as_error();
}

Kind gat_kind() {
  Kind kind{.name = "gat", .summary = "graph attention network", .source = "Velickovic et al. 2018"};
  kind.task = Task::classify_nodes;
  kind.settings = gat_table().rows();
  kind.training = training_settings(gat_protocol());
  kind.trains_in_epochs = true;
  kind.attends = true;
  kind.has_vectors = [](const Settings& settings) { return gat_table().read(settings).layers >= 2; };
  kind.classifier.parameters = [](const NodeDataset& data, const Settings& settings) {
    const GatOptions options = gat_table().read(settings);
    return options.parameters(feature_columns(data), options.classes > 0 ? options.classes : data.classes);
  };
  kind.classifier.make = [](const NodeDataset& data, const Settings& settings, uint64_t seed, const Device& device) {
    GatOptions options = gat_table().read(settings);
    options.seed = seed;
    return std::make_unique<Gat>(data, options, device);
  };
  return kind;
}

}  // namespace heddle
