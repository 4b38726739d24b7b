#pragma once

#include "heddle/attention.h"
#include "heddle/context.h"
#include "heddle/error.h"
#include "heddle/sparse.h"
#include "kernels/gat/gat.h"

// What the ops of attention share.
namespace heddle {

/// Throws Error{usage} for a graph that is declared symmetric.
inline void check_directed(const char* op, const SparseMatrix& graph) {
  // A symmetric matrix is stored once, and its places do not map to themselves under transposition.
  require(!graph.symmetric(), ErrorKind::usage, op, ": the graph must not be declared symmetric, its edges are directed");
}

/// The use that a fused op makes of `options` in this step; `edge_scores` is null where there are none. Throws Error{usage} where
/// the graph or the scores do not fit.
inline kernels::GatUse attention_use(const char* op, Context& context, const SparseMatrix& graph, const AttentionOptions& options,
                                     const Tensor* edge_scores) {
  check_directed(op, graph);
  require(edge_scores == nullptr || (edge_scores->rows() == graph.nnz() && edge_scores->cols() == options.heads),
          ErrorKind::usage, op, ": edge_scores is ", edge_scores == nullptr ? 0 : edge_scores->rows(), " x ",
          edge_scores == nullptr ? 0 : edge_scores->cols(), ", ", there_are(graph.nnz(), "edge"), " and ",
          counted(options.heads, "head"));
  const bool drops = context.training() && options.dropout != 0;
  return {.heads = options.heads,
          .slope = options.slope,
          .dropout = drops ? options.dropout : 0,
          .random = drops ? context.next_random_stream() : RandomStream{},
          .edge_scores = edge_scores != nullptr ? edge_scores->value().data : nullptr};
}

}  // namespace heddle
