#include "engine/models/checked.h"
#include "engine/settings.h"
#include "heddle/error.h"
#include "heddle/models.h"

namespace heddle {

void GcnOptions::check() const {
  // The upper bounds are far above every published model; they keep products of sizes in 64 bits.
  require(hidden >= 1 && hidden <= 1'000'000, ErrorKind::usage, "gcn: hidden is ", hidden, ", it must be from 1 to 1000000");
  require(layers >= 1 && layers <= 1000, ErrorKind::usage, "gcn: layers is ", layers, ", it must be from 1 to 1000");
  require(classes >= 0 && classes <= 1'000'000, ErrorKind::usage, "gcn: classes is ", classes, ", it must be from 0 to 1000000");
  require(dropout >= 0 && dropout < 1, ErrorKind::usage, "gcn: dropout is ", dropout, ", it must be in [0, 1)");
}

Gcn::Gcn(const NodeDataset& data, const GcnOptions& options, const Device& device)
    : options_(options),
      context_(device, options.seed),
      adjacency_(context_.stream(), gcn_adjacency(checked(data, "gcn", options).nodes, data.edges, data.edge_weights), true),
      features_(context_, data, options.feature_scaling) {
  if (options_.classes == 0) options_.classes = data.classes;
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    const int64_t in = layer == 0 ? features_.count() : options.hidden;
    const int64_t out = layer + 1 == options.layers ? options_.classes : options.hidden;
    parameters_.emplace_back(context_, text("weight", layer + 1),
                             glorot_uniform(in, out, options.seed, static_cast<uint32_t>(layer)), layer == 0);
    parameters_.emplace_back(context_, text("bias", layer + 1),
                             HostMatrix{1, out, std::vector<float>(static_cast<std::size_t>(out))});
  }
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

Tensor Gcn::forward() { return add_bias(convolve(options_.layers - 1, hidden()), parameters_.back()); }

Tensor Gcn::embeddings() {
  require(options_.layers >= 2, ErrorKind::usage, "gcn: a model of one layer has no hidden representation");
  return hidden();
}

std::map<std::string, std::string> Gcn::settings() const {
  return {{"hidden", std::to_string(options_.hidden)},
          {"layers", std::to_string(options_.layers)},
          {"dropout", to_setting(options_.dropout)},
          {"classes", std::to_string(options_.classes)},
          {"feature_scaling", options_.feature_scaling == FeatureScaling::rows   ? "rows"
                              : options_.feature_scaling == FeatureScaling::none ? "none"
                                                                                 : "automatic"}};
}

}  // namespace heddle
