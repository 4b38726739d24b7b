#include "bench/op_cases/inputs.h"

namespace heddle::bench {

namespace {

/// a b^T on the tape of doubles, which has no such op.
DoubleTape::Ref product_of_rows(DoubleTape& tape, DoubleTape::Ref a, DoubleTape::Ref b) {
  const auto terms = [&tape, a, b](const auto& body) {
    for (int64_t i = 0; i < tape.rows(a); ++i) {
      for (int64_t j = 0; j < tape.rows(b); ++j) {
        for (int64_t k = 0; k < tape.cols(a); ++k) body(i * tape.cols(a) + k, j * tape.cols(b) + k, i * tape.rows(b) + j);
      }
    }
  };
  return tape.record(
      tape.rows(a), tape.rows(b),
      [&](DoubleTape::Ref y) {
        terms([&](int64_t at_a, int64_t at_b, int64_t at_y) {
          tape.values(y)[at_y] += tape.values(a)[at_a] * tape.values(b)[at_b];
        });
      },
      [&tape, a, b, terms](DoubleTape::Ref y) {
        terms([&](int64_t at_a, int64_t at_b, int64_t at_y) {
          tape.gradients(a)[at_a] += tape.gradients(y)[at_y] * tape.values(b)[at_b];
          tape.gradients(b)[at_b] += tape.gradients(y)[at_y] * tape.values(a)[at_a];
        });
      });
}

}  // namespace

void add_matmul_transposed_cases(std::vector<OpCase>& cases) {
  struct Sizes {
    int64_t n, m, k;
  };
  for (const auto [n, m, k] : {Sizes{1, 1, 1}, Sizes{4, 4, 4}, Sizes{5, 3, 7}, Sizes{3, 33, 9}, Sizes{2, 3, 67}}) {
    const HostMatrix a = matrix({n, k}, 60), b = matrix({m, k}, 61);
    cases.push_back({text("matmul_transposed ", n, "x", m, "x", k),
                     {a, b},
                     plainly([](Context&, const std::vector<Tensor>& in) { return matmul_transposed(in[0], in[1]); }),
                     gemm(a, b, false, true),
                     [](DoubleTape& tape, Doubles in) { return product_of_rows(tape, in[0], in[1]); }});
  }
}

}  // namespace heddle::bench
