#include "heddle/kernel/gemm.h"
#include "kernels/common/variant_table.h"

// A table for each build of the GPU's kernels, in its namespace: as kernels/spmm/device_variants.cpp.
namespace heddle::kernels::HEDDLE_TWIN {

#ifdef HEDDLE_TWIN_IS_CUDA
#define HEDDLE_GEMM_CUBLAS(row, ...) row(cublas, __VA_ARGS__)
#else
#define HEDDLE_GEMM_CUBLAS(row, ...)
#endif
// clang-format off
#define HEDDLE_GEMM_VARIANTS(row, ...) \
  HEDDLE_GEMM_CUBLAS(row, __VA_ARGS__) \
  row(tiled, __VA_ARGS__)
// clang-format on

HEDDLE_VARIANT_TABLE(gemm, GemmArgs, HEDDLE_GEMM_VARIANTS)

}  // namespace heddle::kernels::HEDDLE_TWIN
