#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/export.h"

namespace heddle::kernels {
class Backend;
class Replay;
struct Threads;
}  // namespace heddle::kernels

HEDDLE_API_BEGIN
namespace heddle {

/// cpu: threads and SIMD on the host. cuda: an NVIDIA GPU. simt: the CUDA kernels on the host, one fiber per CUDA thread.
enum class DeviceKind { cpu, cuda, simt };

/// The kind's name: "cpu", "cuda" or "simt".
const char* to_string(DeviceKind kind);

/// Instruction sets of the cpu device's vectorised kernels, each a superset of the one before.
enum class Isa { portable, avx2, avx512 };

/// "portable", "avx2" or "avx512".
const char* to_string(Isa isa);

/// The widest instruction set that this processor and operating system support.
Isa best_isa();

/// Every instruction set that this processor supports, narrowest first.
std::vector<Isa> available_isas();

/// How many threads a cpu device has unless it is told.
struct DefaultThreads {
  int count = 1;       ///< at least 1, at most 1024
  std::string reason;  ///< for people: "one for each of 64 processors", "/sys/fs/cgroup/cpu.max grants 3.5 of 64 processors"
};

/// One for each processor that this process may run on (its affinity), or fewer where a control group of Linux, such as a
/// container's, grants it less time than they have: threads beyond the quota would only use it up sooner and all stand still for
/// the rest of each period. Quotas are rounded up. Read anew by each call.
DefaultThreads default_threads();

/// What a cpu device runs with.
struct CpuOptions {
  int threads = 0;       ///< 0: default_threads()
  Isa isa = best_isa();  ///< HEDDLE_ISA=portable|avx2|avx512 overrides it in Device::parse
};

/// The order in which the executor runs the threads of a block and the blocks of a grid.
enum class SimtSchedule { forward, reverse, random };

/// What a simt device runs with.
struct SimtOptions {
  SimtSchedule schedule = SimtSchedule::forward;  ///< results of correct kernels do not depend on it
  uint64_t schedule_seed = 0;                     ///< for SimtSchedule::random
  int host_threads = 1;  ///< host threads that run blocks; results of deterministic kernels do not depend on it
};

/// An ordered queue of work on a device; also says how its host side runs (threads, instruction set). Movable, not copyable.
/// cpu and simt run each call to its end before it returns.
class Stream {
 public:
  /// On the device that `backend`, Device::backend(), stands for.
  explicit Stream(std::shared_ptr<kernels::Backend> backend);
  /// The queue goes over.
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  /// What its device is.
  DeviceKind kind() const noexcept { return kind_; }
  /// Its device, for heddle itself.
  kernels::Backend& backend() const noexcept { return *backend_; }
  /// cuda: the cudaStream_t. simt: the executor (heddle/kernel/simt.h). cpu: null.
  void* native() const noexcept { return native_; }
  /// cuda: the GPU's number. Else 0.
  int device_index() const noexcept { return device_index_; }
  /// Host threads that work for it.
  int threads() const noexcept { return threads_; }
  /// cpu: the threads that kernels share their loops among.
  kernels::Threads thread_team() const noexcept;
  /// cpu: so many threads of the team at most, the caller's among them, share the loops of what is put into this stream from now
  /// on; 0: all. Results have the same bits.
  void limit_threads(int most) noexcept { most_threads_ = most; }
  /// The instruction set that a cpu device's kernels use.
  Isa isa() const noexcept { return isa_; }
  /// Waits for everything queued; throws the error of any of it.
  void synchronise();

 private:
  std::shared_ptr<kernels::Backend> backend_;
  DeviceKind kind_;
  void* native_ = nullptr;
  int device_index_ = 0;
  int threads_ = 1;
  int most_threads_ = 0;
  Isa isa_ = Isa::portable;
};

/// A handle to a device; copies name the same device.
///
/// Any number of threads may use one device at the same time, each with models and contexts of its own; results have the same
/// bits as when it is used by one. A cpu device has one team of threads: a thread that calls begins its work at once, and the
/// team's threads help wherever there is work left, the caller with fewest helpers first. Up to sixteen loops are shared at a
/// time: a caller that comes while so many are under way does its loop alone. Every cpu() or parse("cpu") makes a team of its
/// own, which is worth sharing: two devices with a thread for each processor have twice as many threads as there are processors.
class Device {
 public:
  /// The host's processors. Throws Error{usage} for a number of threads out of range, Error{no_device} for an instruction set
  /// that the processor does not have.
  static Device cpu(const CpuOptions& options = {});
  /// The CUDA kernels on the host. Throws Error{no_device} in a program that is linked without heddle::simt.
  static Device simt(const SimtOptions& options = {});
  /// A GPU. Throws Error{no_device} in a program that is linked without heddle::cuda, where the build has none, no driver
  /// answers, or there are not `index` + 1 GPUs.
  static Device cuda(int index = 0);
  /// cuda:0 where the program is linked with heddle::cuda and there is one, else cpu.
  static Device best();
  /// "auto" (as best), "cpu", "simt", "cuda" or "cuda:1"; throws Error{usage} for anything else. `threads` as in CpuOptions.
  static Device parse(std::string_view name, int threads = 0);

  /// What it is.
  DeviceKind kind() const;
  /// One line for people: "cpu (2 threads, avx512)", "cuda:0 (NVIDIA H200, compute capability 9.0)".
  std::string description() const;
  /// Host threads that work for its streams.
  int threads() const;
  /// The instruction set that a cpu device's kernels use.
  Isa isa() const;
  /// What a Stream is made of.
  const std::shared_ptr<kernels::Backend>& backend() const { return backend_; }

 private:
  explicit Device(std::shared_ptr<kernels::Backend> backend) : backend_(std::move(backend)) {}
  std::shared_ptr<kernels::Backend> backend_;
};

}  // namespace heddle
HEDDLE_API_END
