#include "kernels/propagate/propagate.h"

#include <algorithm>
#include <bit>

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"

// Idea: a group of 2^k <= 32 lanes owns a row and a tile of its columns, and walks the row's non-zeros in order, four at a time
// so that four gathers are in flight. A lane holds one 16-byte piece of x's row (4 floats, or 8 bfloat16) where width and
// pointers allow, else one element. The row's factors come in once, at its end.
// Bytes: nnz (4 + 4 per stored value, slot or scale) per tile, nnz width (4 or 2) gathered, n width (4 or 2) written.
// Source: C. Yang, A. Buluc, J. Owens: "Design principles for sparse matrix multiplication on the GPU", Euro-Par 2018 (row
// split).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int edges_in_flight = 4;

__device__ __forceinline__ float bf16_low(unsigned pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float bf16_high(unsigned pair) { return __uint_as_float(pair & 0xFFFF0000u); }
/// To the nearest, ties to even; rounding could carry a NaN into infinity, so its top half is kept and made quiet.
__device__ __forceinline__ unsigned to_bf16(float value) {
  const unsigned bits = __float_as_uint(value);
  return value != value ? bits >> 16 | 0x40u : (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
}
__device__ __forceinline__ unsigned bf16_pair(float low, float high) { return to_bf16(low) | to_bf16(high) << 16; }

/// `count` neighbouring elements from `at` on: 1, or as many as 16 bytes hold.
template <int count>
__device__ __forceinline__ void load_elements(const float* __restrict__ rows, int64_t at, float (&elements)[count]) {
  if constexpr (count == 1) {
    elements[0] = rows[at];
  } else {
    HEDDLE_UNROLL
    for (int i = 0; i < count; i += 4) {
      const float4 quad = load4(rows + at + i);
      elements[i] = quad.x;
      elements[i + 1] = quad.y;
      elements[i + 2] = quad.z;
      elements[i + 3] = quad.w;
    }
  }
}
template <int count>
__device__ __forceinline__ void load_elements(const uint16_t* __restrict__ rows, int64_t at, float (&elements)[count]) {
  static_assert(count == 1 || count == 8, "a lane holds one bfloat16, or 16 bytes of them");
  if constexpr (count == 1) {
    elements[0] = bf16_low(rows[at]);
  } else {
    const uint4 packed = *reinterpret_cast<const uint4*>(rows + at);
    const unsigned words[4] = {packed.x, packed.y, packed.z, packed.w};
    HEDDLE_UNROLL
    for (int i = 0; i < 4; ++i) {
      elements[2 * i] = bf16_low(words[i]);
      elements[2 * i + 1] = bf16_high(words[i]);
    }
  }
}

template <int count>
__device__ __forceinline__ void store_elements(const StoredRows& rows, int64_t at, const float (&elements)[count]) {
  if constexpr (count == 1) {
    if (rows.bf16 != nullptr) {
      rows.bf16[at] = static_cast<uint16_t>(to_bf16(elements[0]));
    } else {
      rows.f32[at] = elements[0];
    }
  } else if (rows.bf16 == nullptr) {
    HEDDLE_UNROLL
    for (int i = 0; i < count; i += 4) {
      store4(rows.f32 + at + i, make_float4(elements[i], elements[i + 1], elements[i + 2], elements[i + 3]));
    }
  } else {
    HEDDLE_UNROLL
    for (int i = 0; i < count; i += 4) {
      *reinterpret_cast<uint2*>(rows.bf16 + at + i) =
          make_uint2(bf16_pair(elements[i], elements[i + 1]), bf16_pair(elements[i + 2], elements[i + 3]));
    }
  }
}

/// Where the lane's columns of a non-zero's x row stand, and what they are multiplied with; absent: weight 0 of row 0.
struct Edge {
  int64_t row;
  float weight;
  bool present;
};
__device__ __forceinline__ Edge edge_at(const PropagateArgs& args, int64_t k) {
  const int32_t column = args.a.col_indices[k];
  const int32_t slot = args.x_slots != nullptr ? args.x_slots[column] : column;
  float weight = args.a.values != nullptr ? args.a.values[k] : 1.0f;
  if (args.x_scale != nullptr) weight *= args.x_scale[column];
  return {slot, weight, slot >= 0};
}

template <int edges, class Stored, int elements>
__device__ __forceinline__ void add_edges(const PropagateArgs& args, const Stored* __restrict__ x, int64_t k, int64_t column,
                                          float (&sum)[elements]) {
  float weight[edges];
  float gathered[edges][elements];
  HEDDLE_UNROLL
  for (int e = 0; e < edges; ++e) {
    const Edge edge = edge_at(args, k + e);
    weight[e] = edge.weight;
    if (edge.present) {
      load_elements(x, edge.row * args.width + column, gathered[e]);
    } else {
      HEDDLE_UNROLL
      for (int i = 0; i < elements; ++i) gathered[e][i] = 0;
    }
  }
  HEDDLE_UNROLL
  for (int e = 0; e < edges; ++e) {
    HEDDLE_UNROLL
    for (int i = 0; i < elements; ++i) sum[i] += weight[e] * gathered[e][i];
  }
}

/// Grid: listed rows along x, column tiles along y, both with the grid's stride. `lanes` is the group's size.
template <class Stored, int elements>
__global__ void __launch_bounds__(block_threads)
    propagate_kernel(int lanes, int64_t count, const Stored* __restrict__ x, const PropagateArgs args) {
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int64_t tile = int64_t{lanes} * elements;
  for (int64_t column = blockIdx.y * tile + int64_t{lane} * elements; column < args.width; column += gridDim.y * tile) {
    for (int64_t p = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; p < count; p += int64_t{gridDim.x} * groups) {
      const int64_t row = args.rows != nullptr ? args.rows[p] : p;
      const int64_t end = args.a.row_offsets[row + 1];
      int64_t k = args.a.row_offsets[row];
      float sum[elements] = {};
      for (; k + edges_in_flight <= end; k += edges_in_flight) add_edges<edges_in_flight>(args, x, k, column, sum);
      for (; k < end; ++k) add_edges<1>(args, x, k, column, sum);

      const float scale = args.scale[row];
      const float factor = args.prescale ? args.factor * scale : args.factor;
      const int64_t base_row = args.base == nullptr ? -1 : args.base_slots != nullptr ? args.base_slots[row] : row;
      float base[elements] = {};
      if (base_row >= 0) load_elements(args.base, base_row * args.width + column, base);
      HEDDLE_UNROLL
      for (int i = 0; i < elements; ++i) sum[i] = factor * (base[i] + scale * sum[i]);
      store_elements(args.y, (args.rows != nullptr && args.compact ? p : row) * args.width + column, sum);
    }
  }
}

template <int elements>
__global__ void __launch_bounds__(block_threads) prescale_kernel(const PrescaleArgs args) {
  const int64_t pieces = args.width / elements;
  for (int64_t i = global_thread(); i < args.rows * pieces; i += global_threads()) {
    const float scale = args.scale[i / pieces];
    float values[elements];
    load_elements(args.x, i * elements, values);
    HEDDLE_UNROLL
    for (int j = 0; j < elements; ++j) values[j] *= scale;
    store_elements(args.y, i * elements, values);
  }
}

template <class Stored, int elements>
void launch_propagate(const PropagateArgs& args, const Stored* x, Stream& stream) {
  const int64_t wanted = (args.width + elements - 1) / elements;
  const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(wanted, 32))));
  const int64_t tiles = (wanted + lanes - 1) / lanes;
  const int64_t count = args.rows != nullptr ? args.row_count : args.a.rows;
  const dim3 grid(static_cast<unsigned>(blocks_for(count, block_threads / lanes)),
                  static_cast<unsigned>(std::min<int64_t>(tiles, 65535)));
  launch(propagate_kernel<Stored, elements>, grid, block_threads, 0, stream, lanes, count, x, args);
}

}  // namespace

void propagate(const PropagateArgs& args, Stream& stream) {
  const bool aligned = aligned_for_quads(args.x.f32, args.x.bf16, args.base, args.y.f32, args.y.bf16);
  if (args.x.bf16 != nullptr) {
    return aligned && args.width % 8 == 0 ? launch_propagate<uint16_t, 8>(args, args.x.bf16, stream)
                                          : launch_propagate<uint16_t, 1>(args, args.x.bf16, stream);
  }
  return aligned && args.width % 4 == 0 ? launch_propagate<float, 4>(args, args.x.f32, stream)
                                        : launch_propagate<float, 1>(args, args.x.f32, stream);
}

void prescale(const PrescaleArgs& args, Stream& stream) {
  const bool quads = args.width % 4 == 0 && aligned_for_quads(args.x, args.y.f32, args.y.bf16);
  const int64_t pieces = args.rows * args.width / (quads ? 4 : 1);
  const auto kernel = quads ? prescale_kernel<4> : prescale_kernel<1>;
  launch(kernel, blocks_for(pieces, block_threads), block_threads, 0, stream, args);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
