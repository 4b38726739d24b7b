#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/data.h"
#include "heddle/io.h"
#include "io/node_names.h"
#include "io/text_source.h"

namespace heddle::io::detail {

using Edge = std::pair<int32_t, int32_t>;

/// Sorts `edges` and keeps one of each; returns how many it removed.
int64_t sort_unique(std::vector<Edge>& edges);

/// An edge with a weight as it is listed; `place`, its line or its number in the list, tells which of two repeats came first.
struct ListedEdge {
  Edge edge;
  float weight;
  bool backwards = false;  ///< it is listed from `second` to `first`
  int64_t place = 0;
};

/// Edges, each once and ascending.
struct MergedEdges {
  std::vector<Edge> edges;
  std::vector<float> weights;   ///< one for each
  int64_t repeats = 0;          ///< listings beyond an edge's first
  int64_t differing = 0;        ///< edges that are listed with several weights
  int64_t first_differing = 0;  ///< the place of the first listing that differs from an earlier one of its edge; 0: none
  int64_t both_ways = 0;        ///< edges that are listed forwards and backwards
};
/// Puts the listings of an edge together. With RepeatedEdges::same, `differ(kept, next)` throws for the first listing whose
/// weight is not that of the edge's first.
MergedEdges merge_listed(std::vector<ListedEdge>& listed, RepeatedEdges repeated,
                         const std::function<void(float kept, const ListedEdge& next)>& differ);

/// What a table of edges holds.
struct EdgeList {
  NumbersOrWords ends;             ///< two for each line: source, target
  std::vector<float> weights;      ///< empty, or one for each line
  std::vector<int64_t> lines;      ///< where they stand, beside weights
  std::vector<int64_t> name_line;  ///< of each name the line where it stands first, 0: among numbers; empty for numbers
  int64_t listed = 0;              ///< lines with an edge
  int32_t smallest_id = 0;         ///< of the numbers
  int32_t largest_id = -1;         ///< of the numbers
  int64_t largest_id_line = 0;     ///< where that stands first
};

/// Parses a table of edges: a line holds two node ids and, in all lines or in none, a weight, or a header says which of its
/// columns do. Throws Error{bad_data} "name:line: ..." for anything else, and if there is no edge at all.
EdgeList parse_edge_list(TextSource source, const LoadOptions& options, Reading& reading);

/// Makes a data set without features and labels of a single edge list file. Ids that are no numbers, or leave such gaps that
/// there would be more than max_nodes (io/limits.h), are numbered in the order in which they come.
NodeDataset read_edge_list(const std::string& path, const LoadOptions& options, Reading& reading);

/// Makes `list` data.edges, whose ends are called as `names` has it: each once, without self-loops, which are counted; directed
/// or not and merged as `how` says. Edges with an end that `names` has not are left out for `unknown` ("a node that features.csv
/// does not have").
void take_edges(NodeDataset& data, EdgeList&& list, const NodeNames& names, const std::string& unknown, const LoadOptions& how,
                const std::string& file, Reading& reading);

/// The same of edges that other readers listed. Weights are kept where `weighted`, unless all are 1. Where the format says
/// whether edges have a direction (`declared`), its reader tells what becomes of it.
void take_listed_edges(NodeDataset& data, std::vector<ListedEdge> listed, bool weighted, const LoadOptions& how, bool declared,
                       const std::string& file, Reading& reading);

/// What stands behind a note that edges were made undirected.
inline constexpr const char* directed_remedy = "; --directed keeps their direction";

}  // namespace heddle::io::detail
