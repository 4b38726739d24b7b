#pragma once

#include <span>

#include "heddle/kernel/gemm.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"
#include "kernels/edge/edge.h"
#include "kernels/gat/gat.h"
#include "kernels/sampling/sampling.h"
#include "kernels/topk/topk.h"

// simt's variants, in the same order, compiled so that an observer of the executor sees what they do, and two of its kernels that
// have no variants. In the library heddle_instrumented_kernels alone.
namespace heddle::kernels::simt_instrumented {

std::span<const Variant<SpmmArgs>> spmm_variants();
std::span<const Variant<HeadSddmmArgs>> head_sddmm_variants();
std::span<const Variant<EdgeSoftmaxArgs>> edge_softmax_variants();
std::span<const Variant<GatForwardArgs>> gat_forward_variants();
std::span<const Variant<GatBackwardArgs>> gat_backward_variants();
std::span<const Variant<GemmArgs>> gemm_variants();

void score_top_k(const ScoreTopKArgs& args, Stream& stream);
void sample_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random, int32_t* ids, Stream& stream);

}  // namespace heddle::kernels::simt_instrumented
