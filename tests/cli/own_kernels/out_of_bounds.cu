// One non-zero too many: the last row reads past the ends of the arrays.
#include "defect.h"

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void out_of_bounds_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
                                     const float* x, float* y) {
  const int64_t row = blockIdx.x;
  for (int64_t column = threadIdx.x; column < d; column += 32) {
    float sum = 0;
    for (int64_t k = row_offsets[row]; k <= row_offsets[row + 1]; ++k) {
      sum += values[k] * x[col_indices[k] * d + column];  // DEFECT
    }
    y[row * d + column] = sum;
  }
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

EXPORT_DEFECT(out_of_bounds, 32)
