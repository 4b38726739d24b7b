#include <optional>

#include "autograd/attention.h"
#include "heddle/operation.h"

namespace heddle {

namespace {

/// <x_i, a> over the columns of each head, rows head_stride(heads) apart.
Tensor scores_of(const Operation& op, const Tensor& x, const Tensor& a, int64_t heads) {
  const int64_t stride = kernels::head_stride(heads);
  const Tensor scores = op.make_tensor(x.rows(), stride);
  kernels::head_scores({x.value(), a.value().data, heads, stride, scores.value().data}, op.execution());
  return scores;
}

/// `edge_scores` is x itself where there are none.
Tensor attend(const SparseMatrix& graph, const Tensor& x, const Tensor& a_source, const Tensor& a_target,
              const Tensor& edge_scores, bool has_edge_scores, const AttentionOptions& options) {
  const Operation op("gat_attention", {x, a_source, a_target, edge_scores}, &graph);
  for (const Tensor* a : {&a_source, &a_target}) {
    require(a->rows() == 1 && a->cols() == x.cols(), ErrorKind::usage, "gat_attention: a vector of scores is ", a->rows(), " x ",
            a->cols(), ", x is ", x.rows(), " x ", x.cols());
  }
  require(graph.rows() == graph.cols() && graph.rows() == x.rows(), ErrorKind::usage, "gat_attention: x has ",
          counted(x.rows(), "row"), ", the graph is ", graph.rows(), " x ", graph.cols());
  const kernels::GatUse use =
      attention_use("gat_attention", op.context(), graph, options, has_edge_scores ? &edge_scores : nullptr);
  const int64_t stride = kernels::head_stride(options.heads);
  const Tensor source_scores = scores_of(op, x, a_source, options.heads);
  const Tensor target_scores = scores_of(op, x, a_target, options.heads);
  const Tensor y = x.like();  // not reusable: its gradient reads it
  kernels::GatForwardArgs args{graph.view(), use, x.value(), source_scores.value().data, target_scores.value().data,
                               y.value(),    {}};
  if (!op.wants_gradient()) {
    kernels::gat_forward(args, op.execution());
    source_scores.reusable().finish();
    target_scores.reusable().finish();
    return y;
  }
  const Tensor statistics = op.make_tensor(x.rows(), 3 * stride);
  const Tensor positive = x.like();
  args.kept = {statistics.value().data, positive.value().data};
  kernels::gat_forward(args, op.execution());
  return op.record(y, [x, a_source, a_target, edge_scores, has_edge_scores, y, use, stride, source_scores, target_scores,
                       kept = args.kept, outgoing = graph.transpose()] {
    Context& context = y.context();
    kernels::Execution execution = context.execution();
    const ArenaArray<float> dsource(context.arena(), x.rows() * stride), dtarget(context.arena(), x.rows() * stride);
    // The kernel fills dx even where nobody wants it: the scores' gradients are made on the way.
    GradientSlot dx(x, GradientSlot::Unwanted::scratch);
    std::optional<GradientSlot> dedge;
    if (has_edge_scores) dedge.emplace(edge_scores);
    kernels::gat_backward({.outgoing = outgoing,
                           .use = use,
                           .x = x.value(),
                           .source_scores = source_scores.value().data,
                           .target_scores = target_scores.value().data,
                           .source_weights = a_source.value().data,
                           .target_weights = a_target.value().data,
                           .y = y.value(),
                           .kept = kept,
                           .dy = y.grad(),
                           .dx = dx.view(),
                           .dsource_scores = dsource.data(),
                           .dtarget_scores = dtarget.data(),
                           .dedge_scores = dedge ? dedge->view().data : nullptr},
                          execution);
    dx.add();
    if (dedge) dedge->add();
    const auto add_weight_gradient = [&](const Tensor& a, const float* dscores) {
      a.add_grad([&](DenseView<float> da) {
        kernels::head_scores_backward(
            {.x = x.value(), .a = a.value().data, .heads = use.heads, .stride = stride, .dscores = dscores, .da = da.data},
            execution);
      });
    };
    add_weight_gradient(a_source, dsource.data());
    add_weight_gradient(a_target, dtarget.data());
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
