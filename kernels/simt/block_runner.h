#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "heddle/error.h"
#include "heddle/kernel/simt.h"
#include "kernels/simt/fiber.h"
#include "kernels/simt/observer.h"

namespace heddle::simt {

/// Runs the blocks of a grid on one host thread, one after another, each CUDA thread on a fiber.
///
/// A thread that never waits runs on the stack of the one before it, without a switch. One that waits keeps its stack, and
/// switches to whichever thread the schedule names next.
class BlockRunner {
 public:
  static constexpr unsigned lanes_per_warp = 32;
  static constexpr unsigned max_threads = 1024;

  BlockRunner() : stacks_(&thread_main) {}

  /// `order_seed` decides this launch's random choices.
  void begin_launch(const Launch& launch, SimtSchedule schedule, uint64_t order_seed, uint64_t spin_limit, Observer* observer);
  /// Runs one block to its end. Throws what a thread throws, or Error{internal}; can be used again afterwards.
  void run_block(Index3 block, uint64_t linear_index, uint64_t serial);

  // Called on a thread's fiber.
  void barrier(const Place& where);
  uint64_t collective(Collective kind, uint32_t mask, uint64_t value, int operand, int width, const Place& where);
  void atomic_done(bool changed, const Place& where);
  void fence(const Place& where);
  void* dynamic_shared();
  void* allocate_shared(std::size_t bytes);

  // Called by the instrumented build at every memory access.
  bool instrumented() const { return launch_->instrumented; }
  bool on_own_stack(const void* address) const { return lanes_[current_].stack->contains(address); }
  bool is_argument(const void* address) const {
    const auto* const first = static_cast<const char*>(launch_->arguments);
    return address >= first && address < first + launch_->argument_bytes;
  }
  /// Lets the schedule choose a thread: in random order any, in the others this one goes on.
  void preempt();
  void access(const void* address, std::size_t bytes, bool write, bool atomic, const void* code);

 private:
  struct Lane {
    Stack* stack = nullptr;        // from its first instruction to its last
    const Place* where = nullptr;  // of the wait; lives on the lane's stack
    uint64_t value = 0;            // what it brings to a collective, then what it takes away
    uint32_t mask = 0;
    int operand = 0;
    int width = 0;
    Collective kind = Collective::sync;
  };
  struct Warp {
    uint32_t live = 0;        // not yet at their end
    uint32_t unstarted = 0;   // subset of ready
    uint32_t ready = 0;       // could run now
    uint32_t at_barrier = 0;  // in __syncthreads
    uint32_t meeting = 0;     // in a collective that is not complete
    uint32_t expected = 0;    // named by the masks of those
    uint32_t pending = 0;     // in lockstep: stopped before a memory access
  };

  static constexpr unsigned none = ~0u;

  static void thread_main();
  void run_threads();
  unsigned pick();
  unsigned pick_other();
  unsigned take_lane(unsigned warp, uint32_t candidates);
  uint64_t random();
  void set_ready(unsigned lane);
  void stop_before(const Access& access);
  void issue(unsigned warp);
  void finish_current();
  void begin_lane(unsigned lane);
  void switch_to(Fiber& from, unsigned lane);
  void wait();
  void yield();
  void complete(unsigned warp, uint32_t mask);
  unsigned source_lane(unsigned lane, const Lane& state) const;
  void release_shared();

  /// Throws Error{internal} on the fiber, which ends the launch.
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::internal, parts...);
  }
  /// The same where nothing may be thrown: the compiler takes the calls that instrument a kernel for ones that cannot.
  /// The frame that calls it is left as it is, so it must own nothing.
  [[noreturn]] void abandon(const std::string& sentence);
  void poll(const Place& where);
  Lane& lane_at(unsigned warp, unsigned lane) { return lanes_[warp * lanes_per_warp + lane]; }
  std::string here(const Place& where) const;
  static std::string current_block();
  std::string describe_threads() const;
  std::string deadlock() const;

  const Launch* launch_ = nullptr;
  Observer* observer_ = nullptr;
  SimtSchedule schedule_ = SimtSchedule::forward;
  uint64_t order_seed_ = 0;
  uint64_t spin_limit_ = 0;
  uint64_t random_state_ = 0;
  Dim3 coordinates_for_{0, 0, 0};
  std::vector<Index3> coordinates_;  // threadIdx by rank

  unsigned warps_ = 0;
  unsigned threads_ = 0;
  unsigned current_ = none;
  unsigned live_ = 0;
  unsigned arrived_ = 0;
  Place barrier_at_;
  uint32_t ready_warps_ = 0;
  bool lockstep_ = false;
  uint32_t pending_warps_ = 0;
  Request request_;
  std::array<Access, max_threads> pending_;
  std::array<const void*, max_threads> updating_;  // in lockstep: what an atomic of the lane has loaded and not yet exchanged
  uint64_t fruitless_atomics_ = 0;
  uint64_t fruitless_reads_ = 0;
  std::array<Lane, max_threads> lanes_;
  std::array<Warp, max_threads / lanes_per_warp> warp_;

  struct SharedBlock {
    std::unique_ptr<unsigned char[]> memory;
    std::size_t bytes = 0;
    bool used = false;
  };
  std::vector<SharedBlock> shared_;
  void* dynamic_shared_ = nullptr;

  std::exception_ptr error_;
  std::string reads_in_vain_;
  Fiber host_;
  StackPool stacks_;
};

/// The runner whose thread is executing on this host thread; null outside of kernels.
BlockRunner* running() noexcept;

}  // namespace heddle::simt
