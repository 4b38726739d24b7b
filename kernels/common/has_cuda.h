#pragma once

// HEDDLE_HAS_CUDA(): 1 where the build has the cuda device, else 0; a call, so that who forgets this include cannot compile.
// For what is said of it only: whether a program has the device, the linker decides (kernels/common/twins.h). CMake writes it to
// a file, not on every command line: switching the device on compiles again only what asks.
#include <heddle_has_cuda.h>
