#pragma once

#include "heddle/context.h"
#include "heddle/export.h"
#include "heddle/sparse.h"
#include "heddle/tensor.h"

HEDDLE_API_BEGIN
/// Differentiable ops: each computes at once and records its gradient on the tape of its inputs' context. All throw Error{usage}
/// for shapes that do not fit, with the shapes. Where an op takes Tensor&&, the tensor it is handed may be overwritten or its
/// memory used again: a chain of calls like relu(matmul(x, w)) then needs the memory of one result, and using the inner tensor
/// later throws Error{usage}.
namespace heddle {

/// a b, [n x k] times [k x m].
Tensor matmul(const Tensor& a, const Tensor& b);

/// A x for a constant sparse A [n x m] and x [m x d].
Tensor spmm(const SparseMatrix& a, const Tensor& x);
/// The same, with x's memory free for others afterwards.
Tensor spmm(const SparseMatrix& a, Tensor&& x);

/// A x with other values in A's places: `values` is [1 x nnz] (or [nnz x 1]) in the order of A's non-zeros. The gradient
/// goes to x only: throws Error{usage} if `values` wants one.
Tensor spmm(const SparseMatrix& a, const Tensor& values, const Tensor& x);

/// a + b, element by element.
Tensor add(const Tensor& a, const Tensor& b);

/// factor * x.
Tensor scale(const Tensor& x, float factor);

/// x + bias in each row; bias is [1 x d].
Tensor add_bias(const Tensor& x, const Tensor& bias);
/// The same, in x's own memory.
Tensor add_bias(Tensor&& x, const Tensor& bias);

/// max(x, 0).
Tensor relu(const Tensor& x);
/// The same, in x's own memory.
Tensor relu(Tensor&& x);

/// Sets each element to 0 with probability p and scales the others by 1 / (1 - p) (Srivastava et al. 2014); x itself where the
/// context is not training or p is 0. The mask comes from the context's generator and is not stored.
Tensor dropout(const Tensor& x, float p);
/// The same, in x's own memory.
Tensor dropout(Tensor&& x, float p);

/// dropout(relu(x + bias), p) in one pass over memory, forward and backward.
Tensor bias_relu_dropout(const Tensor& x, const Tensor& bias, float p);
/// The same, in x's own memory.
Tensor bias_relu_dropout(Tensor&& x, const Tensor& bias, float p);

/// dropout(elu(x + bias), p), elu(x) = exp(x) - 1 below 0 (Clevert et al. 2016), in one pass as well.
Tensor bias_elu_dropout(const Tensor& x, const Tensor& bias, float p);
/// The same, in x's own memory.
Tensor bias_elu_dropout(Tensor&& x, const Tensor& bias, float p);

/// factor / 2 * the sum of squares of w, [1 x 1]: L2 regularisation in its half-norm form.
Tensor l2_penalty(const Tensor& w, float factor);

/// Labels of a set of nodes, in the memory of the tensor's device.
struct Targets {
  const int32_t* labels = nullptr;  ///< one for each row of the logits; in [0, classes) for the listed rows
  const int32_t* rows = nullptr;    ///< row numbers, distinct
  int64_t row_count = 0;            ///< how many rows are listed
  /// One for each class, finite and not negative; null: all are 1.
  const float* class_weights = nullptr;
  double weight_sum = 0;  ///< of the listed rows' classes, above 0; not read where there are no weights
};

/// Softmax cross-entropy, averaged over the listed rows: [1 x 1]. With class weights the average is weighted: the sum of each
/// row's loss times the weight of its label, divided by the sum of these weights.
Tensor masked_nll(const Tensor& logits, const Targets& targets);

/// A batch of row numbers of an [n x d] matrix, in the memory of its device, with what sums over repeated rows need (grouped by
/// id, stable). Made by kernels that never tell the host, so that a step can be recorded.
struct RowBatch {
  const int32_t* ids = nullptr;          ///< count, in [0, n)
  int64_t count = 0;                     ///< how many, repeated ones as often as they come
  const int32_t* order = nullptr;        ///< count: places in `ids`, those of equal ids together, in their order
  const int32_t* distinct = nullptr;     ///< count: the id of each group, ascending; group_count of them are set
  const int32_t* offsets = nullptr;      ///< count + 1: group g stands at [offsets[g], offsets[g + 1]) of `order`
  const int32_t* group_of = nullptr;     ///< count: the group of each place in `ids`
  const int32_t* group_count = nullptr;  ///< 1: how many groups there are
};

/// Groups `count` ids; the batch lives until the step ends.
RowBatch make_row_batch(Context& context, const int32_t* ids, int64_t count, int64_t n);

/// y[p] = x[ids[p]], [count x d]. The gradient of a repeated row is summed in a fixed order. Where x has a gradient already, only
/// the batch's rows of it are touched: record this before the op that writes all of it, and its backward comes after.
Tensor gather_rows(const Tensor& x, const RowBatch& rows);

/// A graph's adjacency, normalised as A^ = S A S with S = diag(1 / sqrt(degree)); symmetric.
struct NormalisedAdjacency {
  CsrView a;                     ///< n x n, symmetric; values null: ones
  const float* scale = nullptr;  ///< n: S
};

/// Light graph convolution (He et al. 2020, eqs. 3-8): (E + A^ E + ... + A^^K E) / (K + 1), by Horner's rule. `bf16`: layers
/// between are stored as bfloat16, sums are float32.
Tensor propagate(const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, bool bf16 = false);

/// The rows of propagate() that `rows` lists, [count x d]; on cpu every product is restricted to the rows that they depend on,
/// which is exact. Elsewhere gather_rows(propagate(...)).
Tensor propagate_rows(const NormalisedAdjacency& graph, const Tensor& embeddings, int64_t layers, const RowBatch& rows,
                      bool bf16 = false);

/// Mean softplus(<u, n> - <u, p>) over rows that hold B users, B positives and B negatives: [3 B x d] -> [1 x 1].
Tensor bpr_loss(const Tensor& rows);

/// Sampled softmax over cosines with shared negatives; rows hold `batch` users, `batch` positives and the negatives
/// (kernels/ranking_loss/ranking_loss.h has the formula): [1 x 1].
Tensor sampled_softmax_loss(const Tensor& rows, int64_t batch, float temperature);

}  // namespace heddle
HEDDLE_API_END
