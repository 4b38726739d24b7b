#pragma once

#include "kernels/common/twins.h"
#include "kernels/ranking_loss/ranking_loss.h"

// The cpu's side of ranking_loss.cpp, once per instruction set.
namespace heddle::kernels {

/// How the sampled softmax is cut. Chunks, in whose order the negatives' gradient is added, depend on the arguments alone.
struct SoftmaxPlan {
  int64_t chunks = 0;           // of users; each leaves a partial gradient of the negatives
  int64_t chunk_users = 0;      // a multiple of softmax_block_users
  int64_t block_users = 0;      // users whose logits are made together
  int64_t chunk_blocks = 0;     // blocks of a chunk
  int64_t padded_d = 0;         // a multiple of every vector
  int64_t padded_m = 0;         // a multiple of every panel
  int64_t block_floats = 0;     // of scratch memory for a block
  int64_t gradient_floats = 0;  // of a chunk's partial gradient of the negatives
  int64_t shared_floats = 0;    // the negatives as unit rows and as panels
  /// Too few chunks for the threads: blocks go to threads one by one, all keep their probabilities, and the negatives' gradient
  /// is made of them afterwards, by chunks and slices of negatives. The same additions in the same order.
  bool by_blocks = false;

  int64_t scratch_blocks() const { return by_blocks ? chunks * chunk_blocks : chunks; }
};

/// Users whose logits are in the cache at the same time: 48 x 1024 of them are 192 KiB. A multiple of softmax_tile_rows.
inline constexpr int64_t softmax_block_users = 48;
/// In a plan by blocks: half of it, so that 2,048 users are work for 86 threads.
inline constexpr int64_t softmax_small_block_users = 24;
/// Rows that the product keeps in registers.
inline constexpr int64_t softmax_tile_rows = 6;
/// Behind each row of logits: rows 4 KiB apart would share their lines' places in the first-level cache.
inline constexpr int64_t softmax_logits_padding = 16;

/// All of it is scratch memory of this call.
struct SoftmaxWorkspace {
  float* shared = nullptr;          // plan.shared_floats
  float* blocks = nullptr;          // plan.scratch_blocks() * plan.block_floats
  float* gradients = nullptr;       // plan.chunks * plan.gradient_floats
  double* losses = nullptr;         // batch
  double* inverse_norms = nullptr;  // m
};

HEDDLE_DECLARE_CPU(void bpr_loss(DenseView<const float> rows, double* partials, Threads threads);
                   void bpr_loss_backward(DenseView<const float> rows, float dloss, DenseView<float> drows, Threads threads);
                   void sampled_softmax_loss(const SampledSoftmaxArgs& args, const SoftmaxPlan& plan,
                                             const SoftmaxWorkspace& workspace, Threads threads))

}  // namespace heddle::kernels
