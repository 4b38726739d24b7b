#pragma once

#include <cstdint>

#include "heddle/device.h"
#include "heddle/kernel/views.h"

// Gathering rows by number and summing gradients back into them, in a fixed order. Every pointer is to memory of the stream's
// device.
namespace heddle::kernels {

struct Execution;

/// `count` row numbers, any of them repeated, and the same sorted: what a deterministic scatter needs.
struct RowGroups {
  const int32_t* ids = nullptr;  ///< count, each in [0, n)
  int64_t count = 0;
  int32_t* order = nullptr;        ///< count: places in `ids`, by id, equal ids by place (a stable sort)
  int32_t* distinct = nullptr;     ///< room for count: the distinct ids, ascending
  int32_t* offsets = nullptr;      ///< room for count + 1: group g's places are order[offsets[g]] ... order[offsets[g + 1] - 1]
  int32_t* group_of = nullptr;     ///< count: the group of each place in `ids`
  int32_t* group_count = nullptr;  ///< 1: how many groups there are
};

std::size_t group_rows_workspace(int64_t count, int64_t n, DeviceKind device);
/// Fills in everything but ids and count. On cuda the sort is CUB's, on simt (and as its twin in tests) a kernel of ours; equal
/// results everywhere. Reads nothing back to the host.
void group_rows(const RowGroups& groups, int64_t n, void* workspace, Execution& execution);

/// y[p] = x[ids[p]].
void gather_rows(DenseView<const float> x, const int32_t* ids, DenseView<float> y, Execution& execution);

/// For each group g: target[row] = (or, with `accumulate`, +=) sum of y[order[k]] over the group's places, in their order; row is
/// distinct[g], or g where `compact`. Other rows of target stay as they are.
struct SumRowGroupsArgs {
  RowGroups groups;
  DenseView<const float> y;  ///< groups.count x width
  DenseView<float> target;   ///< n x width, or room for one row a group
  bool accumulate = false;
  bool compact = false;
};
void sum_row_groups(const SumRowGroupsArgs& args, Execution& execution);

}  // namespace heddle::kernels
