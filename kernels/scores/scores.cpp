#include "kernels/scores/scores.h"

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/common/twins.h"
#include "kernels/scores/cpu_scores.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void sparse_product(const SparseProductArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void add_transposed(const AddTransposedArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void standardise_rows(DenseView<const float> x, DenseView<float> y, Stream& stream))

namespace {

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

void check_csr(const char* name, const CsrView& matrix) {
  require(matrix.rows == 0 || matrix.row_offsets != nullptr, ErrorKind::usage, "sparse_product: ", name,
          "'s row_offsets is null");
  require(matrix.nnz == 0 || matrix.col_indices != nullptr, ErrorKind::usage, "sparse_product: ", name, "'s col_indices is null");
  require(matrix.value_index == nullptr, ErrorKind::usage, "sparse_product: ", name, " has its values in another order");
}

}  // namespace

void sparse_product(const SparseProductArgs& args, Execution& execution) {
  const auto& [a, b, y] = args;
  require(a.cols == b.rows, ErrorKind::usage, "sparse_product: a has ", counted(a.cols, "column"), ", b has ",
          counted(b.rows, "row"));
  require(y.rows == a.rows && y.cols == b.cols, ErrorKind::usage, "sparse_product: y is ", y.rows, " x ", y.cols,
          ", the product is ", a.rows, " x ", b.cols);
  check_csr("a", a);
  check_csr("b", b);
  check_data("sparse_product", "y", y);
  Operands("sparse_product").writes("y", y).reads("a", a).reads("b", b).check();
  if (y.size() == 0) return;
  const ProfiledOp op(execution, "sparse_product", [&](OpArguments& arguments) {
    arguments.matrix("a", args.a);
    arguments.matrix("b", args.b);
    arguments.writes("y", args.y);
  });
  if (on_cpu(execution)) return cpu::sparse_product(args, execution.stream.thread_team());
  HEDDLE_CALL_DEVICE(execution.stream, sparse_product, args);
}

void add_transposed(const AddTransposedArgs& args, Execution& execution) {
  check_data("add_transposed", "x", args.x);
  check_data("add_transposed", "y", args.y);
  require(args.y.rows == args.x.cols && args.y.cols == args.x.rows, ErrorKind::usage, "add_transposed: y is ", args.y.rows, " x ",
          args.y.cols, ", x is ", args.x.rows, " x ", args.x.cols);
  if (args.z.data != nullptr) {
    check_same_shape("add_transposed", "z", args.z, "x", args.x);
    require(args.x.rows == 0 || args.scale != nullptr, ErrorKind::usage, "add_transposed: scale is null");
  }
  Operands("add_transposed")
      .writes("y", args.y)
      .reads("x", args.x)
      .reads("z", args.z)
      .reads("scale", args.scale, args.x.rows)
      .check();
  if (args.x.size() == 0) return;
  const ProfiledOp op(execution, "add_transposed", [&](OpArguments& arguments) {
    arguments.reads("x", args.x);
    arguments.reads("z", args.z);
    arguments.array("scale", args.scale, args.x.rows);
    arguments.writes("y", args.y);
  });
  if (on_cpu(execution)) return cpu::add_transposed(args, execution.stream.thread_team());
  HEDDLE_CALL_DEVICE(execution.stream, add_transposed, args);
}

void standardise_rows(DenseView<const float> x, DenseView<float> y, Execution& execution) {
  check_same_shape("standardise_rows", "y", y, "x", x);
  check_data("standardise_rows", "x", x);
  check_data("standardise_rows", "y", y);
  Operands("standardise_rows").writes("y", y).reads("x", x).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "standardise_rows", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.writes("y", y);
  });
  if (on_cpu(execution)) return cpu::standardise_rows(x, y, execution.stream.thread_team());
  HEDDLE_CALL_DEVICE(execution.stream, standardise_rows, x, y);
}

}  // namespace heddle::kernels
