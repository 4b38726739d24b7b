#include <algorithm>
#include <vector>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// The others' number of each of `ids`, -1 where they have none.
std::vector<int32_t> numbers_of(const IdTable& ids, const IdTable& others) {
  std::vector<int32_t> numbers;
  numbers.reserve(static_cast<std::size_t>(ids.size()));
  for (const std::string& id : ids.ids()) numbers.push_back(others.find(id));
  return numbers;
}

/// A part of `data` in numbers of `result`, without what its training has.
HostCsr renumbered_part(const HostCsr& part, const std::vector<int32_t>& users, const std::vector<int32_t>& items,
                        Renumbered& result) {
  const HostCsr& train = result.data.train;
  std::vector<std::vector<int32_t>> rows(static_cast<std::size_t>(train.rows));
  for (int64_t row = 0; row < part.rows; ++row) {
    const int32_t user = users[static_cast<std::size_t>(row)];
    const std::span<const int32_t> known = train.row(user);
    for (const int32_t column : part.row(row)) {
      const int32_t item = items[static_cast<std::size_t>(column)];
      if (user < 0 || item < 0) {
        ++result.unknown;
      } else if (std::binary_search(known.begin(), known.end(), item)) {
        ++result.in_training;
      } else {
        rows[static_cast<std::size_t>(user)].push_back(item);
      }
    }
  }
  HostCsr matrix;
  matrix.cols = train.cols;
  for (std::vector<int32_t>& row : rows) {
    std::sort(row.begin(), row.end());
    matrix.append_row(row);
  }
  return matrix;
}

}  // namespace

Renumbered renumber(const InteractionDataset& data, const IdTable& users, const IdTable& items, const HostCsr& train) try {
  require(train.rows == users.size() && train.cols == items.size(), ErrorKind::usage, "renumber: the training interactions are ",
          train.rows, " x ", train.cols, ", ", there_are(users.size(), "user"), " and ", counted(items.size(), "item"));
  for (const auto& [its, part] :
       {std::pair("its validation interactions are ", &data.val), std::pair("its test interactions are ", &data.test)}) {
    require(part->nnz() == 0 || (part->rows == data.users.size() && part->cols == data.items.size()), ErrorKind::usage,
            "renumber: ", data.name, " has ", counted(data.users.size(), "user"), " and ", counted(data.items.size(), "item"),
            ", ", its, part->rows, " x ", part->cols);
  }
  const std::vector<int32_t> user_numbers = numbers_of(data.users, users), item_numbers = numbers_of(data.items, items);
  Renumbered result;
  result.data.name = data.name;
  result.data.users = users;
  result.data.items = items;
  result.data.train = train;
  for (HostCsr InteractionDataset::*part : {&InteractionDataset::val, &InteractionDataset::test}) {
    result.data.*part = renumbered_part(data.*part, user_numbers, item_numbers, result);
  }
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
