#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/rethrow.h"
#include "io/limits.h"
#include "io/text.h"

namespace heddle {

namespace {

constexpr int32_t kFree = -1;

/// The place of `id` in the slots: where it stands, or the free one where it would. There is always a free one.
size_t slot_of(const std::vector<int32_t>& slots, const std::vector<std::string>& ids, std::string_view id) {
  const size_t mask = slots.size() - 1;
  size_t slot = std::hash<std::string_view>{}(id)&mask;
  while (slots[slot] != kFree && ids[static_cast<size_t>(slots[slot])] != id) slot = (slot + 1) & mask;
  return slot;
}

/// At most half of the slots are taken.
void make_room(std::vector<int32_t>& slots, const std::vector<std::string>& ids) {
  if (2 * (ids.size() + 1) <= slots.size()) return;
  size_t size = std::max<size_t>(16, slots.size());
  while (size < 2 * (ids.size() + 1)) size *= 2;
  slots.assign(size, kFree);
  for (size_t i = 0; i < ids.size(); ++i) {
    // Ids differ, so that a free slot is looked for without comparing them.
    size_t slot = std::hash<std::string_view>{}(ids[i]) & (size - 1);
    while (slots[slot] != kFree) slot = (slot + 1) & (size - 1);
    slots[slot] = static_cast<int32_t>(i);
  }
}

/// Levenshtein's distance of two short strings in bytes; `row` is scratch.
int64_t edit_distance(std::string_view a, std::string_view b, std::vector<int64_t>& row) {
  row.resize(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = std::exchange(row[0], static_cast<int64_t>(i) + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

IdTable::IdTable(std::vector<std::string> ids) try {
  ids_.reserve(ids.size());
  for (std::string& id : ids) {
    make_room(slots_, ids_);
    int32_t& slot = slots_[slot_of(slots_, ids_, id)];
    require(slot == kFree, ErrorKind::bad_data, "id ", io::detail::in_quotes(id), " comes twice");
    slot = static_cast<int32_t>(ids_.size());
    ids_.push_back(std::move(id));
  }
} catch (...) {
  rethrow_as_error();
}

int32_t IdTable::find(std::string_view id) const { return slots_.empty() ? -1 : slots_[slot_of(slots_, ids_, id)]; }

int32_t IdTable::insert(std::string_view id) try {
  make_room(slots_, ids_);
  int32_t& slot = slots_[slot_of(slots_, ids_, id)];
  if (slot == kFree) {
    require(size() <= io::detail::kMaxId, ErrorKind::bad_data, "more than ", io::detail::kMaxId, " ids of one kind");
    slot = static_cast<int32_t>(ids_.size());
    ids_.emplace_back(id);
  }
  return slot;
} catch (...) {
  rethrow_as_error();
}

std::vector<std::string> IdTable::near_matches(std::string_view id, int64_t count) const try {
  constexpr size_t kCompared = 64;  // bytes of an id: the time goes with their square
  struct Match {
    int64_t distance;
    int64_t index;
  };
  const std::string_view wanted = id.substr(0, kCompared);
  std::vector<Match> matches;
  std::vector<int64_t> row;
  for (int64_t i = 0; i < size(); ++i) {
    const std::string_view candidate = std::string_view((*this)[i]).substr(0, kCompared);
    const auto longer = static_cast<int64_t>(std::max(wanted.size(), candidate.size()));
    const auto shorter = static_cast<int64_t>(std::min(wanted.size(), candidate.size()));
    if (longer - shorter > (longer + 1) / 2) continue;  // the distance is at least this
    const int64_t distance = edit_distance(wanted, candidate, row);
    if (distance <= (longer + 1) / 2) matches.push_back({distance, i});
  }
  const auto end = matches.begin() + std::clamp<int64_t>(count, 0, static_cast<int64_t>(matches.size()));
  std::partial_sort(matches.begin(), end, matches.end(), [](const Match& a, const Match& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
  });
  std::vector<std::string> result;
  std::transform(matches.begin(), end, std::back_inserter(result), [&](const Match& match) { return (*this)[match.index]; });
  return result;
} catch (...) {
  rethrow_as_error();
}

int32_t IdTable::require_known(std::string_view id, const char* what) const try {
  const int32_t number = find(id);
  if (number >= 0) return number;
  std::string hint;
  for (const std::string& match : near_matches(id)) {
    hint += (hint.empty() ? "; did you mean " : ", ") + io::detail::in_quotes(match);
  }
  fail(ErrorKind::usage, what, " ", io::detail::in_quotes(id), " is unknown", hint, hint.empty() ? "" : "?");
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
