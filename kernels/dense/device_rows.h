#pragma once

#include "kernels/dense/launchers.h"

// The rows of the tables that the kernels' builds share: simt, cuda and the instrumented one differ in their namespace only.
#define HEDDLE_GEMM_ROWS(twin)                          \
  {"tiled",                                             \
   "a block owns an output tile, shared-memory panels", \
   "Volkov and Demmel 2008",                            \
   true,                                                \
   twin::gemm_tiled_supports,                           \
   twin::gemm_tiled_workspace,                          \
   twin::gemm_tiled,                                    \
   "at most 4,194,240 columns"},
