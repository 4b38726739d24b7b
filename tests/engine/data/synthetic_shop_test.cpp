#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "heddle/error.h"
#include "heddle/interactions.h"

using namespace heddle;

TEST_CASE("engine / shop: each user takes at least 3 different items, later ones later, as many as asked on average") {
  const InteractionLog log = synthetic_shop();
  CHECK(log.users.size() == 2000);
  CHECK(log.items.size() == 1000);
  CHECK(static_cast<double>(log.size()) / 2000 == doctest::Approx(25).epsilon(0.1));
  std::vector<std::set<int32_t>> taken(2000);
  for (std::size_t i = 0; i < log.user.size(); ++i) {
    REQUIRE(taken[static_cast<std::size_t>(log.user[i])].insert(log.item[i]).second);
    if (i > 0 && log.user[i] == log.user[i - 1]) REQUIRE(log.time[i] >= log.time[i - 1]);
  }
  CHECK(std::all_of(taken.begin(), taken.end(), [](const auto& items) { return items.size() >= 3; }));
}

TEST_CASE("engine / shop: names are words, and no two items share one") {
  ShopOptions options;
  options.items = 6000;  // more than there are pairs of words
  const InteractionLog log = synthetic_shop(options);
  REQUIRE(log.item_names.size() == 6000);
  CHECK(std::set<std::string>(log.item_names.begin(), log.item_names.end()).size() == 6000);
  for (const std::string& name : log.item_names) REQUIRE(name.find(' ') != std::string::npos);
}

TEST_CASE("engine / shop: a user's items come from few categories and popular ones come more often") {
  const InteractionLog log = synthetic_shop();
  std::vector<int64_t> sold(1000, 0);
  for (const int32_t item : log.item) ++sold[static_cast<std::size_t>(item)];
  std::sort(sold.rbegin(), sold.rend());
  int64_t top = 0;
  for (std::size_t i = 0; i < 100; ++i) top += sold[i];
  CHECK(static_cast<double>(top) > 0.25 * static_cast<double>(log.size()));

  // Two items that one user takes one after the other are bought together by many: far more than if users had no tastes.
  const InteractionDataset data = prepare(synthetic_shop());
  const HostCsr by_item = transpose(data.train);
  double together = 0, by_chance = 0;
  for (std::size_t i = 1; i < 4000; ++i) {
    if (log.user[i] != log.user[i - 1]) continue;
    const std::span<const int32_t> a = by_item.row(log.item[i - 1]), b = by_item.row(log.item[i]);
    std::vector<int32_t> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    together += static_cast<double>(both.size());
    by_chance += static_cast<double>(a.size()) * static_cast<double>(b.size()) / 2000;
  }
  CHECK(together > 2 * by_chance);
}

TEST_CASE("engine / shop: the same options make the same shop, another seed another; sizes are checked") {
  ShopOptions options{30, 20, 3, 4, 5};
  const InteractionLog a = synthetic_shop(options), b = synthetic_shop(options);
  CHECK(a.item == b.item);
  CHECK(a.time == b.time);
  options.seed = 6;
  CHECK(synthetic_shop(options).item != a.item);
  CHECK_THROWS_WITH_AS(synthetic_shop({0, 20, 3, 4, 0}), "synthetic_shop: users 0 is not between 1 and 268435456", Error);
  CHECK_THROWS_WITH_AS(synthetic_shop({5, 20, 21, 4, 0}), "synthetic_shop: categories 21 is not between 1 and 20", Error);
  CHECK_THROWS_WITH_AS(synthetic_shop({5, 20, 3, 11, 0}), doctest::Contains("interactions per user 11 is not between 3 and 10"),
                       Error);
  for (const int64_t categories : {1, 7, 20}) CHECK(synthetic_shop({40, 20, categories, 10, 0}).size() >= 120);
}
