#include <algorithm>
#include <bit>

#include "heddle/kernel/edge.h"
#include "heddle/kernel/kernel.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"

// Idea: a warp owns a row. Its lanes lie along 2^k heads and then along 32 / 2^k edges, so that a warp reads neighbours where H
// is a power of two. A lane keeps maximum and sum of its edges, the sum corrected where the maximum grows; butterflies over the
// lanes of a head find the row's maximum and add the sums. A second walk writes. The sum's order depends on H and the degree
// only. Bytes per edge and head: 4 read twice, the second time from the cache, 4 written. Source: M. Milakov, N. Gimelshein:
// "Online normalizer calculation for softmax", 2018.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int softmax_block_threads = 256;
constexpr unsigned whole_warp = 0xFFFFFFFFu;

// x and y may be the same array: a lane alone reads and writes its edges of its head. Where a row has infinities or NaN it gets
// what the definition gives; a weight of exp(-inf) is 0 whatever the maximum so far.
__global__ void __launch_bounds__(softmax_block_threads)
    edge_softmax_row_per_warp_kernel(int64_t rows, int64_t heads, int heads_at_once, const int64_t* __restrict__ row_offsets,
                                     const float* x, float* y) {
  constexpr int warps = softmax_block_threads / 32;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t head = int64_t{blockIdx.y} * heads_at_once + lane % heads_at_once;
  const int first = lane / heads_at_once;
  const int step = 32 / heads_at_once;
  for (int64_t row = int64_t{blockIdx.x} * warps + threadIdx.x / 32; row < rows; row += int64_t{gridDim.x} * warps) {
    const int64_t begin = row_offsets[row] + first;
    const int64_t end = head < heads ? row_offsets[row + 1] : begin;
    float most = -INFINITY;
    float sum = 0;
    for (int64_t k = begin; k < end; k += step) {
      const float value = x[k * heads + head];
      if (value > most) {
        sum *= expf(most - value);
        most = value;
      }
      sum += value == -INFINITY ? 0.0f : expf(value - most);
    }
    float greatest = most;
    for (int distance = 16; distance >= heads_at_once; distance /= 2) {
      const float other = __shfl_xor_sync(whole_warp, greatest, distance);
      greatest = other > greatest ? other : greatest;
    }
    sum *= most == -INFINITY ? 1.0f : expf(most - greatest);
    for (int distance = 16; distance >= heads_at_once; distance /= 2) sum += __shfl_xor_sync(whole_warp, sum, distance);
    const float inverse = 1.0f / sum;
    for (int64_t k = begin; k < end; k += step) y[k * heads + head] = expf(x[k * heads + head] - greatest) * inverse;
  }
}

void edge_softmax_row_per_warp(const EdgeSoftmaxArgs& args, void*, Stream& stream) {
  const int64_t heads = args.x.cols;
  const auto at_once = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(heads, 32))));
  const dim3 grid(static_cast<unsigned>(blocks_for(args.graph.rows, softmax_block_threads / 32)),
                  static_cast<unsigned>((heads + at_once - 1) / at_once));
  launch(edge_softmax_row_per_warp_kernel, grid, softmax_block_threads, 0, stream, args.graph.rows, heads, at_once,
         args.graph.row_offsets, args.x.data, args.y.data);
}

}  // namespace

Variant<EdgeSoftmaxArgs> edge_softmax_row_per_warp_variant() {
  return {.name = "row_per_warp",
          .summary = "a warp owns a row, lanes along edges and heads; maximum and sum in one read, a second read writes",
          .source = "Milakov and Gimelshein 2018 (online softmax)",
          .deterministic = true,
          .supports = takes_anything<EdgeSoftmaxArgs>,
          .workspace = needs_no_workspace<EdgeSoftmaxArgs>,
          .run = edge_softmax_row_per_warp};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
