#include "kernels/spmm/spmm.h"

#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"

namespace heddle::kernels {

void spmm(const SpmmArgs& args, Execution& execution, const char* tuned) {
  const auto& [a, x, y] = args;
  require(x.rows == a.cols, ErrorKind::usage, "spmm: x has ", counted(x.rows, "row"), ", the matrix has ",
          counted(a.cols, "column"));
  require(y.rows == a.rows, ErrorKind::usage, "spmm: y has ", counted(y.rows, "row"), ", the matrix has ", a.rows);
  require(y.cols == x.cols, ErrorKind::usage, "spmm: y has ", counted(y.cols, "column"), ", x has ", x.cols);
  require(a.value_index == nullptr || a.values != nullptr, ErrorKind::usage, "spmm: value_index is given without values");
  check_graph("spmm", a);
  check_data("spmm", "x", x);
  check_data("spmm", "y", y);
  Operands("spmm").writes("y", y).reads("x", x).reads("a", a).check();
  if (y.size() == 0) return;
  const ProfiledOp op(execution, "spmm", [&](OpArguments& arguments) {
    arguments.matrix("a", args.a);
    arguments.reads("x", args.x);
    arguments.writes("y", args.y);
  });
  const std::string& forced = execution.overrides.spmm;
  const std::string_view asked = forced.empty() && tuned != nullptr ? std::string_view(tuned) : forced;
  run_chosen("spmm", asked, spmm_variants, pick_spmm, args, execution);
}

}  // namespace heddle::kernels
