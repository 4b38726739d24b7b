#pragma once

#include <cstdint>

#include "heddle/device.h"

/// Kernels whose counts can be worked out by hand, of the twin that HEDDLE_TWIN names.
namespace heddle::kernels::HEDDLE_TWIN {

/// A CSR matrix with 32-bit offsets times x [. x 64].
struct CountedProduct {
  int rows;
  const int32_t* row_offsets;
  const int32_t* col_indices;
  const float* values;
  const float* x;
  float* y;
};
void counted_thread_per_row(const CountedProduct& product, Stream& stream);  // column by column
void counted_warp_per_row(const CountedProduct& product, Stream& stream);    // two passes of 32 columns
void counted_warp_per_row_4(const CountedProduct& product, Stream& stream);  // one float4 a lane, 16 lanes

/// A 32 x 32 tile through shared memory whose rows are `pitch` floats apart (32 or 33); one block of 32 x 32 threads.
void counted_transpose(const float* in, float* out, bool padded, Stream& stream);
/// out[i] = x[i] for i < count, where 32 lanes of one warp are called for.
void counted_copy(const float* x, float* out, int count, Stream& stream);
/// All lanes of `warps` warps add 1 to counters[thread / lanes_each].
void counted_atomics(int* counters, int warps, int lanes_each, Stream& stream);
/// A float4 a lane, through shared memory; 32 lanes.
void counted_shared_quads(const float* in, float* out, Stream& stream);
/// One shuffle, one vote, one __syncwarp, two __syncthreads, in one block of 64.
void counted_collectives(int* out, Stream& stream);

}  // namespace heddle::kernels::HEDDLE_TWIN
