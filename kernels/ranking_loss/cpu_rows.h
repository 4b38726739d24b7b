#pragma once

#include <stdint.h>

#include "kernels/common/simd.h"

// Single rows, for files that are compiled per instruction set.
namespace heddle::kernels::HEDDLE_ISA {

/// <a, b> with double products, which are exact, in 16 interleaved sums whatever the instruction set: no overflow, no underflow,
/// and the same bits everywhere.
HEDDLE_SIMD double dot(const float* a, const float* b, int64_t d) {
  double sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= d; i += 16) {
    for (int j = 0; j < 16; ++j) sums[j] += static_cast<double>(a[i + j]) * b[i + j];
  }
  for (int j = 0; i < d; ++i, ++j) sums[j] += static_cast<double>(a[i]) * b[i];
  for (int width = 8; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

/// 1 / |x|, or 0 for a zero row.
HEDDLE_SIMD double inverse_norm(const float* x, int64_t d) {
  const double squares = dot(x, x, d);
  return squares == 0 ? 0 : 1 / __builtin_sqrt(squares);
}

}  // namespace heddle::kernels::HEDDLE_ISA
