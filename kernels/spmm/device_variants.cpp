#include <span>

#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"

// The variants of the GPU's kernels, a table for each of their builds: compiled once for simt, for cuda and for the instrumented
// kernels, in the namespace of that name (HEDDLE_TWIN).
namespace heddle::kernels::HEDDLE_TWIN {

// One line a variant, in the order in which they are listed everywhere: spmm_NAME_variant() is the row, and stands at the end of
// NAME.cu.
// clang-format off
#define HEDDLE_SPMM_VARIANTS(row) \
  row(row_per_subwarp) \
  row(degree_bins) \
  row(merge_path) \
  row(row_cache) \
  row(parallel_reduction) \
  row(row_per_thread) \
  row(edge_atomic) \
  HEDDLE_SPMM_CUSPARSE(row)
// clang-format on
#ifdef HEDDLE_TWIN_IS_CUDA
#define HEDDLE_SPMM_CUSPARSE(row) row(cusparse_alg2) row(cusparse_alg3)
#else
#define HEDDLE_SPMM_CUSPARSE(row)
#endif

#define HEDDLE_DECLARE_SPMM_VARIANT(name) Variant<SpmmArgs> spmm_##name##_variant();
HEDDLE_SPMM_VARIANTS(HEDDLE_DECLARE_SPMM_VARIANT)

std::span<const Variant<SpmmArgs>> spmm_variants() {
#define HEDDLE_LIST_SPMM_VARIANT(name) spmm_##name##_variant(),
  static const Variant<SpmmArgs> rows[] = {HEDDLE_SPMM_VARIANTS(HEDDLE_LIST_SPMM_VARIANT)};
  return rows;
}

}  // namespace heddle::kernels::HEDDLE_TWIN
