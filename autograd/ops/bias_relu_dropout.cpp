#include "heddle/error.h"
#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

namespace {

struct Activation {
  bool relu = false;
  bool elu = false;
  float dropout = 0;
};

/// y = dropout(relu(x + bias)); `bias` may be null. `in_place`: in x's memory where x's maker allows that.
Tensor activate(const char* name, const Tensor& x, bool in_place, const Tensor* bias, Activation what) {
  const Tensor b = bias != nullptr ? *bias : x;  // an input twice where there is no bias
  const Operation op(name, {x, b});
  require(bias == nullptr || (b.rows() == 1 && b.cols() == x.cols()), ErrorKind::usage, name, ": bias is ", b.rows(), " x ",
          b.cols(), ", x is ", x.rows(), " x ", x.cols());
  const RandomStream random = what.dropout > 0 ? op.context().next_random_stream() : RandomStream{};
  const DenseView<const float> input = x.value();
  // Read before x's memory is taken over: the two may be one tensor.
  const float* const bias_data = bias != nullptr ? b.value().data : nullptr;
  const Tensor y = in_place && bias_data != input.data ? x.like_in_place() : x.like();
  if (!what.relu && !what.elu) y.reusable();  // their gradients read the output
  kernels::bias_relu_dropout({.x = input,
                              .bias = bias_data,
                              .relu = what.relu,
                              .elu = what.elu,
                              .dropout = what.dropout,
                              .random = random,
                              .y = y.value()},
                             op.execution());
  return op.record(y, [x, y, b, has_bias = bias != nullptr, what, random] {
    const auto backward = [&](DenseView<const float> dy, DenseView<float> dx, float* dbias) {
      kernels::Execution execution = y.context().execution();
      kernels::bias_relu_dropout_backward(
          {.y = what.relu || what.elu ? DenseView<const float>(y.value()) : DenseView<const float>{},
           .dy = dy,
           .relu = what.relu,
           .elu = what.elu,
           .dropout = what.dropout,
           .random = random,
           .dx = dx,
           .dbias = dbias},
          execution);
    };
    if (!has_bias || !b.requires_grad()) {
      x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) { backward(dy, dx, nullptr); });
      return;
    }
    b.add_grad([&](DenseView<float> dbias) {
      if (x.requires_grad()) {
        x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) { backward(dy, dx, dbias.data); });
      } else {
        const DenseView<float> dy = y.grad();  // read by nobody else: dx may take its place
        backward(dy, dy, dbias.data);
      }
    });
  });
}

bool drops(const Tensor& x, float p) { return x.context().training() && p != 0; }

/// x under a second name: from now on no op may take its memory over.
Tensor shared(const Tensor& x) {
  x.node().reusable = false;
  return x;
}

}  // namespace

Tensor add_bias(const Tensor& x, const Tensor& bias) { return activate("add_bias", x, false, &bias, {}); }
Tensor add_bias(Tensor&& x, const Tensor& bias) { return activate("add_bias", x, true, &bias, {}); }

Tensor relu(const Tensor& x) { return activate("relu", x, false, nullptr, {.relu = true}); }
Tensor relu(Tensor&& x) { return activate("relu", x, true, nullptr, {.relu = true}); }

Tensor dropout(const Tensor& x, float p) {
  return drops(x, p) ? activate("dropout", x, false, nullptr, {.dropout = p}) : shared(x);
}
Tensor dropout(Tensor&& x, float p) { return drops(x, p) ? activate("dropout", x, true, nullptr, {.dropout = p}) : x; }

Tensor bias_relu_dropout(const Tensor& x, const Tensor& bias, float p) {
  return activate("bias_relu_dropout", x, false, &bias, {.relu = true, .dropout = drops(x, p) ? p : 0});
}
Tensor bias_relu_dropout(Tensor&& x, const Tensor& bias, float p) {
  return activate("bias_relu_dropout", x, true, &bias, {.relu = true, .dropout = drops(x, p) ? p : 0});
}

Tensor bias_elu_dropout(const Tensor& x, const Tensor& bias, float p) {
  return activate("bias_elu_dropout", x, false, &bias, {.elu = true, .dropout = drops(x, p) ? p : 0});
}
Tensor bias_elu_dropout(Tensor&& x, const Tensor& bias, float p) {
  return activate("bias_elu_dropout", x, true, &bias, {.elu = true, .dropout = drops(x, p) ? p : 0});
}

}  // namespace heddle
