// Kernels of textbook shape: what they do to memory can be worked out by hand.

#include "tests/simt/counted_kernels.h"

#include <heddle/kernel/kernel.h>

namespace heddle::kernels::HEDDLE_TWIN {
namespace {

constexpr int width = 64;

__global__ void thread_per_row_kernel(int rows, const int32_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                                      const float* __restrict__ values, const float* __restrict__ x, float* __restrict__ y) {
  const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (row >= rows) return;
  const int begin = row_offsets[row], end = row_offsets[row + 1];
  for (int c = 0; c < width; ++c) {
    float sum = 0;
    for (int k = begin; k < end; ++k) sum += values[k] * x[col_indices[k] * width + c];
    y[row * width + c] = sum;
  }
}

__global__ void warp_per_row_kernel(int rows, const int32_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                                    const float* __restrict__ values, const float* __restrict__ x, float* __restrict__ y) {
  const int row = static_cast<int>(blockIdx.x * (blockDim.x / 32) + warp_id());
  if (row >= rows) return;
  const int begin = row_offsets[row], end = row_offsets[row + 1];
  for (int c = static_cast<int>(lane_id()); c < width; c += 32) {
    float sum = 0;
    for (int k = begin; k < end; ++k) sum += values[k] * x[col_indices[k] * width + c];
    y[row * width + c] = sum;
  }
}

__global__ void warp_per_row_4_kernel(int rows, const int32_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                                      const float* __restrict__ values, const float* __restrict__ x, float* __restrict__ y) {
  const int row = static_cast<int>(blockIdx.x * (blockDim.x / 32) + warp_id());
  if (row >= rows) return;
  const int begin = row_offsets[row], end = row_offsets[row + 1];
  for (int c = static_cast<int>(lane_id()) * 4; c < width; c += 128) {
    float4 sum = make_float4(0, 0, 0, 0);
    for (int k = begin; k < end; ++k) sum = fma4(values[k], load4(x + col_indices[k] * width + c), sum);
    store4(y + row * width + c, sum);
  }
}

template <int pitch>
__global__ void transpose_tile_kernel(const float* __restrict__ in, float* __restrict__ out) {
  SHARED(float, tile, 32, pitch);
  tile[threadIdx.y][threadIdx.x] = in[threadIdx.y * 32 + threadIdx.x];
  __syncthreads();
  out[threadIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}

__global__ void copy_kernel(const float* __restrict__ x, float* __restrict__ out, int count) {
  const int i = static_cast<int>(threadIdx.x);
  if (i < count) out[i] = x[i];
}

__global__ void atomics_kernel(int* __restrict__ counters, int lanes_each) {
  atomicMax(counters + (blockIdx.x * blockDim.x + threadIdx.x) / static_cast<unsigned>(lanes_each),
            static_cast<int>(threadIdx.x));
}

__global__ void shared_quads_kernel(const float* __restrict__ in, float* __restrict__ out) {
  SHARED(float, tile, 128);
  store4(tile + 4 * threadIdx.x, load4(in + 4 * threadIdx.x));
  __syncwarp();
  store4(out + 4 * threadIdx.x, load4(tile + 4 * (31 - threadIdx.x)));
}

__global__ void collectives_kernel(int* __restrict__ out) {
  int value = static_cast<int>(threadIdx.x);
  value += __shfl_xor_sync(0xFFFFFFFFu, value, 1);
  value += __any_sync(0xFFFFFFFFu, value > 3);
  __syncwarp();
  __syncthreads();
  out[threadIdx.x] = value;
  __syncthreads();
}

}  // namespace

void counted_thread_per_row(const CountedProduct& p, Stream& stream) {
  launch(thread_per_row_kernel, (p.rows + 255) / 256, 256, 0, stream, p.rows, p.row_offsets, p.col_indices, p.values, p.x, p.y);
}
void counted_warp_per_row(const CountedProduct& p, Stream& stream) {
  launch(warp_per_row_kernel, (p.rows + 7) / 8, 256, 0, stream, p.rows, p.row_offsets, p.col_indices, p.values, p.x, p.y);
}
void counted_warp_per_row_4(const CountedProduct& p, Stream& stream) {
  launch(warp_per_row_4_kernel, (p.rows + 7) / 8, 256, 0, stream, p.rows, p.row_offsets, p.col_indices, p.values, p.x, p.y);
}
void counted_transpose(const float* in, float* out, bool padded, Stream& stream) {
  launch(padded ? transpose_tile_kernel<33> : transpose_tile_kernel<32>, 1, dim3(32, 32), 0, stream, in, out);
}
void counted_copy(const float* x, float* out, int count, Stream& stream) { launch(copy_kernel, 1, 32, 0, stream, x, out, count); }
void counted_atomics(int* counters, int warps, int lanes_each, Stream& stream) {
  launch(atomics_kernel, warps, 32, 0, stream, counters, lanes_each);
}
void counted_shared_quads(const float* in, float* out, Stream& stream) { launch(shared_quads_kernel, 1, 32, 0, stream, in, out); }
void counted_collectives(int* out, Stream& stream) { launch(collectives_kernel, 1, 64, 0, stream, out); }

}  // namespace heddle::kernels::HEDDLE_TWIN
