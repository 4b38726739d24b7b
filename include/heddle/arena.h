#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "heddle/buffer.h"

namespace heddle {

/// A step's temporary memory. Blocks are handed out by exact size class and all come back at `reset`, so that the same sequence
/// of requests gets the same addresses in every step after the first, and the first step alone allocates.
class Arena {
 public:
  explicit Arena(Stream& stream) : stream_(stream) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory aligned as a Buffer is, valid until `reset` or `give_back`. Never null, not even for 0 bytes. Throws
  /// Error{out_of_memory}.
  void* allocate(std::size_t bytes);
  template <class T>
  T* allocate_array(int64_t count) {
    return static_cast<T*>(allocate(static_cast<std::size_t>(count) * sizeof(T)));
  }
  /// Lets a later `allocate` of this step reuse the block before `reset`. Null is allowed.
  void give_back(void* pointer) noexcept;
  /// Ends the life of everything handed out.
  void reset() noexcept;

  /// Bytes held from the device: the most that any step so far needed at once, rounded to blocks.
  std::size_t held_bytes() const { return held_; }

 private:
  struct Block {
    Buffer buffer;
    std::size_t bytes = 0;
    bool free = true;
  };
  Stream& stream_;
  std::vector<Block> blocks_;
  std::size_t held_ = 0;
};

/// The host side of a step: tape nodes and closures, packed one behind the other. What it holds is never destroyed, so only
/// trivially destructible objects may live here.
class HostArena {
 public:
  HostArena() = default;
  HostArena(const HostArena&) = delete;
  HostArena& operator=(const HostArena&) = delete;

  void* allocate(std::size_t bytes, std::size_t alignment);
  void reset() noexcept;

 private:
  std::vector<std::vector<std::byte>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace heddle
