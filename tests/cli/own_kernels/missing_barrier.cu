// The row is staged in shared memory by its first warp, and read by another before it need be there.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

__global__ void missing_barrier_kernel(int64_t d, const int64_t* row_offsets, const int32_t* col_indices, const float* values,
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

void run(const SpmmArgs& args, void*, Stream& stream) {
  launch(missing_barrier_kernel, args.a.rows, 64, 0, stream, args.x.cols, args.a.row_offsets, args.a.col_indices, args.a.values,
         args.x.data, args.y.data);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(spmm, {.name = "missing_barrier",
                              .summary = "a defect",
                              .source = "a test",
                              .deterministic = true,
                              .supports = heddle::kernels::takes_anything<heddle::kernels::SpmmArgs>,
                              .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::SpmmArgs>,
                              .run = heddle::kernels::HEDDLE_TWIN::run})
