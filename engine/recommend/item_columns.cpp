#include "engine/recommend/item_columns.h"

#include <algorithm>
#include <cmath>

namespace heddle::recommending {

namespace {

double weight_at(const HostCsr& matrix, std::size_t entry) {
  return matrix.values.empty() ? 1.0 : static_cast<double>(matrix.values[entry]);
}

}  // namespace

ItemColumns::ItemColumns(const HostCsr& train)
    : offsets_(static_cast<std::size_t>(train.cols) + 1),
      users_(train.col_indices.size()),
      norms_(static_cast<std::size_t>(train.cols)) {
  for (const int32_t item : train.col_indices) ++offsets_[static_cast<std::size_t>(item) + 1];
  for (std::size_t item = 0; item < norms_.size(); ++item) offsets_[item + 1] += offsets_[item];
  // Users come in ascending order, and each takes the next place of its items: an item's begin becomes its end, which is the next
  // one's begin.
  for (int64_t user = 0; user < train.rows; ++user) {
    const auto end = static_cast<std::size_t>(train.row_offsets[static_cast<std::size_t>(user) + 1]);
    for (auto entry = static_cast<std::size_t>(train.row_offsets[static_cast<std::size_t>(user)]); entry < end; ++entry) {
      const auto item = static_cast<std::size_t>(train.col_indices[entry]);
      users_[static_cast<std::size_t>(offsets_[item]++)] = static_cast<int32_t>(user);
      norms_[item] += weight_at(train, entry) * weight_at(train, entry);
    }
  }
  for (std::size_t item = norms_.size(); item > 0; --item) offsets_[item] = offsets_[item - 1];
  offsets_.front() = 0;
  for (double& norm : norms_) norm = std::sqrt(norm);
}

std::span<const int32_t> ItemColumns::users_of(int32_t item) const {
  const int64_t begin = offsets_[static_cast<std::size_t>(item)], end = offsets_[static_cast<std::size_t>(item) + 1];
  return std::span(users_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

Ranking ItemColumns::most_alike(const HostCsr& train, int32_t item, int64_t k) const {
  std::vector<double> products(norms_.size());
  std::vector<int32_t> reached;
  for (const int32_t user : users_of(item)) {
    const auto begin = static_cast<std::size_t>(train.row_offsets[static_cast<std::size_t>(user)]);
    const auto end = static_cast<std::size_t>(train.row_offsets[static_cast<std::size_t>(user) + 1]);
    const auto row = train.col_indices.begin();
    const auto own = static_cast<std::size_t>(
        std::lower_bound(row + static_cast<std::ptrdiff_t>(begin), row + static_cast<std::ptrdiff_t>(end), item) - row);
    const double own_weight = weight_at(train, own);
    for (std::size_t entry = begin; entry < end; ++entry) {
      const int32_t other = train.col_indices[entry];
      double& product = products[static_cast<std::size_t>(other)];
      if (product == 0) reached.push_back(other);
      product += own_weight * weight_at(train, entry);
    }
  }
  Ranking ranking;
  for (const int32_t other : reached) {
    if (other == item) continue;
    const double norms = norms_[static_cast<std::size_t>(item)] * norms_[static_cast<std::size_t>(other)];
    ranking.push_back({other, static_cast<float>(products[static_cast<std::size_t>(other)] / norms)});
  }
  const auto wanted = std::min(static_cast<std::size_t>(k), ranking.size());
  std::partial_sort(
      ranking.begin(), ranking.begin() + static_cast<std::ptrdiff_t>(wanted), ranking.end(),
      [](const RankedItem& a, const RankedItem& b) { return a.score != b.score ? a.score > b.score : a.item < b.item; });
  ranking.resize(wanted);
  return ranking;
}

}  // namespace heddle::recommending
