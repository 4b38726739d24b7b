#include <algorithm>
#include <array>
#include <utility>

#include "kernels/rows/launchers.h"

// Idea: a radix sort from the least digit on, of ids with their places: each pass counts a digit's values, adds the counts up and
// deals the pairs out in order, which keeps equal ids in the order of their places. Then one walk over the sorted ids.
// Bytes: 12 count a pass, one pass for every `most_digit_bits` bits of n.
namespace heddle::kernels::cpu {

namespace {

// The counts of one digit, 8 KB, stay in the first-level cache.
constexpr int most_digit_bits = 11;

}  // namespace

void group_rows(const RowGroups& groups, int64_t n, int32_t* workspace) {
  const int64_t count = groups.count;
  const int bits = id_bits(n);
  const int passes = (bits + most_digit_bits - 1) / most_digit_bits;
  const int digit_bits = (bits + passes - 1) / passes;
  const uint32_t mask = (1u << digit_bits) - 1;

  int32_t* ids = workspace;
  int32_t* next_ids = workspace + count;
  // The last pass writes to groups.order.
  int32_t* places = passes % 2 == 0 ? groups.order : workspace + 2 * count;
  int32_t* next_places = passes % 2 == 0 ? workspace + 2 * count : groups.order;
  for (int pass = 0; pass < passes; ++pass) {
    const int shift = pass * digit_bits;
    const int32_t* const from = pass == 0 ? groups.ids : ids;
    const auto digit = [&](int32_t id) { return (static_cast<uint32_t>(id) >> shift) & mask; };
    std::array<int32_t, std::size_t{1} << most_digit_bits> start{};
    for (int64_t i = 0; i < count; ++i) ++start[digit(from[i])];
    int32_t total = 0;
    for (int32_t& each : start) total += std::exchange(each, total);
    for (int64_t i = 0; i < count; ++i) {
      const int32_t at = start[digit(from[i])]++;
      next_ids[at] = from[i];
      next_places[at] = pass == 0 ? static_cast<int32_t>(i) : places[i];
    }
    std::swap(ids, next_ids);
    std::swap(places, next_places);
  }

  int32_t group = -1;
  for (int64_t i = 0; i < count; ++i) {
    if (i == 0 || ids[i] != ids[i - 1]) {
      groups.distinct[++group] = ids[i];
      groups.offsets[group] = static_cast<int32_t>(i);
    }
    groups.group_of[groups.order[i]] = group;
  }
  groups.offsets[group + 1] = static_cast<int32_t>(count);
  *groups.group_count = group + 1;
}

}  // namespace heddle::kernels::cpu
