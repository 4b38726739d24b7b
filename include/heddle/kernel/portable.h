#pragma once

/// CUDA's names for kernels that are compiled by nvcc and by g++. Under nvcc they are CUDA's own; elsewhere
/// heddle/kernel/portable_simt.h defines those that the executor offers.

#include <cstdint>
#include <string_view>

// The namespace of this compilation's kernels: cuda, simt or simt_instrumented. The build sets it; alone, the compiler tells.
#ifndef HEDDLE_TWIN
#ifdef __CUDACC__
#define HEDDLE_TWIN cuda
#else
#define HEDDLE_TWIN simt
#endif
#endif

#define HEDDLE_TEXT_OF(name) #name
#define HEDDLE_NAME_OF(name) HEDDLE_TEXT_OF(name)
namespace heddle::kernels::HEDDLE_TWIN {
/// This compilation's name.
inline constexpr std::string_view twin = HEDDLE_NAME_OF(HEDDLE_TWIN);
}  // namespace heddle::kernels::HEDDLE_TWIN
#undef HEDDLE_NAME_OF
#undef HEDDLE_TEXT_OF

#ifdef __CUDACC__
// Before a loop whose trip count is known; g++ calls nvcc's own pragma unknown.
#define HEDDLE_UNROLL _Pragma("unroll")
#else
#define HEDDLE_UNROLL
#include "heddle/kernel/portable_simt.h"
#endif
