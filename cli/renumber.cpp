#include "cli/renumber.h"

#include <algorithm>

namespace heddle::cli {

namespace {

/// The model's number of each of `ids`, -1 where it has none.
std::vector<int32_t> numbers_of(const IdTable& ids, const IdTable& model_ids) {
  std::vector<int32_t> numbers(static_cast<std::size_t>(ids.size()));
  for (int64_t i = 0; i < ids.size(); ++i) numbers[static_cast<std::size_t>(i)] = model_ids.find(ids[i]);
  return numbers;
}

struct Numbers {
  std::vector<int32_t> users, items;
};

HostCsr renumber(const HostCsr& matrix, const Numbers& numbers, const HostCsr& train, Renumbered& told) {
  std::vector<std::vector<int32_t>> rows(static_cast<std::size_t>(train.rows));
  for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row) {
    const int32_t user = numbers.users[row];
    for (int64_t k = matrix.row_offsets[row]; k < matrix.row_offsets[row + 1]; ++k) {
      const int32_t item = numbers.items[static_cast<std::size_t>(matrix.col_indices[static_cast<std::size_t>(k)])];
      if (user < 0 || item < 0) {
        ++told.unknown;
        continue;
      }
      const auto first = train.col_indices.begin() + train.row_offsets[static_cast<std::size_t>(user)];
      const auto last = train.col_indices.begin() + train.row_offsets[static_cast<std::size_t>(user) + 1];
      if (std::binary_search(first, last, item)) {
        ++told.in_training;
      } else {
        rows[static_cast<std::size_t>(user)].push_back(item);
      }
    }
  }
  HostCsr result{.rows = train.rows, .cols = train.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  for (std::vector<int32_t>& row : rows) {
    std::sort(row.begin(), row.end());
    result.col_indices.insert(result.col_indices.end(), row.begin(), row.end());
    result.row_offsets.push_back(result.nnz());
  }
  return result;
}

}  // namespace

Renumbered renumber(const InteractionDataset& data, const SavedRecommender& saved) {
  const Numbers numbers{.users = numbers_of(data.users, saved.users), .items = numbers_of(data.items, saved.items)};
  Renumbered result;
  result.data.name = data.name;
  result.data.users = saved.users;
  result.data.items = saved.items;
  result.data.item_names = saved.item_names;
  result.data.train = saved.model->train();
  result.data.val = renumber(data.val, numbers, result.data.train, result);
  result.data.test = renumber(data.test, numbers, result.data.train, result);
  return result;
}

}  // namespace heddle::cli
