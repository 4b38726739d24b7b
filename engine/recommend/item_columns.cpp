#include "engine/recommend/item_columns.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace heddle::recommending {

namespace {

double weight_at(const HostCsr& matrix, std::size_t entry) {
  return matrix.values.empty() ? 1.0 : static_cast<double>(matrix.values[entry]);
}

/// Where the entries of a row begin and end.
std::pair<std::size_t, std::size_t> entries_of(const HostCsr& matrix, int32_t row) {
  return {static_cast<std::size_t>(matrix.row_offsets[static_cast<std::size_t>(row)]),
          static_cast<std::size_t>(matrix.row_offsets[static_cast<std::size_t>(row) + 1])};
}

/// The weight of an entry that is there.
double weight_of(const HostCsr& matrix, int32_t row, int32_t column) {
  if (matrix.values.empty()) return 1.0;
  const auto [begin, end] = entries_of(matrix, row);
  const auto entries = matrix.col_indices.begin();
  return weight_at(matrix, static_cast<std::size_t>(std::lower_bound(entries + static_cast<std::ptrdiff_t>(begin),
                                                                     entries + static_cast<std::ptrdiff_t>(end), column) -
                                                    entries));
}

double norm_of_row(const HostCsr& matrix, int32_t row) {
  double squares = 0;
  const auto [begin, end] = entries_of(matrix, row);
  for (std::size_t entry = begin; entry < end; ++entry) squares += weight_at(matrix, entry) * weight_at(matrix, entry);
  return std::sqrt(squares);
}

/// Adds up, over vectors that are given one after the other, the cosines that others have with each of them.
class CosineSums {
 public:
  explicit CosineSums(std::size_t others) : products_(others), sums_(others) {}

  /// A term of the product of `other` with the vector whose turn it is.
  void add_product(int32_t other, double term) {
    double& product = products_[static_cast<std::size_t>(other)];
    if (product == 0) reached_.push_back(other);
    product += term;
  }
  /// norms(other): the product of the two vectors' norms.
  template <class Norms>
  void end_of_one(const Norms& norms) {
    for (const int32_t other : reached_) {
      double& sum = sums_[static_cast<std::size_t>(other)];
      if (sum == 0) listed_.push_back(other);
      sum += std::exchange(products_[static_cast<std::size_t>(other)], 0.0) / norms(other);
    }
    reached_.clear();
  }
  /// The best by the mean of `count` cosines.
  Ranking best(int64_t k, std::size_t count, std::span<const int32_t> left_out) const {
    Ranking ranking;
    for (const int32_t other : listed_) {
      if (std::binary_search(left_out.begin(), left_out.end(), other)) continue;
      ranking.push_back({other, static_cast<float>(sums_[static_cast<std::size_t>(other)] / static_cast<double>(count))});
    }
    const auto wanted = std::min(static_cast<std::size_t>(k), ranking.size());
    std::partial_sort(
        ranking.begin(), ranking.begin() + static_cast<std::ptrdiff_t>(wanted), ranking.end(),
        [](const RankedItem& a, const RankedItem& b) { return a.score != b.score ? a.score > b.score : a.item < b.item; });
    ranking.resize(wanted);
    return ranking;
  }

 private:
  std::vector<double> products_, sums_;
  std::vector<int32_t> reached_, listed_;
};

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

Ranking ItemColumns::most_alike(const HostCsr& train, std::span<const int32_t> items, int64_t k,
                                std::span<const int32_t> left_out) const {
  CosineSums sums(norms_.size());
  for (const int32_t item : items) {
    for (const int32_t user : users_of(item)) {
      const auto [begin, end] = entries_of(train, user);
      const double own_weight = weight_of(train, user, item);
      for (std::size_t entry = begin; entry < end; ++entry)
        sums.add_product(train.col_indices[entry], own_weight * weight_at(train, entry));
    }
    sums.end_of_one(
        [&](int32_t other) { return norms_[static_cast<std::size_t>(item)] * norms_[static_cast<std::size_t>(other)]; });
  }
  return sums.best(k, items.size(), left_out);
}

Ranking ItemColumns::users_most_alike(const HostCsr& train, std::span<const int32_t> users, int64_t k) const {
  CosineSums sums(static_cast<std::size_t>(train.rows));
  for (const int32_t user : users) {
    const double own_norm = norm_of_row(train, user);
    const auto [begin, end] = entries_of(train, user);
    for (std::size_t entry = begin; entry < end; ++entry) {
      const int32_t item = train.col_indices[entry];
      for (const int32_t other : users_of(item)) sums.add_product(other, weight_at(train, entry) * weight_of(train, other, item));
    }
    sums.end_of_one([&](int32_t other) { return own_norm * norm_of_row(train, other); });
  }
  std::vector<int32_t> themselves(users.begin(), users.end());
  std::sort(themselves.begin(), themselves.end());
  return sums.best(k, users.size(), themselves);
}

}  // namespace heddle::recommending
