#pragma once

#include <cstdint>

#include "heddle/kernel/views.h"

// What rankings by sparse models need besides spmm and gemm. Every pointer is to memory of the stream's device; outputs are
// overwritten wholly and overlap no input; sizes may be 0. Throw Error{usage} for null pointers and sizes that do not fit.
namespace heddle::kernels {

struct Execution;

/// Y = A B for two CSR matrices, Y dense: each row of Y is the sum of the rows of B that the row of A names, in their order
/// (Gustavson 1978). Much less work than spmm where B's rows have few of its columns.
struct SparseProductArgs {
  CsrView a;           ///< m x p
  CsrView b;           ///< p x n; columns distinct within a row
  DenseView<float> y;  ///< m x n
};
void sparse_product(const SparseProductArgs& args, Execution& execution);

/// Y = X^T + Z^T diag(scale): y[c][r] = x[r][c] + scale[r] * z[r][c]. Without z the plain transpose.
struct AddTransposedArgs {
  DenseView<const float> x;       ///< n x m
  DenseView<const float> z = {};  ///< n x m, or null data
  const float* scale = nullptr;   ///< n; read where z is given
  DenseView<float> y;             ///< m x n
};
void add_transposed(const AddTransposedArgs& args, Execution& execution);

/// y[r] = (x[r] - mean of x[r]) / standard deviation of x[r] (over all columns, not all but one); a row of equal values becomes
/// zeros. Sums are double, in a fixed order.
void standardise_rows(DenseView<const float> x, DenseView<float> y, Execution& execution);

/// Terms of standardise_rows' interleaved sums, on every device: term c belongs to sum c % 256, and the sums are added as a tree.
inline constexpr int64_t standardise_sums = 256;

}  // namespace heddle::kernels
