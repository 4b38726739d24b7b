#pragma once

#include "kernels/common/twins.h"

namespace heddle::kernels {

/// *total = factor * the sum of `chunks` partial sums, added as a tree: the end of every sum that is made in two levels.
HEDDLE_DECLARE_DEVICE(void sum_chunks(int64_t chunks, double factor, const double* partials, float* total, Stream& stream))

}  // namespace heddle::kernels
