// A shuffle that names all lanes where only those with a column are left.
#include "defect.h"

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void wrong_mask_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
                                  const float* x, float* y) {
  const int64_t row = blockIdx.x;
  for (int64_t column = threadIdx.x; column < d; column += 32) {
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      const float value = __shfl_sync(0xFFFFFFFFu, values[k], 0);  // DEFECT
      sum += value * x[col_indices[k] * d + column];
    }
    y[row * d + column] = sum;
  }
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

EXPORT_DEFECT(wrong_mask, 32)
