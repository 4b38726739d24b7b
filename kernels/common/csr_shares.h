#pragma once

#include <stdint.h>

#include "heddle/kernel/views.h"

// Shares of a sparse matrix that are about equal work. Static functions: see simd.h.
namespace heddle::kernels {

/// The first row r with row_offsets[r] + r >= work: rows and non-zeros both count, so that empty rows are shared out too.
[[gnu::always_inline]] static inline int64_t row_at_work(const CsrView& a, int64_t work) {
  int64_t low = 0;
  int64_t high = a.rows;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (a.row_offsets[middle] + middle < work) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace heddle::kernels
