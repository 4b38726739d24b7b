// A thread reads from shared memory what another has yet to write: nothing stands there.
#include "defect.h"

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void unwritten_shared_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
                                        const float* x, float* y) {
  SHARED(int32_t, staged, 64);
  const int64_t row = blockIdx.x;
  const int64_t begin = row_offsets[row], degree = row_offsets[row + 1] - begin;
  for (int64_t k = threadIdx.x; k < degree && k < 64; k += 64) staged[k] = col_indices[begin + k];
  for (int64_t column = threadIdx.x; column < d; column += 64) {
    float sum = 0;
    for (int64_t k = 0; k < degree; ++k) sum += values[begin + k] * x[staged[k] * d + column];  // DEFECT
    y[row * d + column] = sum;
  }
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

EXPORT_DEFECT(unwritten_shared, 64)
