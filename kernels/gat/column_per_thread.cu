#include "heddle/kernel/gat.h"
#include "heddle/kernel/kernel.h"
#include "heddle/kernel/variant.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/lanes.h"

// Idea: forward a thread owns one column of a row and makes its head's logit itself, so that neighbours in a warp read
// neighbouring columns and nothing is exchanged. Backward a thread owns a row and a head for what needs <dy_i, x_j>, then a
// thread a row and a column for dx. No limit on a head's columns. What row_per_subwarp's 16-byte loads, shuffles and single
// gather are measured against. Bytes per edge, s = 4 H: forward 4 + s + s D gathered, in 4-byte loads; backward 8 + 8 s + 2 s D,
// and twice 8 for the edge's number where it is needed. Source: P. Velickovic et al.: "Graph attention networks", ICLR 2018, as
// written.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void __launch_bounds__(block_threads, 2)
    gat_column_forward_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                              const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices, float slope,
                              Drop drop, const float* __restrict__ edge_scores, const float* __restrict__ x,
                              const float* __restrict__ source_scores, const float* __restrict__ target_scores,
                              float* __restrict__ y, float* __restrict__ statistics, float* __restrict__ positive) {
  const int64_t width = heads * columns;
  for (int64_t i = global_thread(); i < rows * width; i += global_threads()) {
    const int64_t row = i / width;
    const int64_t column = i % width;
    const int64_t head = column / columns;
    const float target = target_scores[row * stride + head];
    const int64_t end = row_offsets[row + 1];
    float most = -INFINITY;
    float sum = 0, sum_positive = 0, total = 0, total_positive = 0;
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      const int64_t source = col_indices[k];
      float raw = source_scores[source * stride + head];
      if (edge_scores != nullptr) raw += edge_scores[k * heads + head];
      raw += target;
      const float logit = raw > 0 ? raw : raw * slope;
      if (!(logit <= most)) {  // a NaN, too, takes its place
        const float correction = expf(most - logit);
        sum *= correction;
        sum_positive *= correction;
        total *= correction;
        total_positive *= correction;
        most = logit;
      }
      // Where all scores so far are -inf, so is the maximum: their weight is 0, as exp(-inf - maximum) is.
      const float weight = logit == -INFINITY ? 0.0f : expf(logit - most);
      const float term = weight * drop.factor(k, stride, head) * x[source * width + column];
      sum += weight;
      total += term;
      if (raw > 0) {
        sum_positive += weight;
        total_positive += term;
      }
    }
    const bool empty = row_offsets[row] == end;
    const float inverse = empty ? 0.0f : 1.0f / sum;
    y[i] = total * inverse;
    if (positive == nullptr) continue;
    positive[i] = total_positive * inverse;
    if (column % columns == 0) {
      statistics[row * 3 * stride + head] = empty ? 0.0f : most;
      statistics[(row * 3 + 1) * stride + head] = inverse;
      statistics[(row * 3 + 2) * stride + head] = sum_positive * inverse;
    }
  }
}

/// Per target and head: the record that the walks gather, and the gradient of the target's score.
__global__ void __launch_bounds__(block_threads)
    gat_column_records_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride, float slope,
                              const float* __restrict__ y, const float* __restrict__ positive, const float* __restrict__ dy,
                              const float* __restrict__ statistics, const float* __restrict__ target_scores,
                              float* __restrict__ records, float* __restrict__ dtarget_scores) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t row = i / heads;
    const int64_t head = i % heads;
    float delta = 0;
    float with_positive = 0;
    for (int64_t c = i * columns; c < (i + 1) * columns; ++c) {
      delta += dy[c] * y[c];
      with_positive += dy[c] * positive[c];
    }
    const float* const kept = statistics + row * 3 * stride + head;
    float* const record = records + row * gat_record_fields * stride + head;
    record[0] = target_scores[row * stride + head];
    record[stride] = kept[0];
    record[2 * stride] = kept[stride];
    record[3 * stride] = delta;
    // Over all edges of a target the gradients of its logits sum to 0, so those with raw <= 0 sum to minus the others'.
    dtarget_scores[row * stride + head] = (1.0f - slope) * (with_positive - delta * kept[2 * stride]);
  }
}

struct Weights {
  float raw, alpha, kept;
};

/// Of edge `number` from a source with this score to the target whose record this is.
__device__ __forceinline__ Weights weights_of(const float* record, int64_t stride, float source_score, float slope,
                                              const float* edge_scores, int64_t number, int64_t heads, int64_t head,
                                              const Drop& drop) {
  float raw = record[0];
  if (edge_scores != nullptr) raw += edge_scores[number * heads + head];
  raw += source_score;
  const float alpha = expf((raw > 0 ? raw : raw * slope) - record[stride]) * record[2 * stride];
  return {raw, alpha, alpha * drop.factor(number, stride, head)};
}

__global__ void __launch_bounds__(block_threads, 2)
    gat_column_dscores_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                              const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                              const int64_t* __restrict__ edge_numbers, float slope, Drop drop,
                              const float* __restrict__ edge_scores, const float* __restrict__ x,
                              const float* __restrict__ source_scores, const float* __restrict__ records,
                              const float* __restrict__ dy, float* __restrict__ dsource_scores,
                              float* __restrict__ dedge_scores) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t row = i / heads;
    const int64_t head = i % heads;
    const float source = source_scores[row * stride + head];
    const float* const own = x + i * columns;
    float dsource = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      const int64_t target = col_indices[k];
      const int64_t number = edge_numbers != nullptr ? edge_numbers[k] : k;
      const float* const record = records + target * gat_record_fields * stride + head;
      const Weights weights = weights_of(record, stride, source, slope, edge_scores, number, heads, head, drop);
      const float* const upstream = dy + (target * heads + head) * columns;
      float dot = 0;
      for (int64_t c = 0; c < columns; ++c) dot += upstream[c] * own[c];
      const float dlogit = weights.kept * dot - weights.alpha * record[3 * stride];
      const float draw = weights.raw > 0 ? dlogit : dlogit * slope;
      dsource += draw;
      if (dedge_scores != nullptr) dedge_scores[number * heads + head] = draw;
    }
    dsource_scores[row * stride + head] = dsource;
  }
}

__global__ void __launch_bounds__(block_threads, 2)
    gat_column_dx_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride, const int64_t* __restrict__ row_offsets,
                         const int32_t* __restrict__ col_indices, const int64_t* __restrict__ edge_numbers, float slope,
                         Drop drop, const float* __restrict__ edge_scores, const float* __restrict__ source_scores,
                         const float* __restrict__ source_weights, const float* __restrict__ target_weights,
                         const float* __restrict__ records, const float* __restrict__ dy,
                         const float* __restrict__ dsource_scores, const float* __restrict__ dtarget_scores,
                         float* __restrict__ dx) {
  const int64_t width = heads * columns;
  for (int64_t i = global_thread(); i < rows * width; i += global_threads()) {
    const int64_t row = i / width;
    const int64_t column = i % width;
    const int64_t head = column / columns;
    const float source = source_scores[row * stride + head];
    float total = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      const int64_t target = col_indices[k];
      const int64_t number = edge_numbers != nullptr ? edge_numbers[k] : k;
      const float* const record = records + target * gat_record_fields * stride + head;
      total +=
          weights_of(record, stride, source, slope, edge_scores, number, heads, head, drop).kept * dy[target * width + column];
    }
    total += dsource_scores[row * stride + head] * source_weights[column];
    total += dtarget_scores[row * stride + head] * target_weights[column];
    dx[i] = total;
  }
}

constexpr const char* column_per_thread_summary =
    "a thread owns a row and a column, no shuffles; backward a thread a row and head, then a thread a row and column, two "
    "gathers";
constexpr const char* column_per_thread_source = "Velickovic et al. 2018, as written";

void gat_forward_column_per_thread(const GatForwardArgs& args, void*, Stream& stream) {
  const CsrView& a = args.incoming;
  const int64_t heads = args.use.heads;
  launch(gat_column_forward_kernel, blocks_for(args.y.size(), block_threads), block_threads, 0, stream, a.rows, heads,
         args.x.cols / heads, head_stride(heads), a.row_offsets, a.col_indices, args.use.slope, drop_of(args.use),
         args.use.edge_scores, args.x.data, args.source_scores, args.target_scores, args.y.data, args.kept.statistics,
         args.kept.positive);
}

void gat_backward_column_per_thread(const GatBackwardArgs& args, void* workspace, Stream& stream) {
  const CsrView& a = args.outgoing;
  const int64_t heads = args.use.heads;
  const int64_t columns = args.x.cols / heads;
  const int64_t stride = head_stride(heads);
  const int64_t head_blocks = blocks_for(a.rows * heads, block_threads);
  auto* const records = static_cast<float*>(workspace);
  launch(gat_column_records_kernel, head_blocks, block_threads, 0, stream, a.rows, heads, columns, stride, args.use.slope,
         args.y.data, args.kept.positive, args.dy.data, args.kept.statistics, args.target_scores, records, args.dtarget_scores);
  launch(gat_column_dscores_kernel, head_blocks, block_threads, 0, stream, a.rows, heads, columns, stride, a.row_offsets,
         a.col_indices, a.value_index, args.use.slope, drop_of(args.use), args.use.edge_scores, args.x.data, args.source_scores,
         records, args.dy.data, args.dsource_scores, args.dedge_scores);
  launch(gat_column_dx_kernel, blocks_for(args.x.size(), block_threads), block_threads, 0, stream, a.rows, heads, columns, stride,
         a.row_offsets, a.col_indices, a.value_index, args.use.slope, drop_of(args.use), args.use.edge_scores, args.source_scores,
         args.source_weights, args.target_weights, records, args.dy.data, args.dsource_scores, args.dtarget_scores, args.dx.data);
}

}  // namespace

Variant<GatForwardArgs> gat_forward_column_per_thread_variant() {
  return {.name = "column_per_thread",
          .summary = column_per_thread_summary,
          .source = column_per_thread_source,
          .deterministic = true,
          .supports = takes_anything<GatForwardArgs>,
          .workspace = needs_no_workspace<GatForwardArgs>,
          .run = gat_forward_column_per_thread};
}

Variant<GatBackwardArgs> gat_backward_column_per_thread_variant() {
  return {.name = "column_per_thread",
          .summary = column_per_thread_summary,
          .source = column_per_thread_source,
          .deterministic = true,
          .supports = takes_anything<GatBackwardArgs>,
          .workspace = gat_records_workspace,
          .run = gat_backward_column_per_thread};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
