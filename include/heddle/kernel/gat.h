#pragma once

#include <cstdint>

#include "heddle/kernel/philox.h"
#include "heddle/kernel/views.h"

// Graph attention in one pass over the edges, forward and backward (Velickovic et al. 2018, eqs. 1-6). H heads of D columns stand
// side by side: column h D + c belongs to head h. An edge runs from its source j (a column of `incoming`) to its target i (a
// row):
//
//   raw_ij   = source_score_j + target_score_i (+ edge_score_ij)       logit_ij = LeakyReLU(raw_ij)
//   alpha_ij = exp(logit_ij - max_i) / sum_i                           y_i = sum_j drop(alpha_ij) x_j
//
// Nothing of the size of the edges is kept between the two passes but what the caller brings. Every pointer is to memory of the
// stream's device. Outputs are overwritten wholly. Sizes may be 0; a target without edges gets zeros.
namespace heddle::kernels {

/// More heads than this are refused.
inline constexpr int64_t most_attention_heads = 256;

/// How far apart the heads of neighbouring nodes stand in arrays of one number per node and head: whole vectors of every width.
[[gnu::always_inline]] constexpr int64_t head_stride(int64_t heads) {
  if (heads > 16) return (heads + 15) / 16 * 16;
  int64_t stride = 1;
  while (stride < heads) stride *= 2;
  return stride;
}

/// How many elements of the random stream decide on dropping alpha: edge k's in head h is element k * stride + h.
[[gnu::always_inline]] constexpr int64_t attention_random_elements(int64_t edges, int64_t heads) {
  return edges * head_stride(heads);
}

/// What both passes are told of one use of attention. The scores' rows are head_stride(heads) apart. Edge k's weight of head h is
/// dropped where random_word(random, k * head_stride(heads) + h) < dropout_threshold(dropout), k being its number in `incoming`.
struct GatUse {
  int64_t heads = 1;                   ///< H
  float slope = 0.2f;                  ///< of LeakyReLU below 0, in [0, 1]
  float dropout = 0;                   ///< of alpha, in [0, 1): what is kept is scaled by 1 / (1 - dropout)
  RandomStream random;                 ///< read where dropout > 0
  const float* edge_scores = nullptr;  ///< nnz x H, in the order of `incoming`; or null
};

/// What the forward pass leaves for the backward one, all per target: no logit, no weight of an edge.
struct GatKept {
  /// n x 3 stride: max; 1 / sum (0 for no edges); the part of the sum where raw > 0, divided by it. Maximum and sum apart: as one
  /// number, the log-sum-exp, they would lose all bits of the sum where logits are large.
  float* statistics = nullptr;
  /// n x H D: the part of y from edges with raw > 0. LeakyReLU has two slopes only, so with it the gradient of the target's score
  /// is a difference of two sums that are known per target, and no edge has to report its share.
  float* positive = nullptr;
};

/// The forward pass: y_i = the sum over j of drop_ij alpha_ij x_j, head by head.
struct GatForwardArgs {
  CsrView incoming;                      ///< n x m; row i lists the sources of target i; values are not read
  GatUse use;                            ///< heads, slope, dropout, edge scores
  DenseView<const float> x;              ///< m x H D
  const float* source_scores = nullptr;  ///< m x stride
  const float* target_scores = nullptr;  ///< n x stride
  DenseView<float> y;                    ///< n x H D
  GatKept kept;                          ///< null pointers: no gradient is wanted
};

/// One walk over each source's edges with one wide gather, dy of the target. With delta_i = <dy_i, y_i>:
///
///   dlogit_ij = alpha_ij (drop_ij <dy_i, x_j> - delta_i)
///   dx_j = sum_i drop(alpha_ij) dy_i + dsource_j a_source + dtarget_j a_target
struct GatBackwardArgs {
  CsrView outgoing;                       ///< n x n, the transpose of `incoming`; value_index: each edge's number there
  GatUse use;                             ///< the forward's
  DenseView<const float> x;               ///< n x H D
  const float* source_scores = nullptr;   ///< n x stride
  const float* target_scores = nullptr;   ///< n x stride
  const float* source_weights = nullptr;  ///< H D: a_source
  const float* target_weights = nullptr;  ///< H D: a_target
  DenseView<const float> y;               ///< n x H D, the forward's
  GatKept kept;                           ///< the forward's
  DenseView<const float> dy;              ///< n x H D
  DenseView<float> dx;                    ///< n x H D, through the scores too
  float* dsource_scores = nullptr;        ///< n x stride
  float* dtarget_scores = nullptr;        ///< n x stride
  float* dedge_scores = nullptr;          ///< nnz x H, or null: not wanted
};

}  // namespace heddle::kernels
