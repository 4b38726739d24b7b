#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "heddle/device.h"
#include "heddle/export.h"
#include "heddle/kernel/place.h"

namespace heddle::simt {
class Observer;
class Workers;
}  // namespace heddle::simt

HEDDLE_API_BEGIN
/// The SIMT executor: runs a grid of CUDA threads on the CPU, one fiber per thread. Kernels do not use this header; they see
/// CUDA's names through heddle/kernel/portable.h.
namespace heddle::simt {

/// A thread's or a block's place: CUDA's uint3.
struct Index3 {
  unsigned x = 0;  ///< fastest
  unsigned y = 0;  ///< then
  unsigned z = 0;  ///< slowest
};

/// A block's or a grid's size: CUDA's dim3, 1 where nothing is said.
struct Dim3 {
  unsigned x;  ///< threads or blocks along x, at least 1
  unsigned y;  ///< along y
  unsigned z;  ///< along z
  /// x by y by z.
  constexpr Dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  /// Threads or blocks in all.
  constexpr uint64_t count() const { return uint64_t{x} * y * z; }
};

/// One launch. `thread` is called with `arguments` on a fiber of its own for every CUDA thread.
struct Launch {
  Dim3 grid;                              ///< blocks
  Dim3 block;                             ///< threads of each
  std::size_t shared_bytes;               ///< dynamic shared memory of a block
  void (*thread)(const void* arguments);  ///< what each thread does
  const void* arguments;                  ///< the kernel's, until the grid has run
  bool instrumented;                      ///< the kernel was compiled with calls of the executor at every memory access
  Place where;                            ///< the call of launch(), for messages
  std::size_t argument_bytes = 0;         ///< behind `arguments`: what a GPU keeps in its constant bank
  const void* kernel = nullptr;           ///< its code, for those who look it up
};

/// Runs grids, one at a time; threads that call run() at the same time wait for each other.
class Executor {
 public:
  /// Its host threads start with the first launch that needs them.
  explicit Executor(const SimtOptions& options = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// As it was made.
  const SimtOptions& options() const noexcept { return options_; }

  /// Runs every thread of the grid to its end. Throws Error{internal} with the kernel's file and line where threads wait for
  /// each other in vain, name lanes that cannot come, or spin without end; rethrows what a thread throws. After an error
  /// the grid's results are undefined and the executor can be used again; the frames of other threads are not unwound.
  void run(const Launch& launch);

  /// Atomics in a row that change nothing, over all threads of a block, after which a spin-wait counts as endless.
  void set_spin_limit(uint64_t atomics) noexcept { spin_limit_ = atomics; }
  /// See set_spin_limit.
  uint64_t spin_limit() const noexcept { return spin_limit_; }

  /// Watches the launches of instrumented kernels; null: none. They run on one host thread.
  void set_observer(Observer* observer) noexcept { observer_ = observer; }
  /// See set_observer.
  Observer* observer() const noexcept { return observer_; }

 private:
  SimtOptions options_;
  uint64_t spin_limit_ = uint64_t{1} << 20;
  Observer* observer_ = nullptr;
  std::unique_ptr<Workers> workers_;
};

// What follows is called by a running kernel, through portable.h.

// Initial-exec: one load off the thread pointer, where the default model of position-independent code is a call.
#define HEDDLE_SIMT_TLS __attribute__((tls_model("initial-exec")))
extern constinit thread_local HEDDLE_SIMT_TLS Index3 threadIdx;       ///< the running thread's place in its block
extern constinit thread_local HEDDLE_SIMT_TLS Index3 blockIdx;        ///< its block's place in the grid
extern constinit thread_local HEDDLE_SIMT_TLS Dim3 blockDim;          ///< the block's size
extern constinit thread_local HEDDLE_SIMT_TLS Dim3 gridDim;           ///< the grid's size
extern constinit thread_local HEDDLE_SIMT_TLS uint64_t block_serial;  ///< differs for every block this process ever ran
#undef HEDDLE_SIMT_TLS

/// What lanes of a warp do together; lanes that meet must do the same.
enum class Collective : uint8_t { sync, shuffle, shuffle_up, shuffle_down, shuffle_xor, ballot, any, all };

/// Waits for every thread of the block.
void block_barrier(const Place& where);
/// `value` is what this lane gives, `operand` the lane, distance or mask of a shuffle; returns what this lane gets.
uint64_t warp_collective(Collective collective, uint32_t mask, uint64_t value, int operand, int width, const Place& where);
/// After each atomic; one that changed nothing may be a spin-wait, and now and then lets other threads run.
void atomic_done(bool changed, const Place& where);
/// The same for a fence: threads that poll memory must fence or sleep in between.
void memory_fence(const Place& where);

/// Shared memory of the running block: the launch's, and that of one SHARED line.
void* dynamic_shared();
/// See dynamic_shared.
void* allocate_shared(std::size_t bytes);

/// Where one SHARED line of a kernel finds its array; one per host thread.
class SharedSlot {
 public:
  /// The array of the running block.
  // Never instrumented: a thread pre-empted in here would leave its block with two arrays.
  __attribute__((no_sanitize("thread"))) void* find(std::size_t bytes) {
    if (serial_ != block_serial) {
      address_ = allocate_shared(bytes);
      serial_ = block_serial;
    }
    return address_;
  }

 private:
  uint64_t serial_ = 0;
  void* address_ = nullptr;
};

}  // namespace heddle::simt
HEDDLE_API_END
