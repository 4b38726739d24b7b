#include "kernels/gat/variants.h"

#include "kernels/common/table_of.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/fits_lanes.h"
#include "kernels/gat/launchers.h"

namespace heddle::kernels {

namespace {

AttentionDropout dropout_of(const GatUse& use) { return {dropout_threshold(use.dropout), 1.0f / (1.0f - use.dropout)}; }

void cpu_blocks_forward(const GatForwardArgs& args, void*, Stream& stream) {
  HEDDLE_CALL_CPU(stream, gat_forward, args, dropout_of(args.use));
}
void cpu_blocks_backward(const GatBackwardArgs& args, void* records, Stream& stream) {
  HEDDLE_CALL_CPU(stream, gat_backward, args, dropout_of(args.use), static_cast<float*>(records));
}

#define HEDDLE_GAT_CPU_BLOCKS_TEXT                                                                                 \
  "cpu_blocks",                                                                                                    \
      "blocks of up to 32 edges, exponentials over whole vectors, a register tile of columns; backward one walk, " \
      "rows shared evenly by rows + edges",                                                                        \
      "Velickovic et al. 2018; Milakov and Gimelshein 2018 (online softmax)", true
#define HEDDLE_GAT_CPU_LOOP_TEXT "cpu_row_loop", "a thread per row, plain loops: the reference", "Velickovic et al. 2018", true

const Variant<GatForwardArgs> cpu_forward[] = {
    {HEDDLE_GAT_CPU_BLOCKS_TEXT, takes_anything<GatForwardArgs>, needs_no_workspace<GatForwardArgs>, cpu_blocks_forward},
    {HEDDLE_GAT_CPU_LOOP_TEXT, takes_anything<GatForwardArgs>, needs_no_workspace<GatForwardArgs>, gat_forward_cpu_row_loop},
};
const Variant<GatBackwardArgs> cpu_backward[] = {
    {HEDDLE_GAT_CPU_BLOCKS_TEXT, takes_anything<GatBackwardArgs>, gat_records_workspace, cpu_blocks_backward},
    {HEDDLE_GAT_CPU_LOOP_TEXT, takes_anything<GatBackwardArgs>, gat_backward_cpu_row_loop_workspace, gat_backward_cpu_row_loop},
};

}  // namespace

HEDDLE_DECLARE_DEVICE(std::span<const Variant<GatForwardArgs>> gat_forward_variants())
HEDDLE_DECLARE_DEVICE(std::span<const Variant<GatBackwardArgs>> gat_backward_variants())

std::span<const Variant<GatForwardArgs>> gat_forward_variants(DeviceKind device) {
  return table_of<GatForwardArgs>(device, cpu_forward, simt::gat_forward_variants, cuda::gat_forward_variants);
}

std::span<const Variant<GatBackwardArgs>> gat_backward_variants(DeviceKind device) {
  return table_of<GatBackwardArgs>(device, cpu_backward, simt::gat_backward_variants, cuda::gat_backward_variants);
}

const char* pick_gat_forward(const GatForwardArgs& args, DeviceKind device) {
  if (device == DeviceKind::cpu) return "cpu_blocks";
  return gat_forward_fits_lanes(args).empty() ? "row_per_subwarp" : "column_per_thread";
}

const char* pick_gat_backward(const GatBackwardArgs& args, DeviceKind device) {
  if (device == DeviceKind::cpu) return "cpu_blocks";
  return gat_backward_fits_lanes(args).empty() ? "row_per_subwarp" : "column_per_thread";
}

}  // namespace heddle::kernels
