#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/loss/loss.h"

namespace heddle {

Tensor l2_penalty(const Tensor& w, float factor) {
  const Operation op("l2_penalty", {w});
  const Tensor y = op.make_tensor(1, 1).reusable();
  kernels::sum_of_squares(w.value(), 0.5f * factor, y.value().data, op.execution());
  return op.record(y, [w, y, factor] {
    kernels::Execution execution = y.context().execution();
    w.add_grad([&](DenseView<float> dw) { kernels::scale_by(w.value(), factor, y.grad().data, dw, execution); });
  });
}

}  // namespace heddle
