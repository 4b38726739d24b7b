#include <memory>

#include "bench/op_cases/inputs.h"

namespace heddle::bench {

namespace {

/// A graph with empty rows and columns, of weights of order 1.
HostCsr sparse(int64_t rows, int64_t cols, int64_t nnz) {
  HostCsr csr = random_graph(rows, cols, nnz, 6);
  csr.values = matrix({1, csr.nnz()}, 7).values;
  return csr;
}

}  // namespace

void add_spmm_cases(std::vector<OpCase>& cases) {
  const auto with = [](const HostCsr& csr, bool symmetric, auto multiply) {
    return [csr, symmetric, multiply](Stream& stream) -> Op {
      const auto a = std::make_shared<SparseMatrix>(stream, csr, symmetric);
      return [a, multiply](Context& context, const std::vector<Tensor>& in) { return multiply(context, *a, in[0]); };
    };
  };
  const auto in_double = [](const HostCsr& csr) -> DoubleOp {
    return [csr](DoubleTape& tape, Doubles in) { return tape.spmm(csr, in[0]); };
  };
  const auto lvalue = [](Context&, const SparseMatrix& a, const Tensor& x) { return spmm(a, x); };
  for (const auto& [csr, d] : {std::pair(sparse(6, 9, 14), int64_t{3}), std::pair(sparse(9, 4, 20), int64_t{1}),
                               std::pair(sparse(3, 5, 0), int64_t{2})}) {
    const HostMatrix x = matrix({csr.cols, d}, 8);
    cases.push_back({text("spmm ", csr.rows, "x", csr.cols, " with ", counted(csr.nnz(), "non-zero"), ", d=", d),
                     {x},
                     with(csr, false, lvalue),
                     spmm(csr, CsrValues::direct, {}, x),
                     in_double(csr)});
  }
  const HostMatrix x = matrix({7, 5}, 9);
  const Reference along_path = spmm(path(7), CsrValues::direct, {}, x);
  cases.push_back({"spmm symmetric", {x}, with(path(7), true, lvalue), along_path, in_double(path(7))});
  cases.push_back({"spmm rvalue",
                   {x},
                   with(path(7), false, [](Context&, const SparseMatrix& a, const Tensor& in) { return spmm(a, rvalue(in)); }),
                   along_path,
                   in_double(path(7))});

  const HostCsr csr = sparse(6, 7, 15);
  HostCsr other = csr;
  other.values = matrix({1, csr.nnz()}, 10).values;
  const HostMatrix values{1, csr.nnz(), other.values};
  cases.push_back({"spmm with other values",
                   {x},
                   with(csr, false,
                        [values](Context& context, const SparseMatrix& a, const Tensor& in) {
                          return spmm(a, context.make_tensor(values), in);
                        }),
                   spmm(other, CsrValues::direct, {}, x),
                   in_double(other)});
}

}  // namespace heddle::bench
