#pragma once

#include "heddle/device.h"
#include "heddle/kernel/philox.h"

/// The launchers of correct_kernels.cu and defective_kernels.cu, of the twin that HEDDLE_TWIN names.
namespace heddle::kernels::HEDDLE_TWIN {

void block_sum(const float* x, float* sums, int count, Stream& stream);
void transpose(const float* in, float* out, int rows, int cols, Stream& stream);
void warp_scan(const int* x, int* sums, int blocks, Stream& stream);                               // 64 elements a block
void group_reduce(const float* x, float* sums, double* greatest, int blocks, Stream& stream);      // 64 elements a block
void reverse(const float* in, float* out, int blocks, int block, Stream& stream);                  // block elements a block
void histogram(const unsigned char* x, int count, unsigned* bins, int* greatest, Stream& stream);  // 64 bins
void warp_exchange(const int* in, int* out, int blocks, Stream& stream);                           // 256 elements a block
void vote(const int* x, unsigned* ballots, int blocks, Stream& stream);                            // 96 elements a block
void last_block_sum(const float* x, float* partial, unsigned* arrived, float* total, int blocks, Stream& stream);  // 32 a block
void ticket(int* ticket_number, int* order, Stream& stream);         // 8 warps take turns
void copy4(const float* in, float* out, int quads, Stream& stream);  // out = 2 in + (1, 2, 3, 4)
void philox(const RandomStream& random, unsigned* words, int count, Stream& stream);

void missing_syncthreads(const float* in, float* out, Stream& stream);  // 64 elements, turned around
void missing_syncwarp(const float* in, float* out, Stream& stream);     // 32 elements, each to the lane before
void lost_update(int* counter, Stream& stream);                         // 64 threads add 1
void unequal_writes(int* out, Stream& stream);
void block_hand_over(int* value, int* out, Stream& stream);
void barrier_in_branch(Stream& stream);
void barrier_at_two_lines(Stream& stream);
void exited_lane(Stream& stream);
void absent_lane(Stream& stream);
void own_lane_left_out(Stream& stream);
void shuffle_outside_mask(int* out, Stream& stream);
void mismatched_collectives(unsigned* out, Stream& stream);
void endless_spin(int* flag, Stream& stream);
void endless_read(const int* flag, Stream& stream);
void shared_overrun(float* out, Stream& stream);
void dynamic_overrun(float* out, Stream& stream);
void global_overrun(const float* in, float* out, Stream& stream);  // in has 32 elements; reads 33
void misaligned_float4(const float* in, float* out, Stream& stream);

}  // namespace heddle::kernels::HEDDLE_TWIN
