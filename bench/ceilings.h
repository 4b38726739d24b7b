#pragma once

#include "heddle/device.h"

/// What a device can do at most, measured in the run that is judged by it: on a shared machine it changes by the minute.
namespace heddle::bench {

struct Ceilings {
  double copy_gbs = 0;    ///< bytes read + written by a copy between arrays far larger than the caches
  double gather_gbs = 0;  ///< bytes read by the product itself where x lies in each core's cache (cuda: in the second level)
  double fma_gflops = 0;  ///< independent fused multiply-adds in registers (cuda: cuBLAS's product of 1024 x 1024 matrices)
};
/// The best of a few tries each, on all threads of a cpu or on a GPU, at width `d`.
Ceilings measure_ceilings(const Device& device, int64_t d);

}  // namespace heddle::bench
