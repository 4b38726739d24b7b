#include "heddle/attention.h"
#include "heddle/error.h"
#include "heddle/ops.h"
#include "kernels/gat/gatv2.h"

namespace heddle {

namespace {

/// `edge_scores` is `sources` itself where there are none.
Tensor attend(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a, const Tensor& edge_scores,
              bool has_edge_scores, const AttentionOptions& options) {
  require(a.rows() == 1 && a.cols() == sources.cols(), ErrorKind::usage, "gatv2_attention: a is ", a.rows(), " x ", a.cols(),
          ", sources are ", sources.rows(), " x ", sources.cols());
  require(!graph.symmetric(), ErrorKind::usage,
          "gatv2_attention: the graph must not be declared symmetric, its edges are directed");
  require(!has_edge_scores || (edge_scores.rows() == graph.nnz() && edge_scores.cols() == options.heads), ErrorKind::usage,
          "gatv2_attention: edge_scores is ", edge_scores.rows(), " x ", edge_scores.cols(), ", there are ", graph.nnz(),
          " edges and ", options.heads, " heads");
  Context& context = sources.context();
  const bool drops = context.training() && options.dropout != 0;
  const kernels::GatUse use{.heads = options.heads,
                            .slope = options.slope,
                            .dropout = drops ? options.dropout : 0,
                            .random = drops ? context.next_random_stream() : RandomStream{},
                            .edge_scores = has_edge_scores ? edge_scores.value().data : nullptr};
  const Tensor y = context.make_tensor(graph.rows(), sources.cols());  // not reusable: its gradient reads it
  float* const statistics = context.arena().allocate_array<float>(graph.rows() * 2 * kernels::head_stride(options.heads));
  kernels::Execution execution = context.execution();
  kernels::gatv2_forward({.incoming = graph.view(),
                          .use = use,
                          .sources = sources.value(),
                          .targets = targets.value(),
                          .a = a.value().data,
                          .y = y.value(),
                          .statistics = statistics},
                         execution);
  return context.tape().record(
      y, {sources, targets, a, edge_scores},
      [sources, targets, a, edge_scores, has_edge_scores, y, use, statistics, incoming = graph.view(),
       outgoing = graph.transpose()] {
        Context& context = y.context();
        kernels::Execution execution = context.execution();
        Arena& arena = context.arena();
        /// Hands `next` memory for the gradient of `input`, which is dropped where none is wanted.
        const auto with_gradient = [&](const Tensor& input, const auto& next) {
          if (input.requires_grad()) return input.add_grad(next);
          const DenseView<float> unused{arena.allocate_array<float>(input.rows() * input.cols()), input.rows(), input.cols()};
          next(unused);
          arena.give_back(unused.data);
        };
        const auto backward = [&](float* dedge) {
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
        };
        if (has_edge_scores && edge_scores.requires_grad()) {
          edge_scores.add_grad([&](DenseView<float> dedge) { backward(dedge.data); });
        } else {
          backward(nullptr);
        }
        arena.give_back(statistics);
      });
}

}  // namespace

Tensor gatv2_attention(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                       const AttentionOptions& options) {
  return attend(graph, sources, targets, a, sources, false, options);
}

Tensor gatv2_attention(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets, const Tensor& a,
                       const Tensor& edge_scores, const AttentionOptions& options) {
  return attend(graph, sources, targets, a, edge_scores, true, options);
}

}  // namespace heddle
