#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/ranking_loss/ranking_loss.h"

namespace heddle {

Tensor bpr_loss(const Tensor& rows) {
  const Operation op("bpr_loss", {rows});
  const Tensor y = op.make_tensor(1, 1).reusable();
  kernels::bpr_loss({rows.value(), y.value().data}, op.execution());
  return op.record(y, [rows, y] {
    kernels::Execution execution = y.context().execution();
    rows.add_grad([&](DenseView<float> drows) { kernels::bpr_loss_backward(rows.value(), y.grad().data, drows, execution); });
  });
}

}  // namespace heddle
