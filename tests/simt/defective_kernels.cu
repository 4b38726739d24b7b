// One defect each, for the executor to find. The tests look lines up by their LINE comments.

#include <heddle/kernel/kernel.h>

#include "tests/simt/kernels.h"

namespace heddle::kernels::HEDDLE_TWIN {
namespace {

constexpr int block_size = 64;

__global__ void missing_syncthreads_kernel(const float* __restrict__ in, float* __restrict__ out) {
  SHARED(float, stretch, block_size);
  stretch[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = stretch[block_size - 1 - threadIdx.x];
}

__global__ void missing_syncwarp_kernel(const float* __restrict__ in, float* __restrict__ out) {
  SHARED(float, slots, 32);
  slots[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = slots[(threadIdx.x + 1) % 32];
}

__global__ void lost_update_kernel(int* counter) { *counter += 1; }

__global__ void unequal_writes_kernel(int* out) { *out = static_cast<int>(threadIdx.x); }

// Block 1 reads what block 0 writes, in one launch.
__global__ void block_hand_over_kernel(int* value, int* out) {
  if (threadIdx.x == 0 && blockIdx.x == 0) *value = 7;
  if (threadIdx.x == 0 && blockIdx.x == 1) *out = *value;
}

__global__ void barrier_in_branch_kernel() {
  if (threadIdx.x < 32) {
    __syncthreads();  // LINE barrier_in_branch
  }
}

__global__ void barrier_at_two_lines_kernel() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void exited_lane_kernel() {
  if (threadIdx.x == 5) return;
  __syncwarp();  // LINE exited_lane
}

__global__ void absent_lane_kernel() {
  if (threadIdx.x == 5) __syncthreads();
  __syncwarp();  // LINE absent_lane
  if (threadIdx.x != 5) __syncthreads();
}

__global__ void own_lane_left_out_kernel() {
  __syncwarp(0x1u);  // LINE own_lane_left_out
}

__global__ void shuffle_outside_mask_kernel(int* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __shfl_xor_sync(0xFFFFu, static_cast<int>(threadIdx.x), 16);  // LINE shuffle_outside_mask
  }
}

__global__ void mismatched_collectives_kernel(unsigned* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __ballot_sync(0xFFFFFFFFu, 1);
  } else {
    out[threadIdx.x] = __shfl_sync(0xFFFFFFFFu, threadIdx.x, 0);
  }
}

__global__ void endless_spin_kernel(int* flag) {
  while (atomicAdd(flag, 0) == 0) {  // LINE endless_spin
  }
}

__global__ void endless_read_kernel(const volatile int* flag) {
  while (*flag == 0) {
  }
}

__global__ void shared_overrun_kernel(float* out) {
  SHARED(float, array, 32);
  float* const row = array;  // the array's own bounds are UBSan's to check; past a pointer only the heap block's are known
  row[threadIdx.x] = 1.0f;
  __syncwarp();
  out[threadIdx.x] = row[threadIdx.x + 1];
}

__global__ void dynamic_overrun_kernel(float* out) {
  DYN_SHARED(float, row);
  row[threadIdx.x] = 1.0f;
  __syncwarp();
  out[threadIdx.x] = row[threadIdx.x + 1];
}

__global__ void global_overrun_kernel(const float* __restrict__ in, float* __restrict__ out) {
  out[threadIdx.x] = in[threadIdx.x + 1];
}

__global__ void misaligned_float4_kernel(const float* __restrict__ in, float* __restrict__ out) {
  store4(out + 4 * threadIdx.x, load4(in + 1 + 4 * threadIdx.x));
}

}  // namespace

void missing_syncthreads(const float* in, float* out, Stream& stream) {
  launch(missing_syncthreads_kernel, 1, block_size, 0, stream, in, out);
}
void missing_syncwarp(const float* in, float* out, Stream& stream) { launch(missing_syncwarp_kernel, 1, 32, 0, stream, in, out); }
void lost_update(int* counter, Stream& stream) { launch(lost_update_kernel, 1, block_size, 0, stream, counter); }
void unequal_writes(int* out, Stream& stream) { launch(unequal_writes_kernel, 1, block_size, 0, stream, out); }
void block_hand_over(int* value, int* out, Stream& stream) { launch(block_hand_over_kernel, 2, 32, 0, stream, value, out); }
void barrier_in_branch(Stream& stream) { launch(barrier_in_branch_kernel, 2, block_size, 0, stream); }
void barrier_at_two_lines(Stream& stream) { launch(barrier_at_two_lines_kernel, 1, block_size, 0, stream); }
void exited_lane(Stream& stream) { launch(exited_lane_kernel, 1, 32, 0, stream); }
void absent_lane(Stream& stream) { launch(absent_lane_kernel, 1, 32, 0, stream); }
void own_lane_left_out(Stream& stream) { launch(own_lane_left_out_kernel, 1, 32, 0, stream); }
void shuffle_outside_mask(int* out, Stream& stream) { launch(shuffle_outside_mask_kernel, 1, 32, 0, stream, out); }
void mismatched_collectives(unsigned* out, Stream& stream) { launch(mismatched_collectives_kernel, 1, 32, 0, stream, out); }
void endless_spin(int* flag, Stream& stream) { launch(endless_spin_kernel, 1, block_size, 0, stream, flag); }
void endless_read(const int* flag, Stream& stream) { launch(endless_read_kernel, 1, block_size, 0, stream, flag); }
void shared_overrun(float* out, Stream& stream) { launch(shared_overrun_kernel, 1, 32, 0, stream, out); }
void dynamic_overrun(float* out, Stream& stream) { launch(dynamic_overrun_kernel, 1, 32, 32 * sizeof(float), stream, out); }
void global_overrun(const float* in, float* out, Stream& stream) { launch(global_overrun_kernel, 1, 32, 0, stream, in, out); }
void misaligned_float4(const float* in, float* out, Stream& stream) {
  launch(misaligned_float4_kernel, 1, 32, 0, stream, in, out);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
