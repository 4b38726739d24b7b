#include <algorithm>
#include <bit>

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"
#include "kernels/rows/launchers.h"

// Gather and sum: a group of 2^k <= 32 lanes owns a row of the output, a lane every 2^k-th piece of it (a float4 where the width
// and the pointers allow, else a float); a sum adds the group's places in their order. How many groups there are is read on the
// device; the grid is made for the most there can be.
// Group: one block sorts by a radix of 4 bits, from the least digit on. A thread owns a run of neighbours; it counts its digits
// in shared memory, the block adds up the 16 x 256 counts digit by digit, and the thread deals its run out in order, which keeps
// equal ids in the order of their places. Then a scan numbers the first of each run of equal ids.
// Bytes: 8 width per gathered row; a sum reads 4 width per place; the sort moves 12 count a pass.
// Source: N. Satish, M. Harris, M. Garland: "Designing efficient sorting algorithms for manycore GPUs", IPDPS 2009.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int digit_bits = 4;
constexpr int digits = 1 << digit_bits;

__device__ __forceinline__ float zero_of(float) { return 0; }
__device__ __forceinline__ float4 zero_of(float4) { return make_float4(0, 0, 0, 0); }
__device__ __forceinline__ float plus(float a, float b) { return a + b; }
__device__ __forceinline__ float4 plus(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }

/// `pieces` of type Piece make a row.
template <class Piece>
__global__ void __launch_bounds__(block_threads)
    gather_rows_kernel(int lanes, int64_t count, int64_t pieces, const int32_t* __restrict__ ids, const Piece* __restrict__ x,
                       Piece* __restrict__ y) {
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  for (int64_t p = global_thread() / lanes; p < count; p += global_threads() / lanes) {
    const int64_t from = ids[p] * pieces;
    for (int64_t c = lane; c < pieces; c += lanes) y[p * pieces + c] = x[from + c];
  }
}

template <class Piece>
__global__ void __launch_bounds__(block_threads)
    sum_row_groups_kernel(int lanes, int64_t pieces, const int32_t* __restrict__ group_count,
                          const int32_t* __restrict__ distinct, const int32_t* __restrict__ offsets,
                          const int32_t* __restrict__ order, const Piece* __restrict__ y, bool accumulate,
                          Piece* __restrict__ target) {
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int64_t count = *group_count;
  for (int64_t g = global_thread() / lanes; g < count; g += global_threads() / lanes) {
    const int32_t stop = offsets[g + 1];
    const int64_t at = (distinct != nullptr ? distinct[g] : g) * pieces;
    for (int64_t c = lane; c < pieces; c += lanes) {
      Piece sum = zero_of(Piece{});
      for (int32_t k = offsets[g]; k < stop; ++k) sum = plus(sum, y[order[k] * pieces + c]);
      target[at + c] = accumulate ? plus(target[at + c], sum) : sum;
    }
  }
}

/// The sum of `value` over the threads before this one. Every thread of the block must call it.
__device__ __forceinline__ int sum_before(int value) {
  SHARED(int, sums, block_threads);
  const int thread = static_cast<int>(threadIdx.x);
  sums[thread] = value;
  __syncthreads();
  for (int distance = 1; distance < block_threads; distance *= 2) {
    const int earlier = thread >= distance ? sums[thread - distance] : 0;
    __syncthreads();
    sums[thread] += earlier;
    __syncthreads();
  }
  const int before = sums[thread] - value;
  __syncthreads();
  return before;
}

/// `ids` and `places` are two lists each, read and written in turns: pass p reads ids[p % 2] (the first: `input`, and places
/// 0, 1, 2, ...) and writes ids[(p + 1) % 2].
__global__ void __launch_bounds__(block_threads)
    group_rows_kernel(const int32_t* __restrict__ input, int count, int passes, int32_t* ids0, int32_t* ids1, int32_t* places0,
                      int32_t* places1, int32_t* __restrict__ distinct, int32_t* __restrict__ offsets,
                      int32_t* __restrict__ group_of, int32_t* __restrict__ group_count) {
  SHARED(int, starts, digits* block_threads);  // of each thread's share of each digit, digit by digit
  const int thread = static_cast<int>(threadIdx.x);
  const int64_t share = (int64_t{count} + block_threads - 1) / block_threads;
  const int begin = static_cast<int>(min(thread * share, int64_t{count}));
  const int end = static_cast<int>(min((thread + 1) * share, int64_t{count}));

  for (int pass = 0; pass < passes; ++pass) {
    const int32_t* const from = pass == 0 ? input : pass % 2 == 0 ? ids0 : ids1;
    const int32_t* const from_places = pass % 2 == 0 ? places0 : places1;
    int32_t* const to = pass % 2 == 0 ? ids1 : ids0;
    int32_t* const to_places = pass % 2 == 0 ? places1 : places0;
    const int shift = pass * digit_bits;
    for (int digit = 0; digit < digits; ++digit) starts[digit * block_threads + thread] = 0;
    for (int i = begin; i < end; ++i) ++starts[((from[i] >> shift) & (digits - 1)) * block_threads + thread];
    __syncthreads();
    int sum = 0;
    for (int j = 0; j < digits; ++j) sum += starts[thread * digits + j];
    int start = sum_before(sum);
    for (int j = 0; j < digits; ++j) {
      const int here = starts[thread * digits + j];
      starts[thread * digits + j] = start;
      start += here;
    }
    __syncthreads();
    for (int i = begin; i < end; ++i) {
      const int at = starts[((from[i] >> shift) & (digits - 1)) * block_threads + thread]++;
      to[at] = from[i];
      to_places[at] = pass == 0 ? i : from_places[i];
    }
    __syncthreads();
  }

  const int32_t* const sorted = passes % 2 == 0 ? ids0 : ids1;
  const int32_t* const order = passes % 2 == 0 ? places0 : places1;
  int heads = 0;
  for (int i = begin; i < end; ++i) heads += i == 0 || sorted[i] != sorted[i - 1];
  int group = sum_before(heads) - 1;
  for (int i = begin; i < end; ++i) {
    if (i == 0 || sorted[i] != sorted[i - 1]) {
      distinct[++group] = sorted[i];
      offsets[group] = i;
    }
    group_of[order[i]] = group;
  }
  // The last thread comes after all heads, whether it owns any place or not.
  if (thread == block_threads - 1) {
    offsets[group + 1] = count;
    *group_count = group + 1;
  }
}

/// Calls f(lanes, pieces, float4{} or float{}) for rows of `width` floats at these addresses.
template <class F, class... Pointers>
void with_pieces(int64_t width, const F& f, Pointers... pointers) {
  const bool quads = width % 4 == 0 && aligned_for_quads(pointers...);
  const int64_t pieces = quads ? width / 4 : width;
  const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(pieces, 32))));
  quads ? f(lanes, pieces, float4{}) : f(lanes, pieces, float{});
}

}  // namespace

void gather_rows(DenseView<const float> x, const int32_t* ids, DenseView<float> y, Stream& stream) {
  with_pieces(
      x.cols,
      [&](int lanes, int64_t pieces, auto piece) {
        using Piece = decltype(piece);
        launch(gather_rows_kernel<Piece>, blocks_for(y.rows, block_threads / lanes), block_threads, 0, stream, lanes, y.rows,
               pieces, ids, reinterpret_cast<const Piece*>(x.data), reinterpret_cast<Piece*>(y.data));
      },
      x.data, y.data);
}

void sum_row_groups(const SumRowGroupsArgs& args, Stream& stream) {
  const RowGroups& groups = args.groups;
  with_pieces(
      args.y.cols,
      [&](int lanes, int64_t pieces, auto piece) {
        using Piece = decltype(piece);
        launch(sum_row_groups_kernel<Piece>, blocks_for(groups.count, block_threads / lanes), block_threads, 0, stream, lanes,
               pieces, groups.group_count, args.compact ? nullptr : groups.distinct, groups.offsets, groups.order,
               reinterpret_cast<const Piece*>(args.y.data), args.accumulate, reinterpret_cast<Piece*>(args.target.data));
      },
      args.y.data, args.target.data);
}

void group_rows_one_block(const RowGroups& groups, int64_t n, int32_t* workspace, Stream& stream) {
  const int passes = (id_bits(n) + digit_bits - 1) / digit_bits;
  int32_t* const ids0 = workspace;
  int32_t* const ids1 = workspace + groups.count;
  int32_t* const spare = workspace + 2 * groups.count;
  // The last pass writes to groups.order.
  launch(group_rows_kernel, 1, block_threads, 0, stream, groups.ids, static_cast<int>(groups.count), passes, ids0, ids1,
         passes % 2 == 0 ? groups.order : spare, passes % 2 == 0 ? spare : groups.order, groups.distinct, groups.offsets,
         groups.group_of, groups.group_count);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
