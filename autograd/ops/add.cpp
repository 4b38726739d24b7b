#include "heddle/error.h"
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
  require(a.rows() == b.rows() && a.cols() == b.cols(), ErrorKind::usage, "add: a is ", a.rows(), " x ", a.cols(), ", b is ",
          b.rows(), " x ", b.cols());
  Context& context = a.context();
  Tensor y = context.make_tensor(a.rows(), a.cols()).reusable();
  scaled(context, a.value(), 1.0f, y.value());
  kernels::Execution execution = context.execution();
  kernels::add_scaled(b.value(), 1.0f, y.value(), execution);
  return context.tape().record(y, {a, b}, [a, b, y] {
    a.add_grad([&](DenseView<float> da) { scaled(y.context(), y.grad(), 1.0f, da); });
    b.add_grad([&](DenseView<float> db) { scaled(y.context(), y.grad(), 1.0f, db); });
  });
}

Tensor scale(const Tensor& x, float factor) {
  Context& context = x.context();
  Tensor y = context.make_tensor(x.rows(), x.cols()).reusable();
  scaled(context, x.value(), factor, y.value());
  return context.tape().record(
      y, {x}, [x, y, factor] { x.add_grad([&](DenseView<float> dx) { scaled(y.context(), y.grad(), factor, dx); }); });
}

}  // namespace heddle
