#include "kernels/common/table_of.h"
#include "kernels/spmm/launchers.h"
#include "kernels/spmm/spmm.h"

namespace heddle::kernels {

namespace {

template <bool prefetch, bool balance>
void cpu_rows(const SpmmArgs& args, void*, Stream& stream) {
  constexpr CpuRowOptions options{.prefetch = prefetch, .balance = balance};
  HEDDLE_CALL_CPU(stream, spmm_cpu_row_vectorised, args, options);
}

void cpu_merge_path(const SpmmArgs& args, void* workspace, Stream& stream) {
  HEDDLE_CALL_CPU(stream, spmm_cpu_merge_path, args, workspace);
}

std::size_t cpu_row_bf16_workspace(const SpmmArgs& args) {
  return static_cast<std::size_t>(args.x.rows * bf16_stride(args.x.cols)) * sizeof(uint16_t);
}
void cpu_row_bf16(const SpmmArgs& args, void* workspace, Stream& stream) {
  HEDDLE_CALL_CPU(stream, spmm_cpu_row_bf16, args, workspace);
}

const Variant<SpmmArgs> cpu_variants[] = {
    {"cpu_row_vectorised", "register tile of a row's columns, non-zeros shared evenly among threads, prefetch",
     "Intel MKL, LIBXSMM practice", true, takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, cpu_rows<true, true>},
    {"cpu_merge_path", "the same tile, rows cut where a thread's share of rows + non-zeros ends", "Merrill and Garland 2016",
     true, takes_anything<SpmmArgs>, portable::spmm_cpu_merge_path_workspace, cpu_merge_path},
    {"cpu_row_no_prefetch", "cpu_row_vectorised without prefetch: to measure its worth", "ablation", true,
     takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, cpu_rows<false, true>},
    {"cpu_row_equal_rows", "cpu_row_vectorised with as many rows for each thread: to measure the balance's worth", "ablation",
     true, takes_anything<SpmmArgs>, needs_no_workspace<SpmmArgs>, cpu_rows<true, false>},
    {"cpu_row_bf16", "x rounded to bfloat16 first, half the bytes gathered; sums in float: only run by name",
     "Kalamkar et al. 2019 (bfloat16)", true, takes_anything<SpmmArgs>, cpu_row_bf16_workspace, cpu_row_bf16, "none", 0x1p-8},
    {"cpu_row_loop", "a thread per row, plain loops: the reference", "definition", true, takes_anything<SpmmArgs>,
     needs_no_workspace<SpmmArgs>, spmm_cpu_row_loop},
};

}  // namespace

HEDDLE_DECLARE_DEVICE(std::span<const Variant<SpmmArgs>> spmm_variants())

std::span<const Variant<SpmmArgs>> spmm_variants(DeviceKind device) {
  return table_of<SpmmArgs>(device, cpu_variants, simt::spmm_variants, cuda::spmm_variants);
}

const char* pick_spmm(const SpmmArgs& args, DeviceKind device) {
  if (device == DeviceKind::cpu) return "cpu_row_vectorised";
  const auto& [a, x, y] = args;
  if (x.cols <= 4) return a.nnz >= 8 * a.rows ? "parallel_reduction" : "row_per_thread";
  const bool hub = a.longest_row < 0 ? a.nnz >= int64_t{1} << 19 : a.longest_row > 512;
  return hub ? "merge_path" : "row_per_subwarp";
}

}  // namespace heddle::kernels
