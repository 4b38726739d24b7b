#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "heddle/interactions.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

DegreeSummary summary_of(std::vector<int64_t> counts) {
  if (counts.empty()) return {};
  std::sort(counts.begin(), counts.end());
  const int64_t sum = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  return {.mean = static_cast<double>(sum) / static_cast<double>(counts.size()),
          .median = counts[counts.size() / 2],
          .most = counts.back()};
}

}  // namespace

DegreeSummary user_degrees(const InteractionDataset& data) try {
  std::vector<int64_t> counts;
  for (int64_t user = 0; user < data.train.rows; ++user) counts.push_back(static_cast<int64_t>(data.train.row(user).size()));
  return summary_of(std::move(counts));
} catch (...) {
  rethrow_as_error();
}

DegreeSummary item_degrees(const InteractionDataset& data) try {
  std::vector<int64_t> counts(static_cast<std::size_t>(data.train.cols));
  for (const int32_t item : data.train.col_indices) ++counts[static_cast<std::size_t>(item)];
  return summary_of(std::move(counts));
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
