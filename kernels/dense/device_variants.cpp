#include <cstddef>
#include <span>
#include <string>

#include "heddle/kernel/gemm.h"
#include "heddle/kernel/variant.h"

// A table for each build of the GPU's kernels, in its namespace: as kernels/spmm/device_variants.cpp.
namespace heddle::kernels::HEDDLE_TWIN {

std::string gemm_tiled_supports(const GemmArgs& args);
std::size_t gemm_tiled_workspace(const GemmArgs& args);
void gemm_tiled(const GemmArgs& args, void* workspace, Stream& stream);
#ifdef HEDDLE_TWIN_IS_CUDA
void gemm_cublas(const GemmArgs& args, void* workspace, Stream& stream);
#endif

namespace {

const Variant<GemmArgs> gemm_rows[] = {
#ifdef HEDDLE_TWIN_IS_CUDA
    {"cublas", "cuBLAS SGEMM, TF32 off", "NVIDIA cuBLAS", true, takes_anything<GemmArgs>, needs_no_workspace<GemmArgs>,
     gemm_cublas},
#endif
    {"tiled", "a block owns an output tile, shared-memory panels", "Volkov and Demmel 2008", true, gemm_tiled_supports,
     gemm_tiled_workspace, gemm_tiled, "at most 4,194,240 columns"},
};

}  // namespace

std::span<const Variant<GemmArgs>> gemm_variants() { return gemm_rows; }

}  // namespace heddle::kernels::HEDDLE_TWIN
