#pragma once

#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/error.h"
#include "heddle/id_table.h"
#include "io/limits.h"

namespace heddle::io::detail {

/// An id with its hash, computed before it is looked up so that the memory that it stands in can be fetched meanwhile.
struct HashedId {
  std::string_view id;
  uint64_t hash;

  explicit HashedId(std::string_view text) : id(text), hash(hash_of(text)) {}
  HashedId() : hash(0) {}

  /// Of two ids of at most 8 bytes and the same length the hashes are the same only where the ids are.
  static uint64_t hash_of(std::string_view text) {
    const std::size_t size = text.size();
    const char* const bytes = text.data();
    uint64_t packed = 0;
    if (size > 8) return XXH3_64bits(bytes, size);
    if (size >= 4) {  // the halves overlap in the middle
      uint32_t low, high;
      std::memcpy(&low, bytes, 4);
      std::memcpy(&high, bytes + size - 4, 4);
      packed = low | uint64_t{high} << 32;
    } else if (size > 0) {
      const auto byte = [&](std::size_t at) { return uint64_t{static_cast<unsigned char>(bytes[at])}; };
      packed = byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
    }
    // A one-to-one mixing of 64 bits (the finisher of MurmurHash3).
    packed ^= packed >> 33;
    packed *= 0xff51afd7ed558ccdU;
    packed ^= packed >> 33;
    packed *= 0xc4ceb9fe1a85ec53U;
    return packed ^ packed >> 33;
  }
};

/// Numbers ids in the order in which they come, as IdTable does, in less time: a short id is compared by its hash alone.
class IdBuilder {
 public:
  IdBuilder() : slots_(1024) {}

  void prefetch(const HashedId& id) const { __builtin_prefetch(&slots_[id.hash & (slots_.size() - 1)]); }

  /// The number of `id`, the next one where it is new.
  int32_t insert(const HashedId& id) {
    const std::size_t mask = slots_.size() - 1;
    const auto size = static_cast<uint32_t>(id.id.size());
    for (std::size_t at = id.hash & mask;; at = (at + 1) & mask) {
      Slot& slot = slots_[at];
      if (slot.hash == id.hash && slot.size == size && slot.number >= 0 &&
          (size <= 8 || ids_[static_cast<std::size_t>(slot.number)] == id.id)) {
        return slot.number;
      }
      if (slot.number < 0) return insert_new(id, slot);
    }
  }

  /// The number of `id`; -1 where it is not in the table.
  int32_t find(const HashedId& id) const {
    const std::size_t mask = slots_.size() - 1;
    const auto size = static_cast<uint32_t>(id.id.size());
    for (std::size_t at = id.hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.number < 0) return -1;
      if (slot.hash == id.hash && slot.size == size && (size <= 8 || ids_[static_cast<std::size_t>(slot.number)] == id.id))
        return slot.number;
    }
  }

  const std::vector<std::string>& ids() const { return ids_; }
  std::vector<std::string>& ids() { return ids_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    int32_t number = -1;
    uint32_t size = 0;
  };

  int32_t insert_new(const HashedId& id, Slot& slot) {
    const auto number = static_cast<int32_t>(ids_.size());
    require(number <= max_id, ErrorKind::bad_data, "more than ", counted(max_id, "id"), " of one kind");
    ids_.emplace_back(id.id);
    slot = {id.hash, number, static_cast<uint32_t>(id.id.size())};
    if (2 * ids_.size() > slots_.size()) grow();
    return number;
  }

  void grow() {
    std::vector<Slot> larger(2 * slots_.size());
    const std::size_t mask = larger.size() - 1;
    for (const Slot& slot : slots_) {
      if (slot.number < 0) continue;
      std::size_t at = slot.hash & mask;
      while (larger[at].number >= 0) at = (at + 1) & mask;
      larger[at] = slot;
    }
    slots_.swap(larger);
  }

  std::vector<std::string> ids_;
  std::vector<Slot> slots_;
};

}  // namespace heddle::io::detail
