#include <algorithm>
#include <cmath>
#include <utility>

#include "heddle/data.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/edges.h"
#include "io/limits.h"

namespace heddle {

namespace {

using io::detail::Edge;
using io::detail::ListedEdge;

/// Checks what was listed, `op` for messages; returns the number of nodes.
int64_t checked_nodes(const char* op, std::span<const Edge> edges, std::span<const float> weights, const EdgeOptions& options) {
  require(weights.empty() || weights.size() == edges.size(), ErrorKind::usage, op, ": ", there_are(weights.size(), "weight"),
          " for ", counted(edges.size(), "edge"), "; give none, or one for each");
  constexpr int64_t most_nodes = io::detail::max_id + 1;
  require(options.nodes >= 0 && options.nodes <= most_nodes, ErrorKind::usage, op, ": ", counted(options.nodes, "node"),
          " were asked for; there may be ", most_nodes);
  int64_t largest = -1;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto [a, b] = edges[e];
    const int64_t high = std::max(a, b);
    require(std::min(a, b) >= 0 && high < most_nodes && (options.nodes == 0 || high < options.nodes), ErrorKind::bad_data, op,
            ": edge ", e, " is (", a, ", ", b, "); ids run from 0 to ", (options.nodes == 0 ? most_nodes : options.nodes) - 1);
    require(weights.empty() || std::isfinite(weights[e]), ErrorKind::bad_data, op, ": the weight of edge ", e, ", (", a, ", ", b,
            "), is ", weights.empty() ? 0 : weights[e]);
    largest = std::max(largest, high);
  }
  return options.nodes > 0 ? options.nodes : largest + 1;
}

/// Each edge once. Without weights, there are none unless listings are added up.
io::detail::MergedEdges merge_edges(const char* op, std::vector<ListedEdge>& listed, bool weighted, RepeatedEdges repeated) {
  io::detail::MergedEdges merged = io::detail::merge_listed(listed, repeated, [&](float kept, const ListedEdge& next) {
    fail(ErrorKind::bad_data, op, ": edge ", next.place, ", ", next.edge.first, " - ", next.edge.second, ", has weight ",
         next.weight, ", and ", kept, " where it is listed before");
  });
  if (!weighted && repeated != RepeatedEdges::sum) merged.weights = {};
  return merged;
}

}  // namespace

NodeDataset graph_from_edges(std::span<const Edge> edges, std::span<const float> weights, const EdgeOptions& options) try {
  NodeDataset data;
  data.nodes = checked_nodes("graph_from_edges", edges, weights, options);
  std::vector<ListedEdge> listed;
  listed.reserve(edges.size());
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto [first, second] = options.directed ? edges[e] : Edge(std::minmax(edges[e].first, edges[e].second));
    if (first == second) {
      ++data.cleaning.self_loops;
    } else {
      listed.push_back({{first, second}, weights.empty() ? 1.0f : weights[e], false, static_cast<int64_t>(e)});
    }
  }
  io::detail::MergedEdges merged = merge_edges("graph_from_edges", listed, !weights.empty(), options.repeated);
  data.directed = options.directed;
  data.edges = std::move(merged.edges);
  data.edge_weights = std::move(merged.weights);
  data.cleaning.duplicate_edges = merged.repeats;
  data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  return data;
} catch (...) {
  rethrow_as_error();
}

HostCsr matrix_from_edges(std::span<const Edge> edges, std::span<const float> weights, const EdgeOptions& options) try {
  HostCsr matrix;
  matrix.rows = matrix.cols = checked_nodes("matrix_from_edges", edges, weights, options);
  std::vector<ListedEdge> listed;
  listed.reserve(edges.size());
  for (std::size_t e = 0; e < edges.size(); ++e) {
    listed.push_back({{edges[e].second, edges[e].first}, weights.empty() ? 1.0f : weights[e], false, static_cast<int64_t>(e)});
  }
  io::detail::MergedEdges merged = merge_edges("matrix_from_edges", listed, true, options.repeated);
  matrix.values = std::move(merged.weights);
  matrix.row_offsets.assign(static_cast<std::size_t>(matrix.rows) + 1, 0);
  matrix.col_indices.reserve(merged.edges.size());
  for (const auto& [row, col] : merged.edges) {
    ++matrix.row_offsets[static_cast<std::size_t>(row) + 1];
    matrix.col_indices.push_back(col);
  }
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row) {
    matrix.row_offsets[row + 1] += matrix.row_offsets[row];
  }
  return matrix;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
