#pragma once

#include "bench/ptx.h"

namespace heddle::bench {

/// Of a kernel of the executor that this program or a module holds, from its source file: nvcc (NVCC) makes PTX of it, once a
/// file. Throws Error{usage} where nvcc, the source file or the kernel's debug information is missing.
PtxInstructions ptx_instructions(const void* kernel);

}  // namespace heddle::bench
