#pragma once

#include <stdint.h>

#include "heddle/kernel/views.h"
#include "kernels/common/parallel.h"

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

/// body(begin, end) for rows that together hold equal shares of rows + non-zeros; `width` is the work of one, in elements.
template <class Body>
[[gnu::always_inline]] static inline void parallel_row_shares(Threads threads, const CsrView& a, int64_t width,
                                                              const Body& body) {
  const int64_t work = a.nnz + a.rows;
  const int64_t parts = parts_for(threads, work * width);
  parallel_chunks(threads, parts, [&](int64_t part) {
    const int64_t begin = row_at_work(a, work * part / parts);
    const int64_t end = part + 1 == parts ? a.rows : row_at_work(a, work * (part + 1) / parts);
    if (begin < end) body(begin, end);
  });
}

}  // namespace heddle::kernels
