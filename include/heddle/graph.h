#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "heddle/context.h"
#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/ops.h"
#include "heddle/sparse.h"

HEDDLE_API_BEGIN
namespace heddle {

/// A^ = D^-1/2 (A + I) D^-1/2 (Kipf & Welling 2017, eq. 2), nodes x nodes: row v gathers from v's neighbours and itself. Of an
/// undirected graph it is symmetric, D the degrees with the self-loops; of a `directed` one row v has the sources of the edges to
/// v, and D are the in-degrees, as PyTorch Geometric's gcn_norm has it. `edges` as in NodeDataset; `weights` empty or one per
/// edge. Throws Error{bad_data} where a node's weights sum to less than 0.
HostCsr gcn_adjacency(int64_t nodes, const std::vector<std::pair<int32_t, int32_t>>& edges,
                      const std::vector<float>& weights = {}, bool directed = false);
/// The same of a data set's edges, with their weights and directions.
inline HostCsr gcn_adjacency(const NodeDataset& data) {
  return gcn_adjacency(data.nodes, data.edges, data.edge_weights, data.directed);
}

/// What happens to raw features before training.
enum class FeatureScaling {
  automatic,  ///< rows, where no feature is negative; else none
  rows,       ///< each row is divided by its sum (rows that sum to 0 stay)
  none,
};

/// What `automatic` stands for with these features; anything else stands for itself.
FeatureScaling resolved(FeatureScaling scaling, const NodeDataset& data);

/// Columns of the features that a model gets: a data set without any gets the identity, each node is its own feature.
int64_t feature_columns(const NodeDataset& data);

/// Node features on a device: sparse ones stay sparse.
class Features {
 public:
  /// A data set without features gets the identity. Throws Error{bad_data} for features that are not one row a node.
  Features(Context& context, const NodeDataset& data, FeatureScaling scaling = FeatureScaling::automatic);

  /// Columns.
  int64_t count() const { return count_; }
  /// What was done: rows or none, never automatic.
  FeatureScaling scaling() const { return scaling_; }
  /// Whether they are held as a sparse matrix.
  bool sparse() const { return sparse_; }
  /// Sparse features: their matrix, [nodes x count].
  const SparseMatrix& matrix() const { return matrix_; }
  /// Sparse features: the values of the non-zeros, [1 x nnz]. Dense ones: the features, [nodes x count].
  Tensor values() const { return values_.tensor(); }

 private:
  int64_t count_;
  FeatureScaling scaling_;
  bool sparse_;
  SparseMatrix matrix_;
  Constant values_;
};

/// A^ X W: the cheaper order of the two products, counted in columns propagated forward and backward.
Tensor graph_convolution(const SparseMatrix& adjacency, Tensor&& x, const Tensor& weight);
/// A^ dropout(X) W, dropping with probability p; sparse features draw for their non-zeros only.
Tensor graph_convolution(const SparseMatrix& adjacency, const Features& x, float p, const Tensor& weight);

}  // namespace heddle
HEDDLE_API_END
