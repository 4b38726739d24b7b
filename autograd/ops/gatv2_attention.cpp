#include <optional>

#include "autograd/attention.h"
#include "heddle/operation.h"
#include "kernels/gat/gatv2.h"

namespace heddle {

namespace {

/// `edge_scores` is `sources` itself where there are none.
Tensor attend_v2(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                 const Tensor& edge_scores, bool has_edge_scores, const AttentionOptions& options) {
  const Operation op("gatv2_attention", {sources, targets, a, edge_scores}, &graph);
  require(a.rows() == 1 && a.cols() == sources.cols(), ErrorKind::usage, "gatv2_attention: a is ", a.rows(), " x ", a.cols(),
          ", sources are ", sources.rows(), " x ", sources.cols());
  const kernels::GatUse use =
      attention_use("gatv2_attention", op.context(), graph, options, has_edge_scores ? &edge_scores : nullptr);
  const Tensor y = op.make_tensor(graph.rows(), sources.cols());  // not reusable: its gradient reads it
  float* const statistics =
      op.wants_gradient() ? op.make_tensor(graph.rows(), 2 * kernels::head_stride(options.heads)).value().data : nullptr;
  kernels::gatv2_forward({.incoming = graph.view(),
                          .use = use,
                          .sources = sources.value(),
                          .targets = targets.value(),
                          .a = a.value().data,
                          .y = y.value(),
                          .statistics = statistics},
                         op.execution());
  return op.record(y, [sources, targets, a, edge_scores, has_edge_scores, y, use, statistics, incoming = graph.view(),
                       outgoing = graph.transpose()] {
    kernels::Execution execution = y.context().execution();
    // One kernel op fills all of them. Sources and targets may be one tensor, whose gradient is then the sum of two.
    constexpr auto scratch = GradientSlot::Unwanted::scratch;
    GradientSlot dsources(sources, scratch), dtargets(targets, scratch), da(a, scratch);
    std::optional<GradientSlot> dedge;
    if (has_edge_scores) dedge.emplace(edge_scores);
    kernels::gatv2_backward({.incoming = incoming,
                             .outgoing = outgoing,
                             .use = use,
                             .sources = sources.value(),
                             .targets = targets.value(),
                             .a = a.value().data,
                             .y = y.value(),
                             .statistics = statistics,
                             .dy = y.grad(),
                             .dsources = dsources.view(),
                             .dtargets = dtargets.view(),
                             .da = da.view().data,
                             .dedge_scores = dedge ? dedge->view().data : nullptr},
                            execution);
    for (GradientSlot* slot : {&dsources, &dtargets, &da}) slot->add();
    if (dedge) dedge->add();
  });
}

}  // namespace

Tensor gatv2_attention(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                       const AttentionOptions& options) {
  return attend_v2(graph, sources, targets, a, sources, false, options);
}

Tensor gatv2_attention(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                       const Tensor& edge_scores, const AttentionOptions& options) {
  return attend_v2(graph, sources, targets, a, edge_scores, true, options);
}

}  // namespace heddle
