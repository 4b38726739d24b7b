// A variant of the softmax over each row's edges to start from: heddle bench softmax --add softmax.cu (own_kernel.md).
#include <heddle/kernel/kernel.h>
#include <heddle/kernel/module.h>

namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int warps = 8;

/// A warp owns a row; maximum and sum of each head by shuffles.
__global__ void __launch_bounds__(32 * warps)
    warp_per_row_kernel(int64_t rows, int64_t heads, const int64_t* __restrict__ row_offsets, const float* x, float* y) {
  const int64_t row = int64_t{blockIdx.x} * warps + warp_id();
  if (row >= rows) return;  // a warp as a whole, so that its shuffles find all lanes
  const int64_t begin = row_offsets[row], end = row_offsets[row + 1];
  for (int64_t head = 0; head < heads; ++head) {
    float most = -INFINITY;
    for (int64_t k = begin + lane_id(); k < end; k += 32) most = fmaxf(most, x[k * heads + head]);
    most = group_max<32>(most);
    float sum = 0;
    for (int64_t k = begin + lane_id(); k < end; k += 32) sum += expf(x[k * heads + head] - most);
    sum = group_sum<32>(sum);
    for (int64_t k = begin + lane_id(); k < end; k += 32) y[k * heads + head] = expf(x[k * heads + head] - most) / sum;
  }
}

void run(const EdgeSoftmaxArgs& args, void* /*workspace*/, Stream& stream) {
  launch(warp_per_row_kernel, (args.graph.rows + warps - 1) / warps, 32 * warps, 0, stream, args.graph.rows, args.x.cols,
         args.graph.row_offsets, args.x.data, args.y.data);
}

}  // namespace

}  // namespace heddle::kernels::HEDDLE_TWIN

HEDDLE_EXPORT_VARIANTS(softmax, {.name = "warp_per_row_and_head",
                                 .summary = "a warp owns a row, one head after the other",
                                 .source = "this file",
                                 .deterministic = true,
                                 .supports = heddle::kernels::takes_anything<heddle::kernels::EdgeSoftmaxArgs>,
                                 .workspace = heddle::kernels::needs_no_workspace<heddle::kernels::EdgeSoftmaxArgs>,
                                 .run = heddle::kernels::HEDDLE_TWIN::run})
