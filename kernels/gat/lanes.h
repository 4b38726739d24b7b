#pragma once

#include <algorithm>
#include <bit>

#include "heddle/error.h"
#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"
#include "kernels/gat/gat.h"

// How the attention kernels lay a row's heads and columns over the lanes of a warp.
namespace heddle::kernels::HEDDLE_TWIN {

inline constexpr int block_threads = 256;
inline constexpr int most_pieces = 8;

/// Blocks that a multiprocessor is to hold: two, or one where three arrays of a lane's pieces alone take a hundred registers.
/// Told none, ptxas settles for fewer registers than the kernels need, and spills.
template <class Piece, int pieces>
inline constexpr int blocks_at_once = sizeof(Piece) * pieces > 32 ? 1 : 2;

/// How a row's columns are laid over lanes.
struct Lanes {
  int heads_at_once;  // a power of two
  int per_head;       // a power of two; heads_at_once * per_head <= 32
  __device__ __forceinline__ int group() const { return heads_at_once * per_head; }
};

struct Drop {
  uint32_t threshold;
  float scale;
  RandomStream random;
  /// 0 or the scale, for edge number k.
  __device__ __forceinline__ float factor(int64_t k, int64_t stride, int64_t head) const {
    if (threshold == 0) return 1.0f;
    return random_word(random, static_cast<uint64_t>(k * stride + head)) < threshold ? 0.0f : scale;
  }
};

/// The sum over `lanes` neighbouring lanes that start at a multiple of it, in each of them.
__device__ __forceinline__ float sum_of_lanes(float value, int lanes) {
  const unsigned own = lane_id();
  const unsigned mask = lanes == 32 ? 0xFFFFFFFFu : ((1u << lanes) - 1) << (own & ~(static_cast<unsigned>(lanes) - 1));
  for (int distance = lanes / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(mask, value, distance);
  return value;
}

__device__ __forceinline__ float times(float factor, float x) { return factor * x; }
__device__ __forceinline__ float4 times(float factor, float4 x) {
  return make_float4(factor * x.x, factor * x.y, factor * x.z, factor * x.w);
}
__device__ __forceinline__ float inner(float a, float b) { return a * b; }
__device__ __forceinline__ float inner(float4 a, float4 b) { return a.x * b.x + a.y * b.y + (a.z * b.z + a.w * b.w); }

/// A lane's share of a row: `owned` pieces, `distance` floats apart.
template <class Piece, int pieces>
struct Share {
  int64_t head;
  int64_t first;  // the lane's first column in the row
  int distance;
  int owned;
  bool leads;  // the head's first lane

  __device__ __forceinline__ Share(const Lanes& lanes, int64_t heads, int64_t columns) {
    constexpr int piece_floats = sizeof(Piece) / sizeof(float);
    const int lane = static_cast<int>(threadIdx.x) & (lanes.group() - 1);
    const int part = lane & (lanes.per_head - 1);
    head = int64_t{blockIdx.y} * lanes.heads_at_once + lane / lanes.per_head;
    first = head * columns + part * piece_floats;
    distance = lanes.per_head * piece_floats;
    leads = part == 0;
    owned = 0;
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) owned += head < heads && part * piece_floats + p * distance < columns;
  }
  __device__ __forceinline__ void read(const float* row, Piece (&values)[pieces]) const {
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) {
      values[p] = p < owned ? *reinterpret_cast<const Piece*>(row + first + p * distance) : Piece{};
    }
  }
  __device__ __forceinline__ void write(float* row, const Piece (&values)[pieces]) const {
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) {
      if (p < owned) *reinterpret_cast<Piece*>(row + first + p * distance) = values[p];
    }
  }
};

inline Drop drop_of(const GatUse& use) { return {dropout_threshold(use.dropout), 1.0f / (1.0f - use.dropout), use.random}; }

/// A grid's shape and its kernel's sizes.
struct Plan {
  Lanes lanes;
  dim3 grid;
};

/// Calls run.operator()<Piece, pieces>(plan) with the widest pieces that the sizes allow and the fewest that hold a head.
template <class Run>
void with_pieces(int64_t rows, int64_t heads, int64_t columns, bool quads, const Run& run) {
  const int64_t floats = quads ? 4 : 1;
  const auto wanted = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>((columns + floats - 1) / floats)));
  int64_t at_once = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(heads, 32))));
  while (at_once > 1 && 32 / at_once * floats * 4 < columns) at_once /= 2;  // more than four pieces a lane cost occupancy
  const int64_t per_head = std::min<int64_t>(wanted, 32 / at_once);
  const int64_t pieces = (columns + per_head * floats - 1) / (per_head * floats);
  require(pieces <= most_pieces, ErrorKind::usage, "gat: a head of ", counted(columns, "column"),
          "; on a GPU and on simt one has at most ", 32 * floats * most_pieces,
          quads ? "" : ", or four times as many where that is a multiple of 4");
  const int64_t rounds = (heads + at_once - 1) / at_once;
  const Plan plan{
      {static_cast<int>(at_once), static_cast<int>(per_head)},
      dim3(static_cast<unsigned>(blocks_for(rows, block_threads / (at_once * per_head))), static_cast<unsigned>(rounds))};
  const auto with = [&]<class Piece>() {
    if (pieces == 1) return run.template operator()<Piece, 1>(plan);
    if (pieces == 2) return run.template operator()<Piece, 2>(plan);
    if (pieces <= 4) return run.template operator()<Piece, 4>(plan);
    return run.template operator()<Piece, most_pieces>(plan);
  };
  quads ? with.template operator()<float4>() : with.template operator()<float>();
}

}  // namespace heddle::kernels::HEDDLE_TWIN
