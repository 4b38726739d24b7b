#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"
#include "kernels/ranking_loss/launchers.h"

// Idea: the three products (cosines, users' gradient, negatives' gradient) are gemm's, for chunks of users whose cosines stay in
// the second-level cache; what stands between them is here, one warp to a row, a lane to every 32nd quad. Norms and what is
// projected on a row are double. No atomics: no step depends on the schedule.
// Bytes: 12 chunk m for the softmax of a chunk; 16 (2 batch + m) d for unit rows and gradients.
// Source: J. Wu et al.: "On the effectiveness of sampled softmax loss for item recommendation", 2022.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 128;
constexpr int block_warps = block_threads / 32;

/// Warps go through rows with the grid's stride.
__device__ __forceinline__ int64_t global_warp() { return global_thread() / 32; }
__device__ __forceinline__ int64_t global_warps() { return global_threads() / 32; }

bool rows_aligned(int64_t cols, const float* a, const float* b) { return cols % 4 == 0 && aligned_for_quads(a, b); }

__global__ void __launch_bounds__(block_threads)
    unit_rows_kernel(int64_t rows, int64_t d, const float* __restrict__ x, bool aligned, float* __restrict__ unit,
                     double* __restrict__ inverse_norms) {
  for (int64_t row = global_warp(); row < rows; row += global_warps()) {
    double squares = 0;
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float quad[4];
      load_quad(x + row * d, c, d, aligned, quad);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) squares += static_cast<double>(quad[j]) * quad[j];
    }
    squares = group_sum<32>(squares);
    const double inverse = squares == 0 ? 0.0 : 1 / sqrt(squares);
    if (lane_id() == 0) inverse_norms[row] = inverse;
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float quad[4];
      load_quad(x + row * d, c, d, aligned, quad);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) quad[j] = static_cast<float>(quad[j] * inverse);
      store_quad(unit + row * d, c, d, aligned, quad);
    }
  }
}

/// `cosines` without __restrict__: what is written is read again.
__global__ void __launch_bounds__(block_threads)
    softmax_rows_kernel(SoftmaxRows softmax, int64_t first, int64_t count, int64_t m, bool row_aligned, float* cosines,
                        bool unit_aligned, float* __restrict__ scaled_users) {
  const int64_t d = softmax.rows.cols;
  const float inverse_temperature = 1.0f / softmax.temperature;
  for (int64_t r = global_warp(); r < count; r += global_warps()) {
    const int64_t b = first + r;
    const float* const user = softmax.unit + b * d;
    const float* const positive = user + softmax.batch * d;
    float* const row = cosines + r * m;
    float cosine = 0;
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float left[4], right[4];
      load_quad(user, c, d, unit_aligned, left);
      load_quad(positive, c, d, unit_aligned, right);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) cosine += left[j] * right[j];
    }
    cosine = group_sum<32>(cosine);

    float most = cosine;
    for (int64_t c = 4 * lane_id(); c < m; c += 128) {
      float quad[4];
      load_quad(row, c, m, row_aligned, quad);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) most = c + j < m && quad[j] > most ? quad[j] : most;
    }
    most = group_max<32>(most);

    float negatives = 0;
    for (int64_t c = 4 * lane_id(); c < m; c += 128) {
      float quad[4];
      load_quad(row, c, m, row_aligned, quad);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) {
        quad[j] = expf((quad[j] - most) * inverse_temperature);
        negatives += c + j < m ? quad[j] : 0.0f;
      }
      store_quad(row, c, m, row_aligned, quad);
    }
    negatives = group_sum<32>(negatives);
    const float above = (most - cosine) * inverse_temperature;
    const float total = negatives + expf(-above);
    const float inverse_total = 1.0f / total;
    if (lane_id() == 0) {
      softmax.losses[b] = static_cast<double>(logf(total)) + above;
      softmax.inverse_totals[b] = inverse_total;
      softmax.push[b] = negatives * inverse_total;
    }
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float quad[4];
      load_quad(user, c, d, unit_aligned, quad);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) quad[j] *= inverse_total;
      store_quad(scaled_users + r * d, c, d, unit_aligned, quad);
    }
  }
}

/// The gradient with respect to a unit row, four columns of it: of a user, a positive or a negative.
__device__ __forceinline__ void load_unit_gradient(const SoftmaxRows& softmax, int64_t row, int64_t c, bool aligned,
                                                   const float* drows, float (&quad)[4]) {
  const int64_t d = softmax.rows.cols;
  if (row >= 2 * softmax.batch) return load_quad(drows + row * d, c, d, aligned, quad);
  const bool user = row < softmax.batch;
  const int64_t partner = user ? row + softmax.batch : row - softmax.batch;
  const int64_t b = user ? row : partner;
  const float push = softmax.push[b];
  load_quad(softmax.unit + partner * d, c, d, aligned, quad);
  HEDDLE_UNROLL
  for (int j = 0; j < 4; ++j) quad[j] *= -push;
  if (!user) return;
  float sum[4];
  load_quad(drows + row * d, c, d, aligned, sum);
  const float inverse_total = softmax.inverse_totals[b];
  HEDDLE_UNROLL
  for (int j = 0; j < 4; ++j) quad[j] += inverse_total * sum[j];
}

__global__ void __launch_bounds__(block_threads) softmax_row_gradients_kernel(SoftmaxRows softmax, bool aligned, float* drows) {
  const int64_t d = softmax.rows.cols;
  const double share = 1 / (static_cast<double>(softmax.temperature) * static_cast<double>(softmax.batch));
  for (int64_t row = global_warp(); row < softmax.rows.rows; row += global_warps()) {
    const float* const unit = softmax.unit + row * d;
    double along = 0;
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float gradient[4], direction[4];
      load_unit_gradient(softmax, row, c, aligned, drows, gradient);
      load_quad(unit, c, d, aligned, direction);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) along += static_cast<double>(gradient[j]) * direction[j];
    }
    along = group_sum<32>(along);
    const double scale = share * softmax.inverse_norms[row];
    for (int64_t c = 4 * lane_id(); c < d; c += 128) {
      float gradient[4], direction[4];
      load_unit_gradient(softmax, row, c, aligned, drows, gradient);
      load_quad(unit, c, d, aligned, direction);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) gradient[j] = static_cast<float>(scale * (gradient[j] - along * direction[j]));
      store_quad(drows + row * d, c, d, aligned, gradient);
    }
  }
}

}  // namespace

void unit_rows(const SoftmaxRows& softmax, Stream& stream) {
  const auto& [data, rows, d] = softmax.rows;
  launch(unit_rows_kernel, blocks_for(rows, block_warps), block_threads, 0, stream, rows, d, data,
         rows_aligned(d, data, softmax.unit), softmax.unit, softmax.inverse_norms);
}

void softmax_rows(const SoftmaxRows& softmax, int64_t first, DenseView<float> cosines, float* scaled_users, Stream& stream) {
  launch(softmax_rows_kernel, blocks_for(cosines.rows, block_warps), block_threads, 0, stream, softmax, first, cosines.rows,
         cosines.cols, rows_aligned(cosines.cols, cosines.data, cosines.data), cosines.data,
         rows_aligned(softmax.rows.cols, softmax.unit, scaled_users), scaled_users);
}

void softmax_row_gradients(const SoftmaxRows& softmax, DenseView<float> drows, Stream& stream) {
  launch(softmax_row_gradients_kernel, blocks_for(drows.rows, block_warps), block_threads, 0, stream, softmax,
         rows_aligned(drows.cols, softmax.unit, drows.data), drows.data);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
