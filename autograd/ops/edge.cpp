#include "kernels/edge/edge.h"
#include "autograd/attention.h"
#include "heddle/operation.h"

namespace heddle {

namespace {

CsrView without_values(CsrView graph) {
  graph.values = nullptr;
  return graph;
}

}  // namespace

Tensor head_scores(const Tensor& x, const Tensor& a, int64_t heads) {
  const Operation op("head_scores", {x, a});
  require(a.rows() == 1 && a.cols() == x.cols(), ErrorKind::usage, "head_scores: a is ", a.rows(), " x ", a.cols(), ", x is ",
          x.rows(), " x ", x.cols());
  const Tensor y = op.make_tensor(x.rows(), heads).reusable();
  kernels::head_scores({x.value(), a.value().data, heads, heads, y.value().data}, op.execution());
  return op.record(y, [x, a, y, heads] {
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
  const Operation op("edge_sums", {sources, targets}, &graph);
  check_directed("edge_sums", graph);
  const Tensor s = op.make_tensor(graph.nnz(), sources.cols()).reusable();
  kernels::edge_sums({graph.view(), sources.value(), targets.value(), s.value()}, op.execution());
  return op.record(s, [sources, targets, s, incoming = without_values(graph.view()), outgoing = graph.transpose()] {
    kernels::Execution execution = s.context().execution();
    sources.add_grad([&](DenseView<float> d) { kernels::sum_over_edges({outgoing, s.grad(), d}, execution); });
    targets.add_grad([&](DenseView<float> d) { kernels::sum_over_edges({incoming, s.grad(), d}, execution); });
  });
}

Tensor head_sddmm(const SparseMatrix& graph, const Tensor& x, const Tensor& y, int64_t heads) {
  const Operation op("head_sddmm", {x, y}, &graph);
  check_directed("head_sddmm", graph);
  const Tensor s = op.make_tensor(graph.nnz(), heads).reusable();
  kernels::head_sddmm({graph.view(), heads, x.value(), y.value(), s.value()}, op.execution());
  return op.record(s, [x, y, s, heads, incoming = graph.view(), outgoing = graph.transpose()] {
    kernels::Execution execution = s.context().execution();
    x.add_grad([&](DenseView<float> dx) { kernels::head_spmm({incoming, heads, s.grad(), y.value(), dx}, execution); });
    y.add_grad([&](DenseView<float> dy) { kernels::head_spmm({outgoing, heads, s.grad(), x.value(), dy}, execution); });
  });
}

Tensor leaky_relu(const Tensor& x, float slope) {
  const Operation op("leaky_relu", {x});
  require(slope >= 0 && slope <= 1, ErrorKind::usage, "leaky_relu: the slope is ", slope, ", it must be from 0 to 1");
  const Tensor y = x.like().reusable();
  kernels::leaky_relu(x.value(), slope, y.value(), op.execution());
  return op.record(y, [x, y, slope] {
    kernels::Execution execution = y.context().execution();
    x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) {
      kernels::leaky_relu_backward(x.value(), slope, dy, dx, execution);
    });
  });
}

Tensor edge_softmax(const SparseMatrix& graph, const Tensor& x) {
  const Operation op("edge_softmax", {x}, &graph);
  const Tensor y = x.like();  // not reusable: its gradient reads it
  kernels::edge_softmax({graph.view(), x.value(), y.value()}, op.execution());
  return op.record(y, [x, y, graph = graph.view()] {
    kernels::Execution execution = y.context().execution();
    x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) {
      kernels::edge_softmax_backward({graph, y.value(), dy, dx}, execution);
    });
  });
}

Tensor head_spmm(const SparseMatrix& graph, const Tensor& s, const Tensor& x, int64_t heads) {
  const Operation op("head_spmm", {s, x}, &graph);
  check_directed("head_spmm", graph);
  const Tensor y = op.make_tensor(graph.rows(), x.cols()).reusable();
  kernels::head_spmm({graph.view(), heads, s.value(), x.value(), y.value()}, op.execution());
  return op.record(y, [s, x, y, heads, incoming = graph.view(), outgoing = graph.transpose()] {
    kernels::Execution execution = y.context().execution();
    s.add_grad([&](DenseView<float> ds) { kernels::head_sddmm({incoming, heads, y.grad(), x.value(), ds}, execution); });
    x.add_grad([&](DenseView<float> dx) { kernels::head_spmm({outgoing, heads, s.value(), y.grad(), dx}, execution); });
  });
}

}  // namespace heddle
