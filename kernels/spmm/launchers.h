#pragma once

#include <string>

#include "heddle/kernel/spmm.h"
#include "kernels/common/twins.h"

// The launchers that variants.cpp lists: one per file of this folder.
namespace heddle::kernels {

void spmm_cpu_row_loop(const SpmmArgs& args, void* workspace, Stream& stream);

HEDDLE_DECLARE_CPU(void spmm_cpu_row_vectorised(const SpmmArgs& args, Threads threads))

HEDDLE_DECLARE_DEVICE(std::string spmm_row_per_thread_supports(const SpmmArgs& args);
                      void spmm_row_per_thread(const SpmmArgs& args, void* workspace, Stream& stream);
                      std::string spmm_row_per_subwarp_supports(const SpmmArgs& args);
                      void spmm_row_per_subwarp(const SpmmArgs& args, void* workspace, Stream& stream))

}  // namespace heddle::kernels
