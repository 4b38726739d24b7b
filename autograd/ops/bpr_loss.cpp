#include "heddle/ops.h"
#include "kernels/ranking_loss/ranking_loss.h"

namespace heddle {

Tensor bpr_loss(const Tensor& rows) {
  Context& context = rows.context();
  Tensor y = context.make_tensor(1, 1).reusable();
  kernels::Execution execution = context.execution();
  kernels::bpr_loss({rows.value(), y.value().data}, execution);
  return context.tape().record(y, {rows}, [rows, y] {
    kernels::Execution execution = y.context().execution();
    rows.add_grad([&](DenseView<float> drows) { kernels::bpr_loss_backward(rows.value(), y.grad().data, drows, execution); });
  });
}

}  // namespace heddle
