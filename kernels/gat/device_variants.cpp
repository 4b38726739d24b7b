#include "heddle/kernel/gat.h"
#include "kernels/common/variant_table.h"

// A table for each build of the GPU's kernels, in its namespace: as kernels/spmm/device_variants.cpp. A variant's file has a row
// for the forward and one for the backward pass.
namespace heddle::kernels::HEDDLE_TWIN {

// clang-format off
#define HEDDLE_GAT_VARIANTS(row, ...) \
  row(row_per_subwarp, __VA_ARGS__) \
  row(column_per_thread, __VA_ARGS__)
// clang-format on

HEDDLE_VARIANT_TABLE(gat_forward, GatForwardArgs, HEDDLE_GAT_VARIANTS)
HEDDLE_VARIANT_TABLE(gat_backward, GatBackwardArgs, HEDDLE_GAT_VARIANTS)

}  // namespace heddle::kernels::HEDDLE_TWIN
