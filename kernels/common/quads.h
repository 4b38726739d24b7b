#pragma once

#include <algorithm>
#include <cstdint>

#include "heddle/kernel/kernel.h"

// For kernels that walk arrays four neighbours at a time: a quad is one 16-byte access, and one Philox call serves it.
namespace heddle::kernels::HEDDLE_TWIN {

/// Whether every pointer may be read and written in quads.
template <class... Pointers>
bool aligned_for_quads(const Pointers*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
}

/// Blocks for a loop with a grid's stride. The limit is far above what a GPU runs at once and far below what a grid may have.
inline int64_t blocks_for(int64_t items, int64_t items_per_block) {
  return std::min<int64_t>((items + items_per_block - 1) / items_per_block, int64_t{1} << 20);
}

__device__ __forceinline__ int64_t global_thread() { return int64_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ __forceinline__ int64_t global_threads() { return int64_t{gridDim.x} * blockDim.x; }

/// Elements first ... first + 3 of an array of `size`; those past its end are 0. `aligned` says that the array is.
__device__ __forceinline__ void load_quad(const float* x, int64_t first, int64_t size, bool aligned, float (&quad)[4]) {
  if (aligned && first + 4 <= size) {
    const float4 loaded = load4(x + first);
    quad[0] = loaded.x;
    quad[1] = loaded.y;
    quad[2] = loaded.z;
    quad[3] = loaded.w;
  } else {
    HEDDLE_UNROLL
    for (int j = 0; j < 4; ++j) quad[j] = first + j < size ? x[first + j] : 0.0f;
  }
}

__device__ __forceinline__ void store_quad(float* y, int64_t first, int64_t size, bool aligned, const float (&quad)[4]) {
  if (aligned && first + 4 <= size) {
    store4(y + first, make_float4(quad[0], quad[1], quad[2], quad[3]));
  } else {
    HEDDLE_UNROLL
    for (int j = 0; j < 4; ++j) {
      if (first + j < size) y[first + j] = quad[j];
    }
  }
}

/// factor * x + sum of a lane's piece of a row: a float or a float4.
__device__ __forceinline__ float fma_piece(float factor, float x, float sum) { return factor * x + sum; }
__device__ __forceinline__ float4 fma_piece(float factor, float4 x, float4 sum) { return fma4(factor, x, sum); }

}  // namespace heddle::kernels::HEDDLE_TWIN
