#include "kernels/simt/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include "heddle/error.h"

#if HEDDLE_SIMT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace heddle::simt {

namespace {

constexpr std::size_t stack_bytes = std::size_t{256} << 10;  // only the pages that a thread touches become memory
constexpr std::size_t stacks_per_chunk = 32;
constexpr std::size_t chunk_bytes = stack_bytes * stacks_per_chunk;

std::size_t guard_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

/// Chunks of stacks that no pool has at present. To map one and to guard its stacks takes the system some 70 calls, which cost a
/// device that lives for one small kernel more than the kernel did; so those that are given up wait here for the next pool, as
/// many as two blocks of 1024 threads have. What was written on them is the system's to take when memory is short.
class SpareChunks {
 public:
  /// A chunk with a guard page below each stack. Throws Error{out_of_memory}.
  void* take() {
    {
      const std::lock_guard lock(mutex_);
      if (count_ > 0) return chunks_[--count_];
    }
    void* chunk = mmap(nullptr, chunk_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED)
      fail(ErrorKind::out_of_memory, "simt: no room for ", counted(chunk_bytes, "byte"), " of thread stacks");
    madvise(chunk, chunk_bytes, MADV_NOHUGEPAGE);       // a huge page would make a thread's few bytes cost 2 MB
    for (std::size_t i = 0; i < stacks_per_chunk; ++i)  // an overflow faults instead of writing into the next stack
      mprotect(static_cast<char*>(chunk) + i * stack_bytes, guard_bytes(), PROT_NONE);
    return chunk;
  }

  void give_back(void* chunk) {
    madvise(chunk, chunk_bytes, MADV_FREE);
    {
      const std::lock_guard lock(mutex_);
      if (count_ < chunks_.size()) {
        chunks_[count_++] = chunk;
        return;
      }
    }
    munmap(chunk, chunk_bytes);
  }

 private:
  std::mutex mutex_;
  std::array<void*, 64> chunks_{};
  std::size_t count_ = 0;
};

/// Never destroyed: devices may outlive every other object of the program.
SpareChunks& spare_chunks() {
  alignas(SpareChunks) static std::byte place[sizeof(SpareChunks)];
  static SpareChunks* const spare = new (place) SpareChunks;
  return *spare;
}

#if HEDDLE_SIMT_ASAN
thread_local Fiber* left_fiber = nullptr;  // whose bounds the fiber that continues learns, and notes down
#endif

#ifndef HEDDLE_SIMT_UCONTEXT
// The callee-saved registers of the System V ABI; the floating-point control words are the same in all fibers. It ends in
// `ret`, not in `pop` and `jmp`: the processor predicts returns, and a switch takes half the time.
__attribute__((naked, noinline, no_profile_instrument_function)) void switch_stack(void** /*save*/, void* /*load*/) {
  asm volatile(
      "pushq %rbp\n\t"
      "pushq %rbx\n\t"
      "pushq %r12\n\t"
      "pushq %r13\n\t"
      "pushq %r14\n\t"
      "pushq %r15\n\t"
      "movq %rsp, (%rdi)\n\t"
      "movq %rsi, %rsp\n\t"
      "popq %r15\n\t"
      "popq %r14\n\t"
      "popq %r13\n\t"
      "popq %r12\n\t"
      "popq %rbx\n\t"
      "popq %rbp\n\t"
      "ret");
}
#endif

}  // namespace

void switch_fiber(Fiber& from, Fiber& to) {
#if HEDDLE_SIMT_ASAN
  left_fiber = &from;
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
#ifdef HEDDLE_SIMT_UCONTEXT
  swapcontext(&from.context, &to.context);
#else
  switch_stack(&from.stack_pointer, to.stack_pointer);
#endif
#if HEDDLE_SIMT_ASAN
  __sanitizer_finish_switch_fiber(from.fake_stack, &left_fiber->bottom, &left_fiber->size);
#endif
}

void enter_fiber() {
#if HEDDLE_SIMT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &left_fiber->bottom, &left_fiber->size);
#endif
}

StackPool::~StackPool() {
#if HEDDLE_SIMT_ASAN
  for (const auto& stack : stacks_) __asan_unpoison_memory_region(stack->low, stack->bytes);
#endif
  for (void* chunk : chunks_) spare_chunks().give_back(chunk);
}

void StackPool::grow() {
  // All that can fail comes first, so that nothing is lost and no list ever grows while kernels run.
  std::vector<std::unique_ptr<Stack>> fresh;
  for (std::size_t i = 0; i < stacks_per_chunk; ++i) fresh.push_back(std::make_unique<Stack>());
  chunks_.reserve(chunks_.size() + 1);
  stacks_.reserve(stacks_.size() + stacks_per_chunk);
  free_.reserve(stacks_.size() + stacks_per_chunk);
  void* chunk = spare_chunks().take();
  chunks_.push_back(chunk);
  for (std::size_t i = 0; i < stacks_per_chunk; ++i) {
    char* low = static_cast<char*>(chunk) + i * stack_bytes;
    stacks_.push_back(std::move(fresh[i]));
    Stack& stack = *stacks_.back();
    stack.low = low + guard_bytes();
    stack.bytes = stack_bytes - guard_bytes();
    prepare(stack, stacks_.size() - 1);
  }
  free_.clear();  // was empty; the lowest stack is taken first
  for (std::size_t i = 0; i < stacks_per_chunk; ++i) free_.push_back(stacks_[stacks_.size() - 1 - i].get());
}

void StackPool::prepare(Stack& stack, std::size_t index) {
  // Tops at equal offsets in their pages would compete for the same few cache lines (10 to 35 % slower).
  const std::size_t stagger = index * 5 % 64 * 64;
#ifdef HEDDLE_SIMT_UCONTEXT
  getcontext(&stack.fiber.context);
  stack.fiber.context.uc_stack.ss_sp = stack.low;
  stack.fiber.context.uc_stack.ss_size = stack.bytes - stagger;
  stack.fiber.context.uc_link = nullptr;
  makecontext(&stack.fiber.context, entry_, 0);
#else
  // What switch_stack pops: six registers, then entry_ as its return address. A function begins with rsp at 8 modulo 16 and
  // its own return address there; 0 ends a debugger's walk.
  auto* top = reinterpret_cast<std::uintptr_t*>(stack.low + stack.bytes - stagger);
  top[-1] = 0;
  top[-2] = reinterpret_cast<std::uintptr_t>(entry_);
  for (int i = 3; i <= 8; ++i) top[-i] = 0;
  stack.fiber.stack_pointer = top - 8;
#endif
#if HEDDLE_SIMT_ASAN
  __asan_unpoison_memory_region(stack.low, stack.bytes);
  stack.fiber.bottom = stack.low;
  stack.fiber.size = stack.bytes;
  stack.fiber.fake_stack = nullptr;
#endif
}

void StackPool::reset() {
  free_.clear();
  for (std::size_t i = stacks_.size(); i-- > 0;) {
    prepare(*stacks_[i], i);
    free_.push_back(stacks_[i].get());
  }
}

}  // namespace heddle::simt
