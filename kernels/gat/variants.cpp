#include "kernels/gat/variants.h"

#include "kernels/common/has_cuda.h"
#include "kernels/gat/device_rows.h"

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
const Variant<GatForwardArgs> simt_forward[] = {HEDDLE_GAT_FORWARD_ROWS(simt)};
const Variant<GatBackwardArgs> simt_backward[] = {HEDDLE_GAT_BACKWARD_ROWS(simt)};
#if HEDDLE_HAS_CUDA()
const Variant<GatForwardArgs> cuda_forward[] = {HEDDLE_GAT_FORWARD_ROWS(cuda)};
const Variant<GatBackwardArgs> cuda_backward[] = {HEDDLE_GAT_BACKWARD_ROWS(cuda)};
#endif

}  // namespace

std::span<const Variant<GatForwardArgs>> gat_forward_variants(DeviceKind device) {
  switch (device) {
    case DeviceKind::cpu: return cpu_forward;
    case DeviceKind::simt: return simt_forward;
    case DeviceKind::cuda: break;
  }
#if HEDDLE_HAS_CUDA()
  return cuda_forward;
#else
  return {};
#endif
}

std::span<const Variant<GatBackwardArgs>> gat_backward_variants(DeviceKind device) {
  switch (device) {
    case DeviceKind::cpu: return cpu_backward;
    case DeviceKind::simt: return simt_backward;
    case DeviceKind::cuda: break;
  }
#if HEDDLE_HAS_CUDA()
  return cuda_backward;
#else
  return {};
#endif
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
