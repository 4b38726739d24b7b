#pragma once

#include <cstdint>

#include "heddle/kernel/views.h"

// Losses over rows that stand in blocks: users, then positives, then negatives. Every pointer is to memory of the stream's
// device; outputs are overwritten wholly; sums have a fixed order on each device, whatever the number of threads.
namespace heddle::kernels {

struct Execution;

/// The BPR loss is summed in double, first over chunks of this many triples, then over the chunks.
inline constexpr int64_t bpr_chunk_rows = 64;

/// loss = mean over b of softplus(<u_b, n_b> - <u_b, p_b>) (Rendle et al. 2009), with
/// u_b, p_b, n_b = rows[b], rows[batch + b], rows[2 batch + b].
struct BprLossArgs {
  DenseView<const float> rows;  ///< 3 batch x d
  float* loss = nullptr;        ///< 1
};
void bpr_loss(const BprLossArgs& args, Execution& execution);
/// drows = *dloss * the gradient with respect to rows. No overlap.
void bpr_loss_backward(DenseView<const float> rows, const float* dloss, DenseView<float> drows, Execution& execution);

/// Sampled softmax over cosines (Wu et al. 2022, "On the effectiveness of sampled softmax loss"): with u^, i^ the rows divided by
/// their norms (a zero row stays zero),
///   loss = mean over b of log(exp(s_bb) + sum over j of exp(s_bj)) - s_bb,   s_bb = <u^_b, p^_b> / t,   s_bj = <u^_b, n^_j> / t.
/// rows: [batch users; batch positives; m shared negatives] x d; a row may stand there several times. Each row's largest logit
/// is subtracted first: temperatures down to 0.01 are safe, and terms below 2^-100 of the largest may count as that.
/// The gradient comes with the loss: logits and exponentials are then made once. Nothing of size batch x m is kept.
struct SampledSoftmaxArgs {
  DenseView<const float> rows;  ///< (2 batch + m) x d
  int64_t batch = 0;
  float temperature = 0.1f;
  float* loss = nullptr;        ///< 1
  DenseView<float> drows = {};  ///< as rows: the gradient of the loss, 0 for zero rows; null data: not wanted. No overlap
};
void sampled_softmax_loss(const SampledSoftmaxArgs& args, Execution& execution);

}  // namespace heddle::kernels
