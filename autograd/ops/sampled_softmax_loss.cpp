#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/ranking_loss/ranking_loss.h"

namespace heddle {

Tensor sampled_softmax_loss(const Tensor& rows, int64_t batch, float temperature) {
  const Operation op("sampled_softmax_loss", {rows});
  const Tensor y = op.make_tensor(1, 1).reusable();
  kernels::SampledSoftmaxArgs args{rows.value(), batch, temperature, y.value().data};
  if (!op.wants_gradient()) {
    kernels::sampled_softmax_loss(args, op.execution());
    return y;
  }
  // The gradient for a dloss of 1 comes with the loss, so that logits and exponentials are made once; backward scales it. It is
  // kept until the step ends: backward may be called again.
  const Tensor unscaled = rows.like();
  args.drows = unscaled.value();
  kernels::sampled_softmax_loss(args, op.execution());
  return op.record(y, [rows, y, unscaled] {
    kernels::Execution execution = y.context().execution();
    rows.add_grad([&](DenseView<float> drows) { kernels::scale_by(unscaled.value(), 1, y.grad().data, drows, execution); });
  });
}

}  // namespace heddle
