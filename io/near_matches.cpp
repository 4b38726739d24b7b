#include "io/near_matches.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <utility>

namespace heddle::io::detail {

namespace {

constexpr std::size_t compared = 64;  // bytes of a word: the time goes with their square

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The least number of letters that are replaced, left out, added or exchanged with their neighbour to get from one short string
/// to the other ("optimal string alignment"), in bytes, without regard to case; `rows` is scratch.
int64_t edit_distance(std::string_view a, std::string_view b, std::array<std::vector<int64_t>, 3>& rows) {
  auto& [two_before, before, row] = rows;
  for (std::vector<int64_t>& each : rows) each.resize(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  const auto same = [&](std::size_t i, std::size_t j) { return folded(a[i]) == folded(b[j]); };
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::swap(two_before, before);
    std::swap(before, row);
    row[0] = static_cast<int64_t>(i) + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({before[j] + !same(i, j), before[j + 1] + 1, row[j] + 1});
      if (i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j)) row[j + 1] = std::min(row[j + 1], two_before[j - 1] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> near_matches(std::string_view word, std::span<const std::string> candidates, int64_t count) {
  struct Match {
    int64_t distance;
    std::size_t index;
  };
  const std::string_view wanted = word.substr(0, compared);
  std::vector<Match> matches;
  std::array<std::vector<int64_t>, 3> rows;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string_view candidate = std::string_view(candidates[i]).substr(0, compared);
    const auto longer = static_cast<int64_t>(std::max(wanted.size(), candidate.size()));
    const auto shorter = static_cast<int64_t>(std::min(wanted.size(), candidate.size()));
    if (longer - shorter > longer / 3) continue;  // the distance is at least this
    const int64_t distance = edit_distance(wanted, candidate, rows);
    if (distance <= longer / 3) matches.push_back({distance, i});
  }
  const auto end = matches.begin() + std::clamp<int64_t>(count, 0, static_cast<int64_t>(matches.size()));
  std::partial_sort(matches.begin(), end, matches.end(), [](const Match& a, const Match& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
  });
  std::vector<std::string> result;
  std::transform(matches.begin(), end, std::back_inserter(result), [&](const Match& match) { return candidates[match.index]; });
  return result;
}

}  // namespace heddle::io::detail
