#include "heddle/error.h"
#include "kernels/dense/cpu_skinny.h"
#include "kernels/dense/launchers.h"

// What cpu_skinny.cpp can do, apart from it: that file is compiled once per instruction set.
namespace heddle::kernels {

std::string gemm_cpu_skinny_supports(const GemmArgs& args) {
  const int64_t small = args.transpose_a ? args.c.rows : args.k();
  if (args.transpose_a && args.transpose_b) return "both operands are transposed";
  if (args.c.cols > skinny_limit) return text("c has ", counted(args.c.cols, "column"), ", more than ", skinny_limit);
  if (small > skinny_limit)
    return text(args.transpose_a ? "c has " : "b has ", counted(small, "row"), ", more than ", skinny_limit);
  return {};
}

std::size_t gemm_cpu_skinny_workspace(const GemmArgs& args) {
  const int64_t floats = args.transpose_a ? skinny_chunks(args.k()) * args.c.size() : args.k() * skinny_padded(args.c.cols);
  return static_cast<std::size_t>(floats) * sizeof(float);
}

}  // namespace heddle::kernels
