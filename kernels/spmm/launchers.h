#pragma once

#include "heddle/kernel/spmm.h"
#include "kernels/common/twins.h"
#include "kernels/spmm/cpu_rows.h"

// The launchers that variants.cpp lists: one per cpu file of this folder.
namespace heddle::kernels {

void spmm_cpu_row_loop(const SpmmArgs& args, void* workspace, Stream& stream);

HEDDLE_DECLARE_CPU(void spmm_cpu_row_vectorised(const SpmmArgs& args, const CpuRowOptions& options, Threads threads);
                   unsigned long spmm_cpu_merge_path_workspace(const SpmmArgs& args);
                   void spmm_cpu_merge_path(const SpmmArgs& args, void* workspace, Threads threads);
                   void spmm_cpu_row_bf16(const SpmmArgs& args, void* workspace, Threads threads))

}  // namespace heddle::kernels
