#pragma once

#include <cstdint>

#include "heddle/kernel/views.h"

// Arguments of the ops on numbers per edge and head, [nnz x H] in the order of a graph's non-zeros, that have several variants.
// Row i of the graph lists the sources j of target i; its values are not read. Heads stand side by side in rows: column h D + c
// belongs to head h. Every pointer is to memory of the stream's device; outputs are overwritten wholly; sizes may be 0.
namespace heddle::kernels {

/// s[k][h] = <x_i, y_j> over the columns of head h (SDDMM).
struct HeadSddmmArgs {
  CsrView graph;             ///< n x m
  int64_t heads = 1;         ///< H
  DenseView<const float> x;  ///< n x H D
  DenseView<const float> y;  ///< m x H D
  DenseView<float> s;        ///< nnz x H
};

/// Softmax over each row's edges, head by head, the maximum first.
struct EdgeSoftmaxArgs {
  CsrView graph;             ///< n x m
  DenseView<const float> x;  ///< nnz x H
  DenseView<float> y;        ///< nnz x H; may be x
};

}  // namespace heddle::kernels
