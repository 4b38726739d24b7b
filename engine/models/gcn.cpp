#include "engine/models/checked.h"
#include "engine/settings.h"
#include "heddle/error.h"
#include "heddle/models.h"
#include "heddle/rethrow.h"

namespace heddle {

void GcnOptions::check() const {
  // The upper bounds are far above every published model; they keep products of sizes in 64 bits.
  require(hidden >= 1 && hidden <= 1'000'000, ErrorKind::usage, "gcn: hidden is ", hidden, ", it must be from 1 to 1000000");
  require(layers >= 1 && layers <= 1000, ErrorKind::usage, "gcn: layers is ", layers, ", it must be from 1 to 1000");
  require(classes >= 0 && classes <= 1'000'000, ErrorKind::usage, "gcn: classes is ", classes, ", it must be from 0 to 1000000");
  require(dropout >= 0 && dropout < 1, ErrorKind::usage, "gcn: dropout is ", dropout, ", it must be in [0, 1)");
}

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
      adjacency_(context_.stream(), gcn_adjacency(checked(data, "gcn", options).nodes, data.edges, data.edge_weights), true),
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

std::map<std::string, std::string> Gcn::settings() const try {
  return {{"hidden", std::to_string(options_.hidden)},
          {"layers", std::to_string(options_.layers)},
          {"dropout", to_setting(options_.dropout)},
          {"classes", std::to_string(options_.classes)},
          {"feature_scaling", to_string(options_.feature_scaling)}};
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
