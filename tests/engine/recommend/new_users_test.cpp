#include <doctest/doctest.h>

#include <set>

#include "heddle/new_users.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

std::set<int32_t> row_set(const HostCsr& matrix, int64_t row) {
  const std::span<const int32_t> columns = matrix.row(row);
  return {columns.begin(), columns.end()};
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

TEST_CASE("what being new costs / both models are fitted to what they may know, and judged by the same users and targets") {
  const InteractionDataset data = random_interactions(60, 25, 0.4, 7, true);
  const Device device = Device::cpu({.threads = 1});
  const NewUserOptions options{.share = 0.2, .evaluate = {.topk = {3, 10}, .seed = 4}, .seed = 11};
  const NewUsers kept = keep_out_users(data, options.share, options.seed);
  std::vector<InteractionDataset> fitted;
  const auto fit = [&](const InteractionDataset& rest) {
    fitted.push_back(rest);
    return make_item_cosine(rest, {}, device);
  };
  std::vector<std::string> phases;
  const NewUserCost cost = cost_of_being_new(data, fit, options, [&](const Progress& at) {
    phases.emplace_back(at.phase);
    return true;
  });
  REQUIRE(fitted.size() == 2);
  CHECK(cost.users == static_cast<int64_t>(kept.users.size()));
  CHECK(fitted[0].content_hash() == kept.rest.content_hash());
  // The second has the given items beside that, each with a weight of 1.
  const Dense without = dense_of(fitted[0].train), with = dense_of(fitted[1].train), all = dense_of(data.train);
  for (int32_t user = 0; user < 60; ++user) {
    const auto place = std::find(kept.users.begin(), kept.users.end(), user) - kept.users.begin();
    const bool is_new = place < static_cast<std::ptrdiff_t>(kept.users.size());
    const std::vector<int32_t> given = is_new ? kept.given[static_cast<std::size_t>(place)].items : std::vector<int32_t>();
    for (int32_t item = 0; item < 25; ++item) {
      const bool is_given = std::find(given.begin(), given.end(), item) != given.end();
      CHECK(without.at(user, item) == (is_new ? 0 : all.at(user, item)));
      CHECK(with.at(user, item) == (is_given ? 1 : without.at(user, item)));
    }
  }
  for (const HostCsr InteractionDataset::*part : {&InteractionDataset::val, &InteractionDataset::test})
    CHECK((fitted[1].*part).col_indices == (kept.rest.*part).col_indices);

  const auto first = make_item_cosine(fitted[0], {}, device), second = make_item_cosine(fitted[1], {}, device);
  CHECK(cost.as_new.values == evaluate_visitors(*first, kept.given, kept.targets, options.evaluate).values);
  std::vector<std::vector<int32_t>> targets(60);
  for (std::size_t i = 0; i < kept.users.size(); ++i) {
    const std::span<const int32_t> row = kept.targets.row(static_cast<int64_t>(i));
    targets[static_cast<std::size_t>(kept.users[i])] = {row.begin(), row.end()};
  }
  const InteractionDataset judged = interactions_of(std::vector<std::vector<int32_t>>(60), 25, targets);
  CHECK(cost.as_known.values == evaluate(*second, fitted[1], judged.test, options.evaluate).values);
  CHECK(cost.as_new.users == cost.users);
  CHECK(cost.as_known.users == cost.users);
  REQUIRE(!phases.empty());
  for (const std::string& phase : phases) CHECK(phase == "ranking");
}

TEST_CASE("what being new costs / validation is held out of the rest alone, where it is wanted and there is none") {
  InteractionDataset data = random_interactions(40, 30, 0.5, 8);
  data.val = {.rows = 40, .cols = 30, .row_offsets = std::vector<int64_t>(41), .col_indices = {}, .values = {}};
  const Device device = Device::cpu({.threads = 1});
  NewUserOptions options{.share = 0.25, .hold_out = 0.2, .seed = 2};
  const NewUsers kept = keep_out_users(data, options.share, options.seed);
  std::vector<InteractionDataset> fitted;
  const auto fit = [&](const InteractionDataset& rest) {
    fitted.push_back(rest);
    return make_popularity(rest, device);
  };
  cost_of_being_new(data, fit, options);
  InteractionDataset expected = kept.rest;
  hold_out_validation(expected, 0.2, 2);
  REQUIRE(expected.val.nnz() > 0);
  CHECK(fitted[0].content_hash() == expected.content_hash());
  CHECK(fitted[1].val.col_indices == expected.val.col_indices);
  // No given item is lost to it.
  for (std::size_t i = 0; i < kept.users.size(); ++i) {
    const std::set<int32_t> given(kept.given[i].items.begin(), kept.given[i].items.end());
    CHECK(row_set(fitted[1].train, kept.users[i]) == given);
    CHECK(row_set(fitted[1].val, kept.users[i]).empty());
  }
  options.hold_out = 0;
  cost_of_being_new(data, fit, options);
  CHECK(fitted[2].val.nnz() == 0);
  data.val = random_interactions(40, 30, 0.5, 8).val;
  options.hold_out = 0.2;
  cost_of_being_new(data, fit, options);
  CHECK(fitted[4].train.nnz() == keep_out_users(data, options.share, options.seed).rest.train.nnz());
}

TEST_CASE("what being new costs / ends where it is told to, and says where no model is made") {
  const InteractionDataset data = random_interactions(40, 30, 0.5, 9);
  const Device device = Device::cpu({.threads = 1});
  int fits = 0;
  const auto fit = [&](const InteractionDataset& rest) {
    ++fits;
    return make_popularity(rest, device);
  };
  CHECK(error_mismatch(ErrorKind::interrupted, "interrupted",
                       [&] { cost_of_being_new(data, fit, {}, [](const Progress&) { return false; }); }) == "");
  CHECK(fits == 1);
  CHECK(error_mismatch(ErrorKind::usage, "returned no model", [&] {
          cost_of_being_new(data, [](const InteractionDataset&) { return std::unique_ptr<Recommender>(); });
        }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "a share of 1", [&] { cost_of_being_new(data, fit, {.share = 1}); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
