#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "heddle/device.h"
#include "kernels/common/thread_team.h"

namespace heddle::kernels {

/// A recorded sequence of device work that one call replays (a CUDA graph).
class Replay {
 public:
  virtual ~Replay() = default;
  virtual void launch(Stream& stream) = 0;
};

/// What heddle needs of a device, and nothing more. One file each: cpu.cpp, simt.cpp, cuda.cpp.
/// Sizes are bytes; a size of 0 is allowed everywhere and does nothing. Every status is checked; failures throw Error.
class Backend : public std::enable_shared_from_this<Backend> {
 public:
  virtual ~Backend() = default;
  virtual DeviceKind kind() const noexcept = 0;
  virtual std::string description() const = 0;
  /// Which of several devices of this kind.
  virtual int index() const noexcept { return 0; }
  virtual int threads() const noexcept { return 1; }
  virtual Threads thread_team() const noexcept { return {}; }
  virtual Isa isa() const noexcept { return Isa::portable; }

  /// Uninitialised memory of the device, aligned to at least 256 bytes (cuda) or 64 (cpu, simt); throws Error{out_of_memory}.
  virtual void* allocate(std::size_t bytes) = 0;
  /// Takes what `allocate` gave, with the same size; waits for work that may still use it. Logs failures.
  virtual void release(void* pointer, std::size_t bytes) noexcept = 0;

  virtual void* create_stream() { return nullptr; }
  virtual void destroy_stream(void*) noexcept {}
  virtual void synchronise(Stream&) {}

  /// A named range of host time around what is queued in it, for the device's own profilers (NVTX). Ranges nest.
  virtual void push_range(const char*) noexcept {}
  virtual void pop_range() noexcept {}

  /// Copies are ordered in the stream; host memory may be reused when the call returns.
  virtual void copy_to_device(void* device, const void* host, std::size_t bytes, Stream& stream) = 0;
  virtual void copy_to_host(void* host, const void* device, std::size_t bytes, Stream& stream) = 0;
  virtual void copy(void* to, const void* from, std::size_t bytes, Stream& stream) = 0;
  virtual void fill_zero(void* pointer, std::size_t bytes, Stream& stream) = 0;

  /// Milliseconds that `work`, put into the stream, takes there: by events on a GPU, by the host's clock elsewhere.
  virtual double timed_ms(Stream& stream, const std::function<void()>& work);

  /// Whether work can be recorded once and replayed; without it begin_capture and end_capture are never called.
  virtual bool can_capture() const noexcept { return false; }
  virtual void begin_capture(Stream&) {}
  virtual std::unique_ptr<Replay> end_capture(Stream&) { return nullptr; }
};

/// Of a cpu device.
inline constexpr int most_threads = 1024;

std::shared_ptr<Backend> make_cpu_backend(const CpuOptions& options);

/// GPUs that this program can use; 0 where it is linked without cuda, or there is no driver. Never throws.
int cuda_device_count() noexcept;
/// For `heddle info`: "13.0 (runtime), no driver", or why there is no cuda.
std::string cuda_description();

}  // namespace heddle::kernels
