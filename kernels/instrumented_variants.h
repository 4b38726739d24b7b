#pragma once

#include <span>

#include "heddle/kernel/gemm.h"
#include "heddle/kernel/variant.h"
#include "kernels/edge/edge.h"
#include "kernels/gat/gat.h"
#include "kernels/sampling/sampling.h"
#include "kernels/topk/topk.h"

// simt's variants of the ops below, in the same order, compiled so that an observer of the executor sees what they do. In the
// library heddle_instrumented_kernels alone.
namespace heddle::kernels {

std::span<const Variant<HeadSddmmArgs>> instrumented_head_sddmm_variants();
std::span<const Variant<EdgeSoftmaxArgs>> instrumented_edge_softmax_variants();
std::span<const Variant<GatForwardArgs>> instrumented_gat_forward_variants();
std::span<const Variant<GatBackwardArgs>> instrumented_gat_backward_variants();
std::span<const Variant<GemmArgs>> instrumented_gemm_variants();

namespace simt_instrumented {
void score_top_k(const ScoreTopKArgs& args, Stream& stream);
void sample_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random, int32_t* ids, Stream& stream);
}  // namespace simt_instrumented

}  // namespace heddle::kernels
