#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include "heddle/device.h"
#include "heddle/error.h"

namespace heddle::test {

/// A device to test on, with a name that says which.
struct NamedDevice {
  std::string name;
  Device device;
};

/// The devices that tests run on: cpu with every instruction set of this processor (two threads), simt, and cuda where there is a
/// GPU. HEDDLE_TEST_DEVICES=cuda (or cpu,simt, ...) names the kinds instead.
inline std::vector<NamedDevice> devices() {
  const char* chosen = std::getenv("HEDDLE_TEST_DEVICES");
  const std::string kinds = chosen != nullptr ? chosen : Device::best().kind() == DeviceKind::cuda ? "cpu,simt,cuda" : "cpu,simt";
  std::vector<NamedDevice> result;
  if (kinds.find("cpu") != std::string::npos) {
    for (Isa isa : available_isas()) result.push_back({text("cpu ", to_string(isa)), Device::cpu({.threads = 2, .isa = isa})});
  }
  if (kinds.find("simt") != std::string::npos) result.push_back({"simt", Device::simt()});
  if (kinds.find("cuda") != std::string::npos) result.push_back({"cuda", Device::cuda()});
  return result;
}

/// The executor under forward, reverse and `random` random schedules.
inline std::vector<NamedDevice> simt_schedules(int random) {
  std::vector<NamedDevice> result{{"simt forward", Device::simt()},
                                  {"simt reverse", Device::simt({.schedule = SimtSchedule::reverse})}};
  for (int seed = 0; seed < random; ++seed) {
    result.push_back({text("simt random ", seed),
                      Device::simt({.schedule = SimtSchedule::random, .schedule_seed = static_cast<uint64_t>(seed)})});
  }
  return result;
}

}  // namespace heddle::test
