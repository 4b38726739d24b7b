#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// A step's temporary memory. It is taken from the device in blocks, which later requests share: each gets the smallest free
/// place that holds it, and all places come back at `reset`. A step that makes the same requests as the one before gets the same
/// addresses and takes nothing from the device. Blocks that no longer serve go back to it: where sizes differ from step to step,
/// held_bytes stays below twice what the largest of the recent steps had in use at once, or what that step alone would hold.
class Arena {
 public:
  /// Of the memory of the stream's device; `stream` outlives it.
  explicit Arena(Stream& stream) : stream_(stream) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory aligned as a Buffer is, valid until `reset` or `give_back`. Never null, not even for 0 bytes. Throws
  /// Error{out_of_memory}.
  void* allocate(std::size_t bytes);
  /// The same for `count` elements.
  template <class T>
  T* allocate_array(int64_t count) {
    return static_cast<T*>(allocate(static_cast<std::size_t>(count) * sizeof(T)));
  }
  /// Lets a later `allocate` of this step use the place before `reset`. Null is allowed.
  void give_back(const void* pointer) noexcept;
  /// Ends the life of everything handed out.
  void reset() noexcept;

  /// Bytes taken from the device and not given back to it.
  std::size_t held_bytes() const { return held_; }

  /// The memory of one step, kept so that the step can be repeated in it: a recording of its work on the device, and the replays
  /// of that, use it without asking. From its making to `close` no block goes back to the device; those that the step has used by
  /// then stay until the Recording ends. One is open at a time.
  class Recording {
   public:
    /// Opens it, for the step that is under way.
    explicit Recording(Arena& arena);
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    /// Ends the step's use of new memory.
    void close();
    /// Opens it again, for the step that the next `reset` begins: the same requests get the same addresses in it.
    void repeat();

   private:
    Arena& arena_;
    std::vector<std::byte*> blocks_;
    std::vector<std::pair<std::byte*, std::size_t>> requests_;  // what was given, and its bytes
    bool open_ = false;
  };

 private:
  struct Block {
    Buffer buffer;
    uint64_t last_step = 0;  // that used some of it
    int recordings = 0;
    std::byte* begin() const { return buffer.as<std::byte>(); }
  };
  /// Part of a block; parts of all blocks lie in the order of their addresses, without gaps within a block.
  struct Place {
    std::byte* begin;
    std::size_t bytes;
    bool free;
    bool first;  // of its block
  };
  /// A request of the step, for the next one to repeat: what was given, and its bytes.
  using Request = std::pair<std::byte*, std::size_t>;

  std::size_t place_from(const void* address) const;
  std::size_t find_place(std::size_t bytes) const;
  std::size_t add_block(std::size_t bytes);
  void* take(std::size_t place, std::size_t bytes);
  void merge_with_next(std::size_t place);
  Block& block_of(const std::byte* address);
  bool can_release(const Block& block) const;
  bool release_idle_blocks(std::size_t most, uint64_t last) noexcept;
  void release_beyond(std::size_t need, std::size_t wanted) noexcept;
  void release(std::size_t block);

  Stream& stream_;
  std::vector<Block> blocks_;  // by address
  std::vector<Place> places_;  // by address
  std::vector<Request> requests_;
  std::size_t request_ = 0;  // of this step: how many there were
  std::size_t in_use_ = 0;
  std::size_t most_in_use_ = 0;  // in this step
  std::size_t recent_most_ = 0;  // of the recent steps
  std::size_t held_ = 0;
  uint64_t step_ = 1;
  bool following_ = true;  // the requests so far are those of the step before
  bool recording_ = false;
  const std::vector<Request>* to_repeat_ = nullptr;  // by the step that the next reset begins, in place of the last step's
};

/// An array of an arena that goes back to it when the handle ends.
template <class T>
class ArenaArray {
 public:
  ArenaArray() = default;
  /// `count` elements with undefined values.
  ArenaArray(Arena& arena, int64_t count) : arena_(&arena), data_(arena.allocate_array<T>(count)) {}
  /// The array goes over; `other` is empty, or has what this one had.
  ArenaArray(ArenaArray&& other) noexcept { swap(other); }
  /// As above.
  ArenaArray& operator=(ArenaArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ArenaArray() {
    if (arena_ != nullptr) arena_->give_back(data_);
  }

  /// Null where the handle is empty.
  T* data() const { return data_; }

 private:
  void swap(ArenaArray& other) noexcept {
    std::swap(arena_, other.arena_);
    std::swap(data_, other.data_);
  }

  Arena* arena_ = nullptr;
  T* data_ = nullptr;
};

/// The host side of a step: tape nodes and closures, packed one behind the other. What it holds is never destroyed, so only
/// trivially destructible objects may live here.
class HostArena {
 public:
  HostArena() = default;
  HostArena(const HostArena&) = delete;
  HostArena& operator=(const HostArena&) = delete;

  /// `alignment` is a power of two up to 4096. Throws Error{out_of_memory}.
  void* allocate(std::size_t bytes, std::size_t alignment);
  /// Ends the life of everything handed out; the memory is kept.
  void reset() noexcept;

 private:
  std::vector<std::vector<std::byte>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace heddle
HEDDLE_API_END
