// A shuffle that names all lanes where only those with a column are left.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

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

void run(const SpmmArgs& args, void*, Stream& stream) {
  launch(wrong_mask_kernel, args.a.rows, 32, 0, stream, args.x.cols, args.a.row_offsets, args.a.col_indices, args.a.values,
         args.x.data, args.y.data);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(spmm, {.name = "wrong_mask",
                              .summary = "a defect",
                              .source = "a test",
                              .deterministic = true,
                              .supports = heddle::kernels::takes_anything<heddle::kernels::SpmmArgs>,
                              .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::SpmmArgs>,
                              .run = heddle::kernels::HEDDLE_TWIN::run})
