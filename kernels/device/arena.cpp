#include "heddle/arena.h"

#include <algorithm>

#include "heddle/error.h"

namespace heddle {

namespace {

// Size classes of 256 bytes keep the waste of small blocks small; an exact class (never "the next larger free one") is what
// makes a second step fit into the blocks of the first.
constexpr std::size_t block_granularity = 256;
constexpr std::size_t host_chunk_bytes = 16 * 1024;

std::size_t round_up(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

void* Arena::allocate(std::size_t bytes) {
  require(bytes <= SIZE_MAX - block_granularity, ErrorKind::out_of_memory, "arena: no room for ", bytes, " bytes");
  const std::size_t rounded = round_up(std::max<std::size_t>(bytes, 1), block_granularity);
  for (Block& block : blocks_) {
    if (block.free && block.bytes == rounded) {
      block.free = false;
      return block.buffer.data();
    }
  }
  blocks_.push_back({Buffer(stream_, rounded), rounded, false});
  held_ += rounded;
  return blocks_.back().buffer.data();
}

void Arena::give_back(void* pointer) noexcept {
  for (Block& block : blocks_) {
    if (block.buffer.data() == pointer) block.free = true;
  }
}

void Arena::reset() noexcept {
  for (Block& block : blocks_) block.free = true;
}

void* HostArena::allocate(std::size_t bytes, std::size_t alignment) {
  require(bytes <= host_chunk_bytes && bytes + alignment <= host_chunk_bytes, ErrorKind::internal, "host arena: ", bytes,
          " bytes do not fit a chunk of ", host_chunk_bytes);
  if (chunks_.empty()) chunks_.emplace_back(host_chunk_bytes);
  for (;;) {
    const auto base = reinterpret_cast<std::uintptr_t>(chunks_[chunk_].data());
    const std::size_t start = round_up(base + used_, alignment) - base;
    if (start + bytes <= host_chunk_bytes) {
      used_ = start + bytes;
      return chunks_[chunk_].data() + start;
    }
    if (++chunk_ == chunks_.size()) chunks_.emplace_back(host_chunk_bytes);
    used_ = 0;
  }
}

void HostArena::reset() noexcept { chunk_ = used_ = 0; }

}  // namespace heddle
