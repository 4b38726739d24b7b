#pragma once

#include "heddle/kernel/views.h"

namespace heddle::kernels {

/// C = op(A) op(B), all row-major f32 with f32 sums; op is the transpose where the flag is set. A, B and C as stored:
/// op(A) is [c.rows x k], op(B) is [k x c.cols]. `run` overwrites all of C (k = 0 gives zeros); C overlaps neither A nor B.
struct GemmArgs {
  DenseView<const float> a;  ///< A as stored
  DenseView<const float> b;  ///< B as stored
  DenseView<float> c;        ///< the product
  bool transpose_a = false;  ///< op(A) is A's transpose
  bool transpose_b = false;  ///< op(B) is B's transpose

  /// Terms of each sum.
  [[gnu::always_inline]] int64_t k() const { return transpose_a ? a.rows : a.cols; }
};

}  // namespace heddle::kernels
