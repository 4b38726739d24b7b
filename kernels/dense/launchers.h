#pragma once

#include <cstddef>
#include <string>

#include "heddle/kernel/gemm.h"
#include "kernels/common/twins.h"

// The launchers that variants.cpp lists: one per cpu file of this folder.
namespace heddle::kernels {

std::string gemm_cpu_blas_supports(const GemmArgs& args);
std::size_t gemm_cpu_blas_workspace(const GemmArgs& args);
void gemm_cpu_blas(const GemmArgs& args, void* workspace, Stream& stream);

std::string gemm_cpu_skinny_supports(const GemmArgs& args);
std::size_t gemm_cpu_skinny_workspace(const GemmArgs& args);
HEDDLE_DECLARE_CPU(void gemm_cpu_skinny(const GemmArgs& args, float* workspace, Threads threads))

}  // namespace heddle::kernels
