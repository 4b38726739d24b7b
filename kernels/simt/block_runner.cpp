#include "kernels/simt/block_runner.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "heddle/error.h"
#include "kernels/simt/observer.h"

namespace heddle::simt {

constinit thread_local Index3 threadIdx;
constinit thread_local Index3 blockIdx;
constinit thread_local Dim3 blockDim;
constinit thread_local Dim3 gridDim;
constinit thread_local uint64_t block_serial = 0;

namespace {

constinit thread_local BlockRunner* current_runner = nullptr;

// How often a thread that polls in vain lets the others run: often enough to meet what it waits for soon.
constexpr uint64_t atomics_per_yield = 16;
constexpr uint64_t reads_per_yield = 1024;
constexpr uint64_t reads_per_atomic_limit = 16;  // reads are far more often no wait at all

// SplitMix64 (Steele, Lea, Flood 2014): any state is a good one, so a block's order depends on its number alone.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

unsigned highest_bit(uint32_t mask) { return 31u - static_cast<unsigned>(std::countl_zero(mask)); }
unsigned lowest_bit(uint32_t mask) { return static_cast<unsigned>(std::countr_zero(mask)); }

// The first set bit from a random place on: cheaper than an equal chance for each, and every order still occurs.
unsigned random_bit(uint32_t mask, uint64_t random) {
  const auto first = static_cast<int>(random % 32);
  return (lowest_bit(std::rotr(mask, first)) + static_cast<unsigned>(first)) % 32;
}

}  // namespace

BlockRunner* running() noexcept { return current_runner; }

void BlockRunner::begin_launch(const Launch& launch, SimtSchedule schedule, uint64_t order_seed, uint64_t spin_limit,
                               Observer* observer) {
  launch_ = &launch;
  schedule_ = schedule;
  order_seed_ = order_seed;
  spin_limit_ = spin_limit;
  observer_ = observer;
  lockstep_ = observer != nullptr && observer->lockstep();
  threads_ = static_cast<unsigned>(launch.block.count());
  warps_ = threads_ / lanes_per_warp;
  const Dim3& block = launch.block;
  if (block.x != coordinates_for_.x || block.y != coordinates_for_.y || block.z != coordinates_for_.z) {
    coordinates_.resize(threads_);
    for (unsigned rank = 0; rank < threads_; ++rank) {
      coordinates_[rank] = {rank % block.x, rank / block.x % block.y, rank / block.x / block.y};
    }
    coordinates_for_ = block;
  }
}

void BlockRunner::run_block(Index3 block, uint64_t linear_index, uint64_t serial) {
  BlockRunner* const outer = std::exchange(current_runner, this);
  blockIdx = block;
  blockDim = launch_->block;
  gridDim = launch_->grid;
  block_serial = serial;
  for (unsigned w = 0; w < warps_; ++w) warp_[w] = {.live = ~0u, .unstarted = ~0u, .ready = ~0u};
  ready_warps_ = warps_ == 32 ? ~0u : (1u << warps_) - 1;
  pending_warps_ = 0;
  if (lockstep_) updating_.fill(nullptr);
  live_ = threads_;
  arrived_ = 0;
  fruitless_atomics_ = fruitless_reads_ = 0;
  random_state_ = mix(order_seed_ + linear_index * 0x9E3779B97F4A7C15ULL);
  for (SharedBlock& shared : shared_) shared.used = false;
  dynamic_shared_ = nullptr;
  if (observer_ != nullptr) observer_->block_begins(serial, block);

  try {
    switch_to(host_, pick());
  } catch (...) {  // no room for a stack
    error_ = std::current_exception();
  }
  current_ = none;
  block_serial = 0;
  current_runner = outer;
  release_shared();
  if (error_ != nullptr) {
    stacks_.reset();
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

void BlockRunner::thread_main() {
  enter_fiber();
  current_runner->run_threads();
}

// The life of a stack: run threads from their beginning to their end; when none is left that has not begun, step aside.
void BlockRunner::run_threads() {
  Stack* const stack = lanes_[current_].stack;
  for (;;) {
    try {
      launch_->thread(launch_->arguments);
      finish_current();
    } catch (...) {
      error_ = std::current_exception();
    }
    // Outside of the handler: a fiber left inside of one would keep the host thread's list of caught exceptions.
    if (error_ != nullptr) switch_fiber(stack->fiber, host_);
    const unsigned next = pick();
    if (next == none) {
      if (live_ != 0) error_ = std::make_exception_ptr(Error(ErrorKind::internal, deadlock()));
      stacks_.give_back(stack);
      switch_fiber(stack->fiber, host_);
    } else if (const uint32_t bit = 1u << (next % lanes_per_warp); (warp_[next / lanes_per_warp].unstarted & bit) != 0) {
      lanes_[next].stack = stack;
      begin_lane(next);
    } else {
      stacks_.give_back(stack);
      switch_to(stack->fiber, next);
    }
  }
}

void BlockRunner::begin_lane(unsigned lane) {
  warp_[lane / lanes_per_warp].unstarted &= ~(1u << (lane % lanes_per_warp));
  current_ = lane;
  threadIdx = coordinates_[lane];
}

void BlockRunner::switch_to(Fiber& from, unsigned lane) {
  if ((warp_[lane / lanes_per_warp].unstarted >> (lane % lanes_per_warp) & 1) != 0) {
    lanes_[lane].stack = stacks_.take();
    begin_lane(lane);
  } else {
    current_ = lane;
    threadIdx = coordinates_[lane];
  }
  switch_fiber(from, lanes_[lane].stack->fiber);
}

void BlockRunner::finish_current() {
  Warp& warp = warp_[current_ / lanes_per_warp];
  const uint32_t bit = 1u << (current_ % lanes_per_warp);
  warp.live &= ~bit;
  --live_;
  fruitless_atomics_ = fruitless_reads_ = 0;
  if ((warp.expected & bit) != 0) {
    unsigned waiting = lowest_bit(warp.meeting);
    while ((lane_at(current_ / lanes_per_warp, waiting).mask & bit) == 0)
      waiting = lowest_bit(warp.meeting & ~((2u << waiting) - 1));
    refuse(here(*lane_at(current_ / lanes_per_warp, waiting).where), "thread ", current_,
           " has ended, but a mask that others wait with names it: ", describe_threads());
  }
}

uint64_t BlockRunner::random() { return mix(random_state_ += 0x9E3779B97F4A7C15ULL); }

unsigned BlockRunner::take_lane(unsigned w, uint32_t candidates) {
  Warp& warp = warp_[w];
  unsigned lane = 0;
  switch (schedule_) {
    case SimtSchedule::forward: lane = lowest_bit(candidates); break;
    case SimtSchedule::reverse: lane = highest_bit(candidates); break;
    case SimtSchedule::random: lane = random_bit(candidates, random()); break;
  }
  warp.ready &= ~(1u << lane);
  if (warp.ready == 0) ready_warps_ &= ~(1u << w);
  return w * lanes_per_warp + lane;
}

unsigned BlockRunner::pick() {
  if (pending_warps_ != 0) {
    // The first warp that is not waiting for others runs on; its lanes come to their next access one after another.
    const unsigned w = lowest_bit(ready_warps_ | pending_warps_);
    if (warp_[w].ready == 0) issue(w);
  }
  if (ready_warps_ == 0) return none;
  unsigned w = 0;
  switch (schedule_) {
    case SimtSchedule::forward: w = lowest_bit(ready_warps_); break;
    case SimtSchedule::reverse: w = highest_bit(ready_warps_); break;
    case SimtSchedule::random: w = random_bit(ready_warps_, random()); break;
  }
  return take_lane(w, warp_[w].ready);
}

// The next thread after the current one in the schedule's direction, around the block: so that everyone gets a turn
// while some threads poll.
unsigned BlockRunner::pick_other() {
  if (schedule_ == SimtSchedule::random || ready_warps_ == 0) return pick();
  const unsigned w = current_ / lanes_per_warp, lane = current_ % lanes_per_warp;
  const bool forward = schedule_ == SimtSchedule::forward;
  const auto beyond = [forward](uint32_t mask, unsigned bit) {
    return forward ? mask & ~((2u << bit) - 1) : mask & ((1u << bit) - 1);  // 2u << 31 is 0
  };
  if (const uint32_t lanes = beyond(warp_[w].ready, lane); lanes != 0) return take_lane(w, lanes);
  if (const uint32_t warps = beyond(ready_warps_, w); warps != 0) {
    const unsigned next = forward ? lowest_bit(warps) : highest_bit(warps);
    return take_lane(next, warp_[next].ready);
  }
  return pick();
}

void BlockRunner::set_ready(unsigned lane) {
  warp_[lane / lanes_per_warp].ready |= 1u << (lane % lanes_per_warp);
  ready_warps_ |= 1u << (lane / lanes_per_warp);
}

void BlockRunner::wait() {
  const unsigned self = current_;
  const unsigned next = pick();
  if (next == self) return;
  if (next == none) refuse(deadlock());
  switch_to(lanes_[self].stack->fiber, next);
}

void BlockRunner::yield() {
  const unsigned self = current_;
  const unsigned next = pick_other();
  if (next == none) return;
  set_ready(self);
  switch_to(lanes_[self].stack->fiber, next);
}

void BlockRunner::preempt() {
  if (schedule_ != SimtSchedule::random) return;
  set_ready(current_);
  wait();
}

void BlockRunner::poll(const Place& where) {
  if (++fruitless_atomics_ > spin_limit_) {
    lanes_[current_].where = &where;
    refuse(here(where), "thread ", current_, " of ", current_block(), " spins: ", spin_limit_,
           " atomics and fences of its block in a row changed nothing");
  }
  if (fruitless_atomics_ % atomics_per_yield == 0) yield();
}

void BlockRunner::atomic_done(bool changed, const Place& where) {
  if (changed) {
    fruitless_atomics_ = fruitless_reads_ = 0;
  } else {
    poll(where);
  }
}

void BlockRunner::fence(const Place& where) {
  if (observer_ != nullptr) observer_->fenced(current_);
  poll(where);
}

void BlockRunner::stop_before(const Access& access) {
  if (access.atomic) {
    // A load and the exchange that follows are one instruction on a GPU: nobody else comes in between.
    const void*& updating = updating_[current_];
    if (access.write && std::exchange(updating, nullptr) == access.address) return;
    if (!access.write) updating = access.address;
  }
  const unsigned w = current_ / lanes_per_warp;
  pending_[current_] = access;
  warp_[w].pending |= 1u << (current_ % lanes_per_warp);
  pending_warps_ |= 1u << w;
  wait();
}

// All lanes of the warp that can have come to an access: those that are earliest in the code make theirs.
void BlockRunner::issue(unsigned w) {
  Warp& warp = warp_[w];
  const auto code = [&](unsigned lane) { return reinterpret_cast<uintptr_t>(pending_[w * lanes_per_warp + lane].code); };
  uintptr_t first = UINTPTR_MAX;
  for (uint32_t rest = warp.pending; rest != 0; rest &= rest - 1) first = std::min(first, code(lowest_bit(rest)));
  request_.warp = w;
  request_.mask = 0;
  for (uint32_t rest = warp.pending; rest != 0; rest &= rest - 1) {
    const unsigned lane = lowest_bit(rest);
    if (code(lane) != first) continue;
    request_.mask |= 1u << lane;
    request_.accesses[lane] = pending_[w * lanes_per_warp + lane];
  }
  warp.pending &= ~request_.mask;
  if (warp.pending == 0) pending_warps_ &= ~(1u << w);
  warp.ready |= request_.mask;
  ready_warps_ |= 1u << w;
  if (const std::string* sentence = observer_->requests(request_)) abandon(*sentence);
}

void BlockRunner::access(const void* address, std::size_t bytes, bool write, bool atomic, const void* code) {
  const Access access{address, bytes, write, atomic, current_, code};
  if (lockstep_) {
    stop_before(access);
  } else {
    preempt();
    if (observer_ != nullptr) {
      if (const std::string* sentence = observer_->accesses(access)) abandon(*sentence);
    }
  }
  if (write) {
    fruitless_reads_ = 0;
  } else if (!atomic && ++fruitless_reads_ % reads_per_yield == 0) {
    if (fruitless_reads_ / reads_per_atomic_limit > spin_limit_) {
      reads_in_vain_ = text("thread ", current_, " of ", current_block(), " spins: ", fruitless_reads_,
                            " reads of its block in a row, and no write");
      abandon(reads_in_vain_);
    }
    yield();
  }
}

void* BlockRunner::dynamic_shared() {
  if (dynamic_shared_ == nullptr) dynamic_shared_ = allocate_shared(launch_->shared_bytes);
  return dynamic_shared_;
}

void* BlockRunner::allocate_shared(std::size_t bytes) {
  // Blocks of exact sizes are kept, so that a kernel that ran before finds its memory without an allocation.
  auto block =
      std::find_if(shared_.begin(), shared_.end(), [bytes](const SharedBlock& b) { return !b.used && b.bytes == bytes; });
  if (block == shared_.end()) {
    shared_.push_back({.memory = std::make_unique_for_overwrite<unsigned char[]>(bytes), .bytes = bytes});
    block = shared_.end() - 1;
  }
  block->used = true;
  std::memset(block->memory.get(), 0xFF, bytes);  // NaN as float, -1 as an index: what nobody wrote is soon seen
  if (observer_ != nullptr) observer_->shared_allocated(block->memory.get(), bytes);
  return block->memory.get();
}

void BlockRunner::release_shared() {
  // AddressSanitizer sees a use after the block's end only if the block is given up.
  if (HEDDLE_SIMT_ASAN) shared_.clear();
}

void BlockRunner::abandon(const std::string& sentence) {
  error_ = std::make_exception_ptr(Error(ErrorKind::internal, sentence));
  switch_fiber(lanes_[current_].stack->fiber, host_);
  std::terminate();  // nobody continues an abandoned fiber
}

void* dynamic_shared() { return running()->dynamic_shared(); }
void* allocate_shared(std::size_t bytes) { return running()->allocate_shared(bytes); }
void atomic_done(bool changed, const Place& where) {
  if (BlockRunner* runner = running()) runner->atomic_done(changed, where);
}
void memory_fence(const Place& where) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (BlockRunner* runner = running()) runner->fence(where);
}

}  // namespace heddle::simt
