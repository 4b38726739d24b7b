#include "heddle/kernel/kernel.h"
#include "kernels/common/block_sum.h"
#include "kernels/common/quads.h"
#include "kernels/ranking_loss/launchers.h"

// Idea: a warp owns a triple at a time, a lane every 32nd quad of its three rows; a block owns a chunk of triples, whose losses
// it adds in double. No step depends on the schedule.
// Bytes: 12 d read for each triple and direction, 12 d written backward.
// Source: S. Rendle et al.: "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 128;
constexpr int block_warps = block_threads / 32;

/// Users, positives and negatives, batch rows of each.
struct Triples {
  const float* users;
  const float* positives;
  const float* negatives;
  int64_t batch;
  int64_t d;
  bool aligned;  // all rows, for quads
};

Triples triples_of(DenseView<const float> rows) {
  const int64_t batch = rows.rows / 3;
  return {rows.data,
          rows.data + batch * rows.cols,
          rows.data + 2 * batch * rows.cols,
          batch,
          rows.cols,
          rows.cols % 4 == 0 && aligned_for_quads(rows.data)};
}

/// <u, n> - <u, p> of triple b, in every lane of the warp.
__device__ __forceinline__ float score_difference(const Triples& triples, int64_t b) {
  const int64_t d = triples.d;
  float sum = 0;
  for (int64_t c = 4 * lane_id(); c < d; c += 128) {
    float user[4], positive[4], negative[4];
    load_quad(triples.users + b * d, c, d, triples.aligned, user);
    load_quad(triples.positives + b * d, c, d, triples.aligned, positive);
    load_quad(triples.negatives + b * d, c, d, triples.aligned, negative);
    HEDDLE_UNROLL
    for (int j = 0; j < 4; ++j) sum += user[j] * (negative[j] - positive[j]);
  }
  sum = group_sum<32>(sum);
  if (fabsf(sum) < INFINITY) return sum;
  // <u, n - p>, above, does not cancel where the scores are nearly equal. But of an infinite user it makes an infinity, or a loss
  // of 0, where both scores are infinite and their difference is NaN: here is the difference as it is defined.
  float positive_score = 0;
  float negative_score = 0;
  for (int64_t c = lane_id(); c < d; c += 32) {
    const float user = triples.users[b * d + c];
    positive_score += user * triples.positives[b * d + c];
    negative_score += user * triples.negatives[b * d + c];
  }
  return group_sum<32>(negative_score) - group_sum<32>(positive_score);
}

__global__ void __launch_bounds__(block_threads) bpr_loss_kernel(Triples triples, double* __restrict__ partials) {
  const int64_t end = min((blockIdx.x + int64_t{1}) * bpr_chunk_rows, triples.batch);
  double sum = 0;
  for (int64_t b = blockIdx.x * bpr_chunk_rows + warp_id(); b < end; b += block_warps) {
    const float x = score_difference(triples, b);
    // softplus without overflow; a NaN stays one.
    if (lane_id() == 0) sum += fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x)));
  }
  sum = block_sum<block_threads>(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(block_threads)
    bpr_loss_backward_kernel(Triples triples, const float* __restrict__ dloss, bool aligned, float* __restrict__ drows) {
  const int64_t d = triples.d;
  const float share = *dloss / static_cast<float>(triples.batch);
  for (int64_t b = global_thread() / 32; b < triples.batch; b += global_threads() / 32) {
    const float factor = share / (1.0f + expf(-score_difference(triples, b)));
    float* const duser = drows + b * d;
    float* const dpositive = duser + triples.batch * d;
    float* const dnegative = dpositive + triples.batch * d;
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float user[4], positive[4], negative[4];
      load_quad(triples.users + b * d, c, d, triples.aligned, user);
      load_quad(triples.positives + b * d, c, d, triples.aligned, positive);
      load_quad(triples.negatives + b * d, c, d, triples.aligned, negative);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) {
        negative[j] = factor * (negative[j] - positive[j]);
        user[j] *= factor;
        positive[j] = -user[j];
      }
      store_quad(duser, c, d, aligned, negative);
      store_quad(dpositive, c, d, aligned, positive);
      store_quad(dnegative, c, d, aligned, user);
    }
  }
}

}  // namespace

void bpr_loss(DenseView<const float> rows, double* partials, Stream& stream) {
  const Triples triples = triples_of(rows);
  launch(bpr_loss_kernel, (triples.batch + bpr_chunk_rows - 1) / bpr_chunk_rows, block_threads, 0, stream, triples, partials);
}

void bpr_loss_backward(DenseView<const float> rows, const float* dloss, DenseView<float> drows, Stream& stream) {
  const Triples triples = triples_of(rows);
  launch(bpr_loss_backward_kernel, blocks_for(triples.batch, block_warps), block_threads, 0, stream, triples, dloss,
         rows.cols % 4 == 0 && aligned_for_quads(drows.data), drows.data);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
