#include "engine/models/sampled_interactions.h"

#include <cstdint>
#include <vector>

namespace heddle {

namespace {

/// Users who have an item, and have not all of them.
std::vector<int32_t> eligible_users(const HostCsr& train) {
  std::vector<int32_t> users;
  for (int64_t user = 0; user < train.rows; ++user) {
    const auto taken = static_cast<int64_t>(train.row(user).size());
    if (taken > 0 && taken < train.cols) users.push_back(static_cast<int32_t>(user));
  }
  return users;
}

std::vector<int32_t> rows_of_entries(const HostCsr& matrix) {
  std::vector<int32_t> rows(static_cast<std::size_t>(matrix.nnz()));
  for (int64_t row = 0; row < matrix.rows; ++row)
    for (int64_t k = matrix.row_offsets[row]; k < matrix.row_offsets[row + 1]; ++k) rows[k] = static_cast<int32_t>(row);
  return rows;
}

}  // namespace

SampledInteractions::SampledInteractions(Stream& stream, const HostCsr& train)
    : row_offsets_(Buffer::upload(stream, train.row_offsets)), col_indices_(Buffer::upload(stream, train.col_indices)) {
  if (!train.values.empty()) values_ = Buffer::upload(stream, train.values);
  row_of_ = Buffer::upload(stream, rows_of_entries(train));
  const std::vector<int32_t> users = eligible_users(train);
  eligible_ = Buffer::upload(stream, users);
  const CsrView matrix{train.rows,
                       train.cols,
                       train.nnz(),
                       row_offsets_.as<int64_t>(),
                       col_indices_.as<int32_t>(),
                       train.values.empty() ? nullptr : values_.as<float>()};
  view_ = {.matrix = matrix,
           .row_of = row_of_.as<int32_t>(),
           .eligible = eligible_.as<int32_t>(),
           .eligible_count = static_cast<int64_t>(users.size())};
}

}  // namespace heddle
