#include "kernels/elementwise/elementwise.h"

#include <algorithm>

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/cpu_elementwise.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void bias_relu_dropout(const BiasReluDropoutArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, float* partials, Stream& stream))
HEDDLE_DECLARE_DEVICE(void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Stream& stream))
HEDDLE_DECLARE_DEVICE(void scale(DenseView<const float> x, float factor, DenseView<float> y, Stream& stream))
HEDDLE_DECLARE_DEVICE(void scale_by(DenseView<const float> x, float factor, const float* scalar, DenseView<float> y,
                                    Stream& stream))
HEDDLE_DECLARE_DEVICE(void fill(float value, DenseView<float> y, Stream& stream))
HEDDLE_DECLARE_DEVICE(void increment(uint32_t* counter, Stream& stream))
HEDDLE_DECLARE_DEVICE(void record_scalar(const float* value, const uint32_t* step, float* history, int64_t length,
                                         Stream& stream))

namespace {

DropoutRule dropout_rule(float p) { return {dropout_threshold(p), 1.0f / (1.0f - p)}; }

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

}  // namespace

void bias_relu_dropout(const BiasReluDropoutArgs& args, Execution& execution) {
  check_data("bias_relu_dropout", "x", args.x);
  check_same_shape("bias_relu_dropout", "y", args.y, "x", args.x);
  check_data("bias_relu_dropout", "y", args.y);
  Operands("bias_relu_dropout")
      .writes("y", args.y, "x")
      .reads("x", args.x)
      .reads("bias", args.bias, args.x.cols)
      .reads("step", args.random.step, 1)
      .check();
  require(!args.relu || !args.elu, ErrorKind::usage, "bias_relu_dropout: relu and elu are asked for at once");
  const DropoutRule rule = dropout_rule(args.dropout);
  if (args.x.size() == 0) return;
  const ProfiledOp op(execution, "bias_relu_dropout", [&](OpArguments& arguments) {
    arguments.reads("x", args.x);
    arguments.array("bias", args.bias, args.x.cols);
    arguments.writes("y", args.y);
  });
  if (!on_cpu(execution)) return HEDDLE_CALL_DEVICE(execution.stream, bias_relu_dropout, args);
  float* repeated = nullptr;
  if (args.bias != nullptr) {
    const int64_t d = args.x.cols;
    repeated = execution.arena.allocate_array<float>(d + repeated_bias_extra);
    for (int64_t i = 0; i < d + repeated_bias_extra; ++i) repeated[i] = args.bias[i % d];
  }
  HEDDLE_CALL_CPU(execution.stream, bias_relu_dropout, args, rule, repeated);
  execution.arena.give_back(repeated);
}

void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, Execution& execution) {
  check_data("bias_relu_dropout_backward", "dy", args.dy);
  require(!args.relu || !args.elu, ErrorKind::usage, "bias_relu_dropout_backward: relu and elu are asked for at once");
  const bool changes = args.relu || args.elu || args.dropout > 0;
  if (args.relu || args.elu) {
    check_same_shape("bias_relu_dropout_backward", "y", args.y, "dy", args.dy);
    check_data("bias_relu_dropout_backward", "y", args.y);
  }
  if (changes || args.dx.data != nullptr) {
    check_same_shape("bias_relu_dropout_backward", "dx", args.dx, "dy", args.dy);
    check_data("bias_relu_dropout_backward", "dx", args.dx);
  }
  Operands("bias_relu_dropout_backward")
      .writes("dx", args.dx, "dy")
      .writes("dbias", args.dbias, args.dy.cols)
      .reads("dy", args.dy)
      .reads("y", args.y)
      .reads("step", args.random.step, 1)
      .check();
  const DropoutRule rule = dropout_rule(args.dropout);
  const int64_t d = args.dy.cols;
  if (args.dy.size() == 0) {
    if (args.dbias != nullptr) fill(0, {args.dbias, 1, d}, execution);
    return;
  }
  const ProfiledOp op(execution, "bias_relu_dropout_backward", [&](OpArguments& arguments) {
    if (args.relu || args.elu) arguments.reads("y", args.y);
    arguments.reads("dy", args.dy);
    arguments.writes("dx", args.dx);
    arguments.array("dbias", args.dbias, d);
  });
  float* partials = nullptr;
  if (args.dbias != nullptr) {
    partials = execution.arena.allocate_array<float>((args.dy.rows + column_sum_chunk_rows - 1) / column_sum_chunk_rows * d);
  }
  if (on_cpu(execution)) {
    HEDDLE_CALL_CPU(execution.stream, bias_relu_dropout_backward, args, rule, partials);
  } else {
    HEDDLE_CALL_DEVICE(execution.stream, bias_relu_dropout_backward, args, partials);
  }
  execution.arena.give_back(partials);
}

void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Execution& execution) {
  check_same_shape("add_scaled", "y", y, "x", x);
  check_data("add_scaled", "x", x);
  check_data("add_scaled", "y", y);
  Operands("add_scaled").writes("y", y).reads("x", x).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "add_scaled", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.updates("y", y);
  });
  HEDDLE_CALL(execution.stream, add_scaled, x, factor, y);
}

void scale(DenseView<const float> x, float factor, DenseView<float> y, Execution& execution) {
  check_same_shape("scale", "y", y, "x", x);
  check_data("scale", "x", x);
  check_data("scale", "y", y);
  Operands("scale").writes("y", y, "x").reads("x", x).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "scale", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.writes("y", y);
  });
  HEDDLE_CALL(execution.stream, scale, x, factor, y);
}

void scale_by(DenseView<const float> x, float factor, const float* scalar, DenseView<float> y, Execution& execution) {
  check_same_shape("scale_by", "y", y, "x", x);
  check_data("scale_by", "x", x);
  check_data("scale_by", "y", y);
  Operands("scale_by").writes("y", y).reads("x", x).reads("scalar", scalar, 1).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "scale_by", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.array("scalar", scalar, 1);
    arguments.writes("y", y);
  });
  if (on_cpu(execution)) return HEDDLE_CALL_CPU(execution.stream, scale, x, factor * *scalar, y);
  HEDDLE_CALL_DEVICE(execution.stream, scale_by, x, factor, scalar, y);
}

void fill(float value, DenseView<float> y, Execution& execution) {
  check_data("fill", "y", y);
  if (y.size() == 0) return;
  const ProfiledOp op(execution, "fill", [&](OpArguments& arguments) { arguments.writes("y", y); });
  HEDDLE_CALL(execution.stream, fill, value, y);
}

void increment(uint32_t* counter, Execution& execution) {
  const ProfiledOp op(execution, "increment", [&](OpArguments& arguments) {
    arguments.updates("counter", DenseView<uint32_t>{counter, 1, 1});
  });
  if (on_cpu(execution)) {
    ++*counter;
  } else {
    HEDDLE_CALL_DEVICE(execution.stream, increment, counter);
  }
}

void record_scalar(const float* value, const uint32_t* step, float* history, int64_t length, Execution& execution) {
  Operands("record_scalar").writes("history", history, length).reads("value", value, 1).reads("step", step, 1).check();
  const ProfiledOp op(execution, "record_scalar", [&](OpArguments& arguments) {
    arguments.array("value", value, 1);
    arguments.array("step", step, 1);
    arguments.array("entry", history, 1);
  });
  if (!on_cpu(execution)) return HEDDLE_CALL_DEVICE(execution.stream, record_scalar, value, step, history, length);
  if (*step < length) history[*step] = *value;
}

}  // namespace heddle::kernels
