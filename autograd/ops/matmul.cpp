#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/dense/dense.h"

namespace heddle {

namespace {

void gemm(Context& context, DenseView<const float> a, bool transpose_a, DenseView<const float> b, bool transpose_b,
          DenseView<float> c) {
  kernels::Execution execution = context.execution();
  kernels::gemm({a, b, c, transpose_a, transpose_b}, execution);
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  const Operation op("matmul", {a, b});
  const Tensor y = op.make_tensor(a.rows(), b.cols()).reusable();
  gemm(op.context(), a.value(), false, b.value(), false, y.value());
  return op.record(y, [a, b, y] {
    a.add_grad([&](DenseView<float> da) { gemm(y.context(), y.grad(), false, b.value(), true, da); });
    b.add_grad([&](DenseView<float> db) { gemm(y.context(), a.value(), true, y.grad(), false, db); });
  });
}

}  // namespace heddle
