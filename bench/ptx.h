#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace heddle::bench {

/// Instructions of a kernel's PTX, as they are written: how often each runs is not known here.
struct PtxInstructions {
  int64_t arithmetic = 0;  ///< additions, products, divisions, roots, exponentials, comparisons, logic and shifts of any type
  int64_t memory = 0;      ///< loads, stores and atomics, in global and shared memory
};

/// Of each `.entry` of a PTX file, by its name as `kernel_name` tells it.
std::map<std::string, PtxInstructions> count_ptx(const std::string& ptx);

/// "spmm_kernel<float4, 2>" for a mangled name: without namespaces and parameters, so that the twins' names are one.
std::string kernel_name(const std::string& mangled);

}  // namespace heddle::bench
