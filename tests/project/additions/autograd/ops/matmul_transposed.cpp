#include "heddle/error.h"
#include "heddle/operation.h"
#include "heddle/ops.h"
#include "kernels/dense/dense.h"

namespace heddle {

namespace {

void gemm_of_transposed(const Tensor& of, const kernels::GemmArgs& args) {
  kernels::Execution execution = of.context().execution();
  kernels::gemm(args, execution);
}

}  // namespace

// With dY: dA = dY B, dB = dY^T A.
Tensor matmul_transposed(const Tensor& a, const Tensor& b) {
  const Operation op("matmul_transposed", {a, b});
  require(a.cols() == b.cols(), ErrorKind::usage, "matmul_transposed: a is ", a.rows(), " x ", a.cols(), ", b is ", b.rows(),
          " x ", b.cols(), "; rows are multiplied with rows, of one width");
  const Tensor y = op.make_tensor(a.rows(), b.rows()).reusable();
  gemm_of_transposed(y, {.a = a.value(), .b = b.value(), .c = y.value(), .transpose_b = true});
  return op.record(y, [a, b, y] {
    a.add_grad([&](DenseView<float> da) { gemm_of_transposed(y, {.a = y.grad(), .b = b.value(), .c = da}); });
    b.add_grad(
        [&](DenseView<float> db) { gemm_of_transposed(y, {.a = y.grad(), .b = a.value(), .c = db, .transpose_a = true}); });
  });
}

}  // namespace heddle
