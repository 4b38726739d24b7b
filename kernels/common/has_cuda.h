#pragma once

// HEDDLE_HAS_CUDA: the build has the cuda device. A file that CMake writes says so, not the command line of every source, so that
// switching the device on compiles again only what asks for it. What nvcc compiles has it anyway.
#ifdef __CUDACC__
#define HEDDLE_HAS_CUDA
#else
#include <heddle_has_cuda.h>
#endif
