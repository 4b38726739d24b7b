#include "heddle/error.h"
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
Tensor activate(const Tensor& x, bool in_place, const Tensor* bias, Activation what) {
  Context& context = x.context();
  if (bias != nullptr) {
    require(bias->rows() == 1 && bias->cols() == x.cols(), ErrorKind::usage, "bias: it is ", bias->rows(), " x ", bias->cols(),
            ", x is ", x.rows(), " x ", x.cols());
  }
  const RandomStream random = what.dropout > 0 ? context.next_random_stream() : RandomStream{};
  const DenseView<const float> input = x.value();
  const Tensor y = in_place ? x.like_in_place() : x.like();
  if (!what.relu && !what.elu) y.reusable();  // their gradients read the output
  kernels::Execution execution = context.execution();
  kernels::bias_relu_dropout({.x = input,
                              .bias = bias != nullptr ? bias->value().data : nullptr,
                              .relu = what.relu,
                              .elu = what.elu,
                              .dropout = what.dropout,
                              .random = random,
                              .y = y.value()},
                             execution);
  const Tensor b = bias != nullptr ? *bias : x;  // recorded as an input twice where there is no bias
  return context.tape().record(y, {x, b}, [x, y, b, has_bias = bias != nullptr, what, random] {
    kernels::Execution execution = y.context().execution();
    const auto backward = [&](DenseView<const float> dy, DenseView<float> dx, float* dbias) {
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
    const bool bias_wanted = has_bias && b.requires_grad();
    if (bias_wanted && &b.node() == &x.node()) {  // one tensor gets both gradients, one after the other
      x.add_grad([&](DenseView<float> dx) { backward(y.grad(), dx, nullptr); });
      x.add_grad([&](DenseView<float> dbias) { backward(y.grad(), y.grad(), dbias.data); });
    } else if (!bias_wanted) {
      x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) { backward(dy, dx, nullptr); });
    } else {
      b.add_grad([&](DenseView<float> dbias) {
        if (x.requires_grad()) {
          x.add_grad_in_place_of(y, [&](DenseView<float> dx, DenseView<const float> dy) { backward(dy, dx, dbias.data); });
        } else {
          const DenseView<float> dy = y.grad();  // read by nobody else: dx may take its place
          backward(dy, dy, dbias.data);
        }
      });
    }
  });
}

bool drops(const Tensor& x, float p) { return x.context().training() && p != 0; }

/// x under a second name: from now on no op may take its memory over.
Tensor shared(const Tensor& x) {
  x.node().reusable = false;
  return x;
}

}  // namespace

Tensor add_bias(const Tensor& x, const Tensor& bias) { return activate(x, false, &bias, {}); }
Tensor add_bias(Tensor&& x, const Tensor& bias) { return activate(x, true, &bias, {}); }

Tensor relu(const Tensor& x) { return activate(x, false, nullptr, {.relu = true}); }
Tensor relu(Tensor&& x) { return activate(x, true, nullptr, {.relu = true}); }

Tensor dropout(const Tensor& x, float p) { return drops(x, p) ? activate(x, false, nullptr, {.dropout = p}) : shared(x); }
Tensor dropout(Tensor&& x, float p) { return drops(x, p) ? activate(x, true, nullptr, {.dropout = p}) : x; }

Tensor bias_relu_dropout(const Tensor& x, const Tensor& bias, float p) {
  return activate(x, false, &bias, {.relu = true, .dropout = drops(x, p) ? p : 0});
}
Tensor bias_relu_dropout(Tensor&& x, const Tensor& bias, float p) {
  return activate(x, true, &bias, {.relu = true, .dropout = drops(x, p) ? p : 0});
}

Tensor bias_elu_dropout(const Tensor& x, const Tensor& bias, float p) {
  return activate(x, false, &bias, {.elu = true, .dropout = drops(x, p) ? p : 0});
}
Tensor bias_elu_dropout(Tensor&& x, const Tensor& bias, float p) {
  return activate(x, true, &bias, {.elu = true, .dropout = drops(x, p) ? p : 0});
}

}  // namespace heddle
