#include "kernels/edge/edge.h"

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/edge/cpu_edge.h"
#include "kernels/edge/variants.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void edge_sums(const EdgeSumsArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void sum_over_edges(const SumOverEdgesArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void head_spmm(const HeadSpmmArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Stream& stream))
HEDDLE_DECLARE_DEVICE(void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy,
                                               DenseView<float> dx, Stream& stream))

namespace {

template <class T>
void check_shape(const char* op, const char* name, const DenseView<T>& view, int64_t rows, int64_t cols) {
  check_data(op, name, view);
  require(view.rows == rows && view.cols == cols, ErrorKind::usage, op, ": ", name, " is ", view.rows, " x ", view.cols,
          ", it must be ", rows, " x ", cols);
}

}  // namespace

void edge_sums(const EdgeSumsArgs& args, Execution& execution) {
  check_graph("edge_sums", args.graph);
  const int64_t heads = args.s.cols;
  check_shape("edge_sums", "s", args.s, args.graph.nnz, heads);
  check_shape("edge_sums", "sources", args.sources, args.graph.cols, heads);
  check_shape("edge_sums", "targets", args.targets, args.graph.rows, heads);
  Operands("edge_sums")
      .writes("s", args.s)
      .reads("sources", args.sources)
      .reads("targets", args.targets)
      .reads("graph", args.graph)
      .check();
  if (args.s.size() == 0) return;
  const ProfiledOp op(execution, "edge_sums", [&](OpArguments& arguments) {
    arguments.structure("graph", args.graph);
    arguments.reads("sources", args.sources);
    arguments.reads("targets", args.targets);
    arguments.writes("s", args.s);
  });
  HEDDLE_CALL(execution.stream, edge_sums, args);
}

void sum_over_edges(const SumOverEdgesArgs& args, Execution& execution) {
  check_graph("sum_over_edges", args.graph);
  check_shape("sum_over_edges", "s", args.s, args.graph.nnz, args.y.cols);
  check_shape("sum_over_edges", "y", args.y, args.graph.rows, args.y.cols);
  Operands("sum_over_edges").writes("y", args.y).reads("s", args.s).reads("graph", args.graph).check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "sum_over_edges", [&](OpArguments& arguments) {
    arguments.structure("graph", args.graph);
    arguments.reads("s", args.s);
    arguments.writes("y", args.y);
  });
  HEDDLE_CALL(execution.stream, sum_over_edges, args);
}

void head_sddmm(const HeadSddmmArgs& args, Execution& execution) {
  check_graph("head_sddmm", args.graph);
  check_heads("head_sddmm", args.heads, args.x.cols);
  check_shape("head_sddmm", "x", args.x, args.graph.rows, args.x.cols);
  check_shape("head_sddmm", "y", args.y, args.graph.cols, args.x.cols);
  check_shape("head_sddmm", "s", args.s, args.graph.nnz, args.heads);
  Operands("head_sddmm").writes("s", args.s).reads("x", args.x).reads("y", args.y).reads("graph", args.graph).check();
  if (args.s.size() == 0) return;
  const ProfiledOp op(execution, "head_sddmm", [&](OpArguments& arguments) {
    arguments.structure("graph", args.graph);
    arguments.reads("x", args.x);
    arguments.reads("y", args.y);
    arguments.writes("s", args.s);
  });
  run_chosen("head_sddmm", execution.overrides.sddmm, head_sddmm_variants, pick_head_sddmm, args, execution);
}

void head_spmm(const HeadSpmmArgs& args, Execution& execution) {
  check_graph("head_spmm", args.graph);
  check_heads("head_spmm", args.heads, args.x.cols);
  check_shape("head_spmm", "s", args.s, args.graph.nnz, args.heads);
  check_shape("head_spmm", "x", args.x, args.graph.cols, args.x.cols);
  check_shape("head_spmm", "y", args.y, args.graph.rows, args.x.cols);
  Operands("head_spmm").writes("y", args.y).reads("s", args.s).reads("x", args.x).reads("graph", args.graph).check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "head_spmm", [&](OpArguments& arguments) {
    arguments.structure("graph", args.graph);
    arguments.reads("s", args.s);
    arguments.reads("x", args.x);
    arguments.writes("y", args.y);
  });
  HEDDLE_CALL(execution.stream, head_spmm, args);
}

void edge_softmax(const EdgeSoftmaxArgs& args, Execution& execution) {
  check_graph("edge_softmax", args.graph);
  check_shape("edge_softmax", "x", args.x, args.graph.nnz, args.x.cols);
  check_shape("edge_softmax", "y", args.y, args.graph.nnz, args.x.cols);
  Operands("edge_softmax").writes("y", args.y, "x").reads("x", args.x).reads("graph", args.graph).check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "edge_softmax", [&](OpArguments& arguments) {
    arguments.structure("graph", args.graph);
    arguments.reads("x", args.x);
    arguments.writes("y", args.y);
  });
  run_chosen("edge_softmax", execution.overrides.edge_softmax, edge_softmax_variants, pick_edge_softmax, args, execution);
}

void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Execution& execution) {
  check_graph("edge_softmax_backward", args.graph);
  check_shape("edge_softmax_backward", "y", args.y, args.graph.nnz, args.y.cols);
  check_shape("edge_softmax_backward", "dy", args.dy, args.graph.nnz, args.y.cols);
  check_shape("edge_softmax_backward", "dx", args.dx, args.graph.nnz, args.y.cols);
  Operands("edge_softmax_backward")
      .writes("dx", args.dx, "dy")
      .reads("y", args.y)
      .reads("dy", args.dy)
      .reads("graph", args.graph)
      .check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "edge_softmax_backward", [&](OpArguments& arguments) {
    arguments.structure("graph", args.graph);
    arguments.reads("y", args.y);
    arguments.reads("dy", args.dy);
    arguments.writes("dx", args.dx);
  });
  HEDDLE_CALL(execution.stream, edge_softmax_backward, args);
}

void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Execution& execution) {
  check_data("leaky_relu", "x", x);
  check_data("leaky_relu", "y", y);
  check_same_shape("leaky_relu", "y", y, "x", x);
  Operands("leaky_relu").writes("y", y, "x").reads("x", x).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "leaky_relu", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.writes("y", y);
  });
  HEDDLE_CALL(execution.stream, leaky_relu, x, slope, y);
}

void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy, DenseView<float> dx,
                         Execution& execution) {
  check_same_shape("leaky_relu_backward", "dy", dy, "x", x);
  check_same_shape("leaky_relu_backward", "dx", dx, "x", x);
  Operands("leaky_relu_backward").writes("dx", dx, "dy").reads("x", x).reads("dy", dy).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "leaky_relu_backward", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.reads("dy", dy);
    arguments.writes("dx", dx);
  });
  HEDDLE_CALL(execution.stream, leaky_relu_backward, x, slope, dy, dx);
}

}  // namespace heddle::kernels
