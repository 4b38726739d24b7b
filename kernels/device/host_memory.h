#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/device/backend.h"

namespace heddle::kernels {

inline constexpr int64_t small_page = 4096;
inline constexpr std::size_t huge_page = std::size_t{2} << 20;
/// Blocks of so many bytes and more are whole huge pages, and on a cpu device the work of all its threads: to touch, copy, zero.
inline constexpr std::size_t large_host_block = 2 * huge_page;

/// 64-byte aligned host memory; large blocks on whole 2 MiB pages, which spare the gathers of SpMM most of their TLB misses.
/// Throws Error{out_of_memory}.
void* allocate_host(std::size_t bytes);
void release_host(void* pointer, std::size_t bytes) noexcept;

/// Writes to each page of part `part` of `parts` of a block whose contents do not matter. Parts are whole huge pages, and the
/// same share of the block as a loop's chunks that are dealt to that thread.
void touch_part(void* block, std::size_t bytes, int64_t part, int64_t parts) noexcept;

/// What the cpu and simt devices share: their memory is the host's, and each call ends before it returns.
class HostBackend : public Backend {
 public:
  void* allocate(std::size_t bytes) override { return allocate_host(bytes); }
  void release(void* pointer, std::size_t bytes) noexcept override { release_host(pointer, bytes); }
  void copy_to_device(void* device, const void* host, std::size_t bytes, Stream&) override { move_bytes(device, host, bytes); }
  void copy_to_host(void* host, const void* device, std::size_t bytes, Stream&) override { move_bytes(host, device, bytes); }
  void copy(void* to, const void* from, std::size_t bytes, Stream&) override { move_bytes(to, from, bytes); }
  void fill_zero(void* pointer, std::size_t bytes, Stream&) override {
    if (bytes > 0) std::memset(pointer, 0, bytes);
  }

 private:
  static void move_bytes(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) std::memmove(to, from, bytes);
  }
};

}  // namespace heddle::kernels
