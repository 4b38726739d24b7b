#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// Raw ids of one kind (any strings) and the numbers 0, 1, ... that stand for them.
class IdTable {
 public:
  /// Without ids.
  IdTable() = default;
  /// Throws Error{bad_data} where an id comes twice.
  explicit IdTable(std::vector<std::string> ids);

  /// How many ids there are.
  int64_t size() const { return static_cast<int64_t>(ids_.size()); }
  /// The id that `index` stands for, 0 <= index < size(); not checked. A temporary table hands out the string itself.
  const std::string& operator[](int64_t index) const& { return ids_[static_cast<std::size_t>(index)]; }
  std::string operator[](int64_t index) && { return std::move(ids_[static_cast<std::size_t>(index)]); }  ///< of a temporary
  /// All ids, by number. A temporary table hands out the vector itself.
  const std::vector<std::string>& ids() const& { return ids_; }
  std::vector<std::string> ids() && { return std::move(ids_); }  ///< of a temporary
  /// The number of `id`, -1 where it is not in the table.
  int32_t find(std::string_view id) const;
  /// The number of `id`, given the next one where it is new.
  int32_t insert(std::string_view id);
  /// Up to `count` ids that are written most alike (edit distance without regard to case, at most a third of the longer one's
  /// bytes, rounded down), best first, ties by number; for error sentences.
  std::vector<std::string> near_matches(std::string_view id, int64_t count = 3) const;
  /// As find; throws Error{usage} with unknown_text where it is not in the table.
  int32_t require_known(std::string_view id, const char* what) const;
  /// `what 'id' is unknown; did you mean 'a', 'b'?`: the words for an id that is not in the table.
  std::string unknown_text(std::string_view id, const char* what) const;

 private:
  std::vector<std::string> ids_;
  /// Numbers by hash, open addressing: two ids' strings are not stored twice.
  std::vector<int32_t> slots_;
};

}  // namespace heddle
HEDDLE_API_END
