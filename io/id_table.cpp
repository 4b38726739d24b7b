#include <algorithm>
#include <functional>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/rethrow.h"
#include "io/limits.h"
#include "io/near_matches.h"
#include "io/text.h"

namespace heddle {

namespace {

constexpr int32_t free_slot = -1;

/// The place of `id` in the slots: where it stands, or the free one where it would. There is always a free one.
std::size_t slot_of(const std::vector<int32_t>& slots, const std::vector<std::string>& ids, std::string_view id) {
  const std::size_t mask = slots.size() - 1;
  std::size_t slot = std::hash<std::string_view>{}(id)&mask;
  while (slots[slot] != free_slot && ids[static_cast<std::size_t>(slots[slot])] != id) slot = (slot + 1) & mask;
  return slot;
}

/// How many slots so many ids have: a power of two, at most half of them taken.
std::size_t slots_for(std::size_t ids) {
  std::size_t size = 16;
  while (size < 2 * ids) size *= 2;
  return size;
}

void make_room_for_one(std::vector<int32_t>& slots, const std::vector<std::string>& ids) {
  if (2 * (ids.size() + 1) <= slots.size()) return;
  const std::size_t size = slots_for(ids.size() + 1);
  slots.assign(size, free_slot);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    // Ids differ, so that a free slot is looked for without comparing them.
    std::size_t slot = std::hash<std::string_view>{}(ids[i]) & (size - 1);
    while (slots[slot] != free_slot) slot = (slot + 1) & (size - 1);
    slots[slot] = static_cast<int32_t>(i);
  }
}

}  // namespace

IdTable::IdTable(std::vector<std::string> ids) try : ids_(std::move(ids)) {
  slots_.assign(slots_for(ids_.size()), free_slot);
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    int32_t& slot = slots_[slot_of(slots_, ids_, ids_[i])];
    require(slot == free_slot, ErrorKind::bad_data, "id ", io::detail::in_quotes(ids_[i]), " comes twice");
    slot = static_cast<int32_t>(i);
  }
} catch (...) {
  rethrow_as_error();
}

int32_t IdTable::find(std::string_view id) const { return slots_.empty() ? -1 : slots_[slot_of(slots_, ids_, id)]; }

int32_t IdTable::insert(std::string_view id) try {
  make_room_for_one(slots_, ids_);
  int32_t& slot = slots_[slot_of(slots_, ids_, id)];
  if (slot == free_slot) {
    require(size() <= io::detail::max_id, ErrorKind::bad_data, "more than ", counted(io::detail::max_id, "id"), " of one kind");
    slot = static_cast<int32_t>(ids_.size());
    ids_.emplace_back(id);
  }
  return slot;
} catch (...) {
  rethrow_as_error();
}

std::vector<std::string> IdTable::near_matches(std::string_view id, int64_t count) const try {
  return io::detail::near_matches(id, ids_, count);
} catch (...) {
  rethrow_as_error();
}

int32_t IdTable::require_known(std::string_view id, const char* what) const try {
  const int32_t number = find(id);
  if (number < 0) fail(ErrorKind::usage, unknown_text(id, what));
  return number;
} catch (...) {
  rethrow_as_error();
}

std::string IdTable::unknown_text(std::string_view id, const char* what) const try {
  std::string hint;
  for (const std::string& match : near_matches(id)) {
    hint += (hint.empty() ? "; did you mean " : ", ") + io::detail::in_quotes(match);
  }
  return text(what, " ", io::detail::in_quotes(id), " is unknown", hint, hint.empty() ? "" : "?");
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
