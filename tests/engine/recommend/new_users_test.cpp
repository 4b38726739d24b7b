#include <doctest/doctest.h>

#include <set>

#include "tests/engine/interactions.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

std::set<int32_t> row_set(const HostCsr& matrix, int64_t row) {
  const auto begin = matrix.col_indices.begin();
  return {begin + matrix.row_offsets[static_cast<std::size_t>(row)],
          begin + matrix.row_offsets[static_cast<std::size_t>(row) + 1]};
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("keep_out_users / given and targets are halves of what the users had, who are gone from all parts") {
  const InteractionDataset data = random_interactions(200, 30, 0.25, 1, true);
  const NewUsers kept = keep_out_users(data, 0.1, 3);
  // Users with two training items or more; a few have fewer.
  int64_t eligible = 0;
  for (int64_t user = 0; user < 200; ++user) eligible += row_set(data.train, user).size() >= 2;
  REQUIRE(eligible < 200);
  CHECK(static_cast<int64_t>(kept.users.size()) == std::llround(0.1 * static_cast<double>(eligible)));
  CHECK(kept.given.size() == kept.users.size());
  CHECK(kept.targets.rows == static_cast<int64_t>(kept.users.size()));
  CHECK(kept.targets.cols == 30);
  CHECK(std::is_sorted(kept.users.begin(), kept.users.end()));
  CHECK(std::set<int32_t>(kept.users.begin(), kept.users.end()).size() == kept.users.size());
  bool drawn = false;
  for (std::size_t i = 0; i < kept.users.size(); ++i) {
    const std::set<int32_t> had = row_set(data.train, kept.users[i]);
    const std::set<int32_t> targets = row_set(kept.targets, static_cast<int64_t>(i));
    std::set<int32_t> all(kept.given[i].items.begin(), kept.given[i].items.end());
    CHECK(kept.given[i].user == -1);
    CHECK(kept.given[i].items.size() == (had.size() + 1) / 2);
    CHECK(targets.size() == had.size() / 2);
    drawn = drawn || *targets.begin() < *all.rbegin();  // not simply the first half
    all.insert(targets.begin(), targets.end());
    CHECK(all == had);
    for (const HostCsr* part : {&kept.rest.train, &kept.rest.val, &kept.rest.test}) CHECK(row_set(*part, kept.users[i]).empty());
  }
  CHECK(drawn);
  // The others keep everything, weights too.
  const std::set<int32_t> gone(kept.users.begin(), kept.users.end());
  const Dense before = dense_of(data.train), after = dense_of(kept.rest.train);
  for (int32_t user = 0; user < 200; ++user) {
    if (gone.count(user) > 0) continue;
    for (int64_t item = 0; item < 30; ++item) CHECK(before.at(user, item) == after.at(user, item));
    CHECK(row_set(kept.rest.val, user) == row_set(data.val, user));
    CHECK(row_set(kept.rest.test, user) == row_set(data.test, user));
  }
  CHECK(kept.rest.users.ids() == data.users.ids());
}

TEST_CASE("keep_out_users / what is left does not claim to be what was prepared") {
  const InteractionDataset data =
      prepare(synthetic_shop({.users = 40, .items = 60, .categories = 3, .interactions_per_user = 10}));
  REQUIRE(!data.origin.hash_as_split.empty());
  InteractionDataset rest = keep_out_users(data, 0.2, 1).rest;
  hold_out_validation(rest, 0.3, 1);
  CHECK(rest.origin.options.empty());
  CHECK(rest.origin.hash_as_split.empty());
  CHECK(rest.origin.held_out == 0);
}

TEST_CASE("keep_out_users / the seed decides, and data without such users are refused") {
  const InteractionDataset data = random_interactions(100, 20, 0.3, 2);
  CHECK(keep_out_users(data, 0.05, 1).users == keep_out_users(data, 0.05, 1).users);
  CHECK(keep_out_users(data, 0.05, 1).targets.col_indices == keep_out_users(data, 0.05, 1).targets.col_indices);
  CHECK(keep_out_users(data, 0.05, 1).users != keep_out_users(data, 0.05, 2).users);
  CHECK(keep_out_users(data, 1e-9, 1).users.size() == 1);
  CHECK(error_mismatch(ErrorKind::usage, "a share of 1", [&] { keep_out_users(data, 1, 1); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "a share of 0", [&] { keep_out_users(data, 0, 1); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "no user of small has two training items", [&] {
          keep_out_users(interactions_of({{0}, {}, {1}}, 2), 0.5, 1);
        }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
