#include "kernels/gat/gatv2.h"

#include "heddle/kernel/kernel.h"
#include "kernels/gat/lanes.h"

// Idea: as in gat.cu, but the lanes of a head add up their parts of the score by a butterfly. Backward a walk over the targets
// leaves their gradient, delta and share of da; a walk over the sources then gathers dy and the target's row. Bytes per edge, s =
// 4 H: forward 4 + s D gathered; backward 4 + s D for the targets' walk, 4 + 3 s + 2 s D for the sources'. Source: S. Brody, U.
// Alon, E. Yahav: "How attentive are graph attention networks?", ICLR 2022.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__device__ __forceinline__ float leaky(float z, float slope) { return z > 0 ? z : z * slope; }
__device__ __forceinline__ float4 leaky(float4 z, float slope) {
  return make_float4(leaky(z.x, slope), leaky(z.y, slope), leaky(z.z, slope), leaky(z.w, slope));
}
__device__ __forceinline__ float sum_of(float a, float b) { return a + b; }
__device__ __forceinline__ float4 sum_of(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }

/// factor * LeakyReLU'(z) * a + sum
__device__ __forceinline__ float add_rate(float factor, float z, float slope, float a, float sum) {
  return factor * (z > 0 ? 1.0f : slope) * a + sum;
}
__device__ __forceinline__ float4 add_rate(float factor, float4 z, float slope, float4 a, float4 sum) {
  return make_float4(add_rate(factor, z.x, slope, a.x, sum.x), add_rate(factor, z.y, slope, a.y, sum.y),
                     add_rate(factor, z.z, slope, a.z, sum.z), add_rate(factor, z.w, slope, a.w, sum.w));
}

template <class Piece, int pieces>
__device__ __forceinline__ float inner_of(const Piece (&a)[pieces], const Piece (&b)[pieces]) {
  float sum = 0;
  HEDDLE_UNROLL
  for (int p = 0; p < pieces; ++p) sum += inner(a[p], b[p]);
  return sum;
}

template <class Piece, int pieces>
__device__ __forceinline__ float part_of_score(const Piece (&x)[pieces], const Piece (&y)[pieces], const Piece (&a)[pieces],
                                               float slope) {
  float sum = 0;
  HEDDLE_UNROLL
  for (int p = 0; p < pieces; ++p) sum += inner(a[p], leaky(sum_of(x[p], y[p]), slope));
  return sum;
}

template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads, (blocks_at_once<Piece, pieces>))
    gatv2_forward_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                         const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices, float slope, Drop drop,
                         const float* __restrict__ edge_scores, const float* __restrict__ sources,
                         const float* __restrict__ targets, const float* __restrict__ a, float* __restrict__ y,
                         float* __restrict__ statistics) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    Piece own[pieces], weights[pieces];
    share.read(targets + row * width, own);
    share.read(a, weights);
    const int64_t end = row_offsets[row + 1];
    float most = -INFINITY;
    float sum = 0;
    Piece total[pieces] = {};
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      Piece values[pieces];
      share.read(sources + col_indices[k] * width, values);
      float logit = sum_of_lanes(part_of_score(values, own, weights, slope), lanes.per_head);
      if (edge_scores != nullptr) logit += edge_scores[k * heads + share.head];
      if (!(logit <= most)) {  // a NaN, too, takes its place
        const float correction = expf(most - logit);
        sum *= correction;
        HEDDLE_UNROLL
        for (int p = 0; p < pieces; ++p) total[p] = times(correction, total[p]);
        most = logit;
      }
      // Where all scores so far are -inf, so is the maximum: their weight is 0, as exp(-inf - maximum) is.
      const float weight = logit == -INFINITY ? 0.0f : expf(logit - most);
      const float kept = weight * drop.factor(k, stride, share.head);
      sum += weight;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) total[p] = fma_piece(kept, values[p], total[p]);
    }
    const bool empty = row_offsets[row] == end;
    const float inverse = empty ? 0.0f : 1.0f / sum;
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) total[p] = times(inverse, total[p]);
    share.write(y + row * width, total);
    if (statistics != nullptr && share.leads) {
      statistics[row * 2 * stride + share.head] = empty ? 0.0f : most;
      statistics[(row * 2 + 1) * stride + share.head] = inverse;
    }
  }
}

/// An edge's weight as it was kept, and the gradient of its logit, from the two sums over the head's lanes.
struct EdgeGradient {
  float kept, dlogit;
};
__device__ __forceinline__ EdgeGradient edge_gradient(float logit, float along, float most, float inverse, float delta,
                                                      float drop) {
  const float alpha = expf(logit - most) * inverse;
  const float kept = alpha * drop;
  return {kept, kept * along - alpha * delta};
}

template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads, (blocks_at_once<Piece, pieces>))
    gatv2_targets_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                         const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices, float slope, Drop drop,
                         const float* __restrict__ edge_scores, const float* __restrict__ sources,
                         const float* __restrict__ targets, const float* __restrict__ a, const float* __restrict__ y,
                         const float* __restrict__ statistics, const float* __restrict__ dy, float* __restrict__ dtargets,
                         float* __restrict__ delta, float* __restrict__ da_rows, float* __restrict__ dedge_scores) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    Piece own[pieces], upstream[pieces], weights[pieces];
    share.read(dy + row * width, upstream);
    share.read(y + row * width, own);
    const float inner_sum = sum_of_lanes(inner_of(upstream, own), lanes.per_head);
    if (share.leads) delta[row * stride + share.head] = inner_sum;
    share.read(targets + row * width, own);
    share.read(a, weights);
    const float most = statistics[row * 2 * stride + share.head];
    const float inverse = statistics[(row * 2 + 1) * stride + share.head];
    const int64_t end = row_offsets[row + 1];
    Piece total[pieces] = {};
    Piece da[pieces] = {};
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      Piece values[pieces];
      share.read(sources + col_indices[k] * width, values);
      float logit = sum_of_lanes(part_of_score(values, own, weights, slope), lanes.per_head);
      if (edge_scores != nullptr) logit += edge_scores[k * heads + share.head];
      const float along = sum_of_lanes(inner_of(upstream, values), lanes.per_head);
      const float dlogit = edge_gradient(logit, along, most, inverse, inner_sum, drop.factor(k, stride, share.head)).dlogit;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        const Piece z = sum_of(values[p], own[p]);
        total[p] = add_rate(dlogit, z, slope, weights[p], total[p]);
        da[p] = fma_piece(dlogit, leaky(z, slope), da[p]);
      }
      if (dedge_scores != nullptr && share.leads) dedge_scores[k * heads + share.head] = dlogit;
    }
    share.write(dtargets + row * width, total);
    share.write(da_rows + row * width, da);
  }
}

template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads, (blocks_at_once<Piece, pieces>))
    gatv2_sources_kernel(Lanes lanes, int64_t rows, int64_t heads, int64_t columns, int64_t stride,
                         const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                         const int64_t* __restrict__ edge_numbers, float slope, Drop drop, const float* __restrict__ edge_scores,
                         const float* __restrict__ sources, const float* __restrict__ targets, const float* __restrict__ a,
                         const float* __restrict__ statistics, const float* __restrict__ dy, const float* __restrict__ delta,
                         float* __restrict__ dsources) {
  const Share<Piece, pieces> share(lanes, heads, columns);
  const int64_t width = heads * columns;
  const int groups = block_threads / lanes.group();
  const bool numbered = edge_scores != nullptr || drop.threshold != 0;
  for (int64_t row = share.head < heads ? int64_t{blockIdx.x} * groups + threadIdx.x / lanes.group() : rows; row < rows;
       row += int64_t{gridDim.x} * groups) {
    Piece own[pieces], weights[pieces];
    share.read(sources + row * width, own);
    share.read(a, weights);
    const int64_t end = row_offsets[row + 1];
    Piece total[pieces] = {};
    for (int64_t k = row_offsets[row]; k < end; ++k) {
      const int64_t target = col_indices[k];
      const int64_t number = !numbered ? 0 : edge_numbers != nullptr ? edge_numbers[k] : k;
      Piece upstream[pieces], values[pieces];
      share.read(dy + target * width, upstream);
      share.read(targets + target * width, values);
      float logit = sum_of_lanes(part_of_score(own, values, weights, slope), lanes.per_head);
      if (edge_scores != nullptr) logit += edge_scores[number * heads + share.head];
      const float along = sum_of_lanes(inner_of(upstream, own), lanes.per_head);
      const EdgeGradient gradient = edge_gradient(logit, along, statistics[target * 2 * stride + share.head],
                                                  statistics[(target * 2 + 1) * stride + share.head],
                                                  delta[target * stride + share.head], drop.factor(number, stride, share.head));
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        total[p] = fma_piece(gradient.kept, upstream[p], total[p]);
        total[p] = add_rate(gradient.dlogit, sum_of(own[p], values[p]), slope, weights[p], total[p]);
      }
    }
    share.write(dsources + row * width, total);
  }
}

}  // namespace

void gatv2_forward(const GatV2ForwardArgs& args, Stream& stream) {
  const CsrView& a = args.incoming;
  const int64_t heads = args.use.heads;
  const int64_t columns = args.sources.cols / heads;
  const bool quads = columns % 4 == 0 && aligned_for_quads(args.sources.data, args.targets.data, args.a, args.y.data);
  with_pieces(a.rows, heads, columns, quads, [&]<class Piece, int pieces>(const Plan& plan) {
    launch(gatv2_forward_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, a.rows, heads, columns,
           head_stride(heads), a.row_offsets, a.col_indices, args.use.slope, drop_of(args.use), args.use.edge_scores,
           args.sources.data, args.targets.data, args.a, args.y.data, args.statistics);
  });
}

void gatv2_backward(const GatV2BackwardArgs& args, const GatV2Workspace& workspace, Stream& stream) {
  const CsrView& in = args.incoming;
  const CsrView& out = args.outgoing;
  const int64_t heads = args.use.heads;
  const int64_t columns = args.sources.cols / heads;
  const int64_t stride = head_stride(heads);
  const bool quads =
      columns % 4 == 0 && aligned_for_quads(args.sources.data, args.targets.data, args.a, args.y.data, args.dy.data,
                                            args.dsources.data, args.dtargets.data, workspace.da_rows);
  with_pieces(in.rows, heads, columns, quads, [&]<class Piece, int pieces>(const Plan& plan) {
    launch(gatv2_targets_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, in.rows, heads, columns, stride,
           in.row_offsets, in.col_indices, args.use.slope, drop_of(args.use), args.use.edge_scores, args.sources.data,
           args.targets.data, args.a, args.y.data, args.statistics, args.dy.data, args.dtargets.data, workspace.delta,
           workspace.da_rows, args.dedge_scores);
  });
  with_pieces(out.rows, heads, columns, quads, [&]<class Piece, int pieces>(const Plan& plan) {
    launch(gatv2_sources_kernel<Piece, pieces>, plan.grid, block_threads, 0, stream, plan.lanes, out.rows, heads, columns, stride,
           out.row_offsets, out.col_indices, out.value_index, args.use.slope, drop_of(args.use), args.use.edge_scores,
           args.sources.data, args.targets.data, args.a, args.statistics, args.dy.data, workspace.delta, args.dsources.data);
  });
}

}  // namespace heddle::kernels::HEDDLE_TWIN
