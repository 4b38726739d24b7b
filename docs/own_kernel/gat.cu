// A variant of graph attention's forward pass to start from: heddle bench gat --add gat.cu (own_kernel.md). A file may export a
// backward pass too, HEDDLE_EXPORT_VARIANTS(gat_backward, ...), or only that.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

/// A thread owns a row and a column, and walks the row's edges twice: for the maximum, and for the sums.
__global__ void __launch_bounds__(block_threads)
    two_walks_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride, const int64_t* __restrict__ row_offsets,
                     const int32_t* __restrict__ col_indices, float slope, uint32_t threshold, float scale, RandomStream random,
                     const float* __restrict__ edge_scores, const float* __restrict__ x, const float* __restrict__ source_scores,
                     const float* __restrict__ target_scores, float* __restrict__ y, float* __restrict__ statistics,
                     float* __restrict__ positive) {
  const int64_t i = int64_t{blockIdx.x} * block_threads + threadIdx.x;
  const int64_t width = heads * columns;
  if (i >= rows * width) return;
  const int64_t row = i / width, column = i % width, head = column / columns;
  const int64_t begin = row_offsets[row], end = row_offsets[row + 1];
  const auto raw_score = [&](int64_t k) {
    const float edge = edge_scores == nullptr ? 0.0f : edge_scores[k * heads + head];
    return source_scores[col_indices[k] * stride + head] + edge + target_scores[row * stride + head];
  };
  float most = -INFINITY;
  for (int64_t k = begin; k < end; ++k) {
    const float raw = raw_score(k);
    most = fmaxf(most, raw > 0 ? raw : slope * raw);
  }
  float sum = 0, sum_positive = 0, total = 0, total_positive = 0;
  for (int64_t k = begin; k < end; ++k) {
    const float raw = raw_score(k);
    const float weight = expf((raw > 0 ? raw : slope * raw) - most);
    const bool dropped = threshold > 0 && random_word(random, static_cast<uint64_t>(k * stride + head)) < threshold;
    const float term = dropped ? 0.0f : weight * scale * x[col_indices[k] * width + column];
    sum += weight;
    total += term;
    if (raw > 0) {
      sum_positive += weight;
      total_positive += term;
    }
  }
  const float inverse = begin == end ? 0.0f : 1.0f / sum;
  y[i] = total * inverse;
  if (positive == nullptr) return;  // no gradient is wanted
  positive[i] = total_positive * inverse;
  if (column % columns != 0) return;
  statistics[row * 3 * stride + head] = begin == end ? 0.0f : most;
  statistics[(row * 3 + 1) * stride + head] = inverse;
  statistics[(row * 3 + 2) * stride + head] = sum_positive * inverse;
}

void run(const GatForwardArgs& args, void* /*workspace*/, Stream& stream) {
  const GatUse& use = args.use;
  const CsrView& a = args.incoming;
  launch(two_walks_kernel, (args.y.size() + block_threads - 1) / block_threads, block_threads, 0, stream, a.rows, use.heads,
         args.x.cols / use.heads, head_stride(use.heads), a.row_offsets, a.col_indices, use.slope, dropout_threshold(use.dropout),
         1.0f / (1.0f - use.dropout), use.random, use.edge_scores, args.x.data, args.source_scores, args.target_scores,
         args.y.data, args.kept.statistics, args.kept.positive);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(gat_forward, {.name = "two_walks",
                                     .summary = "a thread owns a row and a column, the maximum in a walk of its own",
                                     .source = "this file",
                                     .deterministic = true,
                                     .supports = heddle::kernels::takes_anything<heddle::kernels::GatForwardArgs>,
                                     .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::GatForwardArgs>,
                                     .run = heddle::kernels::HEDDLE_TWIN::run})
