#pragma once

#include "kernels/common/twins.h"
#include "kernels/ranking_loss/ranking_loss.h"

// The cpu's side of ranking_loss.cpp, once per instruction set.
namespace heddle::kernels {

/// How the sampled softmax is cut; the sizes depend on the arguments only, not on threads or instruction sets.
struct SoftmaxPlan {
  int64_t chunks = 0;         // of users; each leaves a partial gradient of the negatives
  int64_t chunk_users = 0;    // a multiple of softmax_block_users
  int64_t padded_d = 0;       // a multiple of every vector
  int64_t padded_m = 0;       // a multiple of every panel
  int64_t chunk_floats = 0;   // of scratch memory for each chunk
  int64_t shared_floats = 0;  // the negatives as unit rows and as panels
};

/// Users whose logits are in the cache at the same time: 48 x 1024 of them are 192 KiB. A multiple of softmax_tile_rows.
inline constexpr int64_t softmax_block_users = 48;
/// Rows that the product keeps in registers.
inline constexpr int64_t softmax_tile_rows = 6;
/// Behind each row of logits: rows 4 KiB apart would share their lines' places in the first-level cache.
inline constexpr int64_t softmax_logits_padding = 16;

/// All of it is scratch memory of this call.
struct SoftmaxWorkspace {
  float* shared = nullptr;          // plan.shared_floats
  float* chunks = nullptr;          // plan.chunks * plan.chunk_floats
  double* partials = nullptr;       // plan.chunks: sums of the loss
  double* inverse_norms = nullptr;  // m
};

HEDDLE_DECLARE_CPU(void bpr_loss(DenseView<const float> rows, double* partials, Threads threads);
                   void bpr_loss_backward(DenseView<const float> rows, float dloss, DenseView<float> drows, Threads threads);
                   void sampled_softmax_loss(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan,
                                             const SoftmaxWorkspace& workspace, Threads threads))

}  // namespace heddle::kernels
