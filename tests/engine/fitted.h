#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "heddle/lightgcn.h"
#include "heddle/recommender.h"

/// A fitted model of every kind in the table.
namespace heddle::test {

inline std::unique_ptr<Recommender> briefly_trained(const InteractionDataset& data, const Device& device) {
  LightGcn model(data, {.dim = 16, .layers = 2, .seed = 1}, device);
  train(model, data, {.epochs = 1, .batch_size = 256, .temperature = 0.2f, .negatives = 32});
  return model.recommender();
}

/// A blend's models are LightGCN and the graph filter.
inline std::unique_ptr<Recommender> fitted(const RecommenderKind& kind, const InteractionDataset& data, const Device& device) {
  const std::string name = kind.name;
  if (kind.make != nullptr) return kind.make(data, {}, 1, device);
  if (name == "lightgcn") return briefly_trained(data, device);
  REQUIRE(name == "blend");
  return make_blend(briefly_trained(data, device), make_graph_filter(data, {.rank = 8}, device), 0.5f);
}

}  // namespace heddle::test
