#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/data.h"
#include "heddle/progress.h"

namespace heddle::io::detail {

using Edge = std::pair<int32_t, int32_t>;

/// Sorts `edges` and keeps one of each; returns how many it removed.
int64_t sort_unique(std::vector<Edge>& edges);

/// An edge with a weight as it is listed; `place`, its line or its number in the list, tells which of two repeats came first.
struct ListedEdge {
  Edge edge;
  float weight;
  int64_t place;
};

/// The weighted twin of sort_unique: appends each edge once, with its weight, to `edges` and `weights`. repeat(kept, next) tells
/// the weight of an edge that has `kept` so far and is listed once more.
template <class Repeat>
int64_t sort_unique(std::vector<ListedEdge>& listed, std::vector<Edge>& edges, std::vector<float>& weights,
                    const Repeat& repeat) {
  std::sort(listed.begin(), listed.end(),
            [](const ListedEdge& a, const ListedEdge& b) { return a.edge != b.edge ? a.edge < b.edge : a.place < b.place; });
  edges.reserve(listed.size());
  weights.reserve(listed.size());
  int64_t removed = 0;
  for (const ListedEdge& next : listed) {
    if (edges.empty() || edges.back() != next.edge) {
      edges.push_back(next.edge);
      weights.push_back(next.weight);
      continue;
    }
    weights.back() = repeat(weights.back(), next);
    ++removed;
  }
  return removed;
}

/// What an edge list file holds, cleaned: see NodeDataset::edges.
struct EdgeList {
  std::vector<Edge> edges;
  std::vector<float> weights;  ///< empty, or one per edge
  CleaningReport cleaning;
  int64_t nodes = 0;            ///< the largest id, plus one; self-loops count
  int64_t largest_id_line = 0;  ///< where the largest id stands first
  int64_t listed = 0;           ///< lines with an edge
};

/// Parses an edge list: a line holds two node ids and, in all lines or in none, a weight, separated by blanks, tabs or commas;
/// # and % start comments; the first line may be a header. Ids are integers from 0.
/// A repeat of an edge, in either direction, is removed if it has the same weight, and is an error otherwise.
/// Throws Error{bad_data} "name:line: ..." for anything else, and if there is no edge at all. `progress` is told "reading the
/// data"; false throws Error{interrupted}.
EdgeList parse_edge_list(std::string_view content, std::string_view name, const ProgressCallback& progress = {});

/// Makes a data set without features and labels of a single edge list file.
/// Throws Error{bad_data} if the ids leave such gaps that there would be more than max_nodes (io/limits.h).
NodeDataset read_edge_list(const std::string& path, const ProgressCallback& progress);

/// Moves the edges of `list` into `data`. `nodes` in `data` is left alone.
void take_edges(NodeDataset& data, EdgeList&& list);

}  // namespace heddle::io::detail
