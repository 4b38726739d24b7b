#pragma once

// HEDDLE_HAS_CUDA(): 1 where the build has the cuda device, else 0; a call, so that who forgets this include cannot compile.
// CMake writes it to a file, not on every command line: switching the device on compiles again only what asks. nvcc's own have
// it.
#ifdef __CUDACC__
#define HEDDLE_HAS_CUDA() 1
#else
#include <heddle_has_cuda.h>
#endif
