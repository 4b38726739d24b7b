#pragma once

#include "kernels/common/twins.h"
#include "kernels/ranking_loss/ranking_loss.h"

// The device's side of ranking_loss.cpp.
namespace heddle::kernels {

/// What the sampled softmax keeps of each row and of each user between its kernels.
struct SoftmaxRows {
  DenseView<const float> rows;  // (2 batch + m) x d
  int64_t batch = 0;
  float temperature = 0;
  float* unit = nullptr;            // as rows: rows / |row|
  double* inverse_norms = nullptr;  // 2 batch + m
  double* losses = nullptr;         // batch
  float* inverse_totals = nullptr;  // batch: 1 / the sum of the user's terms
  float* push = nullptr;            // batch: the probability of all negatives together
};

/// partials: the sums of the loss over chunks of bpr_chunk_rows triples.
HEDDLE_DECLARE_DEVICE(void bpr_loss(DenseView<const float> rows, double* partials, Stream& stream))
HEDDLE_DECLARE_DEVICE(void bpr_loss_backward(DenseView<const float> rows, const float* dloss, DenseView<float> drows,
                                             Stream& stream))
/// Fills in unit and inverse_norms.
HEDDLE_DECLARE_DEVICE(void unit_rows(const SoftmaxRows& softmax, Stream& stream))
/// cosines: the users first ... first + count - 1 by the m negatives; replaced by exp((cosine - the row's greatest) / t).
/// Fills in the users' losses, inverse_totals and push; scaled_users [count x d]: unit users times inverse_total.
HEDDLE_DECLARE_DEVICE(void softmax_rows(const SoftmaxRows& softmax, int64_t first, DenseView<float> cosines, float* scaled_users,
                                        Stream& stream))
/// drows holds, in the users' rows, the sums of terms times unit negatives, in the negatives' those of terms times scaled
/// users; what stands in the positives' is not read. Replaces all by the gradient.
HEDDLE_DECLARE_DEVICE(void softmax_row_gradients(const SoftmaxRows& softmax, DenseView<float> drows, Stream& stream))

}  // namespace heddle::kernels
