#include "kernels/common/has_cuda.h"
#include "kernels/dense/dense.h"
#include "kernels/dense/device_rows.h"

namespace heddle::kernels {

namespace {

void cpu_skinny(const GemmArgs& args, void* workspace, Stream& stream) {
  HEDDLE_CALL_CPU(stream, gemm_cpu_skinny, args, static_cast<float*>(workspace));
}

const Variant<GemmArgs> cpu_variants[] = {
    {"cpu_blas", "single-threaded CBLAS calls on fixed panels", "Goto and van de Geijn 2008 (OpenBLAS)", true,
     gemm_cpu_blas_supports, gemm_cpu_blas_workspace, gemm_cpu_blas, "fewer than 2^31 columns"},
    {"cpu_skinny", "small output widths kept in registers, no packing", "definition", true, gemm_cpu_skinny_supports,
     gemm_cpu_skinny_workspace, cpu_skinny,
     "at most 64 columns and 64 terms a sum (of a transposed a: 64 rows), one operand transposed"},
};

const Variant<GemmArgs> simt_variants[] = {HEDDLE_GEMM_ROWS(simt)};
#if HEDDLE_HAS_CUDA()
const Variant<GemmArgs> cuda_variants[] = {{"cublas", "cuBLAS SGEMM, TF32 off", "NVIDIA cuBLAS", true, takes_anything<GemmArgs>,
                                            needs_no_workspace<GemmArgs>, cuda::gemm_cublas},
                                           HEDDLE_GEMM_ROWS(cuda)};
#endif

}  // namespace

std::span<const Variant<GemmArgs>> gemm_variants(DeviceKind device) {
  switch (device) {
    case DeviceKind::cpu: return cpu_variants;
    case DeviceKind::simt: return simt_variants;
    case DeviceKind::cuda: break;
  }
#if HEDDLE_HAS_CUDA()
  return cuda_variants;
#else
  return {};
#endif
}

const char* pick_gemm(const GemmArgs& args, DeviceKind device) {
  switch (device) {
    case DeviceKind::cpu: return gemm_cpu_skinny_supports(args).empty() ? "cpu_skinny" : "cpu_blas";
    case DeviceKind::simt: return "tiled";
    case DeviceKind::cuda: break;
  }
  return "cublas";
}

}  // namespace heddle::kernels
