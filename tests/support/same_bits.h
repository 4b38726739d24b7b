#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/workbench.h"

// For the promise that a device's results are the same bits, however its work is shared out.
namespace heddle::test {

/// Whether tests run on this kind of device.
inline bool tested(DeviceKind kind) {
  const std::vector<NamedDevice> all = devices();
  return std::any_of(all.begin(), all.end(), [kind](const NamedDevice& each) { return each.device.kind() == kind; });
}

/// The cpu device with 1, 2, 3 and 7 threads, once per instruction set.
inline std::vector<std::vector<NamedDevice>> cpu_thread_counts() {
  std::vector<std::vector<NamedDevice>> groups;
  if (!tested(DeviceKind::cpu)) return groups;
  for (Isa isa : available_isas()) {
    std::vector<NamedDevice>& group = groups.emplace_back();
    for (int threads : {1, 2, 3, 7}) {
      group.push_back({text("cpu ", to_string(isa), " / ", threads, " threads"), Device::cpu({.threads = threads, .isa = isa})});
    }
  }
  return groups;
}

/// The instruction sets with fused multiply-add: they sum in one order, rounding alike.
inline std::vector<NamedDevice> fused_isas() {
  std::vector<NamedDevice> result;
  if (!tested(DeviceKind::cpu)) return result;
  for (Isa isa : available_isas()) {
    if (isa != Isa::portable) result.push_back({text("cpu ", to_string(isa)), Device::cpu({.threads = 2, .isa = isa})});
  }
  return result;
}

/// The executor's schedules, and two host threads.
inline std::vector<NamedDevice> simt_orders() {
  if (!tested(DeviceKind::simt)) return {};
  std::vector<NamedDevice> result = simt_schedules(5);
  result.push_back({"simt / 2 host threads", Device::simt({.host_threads = 2})});
  return result;
}

/// Checks that run(workbench) gives the same bits on all of these devices.
template <class Run>
void check_same_bits(const std::vector<NamedDevice>& group, const Run& run) {
  std::vector<float> first;
  for (std::size_t i = 0; i < group.size(); ++i) {
    INFO(text(group[i].name, " against ", group[0].name));
    Workbench workbench(group[i].device);
    const std::vector<float> result = run(workbench);
    if (i == 0) {
      first = result;
    } else {
      CHECK(bit_difference(result, first) == "");
    }
  }
}

}  // namespace heddle::test
