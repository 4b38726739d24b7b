#include "heddle/new_users.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/random.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// The matrix with the rows of `users` (ascending) replaced by those of `other`, the first one's by its row 0 and so on; without
/// `other` emptied. Weights of replaced rows are 1.
HostCsr with_rows(const HostCsr& matrix, const std::vector<int32_t>& users, const HostCsr* other) {
  HostCsr result;
  result.cols = matrix.cols;
  std::size_t next = 0;
  for (int64_t row = 0; row < matrix.rows; ++row) {
    if (next == users.size() || users[next] != row) {
      result.append_row(matrix.row(row), matrix.row_values(row));
      continue;
    }
    result.append_row(other == nullptr ? std::span<const int32_t>() : other->row(static_cast<int64_t>(next)));
    if (!matrix.values.empty()) result.values.resize(result.col_indices.size(), 1.0f);
    ++next;
  }
  return result;
}

/// `ids` in an order that only the seed and the ids' places `first`, `first` + 1, ... decide.
std::vector<int32_t> shuffled(std::vector<int32_t> ids, const RandomStream& random, uint64_t first) {
  std::vector<std::pair<uint64_t, int32_t>> keyed;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const uint64_t place = first + i;
    keyed.emplace_back(random_key(random, place / 2, static_cast<int>(place % 2)), ids[i]);
  }
  std::sort(keyed.begin(), keyed.end());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = keyed[i].second;
  return ids;
}

}  // namespace

NewUsers keep_out_users(const InteractionDataset& data, double share, uint64_t seed) try {
  require(share > 0 && share < 1, ErrorKind::usage, "keep_out_users: a share of ", share, " is not between 0 and 1");
  std::vector<int32_t> eligible;
  for (int32_t user = 0; user < data.train.rows; ++user) {
    if (data.train.row(user).size() >= 2) eligible.push_back(user);
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
  result.targets.cols = data.train.cols;
  for (const int32_t user : result.users) {
    const std::span<const int32_t> row = data.train.row(user);
    const std::vector<int32_t> order = shuffled({row.begin(), row.end()}, by_item,
                                                static_cast<uint64_t>(data.train.row_offsets[static_cast<std::size_t>(user)]));
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>((order.size() + 1) / 2);
    std::vector<int32_t> given(order.begin(), middle), others(middle, order.end());
    std::sort(given.begin(), given.end());
    std::sort(others.begin(), others.end());
    result.given.push_back({-1, std::move(given)});
    result.targets.append_row(others);
  }
  result.rest = data;
  result.rest.origin = {};  // it is not what `prepare` made any more
  for (HostCsr InteractionDataset::*part : {&InteractionDataset::train, &InteractionDataset::val, &InteractionDataset::test}) {
    if ((data.*part).rows == data.train.rows) result.rest.*part = with_rows(data.*part, result.users, nullptr);
  }
  return result;
} catch (...) {
  rethrow_as_error();
}

NewUserCost cost_of_being_new(NewUsers kept_out, const FitFunction& fit, const EvaluateOptions& options,
                              const ProgressCallback& progress) try {
  InteractionDataset& rest = kept_out.rest;
  NewUserCost cost;
  cost.users = static_cast<int64_t>(kept_out.users.size());
  const auto fitted = [&] {
    std::unique_ptr<Recommender> model = fit(rest);
    require(model != nullptr, ErrorKind::usage, "cost_of_being_new: the function that fits returned no model");
    return model;
  };
  cost.as_new = evaluate_visitors(*fitted(), kept_out.given, kept_out.targets, options, progress);
  HostCsr given;
  for (const Query& visitor : kept_out.given) given.append_row(visitor.items);
  rest.train = with_rows(rest.train, kept_out.users, &given);
  HostCsr nothing{.rows = rest.train.rows, .cols = rest.train.cols, .row_offsets = {}, .col_indices = {}, .values = {}};
  nothing.row_offsets.resize(static_cast<std::size_t>(nothing.rows) + 1);
  cost.as_known = evaluate(*fitted(), rest, with_rows(nothing, kept_out.users, &kept_out.targets), options, progress);
  return cost;
} catch (...) {
  rethrow_as_error();
}

NewUserCost cost_of_being_new(const InteractionDataset& data, const FitFunction& fit, const NewUserOptions& options,
                              const ProgressCallback& progress) try {
  NewUsers kept_out = keep_out_users(data, options.share, options.seed);
  // Before the given items come back: none of those may be lost to validation.
  if (options.hold_out > 0 && kept_out.rest.val.nnz() == 0) hold_out_validation(kept_out.rest, options.hold_out, options.seed);
  return cost_of_being_new(std::move(kept_out), fit, options.evaluate, progress);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
