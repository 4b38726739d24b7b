#include "kernels/gat/gat.h"

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/variants.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void head_scores(const HeadScoresArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void head_scores_backward(const HeadScoresBackwardArgs& args, float* partials, Stream& stream))

namespace {

void check_use(const char* op, const GatUse& use, int64_t width) {
  check_heads(op, use.heads, width, most_attention_heads);
  require(use.slope >= 0 && use.slope <= 1, ErrorKind::usage, op, ": the slope is ", use.slope, ", it must be from 0 to 1");
  dropout_threshold(use.dropout);  // throws unless the probability is in [0, 1)
}

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

}  // namespace

void head_scores(const HeadScoresArgs& args, Execution& execution) {
  check_data("head_scores", "x", args.x);
  check_heads("head_scores", args.heads, args.x.cols, most_attention_heads);
  require(args.stride >= args.heads, ErrorKind::usage, "head_scores: rows of scores are ", args.stride, " apart, ",
          there_are(args.heads, "head"));
  Operands("head_scores")
      .writes("scores", args.scores, args.x.rows * args.stride)
      .reads("x", args.x)
      .reads("a", args.a, args.x.cols)
      .check();
  if (args.x.rows == 0) return;
  const ProfiledOp op(execution, "head_scores", [&](OpArguments& arguments) {
    arguments.reads("x", args.x);
    arguments.array("a", args.a, args.x.cols);
    arguments.writes("scores", DenseView<float>{args.scores, args.x.rows, args.stride});
  });
  HEDDLE_CALL(execution.stream, head_scores, args);
}

void head_scores_backward(const HeadScoresBackwardArgs& args, Execution& execution) {
  check_data("head_scores_backward", "x", args.x);
  check_heads("head_scores_backward", args.heads, args.x.cols, most_attention_heads);
  if (args.dx.data != nullptr) check_same_shape("head_scores_backward", "dx", args.dx, "x", args.x);
  Operands("head_scores_backward")
      .writes("dx", args.dx)
      .writes("da", args.da, args.x.cols)
      .reads("x", args.x)
      .reads("a", args.a, args.x.cols)
      .reads("dscores", args.dscores, args.x.rows * args.stride)
      .check();
  const ProfiledOp op(execution, "head_scores_backward", [&](OpArguments& arguments) {
    arguments.reads("x", args.x);
    if (args.dx.data != nullptr) arguments.array("a", args.a, args.x.cols);
    arguments.reads("dscores", DenseView<const float>{args.dscores, args.x.rows, args.stride});
    arguments.writes("dx", args.dx);
    arguments.array("da", args.da, args.x.cols);
  });
  ArenaArray<float> partials;
  if (args.da != nullptr) {
    const int64_t chunks = (args.x.rows + head_scores_chunk_rows - 1) / head_scores_chunk_rows;
    if (chunks == 0) return fill(0, {args.da, 1, args.x.cols}, execution);
    partials = {execution.arena, chunks * args.x.cols};
  }
  if (args.x.rows > 0) {
    if (on_cpu(execution)) {
      HEDDLE_CALL_CPU(execution.stream, head_scores_backward, args, partials.data());
    } else {
      HEDDLE_CALL_DEVICE(execution.stream, head_scores_backward, args, partials.data());
    }
  }
}

void gat_forward(const GatForwardArgs& args, Execution& execution) {
  check_use("gat", args.use, args.x.cols);
  check_graph("gat", args.incoming);
  require(args.x.rows == args.incoming.cols, ErrorKind::usage, "gat: x has ", counted(args.x.rows, "row"), ", the graph has ",
          counted(args.incoming.cols, "source"));
  require(args.y.rows == args.incoming.rows && args.y.cols == args.x.cols, ErrorKind::usage, "gat: y is ", args.y.rows, " x ",
          args.y.cols, ", it must be ", args.incoming.rows, " x ", args.x.cols);
  require((args.kept.statistics == nullptr) == (args.kept.positive == nullptr), ErrorKind::usage,
          "gat: of what is kept for the gradient one is null and one is not");
  check_data("gat", "x", args.x);
  check_data("gat", "y", args.y);
  const int64_t stride = head_stride(args.use.heads);
  Operands("gat")
      .writes("y", args.y)
      .writes("statistics", args.kept.statistics, args.y.rows * 3 * stride)
      .writes("positive", args.kept.positive, args.y.size())
      .reads("x", args.x)
      .reads("source_scores", args.source_scores, args.x.rows * stride)
      .reads("target_scores", args.target_scores, args.y.rows * stride)
      .reads("edge_scores", args.use.edge_scores, args.incoming.nnz * args.use.heads)
      .reads("step", args.use.random.step, 1)
      .reads("incoming", args.incoming)
      .check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "gat", [&](OpArguments& arguments) {
    arguments.structure("incoming", args.incoming);
    arguments.reads("x", args.x);
    arguments.reads("source_scores", DenseView<const float>{args.source_scores, args.x.rows, stride});
    arguments.reads("target_scores", DenseView<const float>{args.target_scores, args.y.rows, stride});
    arguments.reads("edge_scores", DenseView<const float>{args.use.edge_scores, args.incoming.nnz, args.use.heads});
    arguments.writes("y", args.y);
    arguments.writes("statistics", DenseView<float>{args.kept.statistics, args.y.rows, 3 * stride});
    arguments.writes("positive", DenseView<float>{args.kept.positive, args.y.rows, args.y.cols});
  });
  run_chosen("gat", execution.overrides.gat, gat_forward_variants, pick_gat_forward, args, execution);
}

void gat_backward(const GatBackwardArgs& args, Execution& execution) {
  check_use("gat_backward", args.use, args.x.cols);
  check_graph("gat_backward", args.outgoing);
  require(args.outgoing.rows == args.outgoing.cols && args.x.rows == args.outgoing.rows, ErrorKind::usage, "gat_backward: x has ",
          counted(args.x.rows, "row"), ", the graph has ", counted(args.outgoing.rows, "source"), " and ",
          counted(args.outgoing.cols, "target"));
  check_same_shape("gat_backward", "y", args.y, "x", args.x);
  check_same_shape("gat_backward", "dy", args.dy, "x", args.x);
  check_same_shape("gat_backward", "dx", args.dx, "x", args.x);
  const int64_t n = args.x.rows;
  const int64_t stride = head_stride(args.use.heads);
  Operands("gat_backward")
      .writes("dx", args.dx)
      .writes("dsource_scores", args.dsource_scores, n * stride)
      .writes("dtarget_scores", args.dtarget_scores, n * stride)
      .writes("dedge_scores", args.dedge_scores, args.outgoing.nnz * args.use.heads)
      .reads("x", args.x)
      .reads("source_scores", args.source_scores, n * stride)
      .reads("target_scores", args.target_scores, n * stride)
      .reads("source_weights", args.source_weights, args.x.cols)
      .reads("target_weights", args.target_weights, args.x.cols)
      .reads("y", args.y)
      .reads("statistics", args.kept.statistics, n * 3 * stride)
      .reads("positive", args.kept.positive, args.x.size())
      .reads("dy", args.dy)
      .reads("edge_scores", args.use.edge_scores, args.outgoing.nnz * args.use.heads)
      .reads("step", args.use.random.step, 1)
      .reads("outgoing", args.outgoing)
      .check();
  if (args.x.size() == 0) return;
  const ProfiledOp op(execution, "gat_backward", [&](OpArguments& arguments) {
    arguments.structure("outgoing", args.outgoing);
    arguments.reads("x", args.x);
    arguments.reads("source_scores", DenseView<const float>{args.source_scores, n, stride});
    arguments.reads("target_scores", DenseView<const float>{args.target_scores, n, stride});
    arguments.reads("y", args.y);
    arguments.reads("statistics", DenseView<const float>{args.kept.statistics, n, 3 * stride});
    arguments.reads("positive", DenseView<const float>{args.kept.positive, n, args.x.cols});
    arguments.reads("edge_scores", DenseView<const float>{args.use.edge_scores, args.outgoing.nnz, args.use.heads});
    arguments.array("source_weights", args.source_weights, args.x.cols);
    arguments.array("target_weights", args.target_weights, args.x.cols);
    arguments.reads("dy", args.dy);
    arguments.writes("dx", args.dx);
    arguments.writes("dsource_scores", DenseView<float>{args.dsource_scores, n, stride});
    arguments.writes("dtarget_scores", DenseView<float>{args.dtarget_scores, n, stride});
    arguments.writes("dedge_scores", DenseView<float>{args.dedge_scores, args.outgoing.nnz, args.use.heads});
  });
  run_chosen("gat_backward", execution.overrides.gat, gat_backward_variants, pick_gat_backward, args, execution);
}

}  // namespace heddle::kernels
