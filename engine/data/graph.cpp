#include "heddle/graph.h"

#include <algorithm>
#include <cmath>

#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

HostCsr identity(int64_t n) {
  HostCsr matrix{.rows = n, .cols = n, .row_offsets = {}, .col_indices = {}, .values = std::vector<float>(n, 1.0f)};
  for (int64_t i = 0; i <= n; ++i) matrix.row_offsets.push_back(i);
  for (int64_t i = 0; i < n; ++i) matrix.col_indices.push_back(static_cast<int32_t>(i));
  return matrix;
}

void divide_by_sum(float* begin, float* end) {
  double sum = 0;
  for (const float* value = begin; value != end; ++value) sum += *value;
  if (sum == 0) return;
  for (float* value = begin; value != end; ++value) *value = static_cast<float>(*value / sum);
}

void check(int64_t nodes, const std::vector<std::pair<int32_t, int32_t>>& edges, const std::vector<float>& weights,
           bool directed) {
  require(weights.empty() || weights.size() == edges.size(), ErrorKind::bad_data, counted(weights.size(), "edge weight"), " for ",
          counted(edges.size(), "edge"));
  for (std::size_t edge = 0; edge < edges.size(); ++edge) {
    const auto [u, v] = edges[edge];
    require(0 <= std::min(u, v) && std::max(u, v) < nodes && (directed ? u != v : u < v), ErrorKind::bad_data, "edge ", edge,
            " goes from ", u, " to ", v, directed ? ", not from a node to another of " : ", not from a node to a later one of ",
            nodes);
    require(edge == 0 || edges[edge - 1] < edges[edge], ErrorKind::bad_data, "edge ", edge, " from ", u, " to ", v,
            " does not come after the one before it");
  }
}

/// `scaling`: rows or none.
std::vector<float> scaled_values(const NodeDataset& data, FeatureScaling scaling) {
  if (data.features_are_sparse) {
    const HostCsr& csr = data.sparse_features;
    std::vector<float> values = csr.values;
    if (scaling == FeatureScaling::rows) {
      for (int64_t row = 0; row < csr.rows; ++row)
        divide_by_sum(values.data() + csr.row_offsets[row], values.data() + csr.row_offsets[row + 1]);
    }
    return values;
  }
  std::vector<float> values = data.dense_features.values;
  if (values.empty()) return std::vector<float>(data.nodes, 1.0f);
  if (scaling == FeatureScaling::rows) {
    const int64_t cols = data.dense_features.cols;
    for (int64_t row = 0; row < data.nodes; ++row) divide_by_sum(values.data() + row * cols, values.data() + (row + 1) * cols);
  }
  return values;
}

/// The matrix of sparse features, or the identity where there are none.
HostCsr sparse_matrix(const NodeDataset& data) {
  if (!data.features_are_sparse) return identity(data.nodes);
  require(data.sparse_features.rows == data.nodes, ErrorKind::bad_data, data.name, ": ",
          counted(data.sparse_features.rows, "row"), " of features, ", there_are(data.nodes, "node"));
  return data.sparse_features;
}

void check_dense(const NodeDataset& data) {
  const HostMatrix& features = data.dense_features;
  require(features.rows == data.nodes, ErrorKind::bad_data, data.name, ": ", counted(features.rows, "row"), " of features, ",
          there_are(data.nodes, "node"));
  require(features.cols >= 0 && static_cast<std::size_t>(features.rows * features.cols) == features.values.size(),
          ErrorKind::bad_data, data.name, ": ", counted(features.values.size(), "value"), " for ", features.rows, " x ",
          counted(features.cols, "feature"));
}

bool stays_dense(const NodeDataset& data) { return !data.features_are_sparse && !data.dense_features.values.empty(); }

}  // namespace

HostCsr gcn_adjacency(int64_t nodes, const std::vector<std::pair<int32_t, int32_t>>& edges, const std::vector<float>& weights,
                      bool directed) try {
  check(nodes, edges, weights, directed);
  const auto weight = [&](std::size_t edge) { return weights.empty() ? 1.0 : static_cast<double>(weights[edge]); };
  HostCsr matrix{.rows = nodes, .cols = nodes, .row_offsets = std::vector<int64_t>(nodes + 1), .col_indices = {}, .values = {}};
  std::vector<double> degree(nodes, 1.0);
  std::vector<int64_t>& offsets = matrix.row_offsets;
  for (std::size_t edge = 0; edge < edges.size(); ++edge) {
    const auto [u, v] = edges[edge];
    degree[v] += weight(edge);
    ++offsets[v + 1];
    if (directed) continue;
    degree[u] += weight(edge);
    ++offsets[u + 1];
  }
  for (int64_t node = 0; node < nodes; ++node) {
    require(degree[node] > 0, ErrorKind::bad_data, "node ", node, ": its edge weights and its self-loop sum to ", degree[node],
            ", the normalised adjacency needs a positive sum");
    offsets[node + 1] += offsets[node] + 1;
  }
  matrix.col_indices.resize(offsets[nodes]);
  matrix.values.resize(offsets[nodes]);
  std::vector<int64_t> next(offsets.begin(), offsets.end() - 1);
  const auto put = [&](int32_t row, int32_t column, double value) {
    const int64_t at = next[row]++;
    matrix.col_indices[at] = column;
    matrix.values[at] = static_cast<float>(value / std::sqrt(degree[row] * degree[column]));
  };
  // Edges are sorted by (first, second). Written in two passes the columns of each row ascend: first those below the diagonal,
  // then the diagonal, then those above, which of undirected edges, listed with first < second, are the other directions.
  for (std::size_t edge = 0; edge < edges.size(); ++edge) {
    const auto [u, v] = edges[edge];
    if (u < v) put(v, u, weight(edge));
  }
  for (int64_t node = 0; node < nodes; ++node) put(static_cast<int32_t>(node), static_cast<int32_t>(node), 1.0);
  for (std::size_t edge = 0; edge < edges.size(); ++edge) {
    const auto [u, v] = edges[edge];
    if (!directed) put(u, v, weight(edge));
    if (directed && u > v) put(v, u, weight(edge));
  }
  return matrix;
} catch (...) {
  rethrow_as_error();
}

FeatureScaling resolved(FeatureScaling scaling, const NodeDataset& data) {
  if (scaling != FeatureScaling::automatic) return scaling;
  const std::vector<float>& values = data.features_are_sparse ? data.sparse_features.values : data.dense_features.values;
  const bool negative = std::any_of(values.begin(), values.end(), [](float value) { return value < 0; });
  return negative ? FeatureScaling::none : FeatureScaling::rows;
}

int64_t feature_columns(const NodeDataset& data) {
  if (stays_dense(data)) return data.dense_features.cols;
  return data.features_are_sparse ? data.sparse_features.cols : data.nodes;
}

Features::Features(Context& context, const NodeDataset& data, FeatureScaling scaling) try
    : count_(feature_columns(data)),
      scaling_(resolved(scaling, data)),
      sparse_(!stays_dense(data)),
      matrix_(sparse_ ? SparseMatrix(context.stream(), sparse_matrix(data)) : SparseMatrix()),
      values_([&] {
        if (!sparse_) check_dense(data);
        const std::vector<float> values = scaled_values(data, scaling_);
        return sparse_ ? Constant(context, 1, static_cast<int64_t>(values.size()), values)
                       : Constant(context, data.nodes, count_, values);
      }()) {
} catch (...) {
  rethrow_as_error();
}

Tensor graph_convolution(const SparseMatrix& adjacency, Tensor&& x, const Tensor& weight) {
  const int64_t propagate_first = weight.rows() * (x.requires_grad() ? 2 : 1);
  const int64_t project_first = weight.cols() * 2;
  if (propagate_first < project_first) return matmul(spmm(adjacency, std::move(x)), weight);
  return spmm(adjacency, matmul(x, weight));
}

Tensor graph_convolution(const SparseMatrix& adjacency, const Features& x, float p, const Tensor& weight) {
  if (!x.sparse()) return graph_convolution(adjacency, dropout(x.values(), p), weight);
  return spmm(adjacency, spmm(x.matrix(), dropout(x.values(), p), weight));
}

}  // namespace heddle
