#pragma once

#include <cstddef>
#include <string>

#include "heddle/kernel/spmm.h"
#include "kernels/common/has_cuda.h"
#include "kernels/common/twins.h"
#include "kernels/spmm/cpu_rows.h"

// The launchers that variants.cpp lists: one per file of this folder.
namespace heddle::kernels {

void spmm_cpu_row_loop(const SpmmArgs& args, void* workspace, Stream& stream);

HEDDLE_DECLARE_CPU(void spmm_cpu_row_vectorised(const SpmmArgs& args, const CpuRowOptions& options, Threads threads);
                   unsigned long spmm_cpu_merge_path_workspace(const SpmmArgs& args);
                   void spmm_cpu_merge_path(const SpmmArgs& args, void* workspace, Threads threads);
                   void spmm_cpu_row_bf16(const SpmmArgs& args, void* workspace, Threads threads))

#define HEDDLE_SPMM_LAUNCHERS                                                       \
  void spmm_row_per_thread(const SpmmArgs& args, void* workspace, Stream& stream);  \
  void spmm_row_per_subwarp(const SpmmArgs& args, void* workspace, Stream& stream); \
  void spmm_row_cache(const SpmmArgs& args, void* workspace, Stream& stream);       \
  void spmm_edge_atomic(const SpmmArgs& args, void* workspace, Stream& stream);     \
  std::size_t spmm_merge_path_workspace(const SpmmArgs& args);                      \
  void spmm_merge_path(const SpmmArgs& args, void* workspace, Stream& stream);      \
  std::size_t spmm_degree_bins_workspace(const SpmmArgs& args);                     \
  void spmm_degree_bins(const SpmmArgs& args, void* workspace, Stream& stream);     \
  void spmm_parallel_reduction(const SpmmArgs& args, void* workspace, Stream& stream);

HEDDLE_DECLARE_DEVICE(HEDDLE_SPMM_LAUNCHERS)

#if HEDDLE_HAS_CUDA()
namespace cuda {
std::string spmm_cusparse_supports(const SpmmArgs& args);
std::size_t spmm_cusparse_workspace(const SpmmArgs& args);
void spmm_cusparse_alg2(const SpmmArgs& args, void* workspace, Stream& stream);
void spmm_cusparse_alg3(const SpmmArgs& args, void* workspace, Stream& stream);
}  // namespace cuda
#endif

}  // namespace heddle::kernels
