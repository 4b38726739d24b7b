#include "autograd/attention.h"

namespace heddle {

namespace {

float* scores_of(const Tensor& x, const Tensor& a, int64_t heads) {
  Context& context = x.context();
  const int64_t stride = kernels::head_stride(heads);
  float* scores = context.arena().allocate_array<float>(x.rows() * stride);
  kernels::Execution execution = context.execution();
  kernels::head_scores({x.value(), a.value().data, heads, stride, scores}, execution);
  return scores;
}

/// `edge_scores` is x itself where there are none.
Tensor attend(const SparseMatrix& graph, const Tensor& x, const Tensor& a_source, const Tensor& a_target,
              const Tensor& edge_scores, bool has_edge_scores, const AttentionOptions& options) {
  for (const Tensor* a : {&a_source, &a_target}) {
    require(a->rows() == 1 && a->cols() == x.cols(), ErrorKind::usage, "gat_attention: a vector of scores is ", a->rows(), " x ",
            a->cols(), ", x is ", x.rows(), " x ", x.cols());
  }
  require(graph.rows() == graph.cols() && graph.rows() == x.rows(), ErrorKind::usage, "gat_attention: x has ", x.rows(),
          " rows, the graph is ", graph.rows(), " x ", graph.cols());
  Context& context = x.context();
  const kernels::GatUse use = attention_use("gat_attention", context, graph, options, has_edge_scores ? &edge_scores : nullptr);
  const int64_t stride = kernels::head_stride(options.heads);
  const bool gradient_wanted = Tape::wants_gradient({x, a_source, a_target, edge_scores});
  float* const source_scores = scores_of(x, a_source, options.heads);
  float* const target_scores = scores_of(x, a_target, options.heads);
  const Tensor y = x.like();  // not reusable: its gradient reads it
  const kernels::GatKept kept = gradient_wanted ? kernels::GatKept{context.arena().allocate_array<float>(x.rows() * 3 * stride),
                                                                   context.arena().allocate_array<float>(x.rows() * x.cols())}
                                                : kernels::GatKept{};
  kernels::Execution execution = context.execution();
  kernels::gat_forward({graph.view(), use, x.value(), source_scores, target_scores, y.value(), kept}, execution);
  if (!gradient_wanted) {
    context.arena().give_back(source_scores);
    context.arena().give_back(target_scores);
    return y;
  }
  return context.tape().record(
      y, {x, a_source, a_target, edge_scores},
      [x, a_source, a_target, edge_scores, has_edge_scores, y, use, stride, source_scores, target_scores, kept,
       outgoing = graph.transpose()] {
        Context& context = y.context();
        kernels::Execution execution = context.execution();
        Arena& arena = context.arena();
        const int64_t n = x.rows();
        float* const dsource = arena.allocate_array<float>(n * stride);
        float* const dtarget = arena.allocate_array<float>(n * stride);
        const auto backward = [&](DenseView<float> dx, float* dedge) {
          kernels::gat_backward({.outgoing = outgoing,
                                 .use = use,
                                 .x = x.value(),
                                 .source_scores = source_scores,
                                 .target_scores = target_scores,
                                 .source_weights = a_source.value().data,
                                 .target_weights = a_target.value().data,
                                 .y = y.value(),
                                 .kept = kept,
                                 .dy = y.grad(),
                                 .dx = dx,
                                 .dsource_scores = dsource,
                                 .dtarget_scores = dtarget,
                                 .dedge_scores = dedge},
                                execution);
        };
        with_edge_gradient(edge_scores, has_edge_scores,
                           [&](float* dedge) { with_gradient(x, [&](DenseView<float> dx) { backward(dx, dedge); }); });
        const auto add_weight_gradient = [&](const Tensor& a, const float* dscores) {
          a.add_grad([&](DenseView<float> da) {
            kernels::head_scores_backward(
                {.x = x.value(), .a = a.value().data, .heads = use.heads, .stride = stride, .dscores = dscores, .da = da.data},
                execution);
          });
        };
        add_weight_gradient(a_source, dsource);
        add_weight_gradient(a_target, dtarget);
        for (float* finished : {dsource, dtarget, source_scores, target_scores, kept.statistics, kept.positive}) {
          arena.give_back(finished);
        }
      });
}

}  // namespace

Tensor gat_attention(const SparseMatrix& graph, const Tensor& x, const Tensor& a_source, const Tensor& a_target,
                     const AttentionOptions& options) {
  return attend(graph, x, a_source, a_target, x, false, options);
}

Tensor gat_attention(const SparseMatrix& graph, const Tensor& x, const Tensor& a_source, const Tensor& a_target,
                     const Tensor& edge_scores, const AttentionOptions& options) {
  return attend(graph, x, a_source, a_target, edge_scores, true, options);
}

}  // namespace heddle
