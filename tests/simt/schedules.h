#pragma once

#include <vector>

#include "heddle/device.h"
#include "heddle/kernel/simt.h"

namespace heddle::tests {

/// Forward, reverse and `random_orders` random orders.
inline std::vector<SimtOptions> schedules(int random_orders, int host_threads = 1) {
  std::vector<SimtOptions> all = {{.schedule = SimtSchedule::forward, .schedule_seed = 0, .host_threads = host_threads},
                                  {.schedule = SimtSchedule::reverse, .schedule_seed = 0, .host_threads = host_threads}};
  for (int seed = 0; seed < random_orders; ++seed) {
    all.push_back({.schedule = SimtSchedule::random, .schedule_seed = static_cast<uint64_t>(seed), .host_threads = host_threads});
  }
  return all;
}

inline Stream stream_of(const SimtOptions& options) { return Stream(Device::simt(options).backend()); }

inline simt::Executor& executor_of(const Stream& stream) { return *static_cast<simt::Executor*>(stream.native()); }

}  // namespace heddle::tests
