#pragma once

#include <cstdint>

#include "heddle/export.h"
#include "heddle/sparse.h"
#include "heddle/tensor.h"

HEDDLE_API_BEGIN
/// Ops of graph attention networks. H heads of D columns stand side by side: column h D + c belongs to head h. Row i of the graph
/// lists the sources of target i; its values are not read. Numbers of edges and heads are [edges x H], in the order of the
/// graph's non-zeros. Errors are those of heddle/ops.h.
namespace heddle {

/// Settings of one use of attention.
struct AttentionOptions {
  int64_t heads = 1;   ///< 1 to 256
  float slope = 0.2f;  ///< of LeakyReLU below 0, in [0, 1]
  float dropout = 0;   ///< of the attention coefficients, in [0, 1); one that is NaN stays NaN
};

/// Attention as one operator (Velickovic et al. 2018, eqs. 1-6): with score h of edge j -> i
///   LeakyReLU(<a_source_h, x_jh> + <a_target_h, x_ih> (+ edge_scores)),
/// y_i = the sum over j of dropout(softmax over j of the scores) x_j, head by head. x [n x H D], a_source and a_target [1 x H D],
/// edge_scores empty or [edges x H]; the graph is n x n. Neither pass stores a number per edge (edge_scores' gradient excepted).
Tensor gat_attention(const SparseMatrix& graph, const Tensor& x, const Tensor& a_source, const Tensor& a_target,
                     const AttentionOptions& options);
/// The same with edge_scores.
Tensor gat_attention(const SparseMatrix& graph, const Tensor& x, const Tensor& a_source, const Tensor& a_target,
                     const Tensor& edge_scores, const AttentionOptions& options);

// The same in separate ops, for models whose attention is of another kind. Their chain for GAT:
//   head_spmm(graph, dropout(edge_softmax(graph, leaky_relu(edge_sums(graph, head_scores(x, a_source, H),
//             head_scores(x, a_target, H)), slope)), p), x, H)
// and for GATv2 (which keeps [edges x H D] for its gradient):
//   head_spmm(graph, dropout(edge_softmax(graph, head_scores(leaky_relu(edge_sums(graph, sources, targets), slope), a, H)), p),
//             sources, H)
// Drops differ from gat_attention's where H is not a power of two: dropout numbers its elements without gaps between the heads.

/// <x_i, a> over the columns of each head: [n x H]; x [n x H D], a [1 x H D].
Tensor head_scores(const Tensor& x, const Tensor& a, int64_t heads);

/// sources_j + targets_i for each edge, [edges x H]; the graph is n x m, sources [m x H], targets [n x H].
Tensor edge_sums(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets);

/// <x_i, y_j> over the columns of each head for each edge (SDDMM), [edges x H]; x [n x H D], y [m x H D].
Tensor head_sddmm(const SparseMatrix& graph, const Tensor& x, const Tensor& y, int64_t heads);

/// x where it is above 0, else slope x; slope in [0, 1].
Tensor leaky_relu(const Tensor& x, float slope);

/// Softmax over each target's edges, head by head: [edges x H] to the same.
Tensor edge_softmax(const SparseMatrix& graph, const Tensor& x);

/// y_i = the sum over j of s_ij x_j, head by head: s [edges x H], x [m x H D], y [n x H D].
Tensor head_spmm(const SparseMatrix& graph, const Tensor& s, const Tensor& x, int64_t heads);

/// GATv2's attention (Brody, Alon & Yahav 2022, eq. 7): the score is <a_h, LeakyReLU(sources_jh + targets_ih)> (+ edge_scores),
/// and what is summed are the sources' rows. The graph is n x m, sources [m x H D], targets [n x H D].
Tensor gatv2_attention(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                       const AttentionOptions& options);
/// The same with edge_scores.
Tensor gatv2_attention(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                       const Tensor& edge_scores, const AttentionOptions& options);

}  // namespace heddle
HEDDLE_API_END
