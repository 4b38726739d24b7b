#pragma once

/// What a .cu file includes. Such a file is compiled by nvcc for the GPU and by g++ for the SIMT executor (see docs/simt.md),
/// each time in a namespace of its own, so that both builds link into one binary:
///
///     #include <heddle/kernel/kernel.h>
///     namespace heddle::kernels::HEDDLE_TWIN {
///     __global__ void scale_kernel(float* __restrict__ x, float factor, int64_t count) { ... }
///     void scale(float* x, float factor, int64_t count, Stream& stream) {
///       launch(scale_kernel, grid, 256, 0, stream, x, factor, count);
///     }
///     }
#include "heddle/kernel/launch.h"
#include "heddle/kernel/philox.h"
#include "heddle/kernel/portable.h"
#include "heddle/kernel/shared.h"
#include "heddle/kernel/views.h"
#include "heddle/kernel/warp.h"
