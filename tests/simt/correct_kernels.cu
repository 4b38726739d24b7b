// Kernels that keep every rule: no order of their threads, and no check of the executor, may find anything in them.

#include <heddle/kernel/kernel.h>

#include "tests/simt/kernels.h"

namespace heddle::kernels::HEDDLE_TWIN {
namespace {

constexpr int block_size = 256;

// One sum per block by halving in shared memory.
__global__ void block_sum_kernel(const float* __restrict__ x, float* __restrict__ sums, int count) {
  SHARED(float, partial, block_size);
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  partial[threadIdx.x] = i < count ? x[i] : 0.0f;
  __syncthreads();
  for (unsigned half = block_size / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = partial[0];
}

// Tiles of 32 x 32 through shared memory, 8 rows of threads; the extra column keeps a tile's column in distinct banks.
__global__ void transpose_kernel(const float* __restrict__ in, float* __restrict__ out, int rows, int cols) {
  SHARED(float, tile, 32, 33);
  const int col = static_cast<int>(blockIdx.x * 32 + threadIdx.x);
  for (unsigned r = threadIdx.y; r < 32; r += blockDim.y) {
    const int row = static_cast<int>(blockIdx.y * 32 + r);
    if (row < rows && col < cols) tile[r][threadIdx.x] = in[row * cols + col];
  }
  __syncthreads();
  const int out_col = static_cast<int>(blockIdx.y * 32 + threadIdx.x);
  for (unsigned r = threadIdx.y; r < 32; r += blockDim.y) {
    const int out_row = static_cast<int>(blockIdx.x * 32 + r);
    if (out_row < cols && out_col < rows) out[out_row * rows + out_col] = tile[threadIdx.x][r];
  }
}

// Inclusive sums over the 32 elements of each warp.
__global__ void warp_scan_kernel(const int* __restrict__ x, int* __restrict__ sums) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  int value = x[i];
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    const int before = __shfl_up_sync(0xFFFFFFFFu, value, distance);
    if (lane_id() >= distance) value += before;
  }
  sums[i] = value;
}

// Groups of 8 lanes; every other group of a warp has nothing to do.
__global__ void group_reduce_kernel(const float* __restrict__ x, float* __restrict__ sums, double* __restrict__ greatest) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i / 8 % 2 == 0) {
    const float sum = group_sum<8>(x[i]);
    const double most = group_max<8>(static_cast<double>(x[i]));
    const float first = __shfl_sync(group_mask<8>(), sum, 0, 8);
    const float last = __shfl_down_sync(group_mask<8>(), sum, 7, 8);
    if (i % 8 == 0) {
      sums[i / 8] = 0.5f * (first + last);
      greatest[i / 8] = most;
    }
  }
}

// Each block turns its stretch around in dynamic shared memory.
__global__ void reverse_kernel(const float* __restrict__ in, float* __restrict__ out) {
  DYN_SHARED(float, stretch);
  const unsigned first = blockIdx.x * blockDim.x;
  stretch[threadIdx.x] = in[first + threadIdx.x];
  __syncthreads();
  out[first + threadIdx.x] = stretch[blockDim.x - 1 - threadIdx.x];
}

// Counts in shared memory, then adds them to the whole grid's.
__global__ void histogram_kernel(const unsigned char* __restrict__ x, int count, unsigned* __restrict__ bins,
                                 int* __restrict__ greatest) {
  SHARED(unsigned, mine, 64);
  if (threadIdx.x < 64) mine[threadIdx.x] = 0;
  __syncthreads();
  const int stride = static_cast<int>(gridDim.x * blockDim.x);
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < count; i += stride) {
    atomicAdd(&mine[x[i] % 64], 1u);
    atomicMax(greatest, static_cast<int>(x[i]));
  }
  __syncthreads();
  if (threadIdx.x < 64) atomicAdd(&bins[threadIdx.x], mine[threadIdx.x]);
}

// Each lane passes a number to its neighbour through shared memory, ordered by __syncwarp alone.
__global__ void warp_exchange_kernel(const int* __restrict__ in, int* __restrict__ out) {
  SHARED(int, slots, block_size);
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned neighbour = threadIdx.x / 32 * 32 + (threadIdx.x + 1) % 32;
  slots[threadIdx.x] = in[i];
  __syncwarp();
  const int value = slots[neighbour];
  __syncwarp();
  slots[threadIdx.x] = value;
  __syncwarp();
  out[i] = slots[neighbour];
}

__global__ void vote_kernel(const int* __restrict__ x, unsigned* __restrict__ ballots) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  const unsigned ballot = __ballot_sync(0xFFFFFFFFu, x[i] > 0);
  const int any = __any_sync(0xFFFFFFFFu, x[i] > 0), all = __all_sync(0xFFFFFFFFu, x[i] > 0);
  if (lane_id() == 0) ballots[i / 32] = any != (ballot != 0) || all != (ballot == 0xFFFFFFFFu) ? 0xDEADu : ballot;
}

// The block that comes last adds up what the others published.
__global__ void last_block_sum_kernel(const float* __restrict__ x, float* __restrict__ partial, unsigned* __restrict__ arrived,
                                      float* __restrict__ total) {
  SHARED(bool, last);
  const float sum = group_sum<32>(x[blockIdx.x * 32 + threadIdx.x]);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    last = atomicAdd(arrived, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    __threadfence();
    float all = 0.0f;
    for (unsigned b = 0; b < gridDim.x; ++b) all += partial[b];
    *total = all;
  }
}

// The first lanes of eight warps take turns; the first warp must wait for all others.
__global__ void ticket_kernel(int* __restrict__ ticket, int* __restrict__ order) {
  if (lane_id() != 0) return;
  const int warp = static_cast<int>(warp_id());
  const int mine = (warp + 7) % 8;
  while (atomicCAS(ticket, mine, mine) != mine) {
  }
  atomicExch(&order[mine], warp);
  atomicAdd(ticket, 1);
}

__global__ void copy4_kernel(const float* __restrict__ in, float* __restrict__ out, int quads) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < quads) store4(out + 4 * i, fma4(2.0f, load4(in + 4 * i), make_float4(1, 2, 3, 4)));
}

__global__ void philox_kernel(RandomStream random, unsigned* __restrict__ words, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) words[i] = random_word(random, static_cast<uint64_t>(i));
}

}  // namespace

int blocks_for(int threads, int block) { return (threads + block - 1) / block; }

void block_sum(const float* x, float* sums, int count, Stream& stream) {
  launch(block_sum_kernel, blocks_for(count, block_size), block_size, 0, stream, x, sums, count);
}
void transpose(const float* in, float* out, int rows, int cols, Stream& stream) {
  launch(transpose_kernel, dim3(blocks_for(cols, 32), blocks_for(rows, 32)), dim3(32, 8), 0, stream, in, out, rows, cols);
}
void warp_scan(const int* x, int* sums, int blocks, Stream& stream) { launch(warp_scan_kernel, blocks, 64, 0, stream, x, sums); }
void group_reduce(const float* x, float* sums, double* greatest, int blocks, Stream& stream) {
  launch(group_reduce_kernel, blocks, 64, 0, stream, x, sums, greatest);
}
void reverse(const float* in, float* out, int blocks, int block, Stream& stream) {
  launch(reverse_kernel, blocks, static_cast<unsigned>(block), block * sizeof(float), stream, in, out);
}
void histogram(const unsigned char* x, int count, unsigned* bins, int* greatest, Stream& stream) {
  launch(histogram_kernel, 5, 128, 0, stream, x, count, bins, greatest);
}
void warp_exchange(const int* in, int* out, int blocks, Stream& stream) {
  launch(warp_exchange_kernel, blocks, block_size, 0, stream, in, out);
}
void vote(const int* x, unsigned* ballots, int blocks, Stream& stream) { launch(vote_kernel, blocks, 96, 0, stream, x, ballots); }
void last_block_sum(const float* x, float* partial, unsigned* arrived, float* total, int blocks, Stream& stream) {
  launch(last_block_sum_kernel, blocks, 32, 0, stream, x, partial, arrived, total);
}
void ticket(int* ticket_number, int* order, Stream& stream) { launch(ticket_kernel, 1, 256, 0, stream, ticket_number, order); }
void copy4(const float* in, float* out, int quads, Stream& stream) {
  launch(copy4_kernel, blocks_for(quads, block_size), block_size, 0, stream, in, out, quads);
}
void philox(const RandomStream& random, unsigned* words, int count, Stream& stream) {
  launch(philox_kernel, blocks_for(count, block_size), block_size, 0, stream, random, words, count);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
