#pragma once

#include "heddle/kernel/kernel.h"

namespace heddle::kernels::HEDDLE_TWIN {

/// The sum over the block's threads, a power of two of them, for thread 0: pairs are added as a tree. Every thread must call it.
template <int threads>
__device__ __forceinline__ double block_sum(double value) {
  SHARED(double, sums, threads);
  const int thread = static_cast<int>(threadIdx.x);
  sums[thread] = value;
  for (int width = threads / 2; width > 0; width /= 2) {
    __syncthreads();
    if (thread < width) sums[thread] += sums[thread + width];
  }
  return sums[thread];
}

}  // namespace heddle::kernels::HEDDLE_TWIN
