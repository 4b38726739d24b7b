#pragma once

#include <cstdint>

// heddle_tests, and the tests of the C interface, replace the operators new and delete, and the linker puts functions of this
// file around posix_memalign and mmap (tests/CMakeLists.txt): to count what is allocated, and to let it fail.
namespace heddle::test {

/// Calls of operator new in this program so far, by all threads.
int64_t allocations() noexcept;

/// Blocks of the host and of the cpu and simt devices that have been allocated and not released yet, and their bytes.
int64_t live_allocations() noexcept;
int64_t live_bytes() noexcept;

/// Measures from its making on how far live_bytes rises above where it stood. One at a time.
class PeakBytes {
 public:
  PeakBytes() noexcept;
  int64_t bytes() const noexcept;

 private:
  int64_t before_;
};

/// Which allocations fail: the one, or all from it on.
enum class Failing { one, all };

/// While it lives the allocation number `n` from its making on (0: the next one) fails, of whichever thread: of the host by
/// std::bad_alloc or null, of a device and of stacks for its threads by a null. One at a time.
class FailedAllocation {
 public:
  FailedAllocation(int64_t n, Failing failing) noexcept;
  ~FailedAllocation();
  FailedAllocation(const FailedAllocation&) = delete;
  FailedAllocation& operator=(const FailedAllocation&) = delete;
  /// Whether there were so many allocations.
  bool happened() const noexcept;
};

/// While it lives, nothing of this thread fails: for what a test does between calls of the library.
class AllowedAllocations {
 public:
  AllowedAllocations() noexcept;
  ~AllowedAllocations();
  AllowedAllocations(const AllowedAllocations&) = delete;
  AllowedAllocations& operator=(const AllowedAllocations&) = delete;
};

}  // namespace heddle::test
