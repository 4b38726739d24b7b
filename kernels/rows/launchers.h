#pragma once

#include <cstddef>

#include "kernels/common/twins.h"
#include "kernels/rows/rows.h"

// What rows.cpp dispatches to.
namespace heddle::kernels {

HEDDLE_DECLARE_CPU(void gather_rows(DenseView<const float> x, const int32_t* ids, DenseView<float> y, Threads threads);
                   void sum_row_groups(const SumRowGroupsArgs& args, Threads threads))
HEDDLE_DECLARE_DEVICE(void gather_rows(DenseView<const float> x, const int32_t* ids, DenseView<float> y, Stream& stream))
HEDDLE_DECLARE_DEVICE(void sum_row_groups(const SumRowGroupsArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void group_rows_one_block(const RowGroups& groups, int64_t n, int32_t* workspace, Stream& stream))

/// Numbers of scratch memory, four bytes each, that group_rows needs on the host and in one block: two lists of ids and one of
/// places.
inline constexpr int64_t sort_workspace_per_row = 3;

namespace cpu {
void group_rows(const RowGroups& groups, int64_t n, int32_t* workspace);
}

namespace cuda {
HEDDLE_COMPONENT std::size_t group_rows_cub_workspace(int64_t count, int64_t n);
HEDDLE_COMPONENT void group_rows_cub(const RowGroups& groups, int64_t n, void* workspace, Stream& stream);
}  // namespace cuda

/// Bits of the numbers below n; at least 1.
inline int id_bits(int64_t n) {
  int bits = 1;
  while (bits < 31 && (int64_t{1} << bits) < n) ++bits;
  return bits;
}

}  // namespace heddle::kernels
