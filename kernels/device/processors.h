#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "heddle/device.h"

namespace heddle::kernels {

/// A limit on processor time.
struct CpuQuota {
  double processors = 0;  ///< so many processors' worth of time
  std::string file;       ///< where it stands, as the process sees it: "/sys/fs/cgroup/cpu.max"
};

/// The tightest quota that Linux's control groups set this process: its own and those above it, of version 2 (cpu.max) and 1
/// (cpu.cfs_quota_us, cpu.cfs_period_us). None where there is none, or where the files are missing or not as the kernel writes
/// them. Reads below `root`, which tests make.
std::optional<CpuQuota> cpu_quota(const std::filesystem::path& root = "/");

/// Processors that this process may run on.
int usable_processors();

/// See heddle/device.h.
DefaultThreads default_threads(int usable, const std::optional<CpuQuota>& quota);

/// The instruction set that HEDDLE_ISA names; none where it is not set, or empty. Throws Error{usage} with those that this
/// processor has for any other value.
std::optional<Isa> forced_isa();

}  // namespace heddle::kernels
