#include "kernels/edge/variants.h"

#include "kernels/common/table_of.h"
#include "kernels/edge/cpu_edge.h"
#include "kernels/edge/launchers.h"
#include "kernels/gat/fits_lanes.h"

namespace heddle::kernels {

namespace {

void cpu_head_sddmm(const HeadSddmmArgs& args, void*, Stream& stream) { HEDDLE_CALL_CPU(stream, head_sddmm, args); }
void cpu_edge_softmax(const EdgeSoftmaxArgs& args, void*, Stream& stream) { HEDDLE_CALL_CPU(stream, edge_softmax, args); }

const Variant<HeadSddmmArgs> cpu_head_sddmm_variants[] = {
    {"cpu_row_vectorised", "a thread owns rows, a vector of a head's columns at a time, non-zeros shared evenly among threads",
     "Intel MKL, LIBXSMM practice", true, takes_anything<HeadSddmmArgs>, needs_no_workspace<HeadSddmmArgs>, cpu_head_sddmm},
    {"cpu_row_loop", "a thread per row, plain loops: the reference", "definition", true, takes_anything<HeadSddmmArgs>,
     needs_no_workspace<HeadSddmmArgs>, head_sddmm_cpu_row_loop},
};
const Variant<EdgeSoftmaxArgs> cpu_edge_softmax_variants[] = {
    {"cpu_row_vectorised", "a thread owns rows, a vector of heads at a time, three passes over a row's edges",
     "Intel MKL, LIBXSMM practice", true, takes_anything<EdgeSoftmaxArgs>, needs_no_workspace<EdgeSoftmaxArgs>, cpu_edge_softmax},
    {"cpu_row_loop", "a thread per row, plain loops: the reference", "definition", true, takes_anything<EdgeSoftmaxArgs>,
     needs_no_workspace<EdgeSoftmaxArgs>, edge_softmax_cpu_row_loop},
};

}  // namespace

HEDDLE_DECLARE_DEVICE(std::span<const Variant<HeadSddmmArgs>> head_sddmm_variants())
HEDDLE_DECLARE_DEVICE(std::span<const Variant<EdgeSoftmaxArgs>> edge_softmax_variants())

std::span<const Variant<HeadSddmmArgs>> head_sddmm_variants(DeviceKind device) {
  return table_of<HeadSddmmArgs>(device, cpu_head_sddmm_variants, simt::head_sddmm_variants, cuda::head_sddmm_variants);
}

std::span<const Variant<EdgeSoftmaxArgs>> edge_softmax_variants(DeviceKind device) {
  return table_of<EdgeSoftmaxArgs>(device, cpu_edge_softmax_variants, simt::edge_softmax_variants, cuda::edge_softmax_variants);
}

const char* pick_head_sddmm(const HeadSddmmArgs& args, DeviceKind device) {
  if (device == DeviceKind::cpu) return "cpu_row_vectorised";
  return head_sddmm_fits_lanes(args).empty() ? "row_per_subwarp" : "row_per_thread";
}

const char* pick_edge_softmax(const EdgeSoftmaxArgs& args, DeviceKind device) {
  if (device == DeviceKind::cpu) return "cpu_row_vectorised";
  return args.x.size() >= 8 * args.graph.rows ? "row_per_warp" : "row_per_thread";
}

}  // namespace heddle::kernels
