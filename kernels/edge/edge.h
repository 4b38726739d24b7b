#pragma once

#include <cstdint>

#include "heddle/kernel/edge.h"
#include "heddle/kernel/views.h"

// Ops on numbers per edge and head, [nnz x H], in the order of a graph's non-zeros; their chain is graph attention in separate
// passes. Row i of the graph lists the sources of target i; its values are not read. Heads stand side by side in rows: column h D
// + c belongs to head h. Every pointer is to memory of the stream's device; outputs are overwritten wholly; sizes may be 0.
namespace heddle::kernels {

struct Execution;

/// s[k][h] = source[j][h] + target[i][h] for each edge k from j to i.
struct EdgeSumsArgs {
  CsrView graph;                   ///< n x m
  DenseView<const float> sources;  ///< m x H
  DenseView<const float> targets;  ///< n x H
  DenseView<float> s;              ///< nnz x H
};
void edge_sums(const EdgeSumsArgs& args, Execution& execution);

/// y[i][h] = the sum of s[k][h] over row i's edges; with graph.value_index, edge k of the row is s[value_index[k]].
struct SumOverEdgesArgs {
  CsrView graph;             ///< n x m
  DenseView<const float> s;  ///< nnz x H
  DenseView<float> y;        ///< n x H
};
void sum_over_edges(const SumOverEdgesArgs& args, Execution& execution);

/// SDDMM, head by head: HeadSddmmArgs tells what it computes.
void head_sddmm(const HeadSddmmArgs& args, Execution& execution);

/// y[i][h D + c] = the sum of s[k][h] x[j][h D + c] over row i's edges; with graph.value_index as above.
struct HeadSpmmArgs {
  CsrView graph;  ///< n x m
  int64_t heads = 1;
  DenseView<const float> s;  ///< nnz x H
  DenseView<const float> x;  ///< m x H D
  DenseView<float> y;        ///< n x H D
};
void head_spmm(const HeadSpmmArgs& args, Execution& execution);

/// Softmax over each row's edges: EdgeSoftmaxArgs.
void edge_softmax(const EdgeSoftmaxArgs& args, Execution& execution);

/// dx = y (dy - the sum of y dy over the row).
struct EdgeSoftmaxBackwardArgs {
  CsrView graph;              ///< n x m
  DenseView<const float> y;   ///< nnz x H, the forward's
  DenseView<const float> dy;  ///< nnz x H
  DenseView<float> dx;        ///< nnz x H; may be dy
};
void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Execution& execution);

/// y = x where x > 0, else slope x; y may be x.
void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Execution& execution);
/// dx = dy where x > 0, else slope dy; dx may be dy.
void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy, DenseView<float> dx,
                         Execution& execution);

}  // namespace heddle::kernels
