#include <algorithm>
#include <cmath>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/recommender.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// The matrix without the entries of the rows that are kept out.
HostCsr without_rows(const HostCsr& matrix, const std::vector<bool>& out) {
  HostCsr rest{.rows = matrix.rows, .cols = matrix.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  for (int64_t row = 0; row < matrix.rows; ++row) {
    const auto begin = matrix.row_offsets[static_cast<std::size_t>(row)];
    const auto end = matrix.row_offsets[static_cast<std::size_t>(row) + 1];
    if (!out[static_cast<std::size_t>(row)]) {
      rest.col_indices.insert(rest.col_indices.end(), matrix.col_indices.begin() + begin, matrix.col_indices.begin() + end);
      if (!matrix.values.empty())
        rest.values.insert(rest.values.end(), matrix.values.begin() + begin, matrix.values.begin() + end);
    }
    rest.row_offsets.push_back(rest.nnz());
  }
  return rest;
}

/// A 64-bit key for an element, from its own two words.
uint64_t random_key(const RandomStream& random, uint64_t index) {
  return uint64_t{random_word(random, 2 * index)} << 32 | random_word(random, 2 * index + 1);
}

/// `ids` in an order that only the seed and the ids' places `first`, `first` + 1, ... decide.
std::vector<int32_t> shuffled(std::vector<int32_t> ids, const RandomStream& random, uint64_t first) {
  std::vector<std::pair<uint64_t, int32_t>> keyed;
  for (std::size_t i = 0; i < ids.size(); ++i) keyed.emplace_back(random_key(random, first + i), ids[i]);
  std::sort(keyed.begin(), keyed.end());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = keyed[i].second;
  return ids;
}

}  // namespace

NewUsers keep_out_users(const InteractionDataset& data, double share, uint64_t seed) try {
  require(share > 0 && share < 1, ErrorKind::usage, "keep_out_users: a share of ", share, " is not between 0 and 1");
  std::vector<int32_t> eligible;
  for (int32_t user = 0; user < data.train.rows; ++user) {
    if (recommending::row_of(data.train, user).size() >= 2) eligible.push_back(user);
  }
  require(!eligible.empty(), ErrorKind::usage, "no user of ", data.name, " has two training items, one to give and one to find");
  const auto count =
      std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(share * static_cast<double>(eligible.size()))));
  const RandomStream by_user{.seed = seed, .purpose = random_purpose::kept_out_users, .step = nullptr};
  const RandomStream by_item{.seed = seed, .purpose = random_purpose::kept_out_users + 1, .step = nullptr};

  NewUsers result;
  result.users = shuffled(std::move(eligible), by_user, 0);
  result.users.resize(count);
  std::sort(result.users.begin(), result.users.end());
  std::vector<bool> out(static_cast<std::size_t>(data.train.rows));
  result.targets = {.rows = 0, .cols = data.train.cols, .row_offsets = {0}, .col_indices = {}, .values = {}};
  for (const int32_t user : result.users) {
    out[static_cast<std::size_t>(user)] = true;
    const std::span<const int32_t> row = recommending::row_of(data.train, user);
    const std::vector<int32_t> order = shuffled({row.begin(), row.end()}, by_item,
                                                static_cast<uint64_t>(data.train.row_offsets[static_cast<std::size_t>(user)]));
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>((order.size() + 1) / 2);
    std::vector<int32_t> given(order.begin(), middle);
    std::sort(given.begin(), given.end());
    result.given.push_back({-1, std::move(given)});
    const auto first = static_cast<std::ptrdiff_t>(result.targets.col_indices.size());
    result.targets.col_indices.insert(result.targets.col_indices.end(), middle, order.end());
    std::sort(result.targets.col_indices.begin() + first, result.targets.col_indices.end());
    result.targets.row_offsets.push_back(result.targets.nnz());
    ++result.targets.rows;
  }
  result.rest = data;
  result.rest.origin = {};  // it is not what `prepare` made any more
  for (HostCsr InteractionDataset::*part : {&InteractionDataset::train, &InteractionDataset::val, &InteractionDataset::test}) {
    if ((data.*part).rows == data.train.rows) result.rest.*part = without_rows(data.*part, out);
  }
  return result;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
