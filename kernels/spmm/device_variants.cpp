#include "heddle/kernel/spmm.h"
#include "kernels/common/variant_table.h"

// The variants of the GPU's kernels, a table for each of their builds: compiled once for simt, for cuda and for the instrumented
// kernels, in the namespace of that name (HEDDLE_TWIN).
namespace heddle::kernels::HEDDLE_TWIN {

// clang-format off
#define HEDDLE_SPMM_VARIANTS(row, ...) \
  row(row_per_subwarp, __VA_ARGS__) \
  row(degree_bins, __VA_ARGS__) \
  row(merge_path, __VA_ARGS__) \
  row(row_cache, __VA_ARGS__) \
  row(parallel_reduction, __VA_ARGS__) \
  row(row_per_thread, __VA_ARGS__) \
  row(edge_atomic, __VA_ARGS__) \
  HEDDLE_SPMM_CUSPARSE(row, __VA_ARGS__)
// clang-format on
#ifdef HEDDLE_TWIN_IS_CUDA
#define HEDDLE_SPMM_CUSPARSE(row, ...) row(cusparse_alg2, __VA_ARGS__) row(cusparse_alg3, __VA_ARGS__)
#else
#define HEDDLE_SPMM_CUSPARSE(row, ...)
#endif

HEDDLE_VARIANT_TABLE(spmm, SpmmArgs, HEDDLE_SPMM_VARIANTS)

}  // namespace heddle::kernels::HEDDLE_TWIN
