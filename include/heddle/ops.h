#pragma once

#include "heddle/context.h"
#include "heddle/sparse.h"
#include "heddle/tensor.h"

/// Differentiable ops: each computes at once and records its gradient on the tape of its inputs' context. All throw Error{usage}
/// for shapes that do not fit, with the shapes. Where an op takes Tensor&&, the tensor it is handed may be overwritten or its
/// memory used again: a chain of calls like relu(matmul(x, w)) then needs the memory of one result, and using the inner tensor
/// later throws Error{usage}.
namespace heddle {

/// a b, [n x k] times [k x m].
Tensor matmul(const Tensor& a, const Tensor& b);

/// A x for a constant sparse A [n x m] and x [m x d].
Tensor spmm(const SparseMatrix& a, const Tensor& x);
Tensor spmm(const SparseMatrix& a, Tensor&& x);

/// The same with other values in A's places: `values` is [1 x nnz] (or [nnz x 1]) in the order of A's non-zeros. The gradient
/// goes to x only: throws Error{usage} if `values` wants one.
Tensor spmm(const SparseMatrix& a, const Tensor& values, const Tensor& x);

/// a + b, element by element.
Tensor add(const Tensor& a, const Tensor& b);

/// factor * x.
Tensor scale(const Tensor& x, float factor);

/// x + bias in each row; bias is [1 x d].
Tensor add_bias(const Tensor& x, const Tensor& bias);
Tensor add_bias(Tensor&& x, const Tensor& bias);

/// max(x, 0).
Tensor relu(const Tensor& x);
Tensor relu(Tensor&& x);

/// Sets each element to 0 with probability p and scales the others by 1 / (1 - p) (Srivastava et al. 2014); x itself where the
/// context is not training or p is 0. The mask comes from the context's generator and is not stored.
Tensor dropout(const Tensor& x, float p);
Tensor dropout(Tensor&& x, float p);

/// dropout(relu(x + bias), p) in one pass over memory, forward and backward.
Tensor bias_relu_dropout(const Tensor& x, const Tensor& bias, float p);
Tensor bias_relu_dropout(Tensor&& x, const Tensor& bias, float p);

/// factor / 2 * the sum of squares of w, [1 x 1]: L2 regularisation in its half-norm form.
Tensor l2_penalty(const Tensor& w, float factor);

/// Labels of a set of nodes, in the memory of the tensor's device.
struct Targets {
  const int32_t* labels = nullptr;  ///< one for each row of the logits; in [0, classes) for the listed rows
  const int32_t* rows = nullptr;    ///< row numbers, distinct
  int64_t row_count = 0;
};

/// Softmax cross-entropy, averaged over the listed rows: [1 x 1].
Tensor masked_nll(const Tensor& logits, const Targets& targets);

}  // namespace heddle
