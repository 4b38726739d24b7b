#include "kernels/device/host_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "heddle/error.h"

namespace heddle::kernels {

namespace {

constexpr std::size_t alignment = 64;

std::size_t round_up(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

void* allocate_host(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const bool large = bytes >= large_host_block;
  const std::size_t multiple = large ? huge_page : alignment;
  require(bytes <= SIZE_MAX - multiple, ErrorKind::out_of_memory, "no room for ", counted(bytes, "byte"), " of host memory");
  // Small blocks are not rounded up, so that a sanitizer sees the first access past their end.
  void* pointer = nullptr;
  const int status = posix_memalign(&pointer, multiple, large ? round_up(bytes, multiple) : bytes);
  require(status == 0, ErrorKind::out_of_memory, "no room for ", counted(bytes, "byte"), " of host memory");
#ifdef MADV_HUGEPAGE
  // Advice only: where the kernel refuses, the memory works all the same, on small pages.
  if (large) madvise(pointer, round_up(bytes, multiple), MADV_HUGEPAGE);
#endif
  return pointer;
}

void release_host(void* pointer, std::size_t) noexcept { std::free(pointer); }

void touch_part(void* block, std::size_t bytes, int64_t part, int64_t parts) noexcept {
  const auto pages = static_cast<int64_t>((bytes + huge_page - 1) / huge_page);
  const auto begin_of = [&](int64_t p) {
    return std::min(static_cast<int64_t>(bytes), pages * p / parts * static_cast<int64_t>(huge_page));
  };
  for (int64_t i = begin_of(part); i < begin_of(part + 1); i += small_page) static_cast<volatile char*>(block)[i] = 0;
}

}  // namespace heddle::kernels
