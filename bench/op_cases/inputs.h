#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "bench/op_cases.h"
#include "heddle/error.h"

// What the files beside this make their cases of.
namespace heddle::bench {

/// Of a matrix.
struct Shape {
  int64_t rows;
  int64_t cols;
};
inline constexpr Shape odd_shapes[] = {{1, 1}, {1, 7}, {5, 3}, {3, 33}};

/// Values of either sign with a magnitude in [least, most).
inline HostMatrix matrix(Shape shape, uint64_t seed, double least = 0, double most = 1) {
  Draws draws(seed);
  HostMatrix result{shape.rows, shape.cols, std::vector<float>(static_cast<std::size_t>(shape.rows * shape.cols))};
  for (float& value : result.values) {
    const double magnitude = least + (most - least) * draws.uniform();
    value = static_cast<float>(draws.below(2) == 0 ? magnitude : -magnitude);
  }
  return result;
}

/// The random words of the first dropout in the first step.
inline RandomStream first_dropout() { return {.seed = op_case_seed, .purpose = random_purpose::dropout, .step = nullptr}; }

inline std::string named(const char* op, Shape shape) { return text(op, " ", shape.rows, "x", shape.cols); }

using Doubles = const std::vector<DoubleTape::Ref>&;

/// For an op without constants.
inline std::function<Op(Stream&)> plainly(Op op) {
  return [op = std::move(op)](Stream&) { return op; };
}

// scale(x, 1) makes the same values in memory that belongs to nobody: what an rvalue overload may overwrite.
inline Tensor rvalue(const Tensor& x) { return scale(x, 1); }

/// A symmetric matrix of a path: every diagonal is as long as the path, its end rows are shorter.
inline HostCsr path(int32_t nodes) {
  HostCsr csr;
  csr.rows = csr.cols = nodes;
  for (int32_t row = 0; row < nodes; ++row) {
    for (int32_t col = std::max(0, row - 1); col <= std::min(nodes - 1, row + 1); ++col) {
      csr.col_indices.push_back(col);
      csr.values.push_back(1.0f / static_cast<float>(2 + row + col));
    }
    csr.row_offsets.push_back(csr.nnz());
  }
  return csr;
}

/// The op's values within an error in proportion to 1 + their magnitude.
inline Reference about(const std::vector<HostMatrix>& inputs, const DoubleOp& in_double, double allowance) {
  DoubleTape tape;
  std::vector<DoubleTape::Ref> leaves;
  leaves.reserve(inputs.size());
  for (const HostMatrix& input : inputs) leaves.push_back(tape.leaf(input));
  Reference reference{tape.value(in_double(tape, leaves)).values, {}};
  for (const double value : reference.values) reference.bounds.push_back(allowance * (1 + std::abs(value)));
  return reference;
}

}  // namespace heddle::bench
