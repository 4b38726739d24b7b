#include "kernels/gat/gatv2.h"

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gat/cpu_gatv2.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void gatv2_forward(const GatV2ForwardArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void gatv2_backward(const GatV2BackwardArgs& args, const GatV2Workspace& workspace, Stream& stream))

namespace {

AttentionDropout checked_use(const char* op, const GatUse& use, const CsrView& a, DenseView<const float> sources,
                             DenseView<const float> targets) {
  check_graph(op, a);
  check_heads(op, use.heads, sources.cols, most_attention_heads);
  require(use.slope >= 0 && use.slope <= 1, ErrorKind::usage, op, ": the slope is ", use.slope, ", it must be from 0 to 1");
  require(sources.rows == a.cols && targets.rows == a.rows && targets.cols == sources.cols, ErrorKind::usage, op,
          ": sources are ", sources.rows, " x ", sources.cols, ", targets ", targets.rows, " x ", targets.cols, ", the graph is ",
          a.rows, " x ", a.cols);
  check_data(op, "sources", sources);
  check_data(op, "targets", targets);
  return {dropout_threshold(use.dropout), 1.0f / (1.0f - use.dropout)};
}

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

}  // namespace

void gatv2_forward(const GatV2ForwardArgs& args, Execution& execution) {
  const AttentionDropout dropout = checked_use("gatv2", args.use, args.incoming, args.sources, args.targets);
  check_same_shape("gatv2", "y", args.y, "targets", args.targets);
  Operands("gatv2")
      .writes("y", args.y)
      .writes("statistics", args.statistics, args.y.rows * 2 * head_stride(args.use.heads))
      .reads("sources", args.sources)
      .reads("targets", args.targets)
      .reads("a", args.a, args.targets.cols)
      .reads("edge_scores", args.use.edge_scores, args.incoming.nnz * args.use.heads)
      .reads("step", args.use.random.step, 1)
      .reads("incoming", args.incoming)
      .check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "gatv2", [&](OpArguments& arguments) {
    arguments.structure("incoming", args.incoming);
    arguments.reads("sources", args.sources);
    arguments.reads("targets", args.targets);
    arguments.array("a", args.a, args.targets.cols);
    arguments.reads("edge_scores", DenseView<const float>{args.use.edge_scores, args.incoming.nnz, args.use.heads});
    arguments.writes("y", args.y);
    arguments.writes("statistics", DenseView<float>{args.statistics, args.y.rows, 2 * head_stride(args.use.heads)});
  });
  if (on_cpu(execution)) return HEDDLE_CALL_CPU(execution.stream, gatv2_forward, args, dropout);
  HEDDLE_CALL_DEVICE(execution.stream, gatv2_forward, args);
}

void gatv2_backward(const GatV2BackwardArgs& args, Execution& execution) {
  const AttentionDropout dropout = checked_use("gatv2_backward", args.use, args.incoming, args.sources, args.targets);
  check_same_shape("gatv2_backward", "dy", args.dy, "targets", args.targets);
  check_same_shape("gatv2_backward", "dsources", args.dsources, "sources", args.sources);
  check_same_shape("gatv2_backward", "dtargets", args.dtargets, "targets", args.targets);
  const int64_t n = args.targets.rows;
  const int64_t width = args.targets.cols;
  Operands("gatv2_backward")
      .writes("dsources", args.dsources)
      .writes("dtargets", args.dtargets)
      .writes("da", args.da, width)
      .writes("dedge_scores", args.dedge_scores, args.incoming.nnz * args.use.heads)
      .reads("sources", args.sources)
      .reads("targets", args.targets)
      .reads("a", args.a, width)
      .reads("y", args.y)
      .reads("statistics", args.statistics, n * 2 * head_stride(args.use.heads))
      .reads("dy", args.dy)
      .reads("edge_scores", args.use.edge_scores, args.incoming.nnz * args.use.heads)
      .reads("step", args.use.random.step, 1)
      .reads("incoming", args.incoming)
      .reads("outgoing", args.outgoing)
      .check();
  const ProfiledOp op(execution, "gatv2_backward", [&](OpArguments& arguments) {
    arguments.structure("incoming", args.incoming);
    arguments.structure("outgoing", args.outgoing);
    arguments.reads("sources", args.sources);
    arguments.reads("targets", args.targets);
    arguments.array("a", args.a, width);
    arguments.reads("edge_scores", DenseView<const float>{args.use.edge_scores, args.incoming.nnz, args.use.heads});
    arguments.reads("y", args.y);
    arguments.reads("statistics", DenseView<const float>{args.statistics, n, 2 * head_stride(args.use.heads)});
    arguments.reads("dy", args.dy);
    arguments.writes("dsources", args.dsources);
    arguments.writes("dtargets", args.dtargets);
    arguments.array("da", args.da, width);
    arguments.writes("dedge_scores", DenseView<float>{args.dedge_scores, args.incoming.nnz, args.use.heads});
  });
  const ArenaArray<float> delta(execution.arena, n * head_stride(args.use.heads)), da_rows(execution.arena, n * width);
  const GatV2Workspace workspace{delta.data(), da_rows.data()};
  if (args.sources.rows > 0 || n > 0) {
    if (on_cpu(execution)) {
      HEDDLE_CALL_CPU(execution.stream, gatv2_backward, args, dropout, workspace);
    } else {
      HEDDLE_CALL_DEVICE(execution.stream, gatv2_backward, args, workspace);
    }
  }
  bias_relu_dropout_backward({.dy = {workspace.da_rows, n, width}, .dbias = args.da}, execution);  // the sums of its columns
}

}  // namespace heddle::kernels
