#include "bench/op_cases.h"

namespace heddle::bench {

// One line an op, or a family of them: its cases are made by add_NAME_cases in op_cases/NAME.cpp.
// clang-format off
#define HEDDLE_OP_CASES(of) \
  of(matmul) \
  of(spmm) \
  of(sums) \
  of(activations) \
  of(masked_nll) \
  of(ranking_losses) \
  of(gather_rows) \
  of(propagate) \
  of(attention)
// clang-format on

#define HEDDLE_DECLARE_CASES(name) void add_##name##_cases(std::vector<OpCase>& cases);
HEDDLE_OP_CASES(HEDDLE_DECLARE_CASES)

std::vector<OpCase> op_cases() {
  std::vector<OpCase> cases;
#define HEDDLE_ADD_CASES(name) add_##name##_cases(cases);
  HEDDLE_OP_CASES(HEDDLE_ADD_CASES)
  return cases;
}

}  // namespace heddle::bench
