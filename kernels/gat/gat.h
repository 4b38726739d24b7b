#pragma once

#include <cstdint>

#include "heddle/kernel/gat.h"
#include "heddle/kernel/views.h"

// Graph attention in one pass over the edges, forward and backward: heddle/kernel/gat.h tells what it computes and its arguments.
// Every pointer is to memory of the stream's device. Outputs are overwritten wholly. Sizes may be 0.
namespace heddle::kernels {

struct Execution;

/// scores[i][h] = <x_i, a>, over the columns of head h. Rows of `scores` are `stride` >= H apart; what lies between is zeroed.
struct HeadScoresArgs {
  DenseView<const float> x;  ///< n x H D
  const float* a;            ///< H D
  int64_t heads = 1;
  int64_t stride = 1;
  float* scores = nullptr;  ///< n x stride
};
void head_scores(const HeadScoresArgs& args, Execution& execution);

/// The gradient of the above: dx[i][h D + c] = dscores[i][h] a[h D + c] and da[h D + c] = sum over i of dscores[i][h] x[i][h D +
/// c].
struct HeadScoresBackwardArgs {
  DenseView<const float> x;  ///< n x H D
  const float* a;            ///< H D; read where dx is wanted
  int64_t heads = 1;
  int64_t stride = 1;
  const float* dscores = nullptr;  ///< n x stride
  DenseView<float> dx = {};        ///< n x H D; null data: not wanted
  float* da = nullptr;             ///< H D; null: not wanted
};
void head_scores_backward(const HeadScoresBackwardArgs& args, Execution& execution);

void gat_forward(const GatForwardArgs& args, Execution& execution);
void gat_backward(const GatBackwardArgs& args, Execution& execution);

}  // namespace heddle::kernels
