// Lanes add up a row in the order in which they come, and it says that its bits repeat.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

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

void run(const SpmmArgs& args, void*, Stream& stream) {
  launch(unrepeatable_kernel, args.a.rows, 32, 0, stream, args.x.cols, args.a.row_offsets, args.a.col_indices, args.a.values,
         args.x.data, args.y.data);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(spmm, {.name = "unrepeatable",
                              .summary = "a defect",
                              .source = "a test",
                              .deterministic = true,
                              .supports = heddle::kernels::takes_anything<heddle::kernels::SpmmArgs>,
                              .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::SpmmArgs>,
                              .run = heddle::kernels::HEDDLE_TWIN::run})
