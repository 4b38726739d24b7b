// A variant of the sparse-dense product to start from:
//
//     heddle bench spmm --add spmm.cu                  checked, and counted on the CPU (no GPU is needed)
//     heddle bench spmm --add spmm.cu --device cuda    checked and timed on a GPU
//
// Write over the kernel. heddle/kernel/spmm.h says what `run` must do, own_kernel.md what is checked.
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

/// A warp owns a row, each lane every 32nd column of it.
__global__ void __launch_bounds__(block_threads)
    warp_per_row_kernel(int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets, const int32_t* __restrict__ col_indices,
                        const float* __restrict__ values, const float* __restrict__ x, float* __restrict__ y) {
  const int64_t row = int64_t{blockIdx.x} * (block_threads / 32) + warp_id();
  if (row >= rows) return;
  for (int64_t column = lane_id(); column < d; column += 32) {
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      const float value = values == nullptr ? 1.0f : values[k];
      sum += value * x[col_indices[k] * d + column];
    }
    y[row * d + column] = sum;
  }
}

/// Empty, or why these arguments cannot be run.
std::string supports(const SpmmArgs& args) {
  return args.a.value_index == nullptr ? "" : "the values of a transpose stand in another order";
}

void run(const SpmmArgs& args, void* /*workspace*/, Stream& stream) {
  const int64_t warps = block_threads / 32;
  launch(warp_per_row_kernel, (args.a.rows + warps - 1) / warps, block_threads, 0, stream, args.a.rows, args.x.cols,
         args.a.row_offsets, args.a.col_indices, args.a.values, args.x.data, args.y.data);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(spmm, {.name = "warp_per_row",
                              .summary = "a warp owns a row, its lanes the columns",
                              .source = "this file",
                              .deterministic = true,
                              .supports = heddle::kernels::HEDDLE_TWIN::supports,
                              .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::SpmmArgs>,
                              .run = heddle::kernels::HEDDLE_TWIN::run,
                              .limits = "values in order"})
