// A variant of the inner products per edge and head to start from: heddle bench sddmm --add sddmm.cu (own_kernel.md).
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

/// A warp owns a row, its lanes the edges and heads of it.
__global__ void __launch_bounds__(block_threads)
    warp_per_row_kernel(int64_t rows, int64_t heads, int64_t columns, const int64_t* __restrict__ row_offsets,
                        const int32_t* __restrict__ col_indices, const float* __restrict__ x, const float* __restrict__ y,
                        float* __restrict__ s) {
  const int64_t row = int64_t{blockIdx.x} * (block_threads / 32) + warp_id();
  if (row >= rows) return;
  const int64_t end = row_offsets[row + 1] * heads;
  for (int64_t i = row_offsets[row] * heads + lane_id(); i < end; i += 32) {
    const float* const of_target = x + (row * heads + i % heads) * columns;
    const float* const of_source = y + (col_indices[i / heads] * heads + i % heads) * columns;
    float sum = 0;
    for (int64_t c = 0; c < columns; ++c) sum += of_target[c] * of_source[c];
    s[i] = sum;
  }
}

void run(const HeadSddmmArgs& args, void* /*workspace*/, Stream& stream) {
  const int64_t warps = block_threads / 32;
  launch(warp_per_row_kernel, (args.graph.rows + warps - 1) / warps, block_threads, 0, stream, args.graph.rows, args.heads,
         args.x.cols / args.heads, args.graph.row_offsets, args.graph.col_indices, args.x.data, args.y.data, args.s.data);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(sddmm, {.name = "warp_per_row",
                               .summary = "a warp owns a row, its lanes the edges and heads",
                               .source = "this file",
                               .deterministic = true,
                               .supports = heddle::kernels::takes_anything<heddle::kernels::HeadSddmmArgs>,
                               .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::HeadSddmmArgs>,
                               .run = heddle::kernels::HEDDLE_TWIN::run})
