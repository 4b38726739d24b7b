#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "heddle/kernel/kernel.h"
#include "heddle/kernel/spmm.h"
#include "kernels/common/quads.h"
#include "kernels/spmm/values.h"

// What the variants share whose lanes lie along a row's columns: a group of 2^k <= 32 lanes owns a tile of them, each lane one
// or more pieces (a float4 where d is a multiple of 4 and the arrays are aligned, else a float), and adds up x rows in registers.
namespace heddle::kernels::HEDDLE_TWIN {

constexpr int edges_in_flight = 4;

__device__ __forceinline__ float add_piece(float a, float b) { return a + b; }
__device__ __forceinline__ float4 add_piece(float4 a, float4 b) {
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}

/// How many of a lane's pieces lie within the matrix, where the first is at `column` and they are `distance` floats apart.
template <int pieces>
__device__ __forceinline__ int owned_pieces(int64_t column, int distance, int64_t d) {
  int owned = 0;
  HEDDLE_UNROLL
  for (int p = 0; p < pieces; ++p) owned += column + p * distance < d;
  return owned;
}

/// sum[p] += value(k) * x[column(k)][piece p] for `edges` non-zeros from k on, one after the other. `x` points to the lane's
/// first column; its pieces are `distance` floats apart, and the first `owned` of them lie within the matrix.
template <int edges, class Piece, int pieces, Values kind>
__device__ __forceinline__ void add_edges(int64_t k, int64_t d, const int32_t* __restrict__ col_indices,
                                          const float* __restrict__ values, const int64_t* __restrict__ value_index,
                                          const float* __restrict__ x, int distance, int owned, Piece (&sum)[pieces]) {
  float value[edges];
  Piece gathered[edges][pieces];
  HEDDLE_UNROLL
  for (int e = 0; e < edges; ++e) {
    const float* const source = x + col_indices[k + e] * d;
    value[e] = value_at<kind>(values, value_index, k + e);
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) {
      gathered[e][p] = p < owned ? *reinterpret_cast<const Piece*>(source + p * distance) : Piece{};
    }
  }
  HEDDLE_UNROLL
  for (int e = 0; e < edges; ++e) {
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) sum[p] = fma_piece(value[e], gathered[e][p], sum[p]);
  }
}

/// The same for the non-zeros [k, end), with several gathers in flight.
template <class Piece, int pieces, Values kind>
__device__ __forceinline__ void add_range(int64_t k, int64_t end, int64_t d, const int32_t* __restrict__ col_indices,
                                          const float* __restrict__ values, const int64_t* __restrict__ value_index,
                                          const float* __restrict__ x, int distance, int owned, Piece (&sum)[pieces]) {
  for (; k + edges_in_flight <= end; k += edges_in_flight) {
    add_edges<edges_in_flight, Piece, pieces, kind>(k, d, col_indices, values, value_index, x, distance, owned, sum);
  }
  for (; k < end; ++k) add_edges<1, Piece, pieces, kind>(k, d, col_indices, values, value_index, x, distance, owned, sum);
}

/// Writes a lane's pieces; `y` points to the place of the first.
template <class Piece, int pieces>
__device__ __forceinline__ void store_pieces(float* __restrict__ y, int distance, int owned, const Piece (&sum)[pieces]) {
  HEDDLE_UNROLL
  for (int p = 0; p < pieces; ++p) {
    if (p < owned) *reinterpret_cast<Piece*>(y + p * distance) = sum[p];
  }
}

/// How `d` columns are laid over lanes, each with `pieces` of type Piece.
struct ColumnLayout {
  int lanes;       ///< of a group
  unsigned tiles;  ///< blocks along the grid's y, which walk the columns with the grid's stride
};

template <class Piece, int pieces>
ColumnLayout column_layout(int64_t d) {
  constexpr int64_t lane_floats = pieces * sizeof(Piece) / sizeof(float);
  const int64_t wanted = (d + lane_floats - 1) / lane_floats;
  const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(wanted, 32))));
  const int64_t tiles = (d + lanes * lane_floats - 1) / (lanes * lane_floats);
  return {lanes, static_cast<unsigned>(std::min<int64_t>(tiles, 65535))};
}

/// Calls run.operator()<Piece, pieces>() with what suits the width and the alignment of x and y.
template <class Run>
void with_pieces(const SpmmArgs& args, const Run& run) {
  const int64_t d = args.x.cols;
  if (d % 4 == 0 && aligned_for_quads(args.x.data, args.y.data)) {
    return d <= 128 ? run.template operator()<float4, 1>() : run.template operator()<float4, 2>();
  }
  if (d <= 32) return run.template operator()<float, 1>();
  return d <= 64 ? run.template operator()<float, 2>() : run.template operator()<float, 4>();
}

}  // namespace heddle::kernels::HEDDLE_TWIN
