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

/// The arrays of a matrix's non-zeros. Below `quads_end` columns and values can be read four at a time.
struct NonZeros {
  const int32_t* __restrict__ col_indices;
  const float* __restrict__ values;
  const int64_t* __restrict__ value_index;
  int64_t quads_end;
};

inline NonZeros non_zeros_of(const CsrView& a) {
  const bool aligned = aligned_for_quads(a.col_indices, a.values);
  return {a.col_indices, a.values, a.value_index, aligned ? a.nnz / 4 * 4 : 0};
}

/// sum[p] += value(k) * x[column(k)][piece p] for the non-zeros [begin, end), one after the other. They are read by aligned
/// fours, of which the first and the last may lie in part outside, so that four gathers are in flight in short rows too. `x`
/// points to the lane's first column; its pieces are `distance` floats apart, and the first `owned` of them lie within the
/// matrix.
template <class Piece, int pieces, Values kind>
__device__ __forceinline__ void add_range(int64_t begin, int64_t end, const NonZeros& a, int64_t d, const float* __restrict__ x,
                                          int distance, int owned, Piece (&sum)[pieces]) {
  for (int64_t k = begin & ~int64_t{3}; k < end; k += 4) {
    const int from = k < begin ? static_cast<int>(begin - k) : 0;
    const int to = end - k < 4 ? static_cast<int>(end - k) : 4;
    int32_t column[4] = {};
    float value[4] = {};
    if (k < a.quads_end) {
      const int4 columns = *reinterpret_cast<const int4*>(a.col_indices + k);
      column[0] = columns.x, column[1] = columns.y, column[2] = columns.z, column[3] = columns.w;
    } else {
      HEDDLE_UNROLL
      for (int e = 0; e < 4; ++e) {
        if (e >= from && e < to) column[e] = a.col_indices[k + e];
      }
    }
    if (kind == Values::in_order && k < a.quads_end) {
      const float4 values = load4(a.values + k);
      value[0] = values.x, value[1] = values.y, value[2] = values.z, value[3] = values.w;
    } else {
      HEDDLE_UNROLL
      for (int e = 0; e < 4; ++e) {
        if (kind == Values::ones || (e >= from && e < to)) value[e] = value_at<kind>(a.values, a.value_index, k + e);
      }
    }
    Piece gathered[4][pieces];
    HEDDLE_UNROLL
    for (int e = 0; e < 4; ++e) {
      const float* const source = x + column[e] * d;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        const bool wanted = e >= from && e < to && p < owned;
        gathered[e][p] = wanted ? *reinterpret_cast<const Piece*>(source + p * distance) : Piece{};
      }
    }
    HEDDLE_UNROLL
    for (int e = 0; e < 4; ++e) {
      if (e < from || e >= to) continue;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) sum[p] = fma_piece(value[e], gathered[e][p], sum[p]);
    }
  }
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
