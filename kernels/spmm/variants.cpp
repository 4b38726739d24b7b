#include "kernels/spmm/launchers.h"
#include "kernels/spmm/spmm.h"

namespace heddle::kernels {

namespace {

std::string anything(const SpmmArgs&) { return {}; }
std::size_t no_workspace(const SpmmArgs&) { return 0; }

void cpu_row_vectorised(const SpmmArgs& args, void*, Stream& stream) { HEDDLE_CALL_CPU(stream, spmm_cpu_row_vectorised, args); }

const Variant<SpmmArgs> cpu_variants[] = {
    {"cpu_row_vectorised", "register tile of a row's columns, non-zeros shared evenly among threads, prefetch",
     "Intel MKL, LIBXSMM practice", true, anything, no_workspace, cpu_row_vectorised},
    {"cpu_row_loop", "a thread per row, plain loops: the reference", "definition", true, anything, no_workspace,
     spmm_cpu_row_loop},
};

// The twins differ in their namespace only.
#define HEDDLE_SPMM_ROWS(twin)                     \
  {"row_per_subwarp",                              \
   "2^k lanes own a row, 16-byte loads",           \
   "Yang, Buluc, Owens 2018 (row split)",          \
   true,                                           \
   twin::spmm_row_per_subwarp_supports,            \
   no_workspace,                                   \
   twin::spmm_row_per_subwarp},                    \
      {"row_per_thread",                           \
       "a thread owns a row: the plain reference", \
       "Bell and Garland 2009 (scalar CSR)",       \
       true,                                       \
       twin::spmm_row_per_thread_supports,         \
       no_workspace,                               \
       twin::spmm_row_per_thread},

const Variant<SpmmArgs> simt_variants[] = {HEDDLE_SPMM_ROWS(simt)};
#ifdef HEDDLE_HAS_CUDA
const Variant<SpmmArgs> cuda_variants[] = {HEDDLE_SPMM_ROWS(cuda)};
#endif

}  // namespace

std::span<const Variant<SpmmArgs>> spmm_variants(DeviceKind device) {
  switch (device) {
    case DeviceKind::cpu: return cpu_variants;
    case DeviceKind::simt: return simt_variants;
    case DeviceKind::cuda: break;
  }
#ifdef HEDDLE_HAS_CUDA
  return cuda_variants;
#else
  return {};
#endif
}

const char* pick_spmm(const SpmmArgs& args, DeviceKind device) {
  if (device == DeviceKind::cpu) return "cpu_row_vectorised";
  // Below four columns a sub-warp would leave most of its lanes idle.
  return args.x.cols < 4 ? "row_per_thread" : "row_per_subwarp";
}

}  // namespace heddle::kernels
