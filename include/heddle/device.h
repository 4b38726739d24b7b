#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

struct CpuOptions {
  int threads = 0;       ///< 0: one per processor that this process may run on
  Isa isa = best_isa();  ///< HEDDLE_ISA=portable|avx2|avx512 overrides it in Device::parse
};

/// The order in which the executor runs the threads of a block and the blocks of a grid.
enum class SimtSchedule { forward, reverse, random };

struct SimtOptions {
  SimtSchedule schedule = SimtSchedule::forward;
  uint64_t schedule_seed = 0;  ///< for SimtSchedule::random
  int host_threads = 1;        ///< host threads that run blocks; results of deterministic kernels do not depend on it
};

namespace kernels {
class Backend;
class Replay;
struct Threads;
struct VariantOverrides;
}  // namespace kernels

/// An ordered queue of work on a device; also says how its host side runs (threads, instruction set). Movable, not copyable.
/// cpu and simt run each call to its end before it returns.
class Stream {
 public:
  explicit Stream(std::shared_ptr<kernels::Backend> backend);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  DeviceKind kind() const noexcept { return kind_; }
  kernels::Backend& backend() const noexcept { return *backend_; }
  /// cuda: the cudaStream_t. simt: the executor (heddle/kernel/simt.h). cpu: null.
  void* native() const noexcept { return native_; }
  /// cuda: the GPU's number. Else 0.
  int device_index() const noexcept { return device_index_; }
  int threads() const noexcept { return threads_; }
  /// cpu: the threads that kernels share their loops among.
  kernels::Threads thread_team() const noexcept;
  Isa isa() const noexcept { return isa_; }
  /// Waits for everything queued; throws the error of any of it.
  void synchronise();

 private:
  std::shared_ptr<kernels::Backend> backend_;
  DeviceKind kind_;
  void* native_ = nullptr;
  int device_index_ = 0;
  int threads_ = 1;
  Isa isa_ = Isa::portable;
};

/// A handle to a device; copies name the same device.
class Device {
 public:
  static Device cpu(const CpuOptions& options = {});
  static Device simt(const SimtOptions& options = {});
  /// Throws Error{no_device} where the build has no cuda, no driver answers, or there are not `index` + 1 GPUs.
  static Device cuda(int index = 0);
  /// cuda:0 where there is one, else cpu.
  static Device best();
  /// "auto", "cpu", "simt", "cuda" or "cuda:1"; throws Error{usage} for anything else. `threads` as in CpuOptions.
  static Device parse(std::string_view name, int threads = 0);

  DeviceKind kind() const;
  /// One line for people: "cpu (2 threads, avx512)", "cuda:0 (NVIDIA H200, compute capability 9.0)".
  std::string description() const;
  int threads() const;
  Isa isa() const;
  const std::shared_ptr<kernels::Backend>& backend() const { return backend_; }

 private:
  explicit Device(std::shared_ptr<kernels::Backend> backend) : backend_(std::move(backend)) {}
  std::shared_ptr<kernels::Backend> backend_;
};

}  // namespace heddle
