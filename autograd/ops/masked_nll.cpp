#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/loss/loss.h"

namespace heddle {

Tensor masked_nll(const Tensor& logits, const Targets& targets) {
  const Operation op("masked_nll", {logits});
  const Tensor y = op.make_tensor(1, 1).reusable();
  kernels::masked_nll({logits.value(), targets.labels, targets.rows, targets.row_count, y.value().data, targets.class_weights,
                       targets.weight_sum},
                      op.execution());
  return op.record(y, [logits, y, targets] {
    kernels::Execution execution = y.context().execution();
    logits.add_grad([&](DenseView<float> dlogits) {
      kernels::masked_nll_backward({logits.value(), targets.labels, targets.rows, targets.row_count, y.grad().data, dlogits,
                                    targets.class_weights, targets.weight_sum},
                                   execution);
    });
  });
}

}  // namespace heddle
