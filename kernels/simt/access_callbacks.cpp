// What -fsanitize=thread makes a kernel call at every memory access, in place of ThreadSanitizer's own run-time library:
// the executor changes threads here, and shows the access to its observer. Only kernels of the instrumented twin run with it;
// a call from anywhere else does nothing.

#include <cstddef>
#include <cstdint>

#include "heddle/export.h"
#include "heddle/kernel/simt.h"
#include "kernels/simt/block_runner.h"

namespace {

namespace simt = heddle::simt;

template <class T>
bool within(const void* address, const T& object) {
  const auto* byte = static_cast<const char*>(address);
  const auto* first = reinterpret_cast<const char*>(&object);
  return byte >= first && byte < first + sizeof(T);
}

/// A GPU keeps these in registers.
bool is_index_variable(const void* address) {
  return within(address, simt::threadIdx) || within(address, simt::blockIdx) || within(address, simt::blockDim) ||
         within(address, simt::gridDim);
}

void note(const volatile void* pointer, std::size_t bytes, bool write, bool atomic, const void* code) {
  simt::BlockRunner* const runner = simt::running();
  const void* const address = const_cast<const void*>(pointer);
  if (runner == nullptr || !runner->instrumented() || runner->on_own_stack(address) || runner->is_argument(address) ||
      is_index_variable(address)) {
    return;
  }
  runner->access(address, bytes, write, atomic, code);
}

}  // namespace

// The names and types are the compiler's. NOLINTBEGIN
#define HEDDLE_CODE __builtin_return_address(0)
#define HEDDLE_PLAIN(bytes)                                                                 \
  void __tsan_read##bytes(void* p) { note(p, bytes, false, false, HEDDLE_CODE); }           \
  void __tsan_write##bytes(void* p) { note(p, bytes, true, false, HEDDLE_CODE); }           \
  void __tsan_unaligned_read##bytes(void* p) { note(p, bytes, false, false, HEDDLE_CODE); } \
  void __tsan_unaligned_write##bytes(void* p) { note(p, bytes, true, false, HEDDLE_CODE); } \
  void __tsan_volatile_read##bytes(void* p) { note(p, bytes, false, false, HEDDLE_CODE); }  \
  void __tsan_volatile_write##bytes(void* p) { note(p, bytes, true, false, HEDDLE_CODE); }

// An atomic that the compiler would have made one instruction stays one: threads change before it, never within.
#define HEDDLE_ATOMIC(bits)                                                                                                      \
  uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t* p, int) {                                             \
    note(p, bits / 8, false, true, HEDDLE_CODE);                                                                                 \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                                                 \
  }                                                                                                                              \
  void __tsan_atomic##bits##_store(volatile uint##bits##_t* p, uint##bits##_t value, int) {                                      \
    note(p, bits / 8, true, true, HEDDLE_CODE);                                                                                  \
    __atomic_store_n(p, value, __ATOMIC_SEQ_CST);                                                                                \
  }                                                                                                                              \
  uint##bits##_t __tsan_atomic##bits##_exchange(volatile uint##bits##_t* p, uint##bits##_t value, int) {                         \
    note(p, bits / 8, true, true, HEDDLE_CODE);                                                                                  \
    return __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST);                                                                      \
  }                                                                                                                              \
  uint##bits##_t __tsan_atomic##bits##_fetch_add(volatile uint##bits##_t* p, uint##bits##_t value, int) {                        \
    note(p, bits / 8, true, true, HEDDLE_CODE);                                                                                  \
    return __atomic_fetch_add(p, value, __ATOMIC_SEQ_CST);                                                                       \
  }                                                                                                                              \
  bool __tsan_atomic##bits##_compare_exchange_strong(volatile uint##bits##_t* p, uint##bits##_t* expected, uint##bits##_t value, \
                                                     int, int) {                                                                 \
    note(p, bits / 8, true, true, HEDDLE_CODE);                                                                                  \
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                           \
  }

// Kernels that a program loads call those of the program.
HEDDLE_API_BEGIN
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_read_range(void* p, unsigned long bytes) { note(p, bytes, false, false, HEDDLE_CODE); }
void __tsan_write_range(void* p, unsigned long bytes) { note(p, bytes, true, false, HEDDLE_CODE); }
HEDDLE_PLAIN(1)
HEDDLE_PLAIN(2)
HEDDLE_PLAIN(4)
HEDDLE_PLAIN(8)
HEDDLE_PLAIN(16)
HEDDLE_ATOMIC(8)
HEDDLE_ATOMIC(32)
HEDDLE_ATOMIC(64)
}
HEDDLE_API_END
// NOLINTEND
