#include "kernels/loss/loss.h"

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/elementwise/cpu_elementwise.h"
#include "kernels/loss/cpu_loss.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void masked_nll(const MaskedNllArgs& args, double* partials, Stream& stream))
HEDDLE_DECLARE_DEVICE(void masked_nll_backward(const MaskedNllBackwardArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void count_correct(const CountCorrectArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void sum_of_squares(DenseView<const float> x, float factor, float* sum, double* partials, Stream& stream))

namespace {

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

double* allocate_partials(int64_t terms, Execution& execution) {
  return execution.arena.allocate_array<double>((terms + sum_chunk_terms - 1) / sum_chunk_terms);
}

}  // namespace

void masked_nll(const MaskedNllArgs& args, Execution& execution) {
  check_data("masked_nll", "logits", args.logits);
  require(args.logits.cols >= 1, ErrorKind::usage, "masked_nll: logits have no columns");
  require(args.row_count >= 1, ErrorKind::usage, "masked_nll: no row is listed, a mean over none has no value");
  Operands("masked_nll")
      .writes("loss", args.loss, 1)
      .reads("logits", args.logits)
      .reads("labels", args.labels, args.logits.rows)
      .reads("rows", args.rows, args.row_count)
      .reads("class_weights", args.class_weights, args.class_weights == nullptr ? 0 : args.logits.cols)
      .check();
  require(args.class_weights == nullptr || args.weight_sum > 0, ErrorKind::usage,
          "masked_nll: the class weights of the rows sum to ", args.weight_sum);
  const ProfiledOp op(execution, "masked_nll", [&](OpArguments& arguments) {
    arguments.reads("logits", DenseView<const float>{args.logits.data, args.row_count, args.logits.cols});
    arguments.array("labels", args.labels, args.row_count);
    arguments.array("rows", args.rows, args.row_count);
    arguments.array("loss", args.loss, 1);
  });
  if (on_cpu(execution)) {
    double* losses = execution.arena.allocate_array<double>(args.row_count);
    cpu::masked_nll(args, losses, execution.stream.thread_team());
    execution.arena.give_back(losses);
    return;
  }
  double* partials = allocate_partials(args.row_count, execution);
  HEDDLE_CALL_DEVICE(execution.stream, masked_nll, args, partials);
  execution.arena.give_back(partials);
}

void masked_nll_backward(const MaskedNllBackwardArgs& args, Execution& execution) {
  check_same_shape("masked_nll_backward", "dlogits", args.dlogits, "logits", args.logits);
  check_data("masked_nll_backward", "logits", args.logits);
  check_data("masked_nll_backward", "dlogits", args.dlogits);
  Operands("masked_nll_backward")
      .writes("dlogits", args.dlogits)
      .reads("logits", args.logits)
      .reads("labels", args.labels, args.logits.rows)
      .reads("rows", args.rows, args.row_count)
      .reads("dloss", args.dloss, 1)
      .reads("class_weights", args.class_weights, args.class_weights == nullptr ? 0 : args.logits.cols)
      .check();
  require(args.row_count >= 1, ErrorKind::usage, "masked_nll_backward: no row is listed");
  require(args.class_weights == nullptr || args.weight_sum > 0, ErrorKind::usage,
          "masked_nll_backward: the class weights of the rows sum to ", args.weight_sum);
  const ProfiledOp op(execution, "masked_nll_backward", [&](OpArguments& arguments) {
    arguments.reads("logits", DenseView<const float>{args.logits.data, args.row_count, args.logits.cols});
    arguments.array("labels", args.labels, args.row_count);
    arguments.array("rows", args.rows, args.row_count);
    arguments.array("dloss", args.dloss, 1);
    arguments.writes("dlogits", args.dlogits);
  });
  if (on_cpu(execution)) return cpu::masked_nll_backward(args, execution.stream.thread_team());
  HEDDLE_CALL_DEVICE(execution.stream, masked_nll_backward, args);
}

void count_correct(const CountCorrectArgs& args, Execution& execution) {
  check_data("count_correct", "logits", args.logits);
  require(args.logits.cols >= 1, ErrorKind::usage, "count_correct: logits have no columns");
  Operands("count_correct")
      .writes("correct", args.correct, 1)
      .reads("logits", args.logits)
      .reads("labels", args.labels, args.logits.rows)
      .reads("rows", args.rows, args.row_count)
      .check();
  const ProfiledOp op(execution, "count_correct", [&](OpArguments& arguments) {
    arguments.reads("logits", DenseView<const float>{args.logits.data, args.row_count, args.logits.cols});
    arguments.array("labels", args.labels, args.row_count);
    arguments.array("rows", args.rows, args.row_count);
    arguments.array("correct", args.correct, 1);
  });
  if (on_cpu(execution)) return cpu::count_correct(args, execution.stream.thread_team());
  HEDDLE_CALL_DEVICE(execution.stream, count_correct, args);
}

void sum_of_squares(DenseView<const float> x, float factor, float* sum, Execution& execution) {
  check_data("sum_of_squares", "x", x);
  Operands("sum_of_squares").writes("sum", sum, 1).reads("x", x).check();
  const ProfiledOp op(execution, "sum_of_squares", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.array("sum", sum, 1);
  });
  double* partials = allocate_partials(x.size(), execution);
  if (on_cpu(execution)) {
    HEDDLE_CALL_CPU(execution.stream, sum_of_squares, x, partials);
    double total = 0;
    for (int64_t chunk = 0; chunk * sum_chunk_terms < x.size(); ++chunk) total += partials[chunk];
    *sum = static_cast<float>(factor * total);
  } else {
    HEDDLE_CALL_DEVICE(execution.stream, sum_of_squares, x, factor, sum, partials);
  }
  execution.arena.give_back(partials);
}

}  // namespace heddle::kernels
