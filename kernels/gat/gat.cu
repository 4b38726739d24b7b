#include "kernels/gat/gat.h"

#include <algorithm>

#include "heddle/kernel/gat.h"
#include "heddle/kernel/kernel.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/fits_lanes.h"
#include "kernels/gat/lanes.h"

// Idea: all heads of a row in one group of up to 32 lanes: each head has 2^k lanes, each lane up to eight float4 (where D is a
// multiple of 4 and the arrays are aligned) or floats of the head's columns. A lane computes its head's logit itself, so that
// forward needs no shuffle: maximum, sums and row are corrected where the maximum grows. Backward the lanes of a head add up
// <dy_i, x_j> by a butterfly, x_j and dx_j stay in registers, and what a target's edges need of it comes as one record. No
// atomics. Bytes per edge, s = 4 H: forward 4 + s + s D gathered; backward 4 + 4 s + s D, and 8 for the edge's number where it is
// needed. Source: P. Velickovic et al.: "Graph attention networks", ICLR 2018; M. Milakov, N. Gimelshein: "Online normalizer
// calculation for softmax", 2018; C. Yang, A. Buluc, J. Owens, Euro-Par 2018 (row split).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads, (blocks_at_once<Piece, pieces>))
    gat_forward_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                       const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices, float slope, Drop drop,
                       const float* __restrict__ edge_scores, const float* __restrict__ x,
                       const float* __restrict__ source_scores, const float* __restrict__ target_scores, float* __restrict__ y,
                       float* __restrict__ statistics, float* __restrict__ positive) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    const float target = target_scores[row * stride + share.head];
    const int64_t end = row_offsets[row + 1];
    float most = -INFINITY;
    float sum = 0;
    float sum_positive = 0;
    Piece total[pieces] = {};
    Piece total_positive[pieces] = {};
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      const int64_t source = col_indices[k];
      Piece values[pieces];
      share.read(x + source * width, values);
      float raw = source_scores[source * stride + share.head];
      if (edge_scores != nullptr) raw += edge_scores[k * heads + share.head];
      raw += target;
      const float logit = raw > 0 ? raw : raw * slope;
      if (!(logit <= most)) {  // a NaN, too, takes its place
        const float correction = expf(most - logit);
        sum *= correction;
        sum_positive *= correction;
        HEDDLE_UNROLL
        for (int p = 0; p < pieces; ++p) {
          total[p] = times(correction, total[p]);
          total_positive[p] = times(correction, total_positive[p]);
        }
        most = logit;
      }
      // Where all scores so far are -inf, so is the maximum: their weight is 0, as exp(-inf - maximum) is.
      const float weight = logit == -INFINITY ? 0.0f : expf(logit - most);
      const float kept = weight * drop.factor(k, stride, share.head);
      sum += weight;
      sum_positive += raw > 0 ? weight : 0.0f;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        total[p] = fma_piece(kept, values[p], total[p]);
        if (positive != nullptr && raw > 0) total_positive[p] = fma_piece(kept, values[p], total_positive[p]);
      }
    }
    const bool empty = row_offsets[row] == end;
    const float inverse = empty ? 0.0f : 1.0f / sum;
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) {
      total[p] = times(inverse, total[p]);
      total_positive[p] = times(inverse, total_positive[p]);
    }
    share.write(y + row * width, total);
    if (positive == nullptr) continue;
    share.write(positive + row * width, total_positive);
    if (share.leads) {
      statistics[row * 3 * stride + share.head] = empty ? 0.0f : most;
      statistics[(row * 3 + 1) * stride + share.head] = inverse;
      statistics[(row * 3 + 2) * stride + share.head] = sum_positive * inverse;
    }
  }
}

/// Per target: the record that the walk gathers, and the gradient of the target's score.
template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads)
    gat_records_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns, int64_t stride, float slope,
                       const float* __restrict__ y, const float* __restrict__ positive, const float* __restrict__ dy,
                       const float* __restrict__ statistics, const float* __restrict__ target_scores, float* __restrict__ records,
                       float* __restrict__ dtarget_scores) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    Piece upstream[pieces], own[pieces], part[pieces];
    share.read(dy + row * width, upstream);
    share.read(y + row * width, own);
    share.read(positive + row * width, part);
    float delta = 0;
    float with_positive = 0;
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) {
      delta += inner(upstream[p], own[p]);
      with_positive += inner(upstream[p], part[p]);
    }
    delta = sum_of_lanes(delta, lanes.per_head);
    with_positive = sum_of_lanes(with_positive, lanes.per_head);
    if (!share.leads) continue;
    const float* const kept = statistics + row * 3 * stride + share.head;
    float* const record = records + row * gat_record_fields * stride + share.head;
    record[0] = target_scores[row * stride + share.head];
    record[stride] = kept[0];
    record[2 * stride] = kept[stride];
    record[3 * stride] = delta;
    // Over all edges of a target the gradients of its logits sum to 0, so those with raw <= 0 sum to minus the others'.
    dtarget_scores[row * stride + share.head] = (1.0f - slope) * (with_positive - delta * kept[2 * stride]);
  }
}

template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads, (blocks_at_once<Piece, pieces>))
    gat_backward_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                        const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                        const int64_t* __restrict__ edge_numbers, float slope, Drop drop, const float* __restrict__ edge_scores,
                        const float* __restrict__ x, const float* __restrict__ source_scores,
                        const float* __restrict__ source_weights, const float* __restrict__ target_weights,
                        const float* __restrict__ records, const float* __restrict__ dy, const float* __restrict__ dtarget_scores,
                        float* __restrict__ dx, float* __restrict__ dsource_scores, float* __restrict__ dedge_scores) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  const bool numbered = edge_scores != nullptr || dedge_scores != nullptr || drop.threshold != 0;
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    Piece own[pieces];
    share.read(x + row * width, own);
    const float source = source_scores[row * stride + share.head];
    const int64_t end = row_offsets[row + 1];
    float dsource = 0;
    Piece total[pieces] = {};
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      const int64_t target = col_indices[k];
      const int64_t number = !numbered ? 0 : edge_numbers != nullptr ? edge_numbers[k] : k;
      Piece upstream[pieces];
      share.read(dy + target * width, upstream);
      const float* const record = records + target * gat_record_fields * stride + share.head;
      float raw = record[0];
      if (edge_scores != nullptr) raw += edge_scores[number * heads + share.head];
      raw += source;
      const float alpha = expf((raw > 0 ? raw : raw * slope) - record[stride]) * record[2 * stride];
      const float kept = alpha * drop.factor(number, stride, share.head);
      float dot = 0;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        dot += inner(upstream[p], own[p]);
        total[p] = fma_piece(kept, upstream[p], total[p]);
      }
      dot = sum_of_lanes(dot, lanes.per_head);
      const float dlogit = kept * dot - alpha * record[3 * stride];
      const float draw = raw > 0 ? dlogit : dlogit * slope;
      dsource += draw;
      if (dedge_scores != nullptr && share.leads) dedge_scores[number * heads + share.head] = draw;
    }
    const float dtarget = dtarget_scores[row * stride + share.head];
    Piece weights[pieces];
    share.read(source_weights, weights);
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) total[p] = fma_piece(dsource, weights[p], total[p]);
    share.read(target_weights, weights);
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) total[p] = fma_piece(dtarget, weights[p], total[p]);
    share.write(dx + row * width, total);
    if (share.leads) dsource_scores[row * stride + share.head] = dsource;
  }
}

/// A thread owns one score.
__global__ void __launch_bounds__(block_threads)
    head_scores_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride, const float* __restrict__ x,
                       const float* __restrict__ a, bool aligned, float* __restrict__ scores) {
  for (int64_t i = global_thread(); i < rows * stride; i += global_threads()) {
    const int64_t row = i / stride;
    const int64_t head = i % stride;
    float sum = 0;
    if (head < heads) {
      const float* const values = x + (row * heads + head) * columns;
      const float* const weights = a + head * columns;
      for (int64_t c = 0; c < columns; c += 4) {
        float value[4], weight[4];
        load_quad(values, c, columns, aligned, value);
        load_quad(weights, c, columns, aligned, weight);
        HEDDLE_UNROLL
        for (int j = 0; j < 4; ++j) sum += value[j] * weight[j];
      }
    }
    scores[i] = sum;
  }
}

__global__ void __launch_bounds__(block_threads)
    head_scores_dx_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride, const float* __restrict__ a,
                          const float* __restrict__ dscores, float* __restrict__ dx) {
  const int64_t width = heads * columns;
  for (int64_t i = global_thread(); i < rows * width; i += global_threads()) {
    dx[i] = dscores[i / width * stride + i % width / columns] * a[i % width];
  }
}

/// partials[chunk][column]: sums over the rows of a chunk. Grid: chunks along x, tiles of 32 columns along y, with the grid's
/// stride.
__global__ void __launch_bounds__(block_threads)
    head_scores_da_kernel(int64_t rows, int64_t heads, int64_t columns, int64_t stride, const float* __restrict__ x,
                          const float* __restrict__ dscores, float* __restrict__ partials) {
  SHARED(float, sums, block_threads);
  constexpr int slices = block_threads / 32;
  const int64_t width = heads * columns;
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t begin = blockIdx.x * head_scores_chunk_rows;
  const int64_t end = min(begin + head_scores_chunk_rows, rows);
  for (int64_t first = int64_t{blockIdx.y} * 32; first < width; first += int64_t{gridDim.y} * 32) {
    const int64_t column = first + thread % 32;
    float sum = 0;
    if (column < width) {
      for (int64_t row = begin + thread / 32; row < end; row += slices) {
        sum += dscores[row * stride + column / columns] * x[row * width + column];
      }
    }
    sums[thread] = sum;
    __syncthreads();
    if (thread < 32 && column < width) {
      for (int s = 1; s < slices; ++s) sum += sums[s * 32 + thread];
      partials[blockIdx.x * width + column] = sum;
    }
    __syncthreads();  // the next tile writes `sums` again
  }
}

__global__ void __launch_bounds__(block_threads)
    head_scores_da_of_chunks_kernel(int64_t chunks, int64_t width, const float* __restrict__ partials, float* __restrict__ da) {
  for (int64_t column = global_thread(); column < width; column += global_threads()) {
    float sum = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partials[chunk * width + column];
    da[column] = sum;
  }
}

}  // namespace

void head_scores(const HeadScoresArgs& args, Stream& stream) {
  const int64_t columns = args.x.cols / args.heads;
  launch(head_scores_kernel, blocks_for(args.x.rows * args.stride, block_threads), block_threads, 0, stream, args.x.rows,
         args.heads, columns, args.stride, args.x.data, args.a, columns % 4 == 0 && aligned_for_quads(args.x.data, args.a),
         args.scores);
}

void head_scores_backward(const HeadScoresBackwardArgs& args, float* partials, Stream& stream) {
  const int64_t width = args.x.cols;
  const int64_t columns = width / args.heads;
  if (args.dx.data != nullptr) {
    launch(head_scores_dx_kernel, blocks_for(args.x.size(), block_threads), block_threads, 0, stream, args.x.rows, args.heads,
           columns, args.stride, args.a, args.dscores, args.dx.data);
  }
  if (args.da == nullptr) return;
  const int64_t chunks = (args.x.rows + head_scores_chunk_rows - 1) / head_scores_chunk_rows;
  const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>(std::min<int64_t>((width + 31) / 32, 65535)));
  launch(head_scores_da_kernel, grid, block_threads, 0, stream, args.x.rows, args.heads, columns, args.stride, args.x.data,
         args.dscores, partials);
  launch(head_scores_da_of_chunks_kernel, blocks_for(width, block_threads), block_threads, 0, stream, chunks, width, partials,
         args.da);
}

namespace {

constexpr const char* row_per_subwarp_summary =
    "all heads of a row in one group of lanes, 16-byte loads; backward one walk with one gather, shuffles within a head";
constexpr const char* row_per_subwarp_source =
    "Velickovic et al. 2018; Milakov and Gimelshein 2018; Yang, Buluc, Owens 2018 (row split)";
constexpr const char* row_per_subwarp_limits = "a head of at most 256 columns, 1024 in whole 16 bytes";

void gat_forward_row_per_subwarp(const GatForwardArgs& args, void*, Stream& stream) {
  const CsrView& a = args.incoming;
  const int64_t heads = args.use.heads;
  const int64_t columns = args.x.cols / heads;
  const bool quads = columns % 4 == 0 && aligned_for_quads(args.x.data, args.y.data, args.kept.positive);
  with_pieces(a.rows, heads, columns, quads, [&]<class Piece, int pieces>(const Plan& plan) {
    launch(gat_forward_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, a.rows, heads, columns,
           head_stride(heads), a.row_offsets, a.col_indices, args.use.slope, drop_of(args.use), args.use.edge_scores, args.x.data,
           args.source_scores, args.target_scores, args.y.data, args.kept.statistics, args.kept.positive);
  });
}

void gat_backward_row_per_subwarp(const GatBackwardArgs& args, void* workspace, Stream& stream) {
  auto* const records = static_cast<float*>(workspace);
  const CsrView& a = args.outgoing;
  const int64_t heads = args.use.heads;
  const int64_t columns = args.x.cols / heads;
  const int64_t stride = head_stride(heads);
  const bool quads = columns % 4 == 0 && aligned_for_quads(args.x.data, args.y.data, args.dy.data, args.dx.data,
                                                           args.kept.positive, args.source_weights, args.target_weights);
  with_pieces(a.rows, heads, columns, quads, [&]<class Piece, int pieces>(const Plan& plan) {
    launch(gat_records_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, a.rows, heads, columns, stride,
           args.use.slope, args.y.data, args.kept.positive, args.dy.data, args.kept.statistics, args.target_scores, records,
           args.dtarget_scores);
    launch(gat_backward_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, a.rows, heads, columns, stride,
           a.row_offsets, a.col_indices, a.value_index, args.use.slope, drop_of(args.use), args.use.edge_scores, args.x.data,
           args.source_scores, args.source_weights, args.target_weights, records, args.dy.data, args.dtarget_scores, args.dx.data,
           args.dsource_scores, args.dedge_scores);
  });
}

}  // namespace

Variant<GatForwardArgs> gat_forward_row_per_subwarp_variant() {
  return {.name = "row_per_subwarp",
          .summary = row_per_subwarp_summary,
          .source = row_per_subwarp_source,
          .deterministic = true,
          .supports = gat_forward_fits_lanes,
          .workspace = needs_no_workspace<GatForwardArgs>,
          .run = gat_forward_row_per_subwarp,
          .limits = row_per_subwarp_limits};
}

Variant<GatBackwardArgs> gat_backward_row_per_subwarp_variant() {
  return {.name = "row_per_subwarp",
          .summary = row_per_subwarp_summary,
          .source = row_per_subwarp_source,
          .deterministic = true,
          .supports = gat_backward_fits_lanes,
          .workspace = gat_records_workspace,
          .run = gat_backward_row_per_subwarp,
          .limits = row_per_subwarp_limits};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
