#include "tests/support/counting_allocator.h"

#include <malloc.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <new>

extern "C" {
int __real_posix_memalign(void** pointer, std::size_t alignment, std::size_t bytes);
void* __real_mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset);
void __real__ZN6heddle7kernels12release_hostEPvm(void* pointer, std::size_t bytes) noexcept;  // heddle::kernels::release_host
}

namespace {

constexpr int64_t never = std::numeric_limits<int64_t>::max();

std::atomic<int64_t> count{0}, live{0}, bytes_live{0}, bytes_most{0};
std::atomic<int64_t> until_failure{never};
std::atomic<bool> all_fail{false};
thread_local int allowed = 0;

/// Whether the allocation that is asked for now is to fail.
bool fails() {
  if (allowed > 0 || until_failure.load(std::memory_order_relaxed) == never) return false;
  const int64_t left = until_failure.fetch_sub(1);
  return all_fail.load() ? left <= 0 : left == 0;
}

void note_allocated(void* pointer) {
  live.fetch_add(1, std::memory_order_relaxed);
  const auto bytes = static_cast<int64_t>(malloc_usable_size(pointer));
  const int64_t now = bytes_live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  for (int64_t most = bytes_most.load(); now > most && !bytes_most.compare_exchange_weak(most, now);) {
  }
}

void note_released(void* pointer) {
  if (pointer == nullptr) return;
  live.fetch_sub(1, std::memory_order_relaxed);
  bytes_live.fetch_sub(static_cast<int64_t>(malloc_usable_size(pointer)), std::memory_order_relaxed);
}

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  if (fails()) return nullptr;
  void* pointer = nullptr;
  if (alignment == 0) {
    pointer = std::malloc(bytes > 0 ? bytes : 1);
  } else if (__real_posix_memalign(&pointer, alignment, bytes > 0 ? bytes : 1) != 0) {
    return nullptr;
  }
  if (pointer != nullptr) note_allocated(pointer);
  return pointer;
}

void* or_throw(void* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

void release(void* pointer) noexcept {
  note_released(pointer);
  std::free(pointer);
}

}  // namespace

namespace heddle::test {

int64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }
int64_t live_allocations() noexcept { return live.load(); }
int64_t live_bytes() noexcept { return bytes_live.load(); }

PeakBytes::PeakBytes() noexcept : before_(bytes_live.load()) { bytes_most.store(before_); }
int64_t PeakBytes::bytes() const noexcept { return bytes_most.load() - before_; }

FailedAllocation::FailedAllocation(int64_t n, Failing failing) noexcept {
  all_fail.store(failing == Failing::all);
  until_failure.store(n);
}
FailedAllocation::~FailedAllocation() { until_failure.store(never); }
AllowedAllocations::AllowedAllocations() noexcept { ++allowed; }
AllowedAllocations::~AllowedAllocations() { --allowed; }
bool FailedAllocation::happened() const noexcept { return until_failure.load() < 0; }

}  // namespace heddle::test

// The cpu and simt devices' memory, and the stacks of simt's threads.
extern "C" int __wrap_posix_memalign(void** pointer, std::size_t alignment, std::size_t bytes) {
  if (fails()) return ENOMEM;
  const int status = __real_posix_memalign(pointer, alignment, bytes);
  if (status == 0) note_allocated(*pointer);
  return status;
}
extern "C" void __wrap__ZN6heddle7kernels12release_hostEPvm(void* pointer, std::size_t bytes) noexcept {
  note_released(pointer);
  __real__ZN6heddle7kernels12release_hostEPvm(pointer, bytes);
}
extern "C" void* __wrap_mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  if (fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return __real_mmap(address, bytes, protection, flags, file, offset);
}

// Arrays call these by default. The nothrow forms are here too because AddressSanitizer brings some of its own, whose memory the
// operator delete below could not take back.
void* operator new(std::size_t bytes) { return or_throw(allocate(bytes, 0)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return or_throw(allocate(bytes, static_cast<std::size_t>(alignment)));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* pointer) noexcept { release(pointer); }
void operator delete(void* pointer, const std::nothrow_t&) noexcept { release(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { release(pointer); }
void operator delete(void* pointer, std::align_val_t) noexcept { release(pointer); }
void operator delete(void* pointer, std::align_val_t, const std::nothrow_t&) noexcept { release(pointer); }
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept { release(pointer); }
