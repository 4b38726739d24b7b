#include "bench/generated.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace heddle::bench {

NodeDataset generated_dataset(const GeneratedOptions& options) {
  std::mt19937_64 random(
      options.seed);  // its sequence is fixed by the standard; the distributions below are ours for that reason
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  NodeDataset data;
  data.name = "generated";
  data.nodes = options.nodes;

  std::vector<int32_t> node_of_rank(static_cast<std::size_t>(options.nodes));
  std::iota(node_of_rank.begin(), node_of_rank.end(), 0);
  for (std::size_t i = node_of_rank.size(); i > 1; --i) std::swap(node_of_rank[i - 1], node_of_rank[random() % i]);
  const auto draw = [&] {
    const double u = uniform();
    return node_of_rank[static_cast<std::size_t>(static_cast<double>(options.nodes) * u * u)];
  };
  for (int64_t i = 0; i < options.edge_draws; ++i) {
    const int32_t u = draw();
    const int32_t v = draw();
    if (u != v) data.edges.emplace_back(std::min(u, v), std::max(u, v));
  }
  std::sort(data.edges.begin(), data.edges.end());
  data.edges.erase(std::unique(data.edges.begin(), data.edges.end()), data.edges.end());

  data.dense_features = {options.nodes, options.features,
                         std::vector<float>(static_cast<std::size_t>(options.nodes * options.features))};
  const double unit_variance = std::sqrt(3.0);
  for (float& value : data.dense_features.values) value = static_cast<float>(unit_variance * (2 * uniform() - 1));
  data.classes = options.classes;
  data.labels.resize(static_cast<std::size_t>(options.nodes));
  for (int32_t& label : data.labels) label = static_cast<int32_t>(random() % static_cast<uint64_t>(options.classes));
  data.train.resize(static_cast<std::size_t>(options.nodes / 2));
  std::iota(data.train.begin(), data.train.end(), 0);
  return data;
}

}  // namespace heddle::bench
