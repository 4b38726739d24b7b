#include "autograd/attention.h"
#include "kernels/gat/gatv2.h"

namespace heddle {

namespace {

/// `edge_scores` is `sources` itself where there are none.
Tensor attend_v2(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                 const Tensor& edge_scores, bool has_edge_scores, const AttentionOptions& options) {
  require(a.rows() == 1 && a.cols() == sources.cols(), ErrorKind::usage, "gatv2_attention: a is ", a.rows(), " x ", a.cols(),
          ", sources are ", sources.rows(), " x ", sources.cols());
  Context& context = sources.context();
  const kernels::GatUse use = attention_use("gatv2_attention", context, graph, options, has_edge_scores ? &edge_scores : nullptr);
  const Tensor y = context.make_tensor(graph.rows(), sources.cols());  // not reusable: its gradient reads it
  float* const statistics = Tape::wants_gradient({sources, targets, a, edge_scores})
                                ? context.arena().allocate_array<float>(graph.rows() * 2 * kernels::head_stride(options.heads))
                                : nullptr;
  kernels::Execution execution = context.execution();
  kernels::gatv2_forward({.incoming = graph.view(),
                          .use = use,
                          .sources = sources.value(),
                          .targets = targets.value(),
                          .a = a.value().data,
                          .y = y.value(),
                          .statistics = statistics},
                         execution);
  return context.tape().record(y, {sources, targets, a, edge_scores},
                               [sources, targets, a, edge_scores, has_edge_scores, y, use, statistics, incoming = graph.view(),
                                outgoing = graph.transpose()] {
                                 Context& context = y.context();
                                 kernels::Execution execution = context.execution();
                                 with_edge_gradient(edge_scores, has_edge_scores, [&](float* dedge) {
                                   with_gradient(sources, [&](DenseView<float> dsources) {
                                     with_gradient(targets, [&](DenseView<float> dtargets) {
                                       with_gradient(a, [&](DenseView<float> da) {
                                         kernels::gatv2_backward({.incoming = incoming,
                                                                  .outgoing = outgoing,
                                                                  .use = use,
                                                                  .sources = sources.value(),
                                                                  .targets = targets.value(),
                                                                  .a = a.value().data,
                                                                  .y = y.value(),
                                                                  .statistics = statistics,
                                                                  .dy = y.grad(),
                                                                  .dsources = dsources,
                                                                  .dtargets = dtargets,
                                                                  .da = da.data,
                                                                  .dedge_scores = dedge},
                                                                 execution);
                                       });
                                     });
                                   });
                                 });
                                 context.arena().give_back(statistics);
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
