#pragma once

#include <cstdint>
#include <functional>

#include "heddle/context.h"
#include "heddle/data.h"
#include "heddle/kernel/views.h"

namespace heddle::recommending {

struct SketchOptions {
  int64_t rank = 0;
  int64_t oversample = 0;
  int64_t iterations = 0;
  uint64_t seed = 0;
};

/// The leading right singular vectors of `a` (n x m, with its transpose), as the columns of an m x r matrix, r <= rank: by
/// subspace iteration from random normals (Halko, Martinsson, Tropp 2011, algorithms 4.4 and 5.1). Vectors whose singular value
/// is below a thousandth of the largest are left out: float32 sums cannot tell them from nothing. The same bits for every number
/// of threads. `done` is called before each of the iterations with the share of the work that is behind it, and may throw.
HostMatrix right_singular_vectors(Context& context, const CsrView& a, const CsrView& transpose, const SketchOptions& options,
                                  const std::function<void(double share)>& done = {});

}  // namespace heddle::recommending
