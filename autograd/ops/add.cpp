#include "heddle/error.h"
#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle {

namespace {

/// target = factor * source
void scaled(Context& context, DenseView<const float> source, float factor, DenseView<float> target) {
  kernels::Execution execution = context.execution();
  kernels::scale(source, factor, target, execution);
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) {
  const Operation op("add", {a, b});
  require(a.rows() == b.rows() && a.cols() == b.cols(), ErrorKind::usage, "add: a is ", a.rows(), " x ", a.cols(), ", b is ",
          b.rows(), " x ", b.cols());
  const Tensor y = op.make_tensor(a.rows(), a.cols()).reusable();
  scaled(op.context(), a.value(), 1.0f, y.value());
  kernels::add_scaled(b.value(), 1.0f, y.value(), op.execution());
  return op.record(y, [a, b, y] {
    a.add_grad([&](DenseView<float> da) { scaled(y.context(), y.grad(), 1.0f, da); });
    b.add_grad([&](DenseView<float> db) { scaled(y.context(), y.grad(), 1.0f, db); });
  });
}

Tensor scale(const Tensor& x, float factor) {
  const Operation op("scale", {x});
  const Tensor y = op.make_tensor(x.rows(), x.cols()).reusable();
  scaled(op.context(), x.value(), factor, y.value());
  return op.record(y, [x, y, factor] { x.add_grad([&](DenseView<float> dx) { scaled(y.context(), y.grad(), factor, dx); }); });
}

}  // namespace heddle
