#include "kernels/spmm/spmm.h"
#include "heddle/error.h"
#include "heddle/operation.h"
#include "heddle/ops.h"

namespace heddle {

namespace {

void multiply(Context& context, const CsrView& a, const StructureHash& structure, DenseView<const float> x, DenseView<float> y) {
  kernels::Execution execution = context.execution();
  kernels::spmm({a, x, y}, execution, context.tuned_spmm(structure, x.cols));
}

CsrView with_values(CsrView matrix, const float* values) {
  matrix.values = values;
  return matrix;
}

}  // namespace

Tensor spmm(const SparseMatrix& a, const Tensor& x) {
  const Operation op("spmm", {x}, &a);
  const Tensor y = op.make_tensor(a.rows(), x.cols()).reusable();
  multiply(op.context(), a.view(), a.structure(), x.value(), y.value());
  return op.record(y, [x, y, transpose = a.transpose(), structure = a.transpose_structure()] {
    x.add_grad([&](DenseView<float> dx) { multiply(y.context(), transpose, structure, y.grad(), dx); });
  });
}

Tensor spmm(const SparseMatrix& a, Tensor&& x) {
  const Tensor& named = x;
  Tensor y = spmm(a, named);
  x.finish();  // the gradient of a linear op does not read its input
  return y;
}

Tensor spmm(const SparseMatrix& a, const Tensor& values, const Tensor& x) {
  const Operation op("spmm", {x, values}, &a);
  require(values.rows() * values.cols() == a.nnz(), ErrorKind::usage, "spmm: ", counted(values.rows() * values.cols(), "value"),
          " for ", counted(a.nnz(), "non-zero"));
  require(!values.requires_grad(), ErrorKind::usage, "spmm: the sparse values want a gradient, spmm gives one to x only");
  // A symmetric matrix is stored once, and its places do not map to themselves under transposition.
  require(!a.symmetric(), ErrorKind::usage, "spmm: a matrix that was declared symmetric takes no other values");
  const Tensor y = op.make_tensor(a.rows(), x.cols()).reusable();
  multiply(op.context(), with_values(a.view(), values.value().data), a.structure(), x.value(), y.value());
  return op.record(y, [x, y, values, transpose = a.transpose(), structure = a.transpose_structure()] {
    x.add_grad([&](DenseView<float> dx) {
      multiply(y.context(), with_values(transpose, values.value().data), structure, y.grad(), dx);
    });
  });
}

}  // namespace heddle
