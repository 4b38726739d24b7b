#include "kernels/instrumented_variants.h"

#include "kernels/dense/device_rows.h"
#include "kernels/edge/device_rows.h"
#include "kernels/gat/device_rows.h"

namespace heddle::kernels {

namespace simt_instrumented {
HEDDLE_EDGE_LAUNCHERS
HEDDLE_GAT_LAUNCHERS
HEDDLE_GEMM_LAUNCHERS
}  // namespace simt_instrumented

namespace {

const Variant<HeadSddmmArgs> head_sddmm_rows[] = {HEDDLE_HEAD_SDDMM_ROWS(simt_instrumented)};
const Variant<EdgeSoftmaxArgs> edge_softmax_rows[] = {HEDDLE_EDGE_SOFTMAX_ROWS(simt_instrumented)};
const Variant<GatForwardArgs> gat_forward_rows[] = {HEDDLE_GAT_FORWARD_ROWS(simt_instrumented)};
const Variant<GatBackwardArgs> gat_backward_rows[] = {HEDDLE_GAT_BACKWARD_ROWS(simt_instrumented)};
const Variant<GemmArgs> gemm_rows[] = {HEDDLE_GEMM_ROWS(simt_instrumented)};

}  // namespace

std::span<const Variant<HeadSddmmArgs>> instrumented_head_sddmm_variants() { return head_sddmm_rows; }
std::span<const Variant<EdgeSoftmaxArgs>> instrumented_edge_softmax_variants() { return edge_softmax_rows; }
std::span<const Variant<GatForwardArgs>> instrumented_gat_forward_variants() { return gat_forward_rows; }
std::span<const Variant<GatBackwardArgs>> instrumented_gat_backward_variants() { return gat_backward_rows; }
std::span<const Variant<GemmArgs>> instrumented_gemm_variants() { return gemm_rows; }

}  // namespace heddle::kernels
