#include "kernels/common/table_of.h"
#include "kernels/dense/dense.h"
#include "kernels/dense/launchers.h"

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

}  // namespace

HEDDLE_DECLARE_DEVICE(std::span<const Variant<GemmArgs>> gemm_variants())

std::span<const Variant<GemmArgs>> gemm_variants(DeviceKind device) {
  return table_of<GemmArgs>(device, cpu_variants, simt::gemm_variants, cuda::gemm_variants);
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
