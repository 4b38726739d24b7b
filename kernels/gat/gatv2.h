#pragma once

#include "kernels/gat/gat.h"

// GATv2's attention in one pass (Brody, Alon & Yahav 2022, eq. 7): LeakyReLU stands inside the score,
//
//   logit_ij = <a, LeakyReLU(xs_j + xt_i)> (+ edge_score_ij)
//
// head by head; all else is as in gat.h. The gradient needs two walks, because LeakyReLU's slope differs from column to column.
namespace heddle::kernels {

struct GatV2ForwardArgs {
  CsrView incoming;  ///< n x m
  GatUse use;
  DenseView<const float> sources;  ///< m x H D: xs
  DenseView<const float> targets;  ///< n x H D: xt
  const float* a = nullptr;        ///< H D
  DenseView<float> y;              ///< n x H D
  float* statistics = nullptr;     ///< n x 2 stride: max and 1 / sum; null: no gradient is wanted
};
void gatv2_forward(const GatV2ForwardArgs& args, Execution& execution);

struct GatV2BackwardArgs {
  CsrView incoming;  ///< n x m
  CsrView outgoing;  ///< m x n, its transpose; value_index: each edge's number in `incoming`
  GatUse use;
  DenseView<const float> sources;     ///< m x H D
  DenseView<const float> targets;     ///< n x H D
  const float* a = nullptr;           ///< H D
  DenseView<const float> y;           ///< n x H D, the forward's
  const float* statistics = nullptr;  ///< the forward's
  DenseView<const float> dy;          ///< n x H D
  DenseView<float> dsources;          ///< m x H D
  DenseView<float> dtargets;          ///< n x H D
  float* da = nullptr;                ///< H D
  float* dedge_scores = nullptr;      ///< nnz x H, or null: not wanted
};
void gatv2_backward(const GatV2BackwardArgs& args, Execution& execution);

/// What the two walks of the gradient share: delta_i = <dy_i, y_i>, n x stride, and each target's share of da, n x H D.
struct GatV2Workspace {
  float* delta = nullptr;
  float* da_rows = nullptr;
};

}  // namespace heddle::kernels
