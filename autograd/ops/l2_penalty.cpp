#include "heddle/ops.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/loss/loss.h"

namespace heddle {

Tensor l2_penalty(const Tensor& w, float factor) {
  Context& context = w.context();
  Tensor y = context.make_tensor(1, 1).reusable();
  kernels::Execution execution = context.execution();
  kernels::sum_of_squares(w.value(), 0.5f * factor, y.value().data, execution);
  return context.tape().record(y, {w}, [w, y, factor] {
    kernels::Execution execution = y.context().execution();
    w.add_grad([&](DenseView<float> dw) { kernels::scale_by(w.value(), factor, y.grad().data, dw, execution); });
  });
}

}  // namespace heddle
