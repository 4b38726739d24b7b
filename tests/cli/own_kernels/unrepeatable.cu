// Lanes add up a row in the order in which they come, and it says that its bits repeat.
#include "defect.h"

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void unrepeatable_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
                                    const float* x, float* y) {
  const int64_t row = blockIdx.x;
  for (int64_t column = threadIdx.x; column < d; column += 32) y[row * d + column] = 0;
  __syncwarp();
  for (int64_t k = row_offsets[row] + threadIdx.x; k < row_offsets[row + 1]; k += 32) {
    for (int64_t column = 0; column < d; ++column) {
      atomicAdd(&y[row * d + column], values[k] * x[col_indices[k] * d + column]);
    }
  }
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

EXPORT_DEFECT(unrepeatable, 32)
