#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "heddle/export.h"
#include "heddle/id_table.h"
#include "heddle/reading.h"

HEDDLE_API_BEGIN
/// Plain host data, as files hold it: no device, no model.
namespace heddle {

/// A row-major matrix on the host. values.size() == rows * cols.
struct HostMatrix {
  int64_t rows = 0;           ///< how many rows
  int64_t cols = 0;           ///< how many columns
  std::vector<float> values;  ///< element (r, c) at r * cols + c
};

/// A CSR matrix on the host. row_offsets.size() == rows + 1; columns ascend within a row and do not repeat.
struct HostCsr {
  int64_t rows = 0;                     ///< how many rows
  int64_t cols = 0;                     ///< how many columns
  std::vector<int64_t> row_offsets{0};  ///< row r's non-zeros stand at [row_offsets[r], row_offsets[r + 1])
  std::vector<int32_t> col_indices;     ///< the column of each non-zero
  std::vector<float> values;            ///< the value of each non-zero
  /// How many non-zeros there are.
  int64_t nnz() const { return static_cast<int64_t>(col_indices.size()); }
  /// Columns of row `index`; none where the matrix has no such row.
  std::span<const int32_t> row(int64_t index) const { return part(col_indices, index); }
  /// Values of the same; none where `values` is empty.
  std::span<const float> row_values(int64_t index) const {
    return values.empty() ? std::span<const float>() : part(values, index);
  }
  /// Adds a row below the last one; `of_columns` has a value for each column, or none where no row has any.
  void append_row(std::span<const int32_t> columns, std::span<const float> of_columns = {}) {
    col_indices.insert(col_indices.end(), columns.begin(), columns.end());
    values.insert(values.end(), of_columns.begin(), of_columns.end());
    row_offsets.push_back(nnz());
    ++rows;
  }

 private:
  template <class T>
  std::span<const T> part(const std::vector<T>& of, int64_t index) const {
    if (index < 0 || index >= rows) return {};
    const int64_t* const ends = row_offsets.data() + index;
    return std::span(of).subspan(static_cast<std::size_t>(ends[0]), static_cast<std::size_t>(ends[1] - ends[0]));
  }
};

/// What a reader removed or filled in on the way; nothing of it is an error.
struct CleaningReport {
  /// Listings of an undirected edge beyond the first, in either direction; where a format lists each edge from both of its ends
  /// (Planetoid's adjacency lists), beyond the first from the same end.
  int64_t duplicate_edges = 0;
  int64_t self_loops = 0;           ///< listings of an edge from a node to itself
  int64_t isolated_rows_added = 0;  ///< node ids without a row in the files (Citeseer's gaps): zero features, no label
  int64_t unlabelled_left_out = 0;  ///< nodes of a published split that have no label, and so are left out of it
};

/// Numbers of a graph's directed edges: edge e runs from sources[e] to targets[e], and values row e is its numbers.
struct EdgeTable {
  int64_t nodes = 0;                 ///< of the graph
  std::vector<int32_t> sources;      ///< where each edge begins
  std::vector<int32_t> targets;      ///< where each edge ends
  std::vector<std::string> columns;  ///< a name for each column of values
  HostMatrix values;                 ///< edges x columns
};

/// A graph whose nodes have features and, for some, labels; and the split its authors publish.
struct NodeDataset {
  std::string name;   ///< for people
  int64_t nodes = 0;  ///< numbered from 0
  /// The edges, each once, in ascending order, no self-loops: undirected ones with first < second, `directed` ones as (source,
  /// target), of which the target's row of a product gathers the source's.
  std::vector<std::pair<int32_t, int32_t>> edges;
  bool directed = false;  ///< see edges
  /// Empty, or one weight per edge.
  std::vector<float> edge_weights;
  /// At most one of the two holds the node features (rows == nodes), raw as in the files; the other is empty, and both are if the
  /// data set has none.
  HostCsr sparse_features;
  HostMatrix dense_features;         ///< see sparse_features
  bool features_are_sparse = false;  ///< which of the two holds them
  /// One label per node in [0, classes), or -1 where a node has none; classes is 0 if no node has one.
  std::vector<int32_t> labels;
  int32_t classes = 0;  ///< see labels
  /// The nodes to train on: ids, ascending, each with a label; the three splits are disjoint, and any may be empty.
  std::vector<int32_t> train;
  std::vector<int32_t> val;   ///< to choose settings by, as train
  std::vector<int32_t> test;  ///< to judge by, as train
  CleaningReport cleaning;    ///< what its reader met
  Reading reading = {};       ///< from which files it was read, and how; takes no part in the hashes
  /// What the files call the nodes, where that is not by their numbers; else empty. Takes no part in the hashes.
  IdTable node_ids = {};
  /// What the files call the classes, where that is not by their numbers; else empty. Takes no part in the hashes.
  std::vector<std::string> class_names = {};
  /// Options by which it was read and parted, by their names in io::load_settings and node_split_settings, where they are not the
  /// defaults. Models keep them. Takes no part in the hashes.
  std::map<std::string, std::string> options = {};

  /// Columns of the features.
  int64_t feature_count() const { return features_are_sparse ? sparse_features.cols : dense_features.cols; }

  /// XXH3-128 of the canonical content (sorted edges and weights, features, labels, splits; not the name, not the
  /// cleaning report) as 32 hex digits. Sparse and dense features with equal values hash alike. docs/formats.md has the byte
  /// stream.
  std::string content_hash() const;
  /// XXH3-128 of what a model is made of: nodes, edges, weights and features, the way they are held here; neither labels nor
  /// splits.
  std::string graph_hash() const;
};

/// What becomes of an edge that is listed more than once, in either direction where edges have none.
enum class RepeatedEdges {
  same,     ///< it is one edge; throws Error{bad_data} where the weights differ
  sum,      ///< its weight is their sum, in the order of the list; without weights: the number of listings
  largest,  ///< its weight is the largest of theirs
  mean,     ///< its weight is their mean
};

/// How edges in memory are read.
struct EdgeOptions {
  int64_t nodes = 0;                             ///< 0: the largest id plus one
  RepeatedEdges repeated = RepeatedEdges::same;  ///< of edges that are listed more than once
  bool directed = false;                         ///< graph_from_edges: (u, v) goes from u to v, and (v, u) is another edge
};

/// A data set without features and labels (each label is -1) from edges in any order and, unless they are directed, in either
/// direction; ids run from 0. `weights`:
/// empty, or one for each of `edges`. Self-loops are left out, and counted with the repeated edges in `cleaning`. Features,
/// labels and splits are the caller's to add. Throws Error{usage} where the numbers of edges and weights differ or `nodes` is out
/// of range, Error{bad_data} with the place in the list for an id that is negative or not below `nodes`, and for a weight that is
/// NaN or infinite.
NodeDataset graph_from_edges(std::span<const std::pair<int32_t, int32_t>> edges, std::span<const float> weights = {},
                             const EdgeOptions& options = {});

/// The matrix of directed edges, nodes x nodes: row i lists the sources of i, as SparseMatrix and the ops of attention want it,
/// so that an edge (source, target) is the entry (target, source). Without weights each is 1. Self-loops stay. For an undirected
/// graph list both directions. Throws as graph_from_edges does.
HostCsr matrix_from_edges(std::span<const std::pair<int32_t, int32_t>> edges, std::span<const float> weights = {},
                          const EdgeOptions& options = {});

/// What a model says of each node.
struct NodePredictions {
  std::vector<int32_t> predicted;  ///< the most probable class, of equally probable ones the first
  std::vector<float> probability;  ///< its probability
};

}  // namespace heddle
HEDDLE_API_END
