#include "heddle/kernel/edge.h"
#include "kernels/common/variant_table.h"

// A table for each build of the GPU's kernels, in its namespace: as kernels/spmm/device_variants.cpp.
namespace heddle::kernels::HEDDLE_TWIN {

// clang-format off
#define HEDDLE_HEAD_SDDMM_VARIANTS(row, ...) \
  row(row_per_subwarp, __VA_ARGS__) \
  row(row_per_thread, __VA_ARGS__)
#define HEDDLE_EDGE_SOFTMAX_VARIANTS(row, ...) \
  row(row_per_warp, __VA_ARGS__) \
  row(row_per_thread, __VA_ARGS__)
// clang-format on

HEDDLE_VARIANT_TABLE(head_sddmm, HeadSddmmArgs, HEDDLE_HEAD_SDDMM_VARIANTS)
HEDDLE_VARIANT_TABLE(edge_softmax, EdgeSoftmaxArgs, HEDDLE_EDGE_SOFTMAX_VARIANTS)

}  // namespace heddle::kernels::HEDDLE_TWIN
