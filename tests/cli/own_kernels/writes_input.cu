// Doubles x, reads it, and halves it again: another variant that runs at the same time, or fails in between, would see it.
#include "defect.h"

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void writes_input_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
                                    const float* x, float* y) {
  const int64_t row = blockIdx.x;
  for (int64_t column = threadIdx.x; column < d; column += 32) {
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      float* const source = const_cast<float*>(x) + col_indices[k] * d + column;
      *source *= 2;  // DEFECT
      sum += values[k] * *source;
      *source /= 2;
    }
    y[row * d + column] = sum / 2;
  }
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

EXPORT_DEFECT(writes_input, 32)
