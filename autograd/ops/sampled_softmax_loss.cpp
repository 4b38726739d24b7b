#include "heddle/ops.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/ranking_loss/ranking_loss.h"

namespace heddle {

Tensor sampled_softmax_loss(const Tensor& rows, int64_t batch, float temperature) {
  Context& context = rows.context();
  Tensor y = context.make_tensor(1, 1).reusable();
  kernels::Execution execution = context.execution();
  kernels::SampledSoftmaxArgs args{rows.value(), batch, temperature, y.value().data};
  if (!Tape::wants_gradient({rows})) {
    kernels::sampled_softmax_loss(args, execution);
    return y;
  }
  // The gradient for a dloss of 1 comes with the loss, so that logits and exponentials are made once; backward scales it.
  const Tensor unscaled = rows.like().reusable();
  args.drows = unscaled.value();
  kernels::sampled_softmax_loss(args, execution);
  return context.tape().record(y, {rows}, [rows, y, unscaled] {
    kernels::Execution execution = y.context().execution();
    rows.add_grad([&](DenseView<float> drows) { kernels::scale_by(unscaled.value(), 1, y.grad().data, drows, execution); });
    unscaled.finish();
  });
}

}  // namespace heddle
