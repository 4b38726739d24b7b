#include "bench/op_cases/inputs.h"

namespace heddle::bench {

void add_matmul_cases(std::vector<OpCase>& cases) {
  struct Product {
    int64_t n, k, m;
  };
  // Up to 64 columns and 64 inner ones the cpu keeps the product in registers, beyond that it calls the BLAS: both are here.
  const DoubleOp in_double = [](DoubleTape& tape, Doubles in) { return tape.matmul(in[0], in[1]); };
  for (const auto [n, k, m] :
       {Product{1, 1, 1}, Product{4, 4, 4}, Product{5, 7, 3}, Product{9, 3, 33}, Product{3, 2, 65}, Product{2, 67, 3}}) {
    const HostMatrix a = matrix({n, k}, 3), b = matrix({k, m}, 4);
    cases.push_back({text("matmul ", n, "x", k, "x", m),
                     {a, b},
                     plainly([](Context&, const std::vector<Tensor>& in) { return matmul(in[0], in[1]); }),
                     gemm(a, b, false, false),
                     in_double});
  }
  const HostMatrix a = matrix({4, 4}, 5);
  cases.push_back({"matmul of a matrix and itself",
                   {a},
                   plainly([](Context&, const std::vector<Tensor>& in) { return matmul(in[0], in[0]); }),
                   gemm(a, a, false, false),
                   [](DoubleTape& tape, Doubles in) { return tape.matmul(in[0], in[0]); }});
}

}  // namespace heddle::bench
