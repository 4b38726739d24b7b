#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "heddle/error.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

/// Interactions by raw ids, ascending.
std::vector<std::pair<std::string, std::string>> by_ids(const InteractionDataset& data, const HostCsr& part) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int64_t user = 0; user < part.rows; ++user) {
    for (const int32_t item : part.row(user)) pairs.emplace_back(data.users[user], data.items[item]);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

/// Every other id of a table, from the last to the first, and one that it does not have.
IdTable half_of(const IdTable& table) {
  std::vector<std::string> ids{"a stranger"};
  for (int64_t i = table.size() - 1; i >= 0; i -= 2) ids.push_back(table[i]);
  return IdTable(std::move(ids));
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("renumber / what both know is taken over by its ids, and the rest counted") {
  const InteractionDataset data = random_interactions(20, 30, 0.3, 1);
  const IdTable users = half_of(data.users), items = half_of(data.items);
  // The others' training has some of the test interactions.
  bench::Draws draws(5);
  std::vector<std::vector<int32_t>> rows(static_cast<std::size_t>(users.size()));
  for (std::vector<int32_t>& row : rows) {
    for (int32_t item = 0; item < items.size(); ++item) {
      if (draws.uniform() < 0.3) row.push_back(item);
    }
  }
  HostCsr train;
  train.cols = items.size();
  for (const std::vector<int32_t>& row : rows) train.append_row(row);
  const Renumbered found = renumber(data, users, items, train);

  CHECK(found.data.name == data.name);
  CHECK(found.data.users.ids() == users.ids());
  CHECK(found.data.items.ids() == items.ids());
  CHECK(found.data.train.col_indices == train.col_indices);
  int64_t unknown = 0, in_training = 0;
  for (const auto part : {&InteractionDataset::val, &InteractionDataset::test}) {
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& [user, item] : by_ids(data, data.*part)) {
      const int32_t u = users.find(user), i = items.find(item);
      if (u < 0 || i < 0) {
        ++unknown;
      } else if (const auto& row = rows[static_cast<std::size_t>(u)]; std::find(row.begin(), row.end(), i) != row.end()) {
        ++in_training;
      } else {
        expected.emplace_back(user, item);
      }
    }
    REQUIRE(!expected.empty());
    CHECK(by_ids(found.data, found.data.*part) == expected);
    const HostCsr& matrix = found.data.*part;
    CHECK(matrix.rows == users.size());
    CHECK(matrix.cols == items.size());
    for (int64_t user = 0; user < matrix.rows; ++user) {
      const std::span<const int32_t> row = matrix.row(user);
      CHECK(std::is_sorted(row.begin(), row.end()));
    }
  }
  REQUIRE(unknown > 0);
  REQUIRE(in_training > 0);
  CHECK(found.unknown == unknown);
  CHECK(found.in_training == in_training);
}

TEST_CASE("renumber / its own numbers change nothing") {
  const InteractionDataset data = random_interactions(12, 9, 0.4, 2);
  const Renumbered found = renumber(data, data.users, data.items, data.train);
  CHECK(found.unknown == 0);
  CHECK(found.in_training == 0);
  CHECK(found.data.content_hash() == data.content_hash());
}

TEST_CASE("renumber / sizes that do not fit are refused") {
  const InteractionDataset data = interactions_of({{0}, {1}}, 3, {{1}, {2}});
  CHECK(error_mismatch(ErrorKind::usage, "the training interactions are 2 x 3, there is 1 user and 3 items",
                       [&] { renumber(data, IdTable({"u0"}), data.items, data.train); }) == "");
  InteractionDataset torn = data;
  torn.users = IdTable({"u0"});
  CHECK(error_mismatch(ErrorKind::usage, "small has 1 user and 3 items, its test interactions are 2 x 3",
                       [&] { renumber(torn, data.users, data.items, data.train); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
