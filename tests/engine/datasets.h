#pragma once

#include <algorithm>
#include <vector>

#include "bench/graphs.h"
#include "heddle/data.h"
#include "heddle/io.h"

/// Small data sets to train on.
namespace heddle::test {

/// The karate club with a validation split: ten of the members whose faction is otherwise tested.
inline NodeDataset karate() {
  NodeDataset data = io::karate_club();
  data.val.assign(data.test.begin(), data.test.begin() + 10);
  data.test.erase(data.test.begin(), data.test.begin() + 10);
  return data;
}

/// A random graph with sparse features that tell the class: nodes of class c have features c, c + classes, ... more often.
inline NodeDataset random_dataset(int64_t nodes, int64_t features, int32_t classes, uint64_t seed) {
  bench::Draws draws(seed);
  NodeDataset data;
  data.name = "random";
  data.nodes = nodes;
  data.classes = classes;
  for (int64_t i = 0; i < 3 * nodes; ++i) {
    const auto u = static_cast<int32_t>(draws.below(nodes)), v = static_cast<int32_t>(draws.below(nodes));
    if (u != v) data.edges.emplace_back(std::min(u, v), std::max(u, v));
  }
  std::sort(data.edges.begin(), data.edges.end());
  data.edges.erase(std::unique(data.edges.begin(), data.edges.end()), data.edges.end());
  data.features_are_sparse = true;
  HostCsr& csr = data.sparse_features;
  csr.rows = nodes;
  csr.cols = features;
  for (int64_t node = 0; node < nodes; ++node) {
    data.labels.push_back(static_cast<int32_t>(draws.below(classes)));
    for (int32_t column = 0; column < features; ++column) {
      if (draws.uniform() < (column % classes == data.labels.back() ? 0.2 : 0.05)) csr.col_indices.push_back(column);
    }
    csr.row_offsets.push_back(csr.nnz());
    std::vector<int32_t>& split = node % 5 == 0 ? data.train : node % 5 == 1 ? data.val : data.test;
    split.push_back(static_cast<int32_t>(node));
  }
  csr.values.assign(csr.col_indices.size(), 1);
  return data;
}

/// The same data set with its features stored densely.
inline NodeDataset with_dense_features(NodeDataset data) {
  const HostCsr& csr = data.sparse_features;
  data.dense_features = {csr.rows, csr.cols, std::vector<float>(static_cast<std::size_t>(csr.rows * csr.cols))};
  for (int64_t row = 0; row < csr.rows; ++row) {
    for (int64_t k = csr.row_offsets[row]; k < csr.row_offsets[row + 1]; ++k) {
      data.dense_features.values[row * csr.cols + csr.col_indices[k]] = csr.values[k];
    }
  }
  data.sparse_features = {};
  data.features_are_sparse = false;
  return data;
}

}  // namespace heddle::test
