#include "kernels/edge/edge.h"
#include "autograd/attention.h"

namespace heddle {

namespace {

CsrView without_values(CsrView graph) {
  graph.values = nullptr;
  return graph;
}

}  // namespace

Tensor head_scores(const Tensor& x, const Tensor& a, int64_t heads) {
  require(a.rows() == 1 && a.cols() == x.cols(), ErrorKind::usage, "head_scores: a is ", a.rows(), " x ", a.cols(), ", x is ",
          x.rows(), " x ", x.cols());
  Context& context = x.context();
  const Tensor y = context.make_tensor(x.rows(), heads).reusable();
  kernels::Execution execution = context.execution();
  kernels::head_scores({x.value(), a.value().data, heads, heads, y.value().data}, execution);
  return context.tape().record(y, {x, a}, [x, a, y, heads] {
    kernels::Execution execution = y.context().execution();
    const auto backward = [&](DenseView<float> dx, float* da) {
      kernels::head_scores_backward(
          {.x = x.value(), .a = a.value().data, .heads = heads, .stride = heads, .dscores = y.grad().data, .dx = dx, .da = da},
          execution);
    };
    x.add_grad([&](DenseView<float> dx) { backward(dx, nullptr); });
    a.add_grad([&](DenseView<float> da) { backward({}, da.data); });
  });
}

Tensor edge_sums(const SparseMatrix& graph, const Tensor& sources, const Tensor& targets) {
  check_directed("edge_sums", graph);
  Context& context = sources.context();
  const Tensor s = context.make_tensor(graph.nnz(), sources.cols()).reusable();
  kernels::Execution execution = context.execution();
  kernels::edge_sums({graph.view(), sources.value(), targets.value(), s.value()}, execution);
  return context.tape().record(
      s, {sources, targets}, [sources, targets, s, incoming = without_values(graph.view()), outgoing = graph.transpose()] {
        kernels::Execution execution = s.context().execution();
        sources.add_grad([&](DenseView<float> d) { kernels::sum_over_edges({outgoing, s.grad(), d}, execution); });
        targets.add_grad([&](DenseView<float> d) { kernels::sum_over_edges({incoming, s.grad(), d}, execution); });
      });
}

Tensor head_sddmm(const SparseMatrix& graph, const Tensor& x, const Tensor& y, int64_t heads) {
  check_directed("head_sddmm", graph);
  Context& context = x.context();
  const Tensor s = context.make_tensor(graph.nnz(), heads).reusable();
  kernels::Execution execution = context.execution();
  kernels::head_sddmm({graph.view(), heads, x.value(), y.value(), s.value()}, execution);
  return context.tape().record(s, {x, y}, [x, y, s, heads, incoming = graph.view(), outgoing = graph.transpose()] {
    kernels::Execution execution = s.context().execution();
    x.add_grad([&](DenseView<float> dx) { kernels::head_spmm({incoming, heads, s.grad(), y.value(), dx}, execution); });
    y.add_grad([&](DenseView<float> dy) { kernels::head_spmm({outgoing, heads, s.grad(), x.value(), dy}, execution); });
  });
}

Tensor leaky_relu(const Tensor& x, float slope) {
  require(slope >= 0 && slope <= 1, ErrorKind::usage, "leaky_relu: the slope is ", slope, ", it must be from 0 to 1");
  Context& context = x.context();
  const Tensor y = x.like().reusable();
  kernels::Execution execution = context.execution();
  kernels::leaky_relu(x.value(), slope, y.value(), execution);
  return context.tape().record(y, {x}, [x, y, slope] {
    kernels::Execution execution = y.context().execution();
    x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) {
      kernels::leaky_relu_backward(x.value(), slope, dy, dx, execution);
    });
  });
}

Tensor edge_softmax(const SparseMatrix& graph, const Tensor& x) {
  Context& context = x.context();
  const Tensor y = x.like();  // not reusable: its gradient reads it
  kernels::Execution execution = context.execution();
  kernels::edge_softmax({graph.view(), x.value(), y.value()}, execution);
  return context.tape().record(y, {x}, [x, y, graph = graph.view()] {
    kernels::Execution execution = y.context().execution();
    x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) {
      kernels::edge_softmax_backward({graph, y.value(), dy, dx}, execution);
    });
  });
}

Tensor head_spmm(const SparseMatrix& graph, const Tensor& s, const Tensor& x, int64_t heads) {
  check_directed("head_spmm", graph);
  Context& context = x.context();
  const Tensor y = context.make_tensor(graph.rows(), x.cols()).reusable();
  kernels::Execution execution = context.execution();
  kernels::head_spmm({graph.view(), heads, s.value(), x.value(), y.value()}, execution);
  return context.tape().record(y, {s, x}, [s, x, y, heads, incoming = graph.view(), outgoing = graph.transpose()] {
    kernels::Execution execution = y.context().execution();
    s.add_grad([&](DenseView<float> ds) { kernels::head_sddmm({incoming, heads, y.grad(), x.value(), ds}, execution); });
    x.add_grad([&](DenseView<float> dx) { kernels::head_spmm({outgoing, heads, s.value(), y.grad(), dx}, execution); });
  });
}

}  // namespace heddle
