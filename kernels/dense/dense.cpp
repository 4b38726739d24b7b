#include "kernels/dense/dense.h"

#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"

namespace heddle::kernels {

void gemm(const GemmArgs& args, Execution& execution) {
  const auto& [a, b, c, transpose_a, transpose_b] = args;
  check_data("gemm", "a", a);
  check_data("gemm", "b", b);
  check_data("gemm", "c", c);
  const int64_t rows = transpose_a ? a.cols : a.rows;
  const int64_t b_rows = transpose_b ? b.cols : b.rows;
  const int64_t cols = transpose_b ? b.rows : b.cols;
  require(args.k() == b_rows, ErrorKind::usage, "gemm: op(a) is ", rows, " x ", args.k(), ", op(b) is ", b_rows, " x ", cols);
  require(c.rows == rows && c.cols == cols, ErrorKind::usage, "gemm: c is ", c.rows, " x ", c.cols, ", the product is ", rows,
          " x ", cols);
  Operands("gemm").writes("c", c).reads("a", a).reads("b", b).check();
  if (c.size() == 0) return;
  const ProfiledOp op(execution, "gemm", [&](OpArguments& arguments) {
    arguments.reads("a", args.a);
    arguments.reads("b", args.b);
    arguments.writes("c", args.c);
  });
  run_chosen("gemm", execution.overrides.gemm, gemm_variants, pick_gemm, args, execution);
}

}  // namespace heddle::kernels
