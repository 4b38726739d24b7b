#pragma once

#include "heddle/kernel/portable.h"

namespace heddle::kernels::HEDDLE_TWIN {

/// The thread's number in its block, x fastest: warps are 32 consecutive numbers.
__device__ __forceinline__ unsigned thread_rank() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
/// Its place in its warp.
__device__ __forceinline__ unsigned lane_id() { return thread_rank() % 32; }
/// Its warp's number in the block.
__device__ __forceinline__ unsigned warp_id() { return thread_rank() / 32; }

/// The mask of the `width` consecutive lanes among which the calling lane stands. width: a power of two up to 32.
template <int width>
__device__ __forceinline__ unsigned group_mask() {
  static_assert(width >= 1 && width <= 32 && (width & (width - 1)) == 0, "a group of lanes is a power of two up to 32");
  if constexpr (width == 32) {
    return 0xFFFFFFFFu;
  } else {
    return ((1u << width) - 1) << (lane_id() & ~(width - 1u));
  }
}

/// The sum over the group's lanes, in every lane the same bits: a butterfly adds pairs in one fixed order.
template <int width, class T>
__device__ __forceinline__ T group_sum(T value) {
  const unsigned mask = group_mask<width>();
  HEDDLE_UNROLL
  for (int distance = width / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(mask, value, distance, width);
  return value;
}

/// The greatest value of the group's lanes, in every lane.
template <int width, class T>
__device__ __forceinline__ T group_max(T value) {
  const unsigned mask = group_mask<width>();
  HEDDLE_UNROLL
  for (int distance = width / 2; distance > 0; distance /= 2) {
    const T other = __shfl_xor_sync(mask, value, distance, width);
    value = other > value ? other : value;
  }
  return value;
}

/// Four neighbouring floats in one 16-byte access; `address` must be a multiple of 16.
__device__ __forceinline__ float4 load4(const float* address) { return *reinterpret_cast<const float4*>(address); }
/// As load4.
__device__ __forceinline__ void store4(float* address, float4 value) { *reinterpret_cast<float4*>(address) = value; }

/// factor * x + sum, element by element; nvcc contracts each into one FMA.
__device__ __forceinline__ float4 fma4(float factor, float4 x, float4 sum) {
  return make_float4(factor * x.x + sum.x, factor * x.y + sum.y, factor * x.z + sum.z, factor * x.w + sum.w);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
