#include "engine/models/checked.h"
#include "engine/models/classifier_settings.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/models.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

const SettingTable<GcnOptions>& gcn_table() {
  // The upper bounds are far above every published model; they keep products of sizes in 64 bits.
  static const SettingTable<GcnOptions> table(
      "gcn", {setting("hidden", &GcnOptions::hidden, 1, 1'000'000, "width of the hidden layers"),
              setting("layers", &GcnOptions::layers, 1, 1000, "number of graph convolutions"),
              setting("dropout", &GcnOptions::dropout, Range::from_to_below(0, 1),
                      "probability of dropping an input feature or a hidden unit in training, in [0, 1)"),
              classes_setting<GcnOptions>(), feature_scaling_setting<GcnOptions>()});
  return table;
}

}  // namespace

void GcnOptions::check() const { gcn_table().check(*this); }

std::vector<ParameterShape> GcnOptions::parameters(int64_t features, int64_t classes) const try {
  std::vector<ParameterShape> shapes;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const int64_t in = layer == 0 ? features : hidden;
    const int64_t out = layer + 1 == layers ? classes : hidden;
    shapes.push_back({text("weight", layer + 1), in, out});
    shapes.push_back({text("bias", layer + 1), 1, out});
  }
  return shapes;
} catch (...) {
  rethrow_as_error();
}

Gcn::Gcn(const NodeDataset& data, const GcnOptions& options, const Device& device) try
    : options_(options),
      graph_hash_(data.graph_hash()),
      context_(device, options.seed),
      adjacency_(context_.stream(), gcn_adjacency(checked(data, "gcn", options)), !data.directed),
      features_(context_, data, options.feature_scaling) {
  if (options_.classes == 0) options_.classes = data.classes;
  options_.feature_scaling = features_.scaling();
  const std::vector<ParameterShape> shapes = options_.parameters(features_.count(), options_.classes);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto& [name, rows, cols] = shapes[i];
    if (i % 2 == 0) {
      parameters_.emplace_back(context_, name, glorot_uniform(rows, cols, options.seed, static_cast<uint32_t>(i / 2)), i == 0);
    } else {
      parameters_.emplace_back(context_, name, HostMatrix{rows, cols, std::vector<float>(static_cast<std::size_t>(cols))});
    }
  }
} catch (...) {
  rethrow_as_error();
}

Tensor Gcn::convolve(int64_t layer, Tensor&& hidden) {
  const Tensor weight = parameters_[2 * layer];
  return layer == 0 ? graph_convolution(adjacency_, features_, options_.dropout, weight)
                    : graph_convolution(adjacency_, std::move(hidden), weight);
}

Tensor Gcn::hidden() {
  Tensor h;
  for (int64_t layer = 0; layer + 1 < options_.layers; ++layer) {
    h = bias_relu_dropout(convolve(layer, std::move(h)), parameters_[2 * layer + 1], options_.dropout);
  }
  return h;
}

Tensor Gcn::forward() try { return add_bias(convolve(options_.layers - 1, hidden()), parameters_.back()); } catch (...) {
  rethrow_as_error();
}

Tensor Gcn::embeddings() try {
  require(options_.layers >= 2, ErrorKind::usage, "gcn: a model of one layer has no hidden representation");
  return hidden();
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, std::string> Gcn::settings() const try { return gcn_table().write(options_); } catch (...) {
  rethrow_as_error();
}

Kind gcn_kind() {
  Kind kind{.name = "gcn", .summary = "graph convolutional network", .source = "Kipf & Welling 2017"};
  kind.task = Task::classify_nodes;
  kind.settings = gcn_table().rows();
  kind.training = training_settings();
  kind.trains_in_epochs = true;
  kind.has_vectors = [](const Settings& settings) { return gcn_table().read(settings).layers >= 2; };
  kind.classifier.parameters = [](const NodeDataset& data, const Settings& settings) {
    const GcnOptions options = gcn_table().read(settings);
    return options.parameters(feature_columns(data), options.classes > 0 ? options.classes : data.classes);
  };
  kind.classifier.make = [](const NodeDataset& data, const Settings& settings, uint64_t seed, const Device& device) {
    GcnOptions options = gcn_table().read(settings);
    options.seed = seed;
    return std::make_unique<Gcn>(data, options, device);
  };
  return kind;
}

}  // namespace heddle
