#include "kernels/common/parallel.h"
#include "kernels/ranking_loss/cpu_ranking_loss.h"
#include "kernels/ranking_loss/cpu_rows.h"

// Idea: a thread owns whole triples; scores and their difference are double, so that equal scores far from zero do not cancel.
// Bytes: 12 d read for each triple and direction, 12 d written backward.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

/// Work of a triple beside its rows, in elements: an exponential and a logarithm.
constexpr int64_t work_of_loss = 64;

/// <u, n> - <u, p> of triple b.
[[gnu::always_inline]] inline double score_difference(DenseView<const float> rows, int64_t batch, int64_t b) {
  const int64_t d = rows.cols;
  const float* const user = rows.data + b * d;
  return dot(user, rows.data + (2 * batch + b) * d, d) - dot(user, rows.data + (batch + b) * d, d);
}

}  // namespace

void bpr_loss(DenseView<const float> rows, double* partials, Threads threads) {
  const int64_t batch = rows.rows / 3;
  const int64_t chunks = (batch + bpr_chunk_rows - 1) / bpr_chunk_rows;
  parallel_each(threads, chunks, bpr_chunk_rows * (3 * rows.cols + work_of_loss), [&](int64_t chunk) {
    const int64_t end = (chunk + 1) * bpr_chunk_rows < batch ? (chunk + 1) * bpr_chunk_rows : batch;
    double sum = 0;
    for (int64_t b = chunk * bpr_chunk_rows; b < end; ++b) {
      const double x = score_difference(rows, batch, b);
      // softplus without overflow; NaN takes the second way and stays.
      sum += x > 0 ? x + __builtin_log1p(__builtin_exp(-x)) : __builtin_log1p(__builtin_exp(x));
    }
    partials[chunk] = sum;
  });
}

void bpr_loss_backward(DenseView<const float> rows, float dloss, DenseView<float> drows, Threads threads) {
  const int64_t batch = rows.rows / 3;
  const int64_t d = rows.cols;
  const double share = static_cast<double>(dloss) / static_cast<double>(batch);
  parallel_ranges(threads, batch, 1, 6 * d + work_of_loss, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const double sigmoid = 1 / (1 + __builtin_exp(-score_difference(rows, batch, b)));
      const float factor = static_cast<float>(share * sigmoid);
      const float* const user = rows.data + b * d;
      const float* const positive = user + batch * d;
      const float* const negative = positive + batch * d;
      float* const duser = drows.data + b * d;
      float* const dpositive = duser + batch * d;
      float* const dnegative = dpositive + batch * d;
      for (int64_t c = 0; c < d; ++c) {
        duser[c] = factor * (negative[c] - positive[c]);
        dpositive[c] = -factor * user[c];
        dnegative[c] = factor * user[c];
      }
    }
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
