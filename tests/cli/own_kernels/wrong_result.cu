// The last non-zero of every row is left out.
#include "defect.h"

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void wrong_result_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
                                    const float* x, float* y) {
  const int64_t row = blockIdx.x;
  for (int64_t column = threadIdx.x; column < d; column += 32) {
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1] - 1; ++k) sum += values[k] * x[col_indices[k] * d + column];
    y[row * d + column] = sum;  // DEFECT
  }
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

EXPORT_DEFECT(wrong_result, 32)
