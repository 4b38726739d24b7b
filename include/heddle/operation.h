#pragma once

#include <cstdint>
#include <initializer_list>

#include "heddle/context.h"
#include "heddle/export.h"
#include "heddle/kernel/variant.h"
#include "heddle/sparse.h"
#include "heddle/tensor.h"

HEDDLE_API_BEGIN
namespace heddle {

/// What every differentiable op begins with, heddle's and one's own: it makes sure that the inputs belong together, runs kernels
/// and records the gradient.
///
///   Tensor square(const Tensor& x) {
///     const Operation op("square", {x});
///     const Tensor y = op.make_tensor(x.rows(), x.cols());
///     ...                                               // y = x x
///     return op.record(y, [x, y] { x.add_grad([&](DenseView<float> dx) { ... }); });  // dx = 2 x dy
///   }
class Operation {
 public:
  /// Throws Error{usage} for an input that is empty or whose step has ended; where two belong to different contexts, since their
  /// memory may be of different devices; and where `matrix`, which may be null, is on another device than they.
  Operation(const char* name, std::initializer_list<Tensor> inputs, const SparseMatrix* matrix = nullptr);

  /// The inputs' context.
  Context& context() const { return context_; }
  /// What kernels run with in this context.
  kernels::Execution& execution() const { return execution_; }
  /// Whether the context is training and some input wants a gradient: an op that keeps memory for its gradient asks.
  bool wants_gradient() const { return wants_gradient_; }
  /// A matrix of this step with undefined values.
  Tensor make_tensor(int64_t rows, int64_t cols) const;

  /// Records how the gradient of `output` becomes the inputs', if one wants it, as Tape::record does; returns `output`.
  template <class Backward>
  Tensor record(const Tensor& output, const Backward& backward) const {
    return wants_gradient_ ? context_.tape().add(output, backward) : output;
  }

 private:
  Context& context_;
  mutable kernels::Execution execution_;
  bool wants_gradient_ = false;
};

}  // namespace heddle
HEDDLE_API_END
