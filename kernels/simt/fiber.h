#pragma once

#include <cstddef>
#include <memory>
#include <vector>

// HEDDLE_SIMT_UCONTEXT: switch through ucontext (about 15 times slower, since it saves the signal mask in the kernel).
#if !defined(__x86_64__) && !defined(HEDDLE_SIMT_UCONTEXT)
#define HEDDLE_SIMT_UCONTEXT
#endif

#ifdef HEDDLE_SIMT_UCONTEXT
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HEDDLE_SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEDDLE_SIMT_ASAN 1
#endif
#endif
#ifndef HEDDLE_SIMT_ASAN
#define HEDDLE_SIMT_ASAN 0
#endif

namespace heddle::simt {

/// A suspended flow of control. The host thread's own stack has one too.
struct Fiber {
#ifdef HEDDLE_SIMT_UCONTEXT
  ucontext_t context;
#else
  void* stack_pointer = nullptr;
#endif
#if HEDDLE_SIMT_ASAN
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* fake_stack = nullptr;
#endif
};

/// Saves the running flow into `from` and continues `to`; returns when somebody switches back to `from`.
void switch_fiber(Fiber& from, Fiber& to);

/// The first thing a new fiber does.
void enter_fiber();

/// A stack and the fiber that runs on it.
struct Stack {
  Fiber fiber;
  char* low = nullptr;
  std::size_t bytes = 0;

  bool contains(const void* address) const { return address >= low && address < low + bytes; }
};

/// The stacks of one host thread. A stack that is not taken waits inside `entry`, where its last user left it.
class StackPool {
 public:
  explicit StackPool(void (*entry)()) : entry_(entry) {}
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// Throws Error{out_of_memory}.
  Stack* take() {
    if (free_.empty()) grow();
    Stack* stack = free_.back();
    free_.pop_back();
    return stack;
  }
  void give_back(Stack* stack) { free_.push_back(stack); }
  /// Abandons whatever runs on the stacks; each starts in `entry` again.
  void reset();

 private:
  void grow();
  void prepare(Stack& stack, std::size_t index);

  void (*entry_)();
  std::vector<void*> chunks_;
  std::vector<std::unique_ptr<Stack>> stacks_;
  std::vector<Stack*> free_;
};

}  // namespace heddle::simt
