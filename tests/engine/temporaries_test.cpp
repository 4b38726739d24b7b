#include <doctest/doctest.h>

#include <concepts>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "heddle/bundle.h"
#include "heddle/io.h"
#include "heddle/recommender.h"
#include "heddle/tuned.h"
#include "tests/engine/interactions.h"
#include "tests/support/temp_dir.h"

// A loop over a part of what a function returns, as `for (auto [item, score] : model.rank(session, queries).front())`, keeps that
// part alive and nothing else (C++23 would keep all of it): so temporaries hand out their parts by value. Elsewhere a part is a
// reference and costs no copy.
namespace heddle::test {

namespace {

template <class T>
concept has_begin = requires(T&& object) {
  std::forward<T>(object).begin();
};

static_assert(std::same_as<decltype(std::declval<Rankings>().front()), Ranking>);
static_assert(std::same_as<decltype(std::declval<Rankings>().back()), Ranking>);
static_assert(std::same_as<decltype(std::declval<Rankings>()[0]), Ranking>);
static_assert(std::same_as<decltype(std::declval<const Rankings&>().front()), const Ranking&>);
static_assert(std::same_as<decltype(std::declval<Rankings&>()[0]), const Ranking&>);
static_assert(!has_begin<Rankings> && !has_begin<const Rankings>);
static_assert(std::ranges::random_access_range<const Rankings&> && std::ranges::viewable_range<Rankings>);
static_assert(!std::ranges::borrowed_range<Rankings>);

static_assert(std::same_as<decltype(std::declval<IdTable>()[0]), std::string>);
static_assert(std::same_as<decltype(std::declval<IdTable>().ids()), std::vector<std::string>>);
static_assert(std::same_as<decltype(std::declval<const IdTable&>().ids()), const std::vector<std::string>&>);
static_assert(std::same_as<decltype(std::declval<SavedRecommender>().items.ids()), std::vector<std::string>>);

// What stays inside its owner is not handed out by one that goes.
template <class T>
concept hands_out_model = requires(T&& object) {
  std::forward<T>(object).model();
};
template <class T>
concept hands_out_bundle = requires(T&& object) {
  std::forward<T>(object).bundle();
};
static_assert(hands_out_model<const Bundle&> && !hands_out_model<Bundle> && !hands_out_model<const Bundle>);
static_assert(hands_out_bundle<const ServedFile&> && !hands_out_bundle<ServedFile>);
static_assert(std::same_as<decltype(std::declval<Bundle>().item_id(0)), std::string>);
static_assert(std::same_as<decltype(std::declval<const Bundle&>().item_id(0)), const std::string&>);
static_assert(std::same_as<decltype(std::declval<Bundle>().saved()), SavedRecommender>);

static_assert(std::same_as<decltype(std::declval<TunedVariants>().choices()), std::vector<TunedChoice>>);
static_assert(std::same_as<decltype(std::declval<io::TensorReader>().arrays()), std::vector<io::TensorReader::Array>>);

/// Item 2 before item 1 before item 0, whoever asks.
GivenScores some_model() {
  return GivenScores(interactions_of({{}, {}}, 3).train, {1, 2, 3, 1, 2, 3}, Device::cpu({.threads = 1}));
}

}  // namespace

TEST_CASE("temporaries / loops over rankings, ids and lists of what was returned read what was returned") {
  const GivenScores model = some_model();
  Session session(model.device());
  const std::vector<Query> queries{{0, {}}, {1, {}}};
  std::vector<int32_t> items;
  for (const auto& [item, score] : model.rank(session, queries).front()) items.push_back(item);
  for (const auto& [item, score] : model.rank(session, queries)[1]) items.push_back(item);
  for (const auto& [item, score] : model.rank(session, queries).back()) items.push_back(item);
  for (const Ranking& ranking : model.rank(session, queries)) items.push_back(ranking.front().item);
  for (const RankedItem& best :
       model.rank(session, queries) | std::views::transform([](const Ranking& ranking) { return ranking.front(); }))
    items.push_back(best.item);
  CHECK(items == std::vector<int32_t>{2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 2, 2, 2});

  std::string ids;
  for (const std::string& id : IdTable({"a string that is too long to stand in the object itself", "b"}).ids()) ids += id + "/";
  CHECK(ids == "a string that is too long to stand in the object itself/b/");

  const TempDir folder;
  TunedVariants tuned;
  tuned.add({{1, 2}, 16, "cpu", "cpu_row_loop", "a graph", "by hand"});
  io::write_tuned(folder.file("tuned"), tuned);
  for (const TunedChoice& choice : io::read_tuned(folder.file("tuned")).choices()) CHECK(choice.graph == "a graph");
  io::write_safetensors(folder.file("arrays"), {{{"weights", 1, 2, {1, 2}}}, {}, {{"model", "none"}}});
  for (const auto& array : io::TensorReader(folder.file("arrays")).arrays()) CHECK(array.name == "weights");
  for (const auto& [key, value] : io::TensorReader(folder.file("arrays")).metadata()) CHECK(!value.empty());
}

TEST_CASE("temporaries / rankings are looked at without copies, and moved out as a whole") {
  const GivenScores model = some_model();
  Session session(model.device());
  const std::vector<Query> queries{{0, {}}, {1, {}}};
  Rankings rankings = model.rank(session, queries, {.k = 2});
  REQUIRE(rankings.size() == 2);
  CHECK(!rankings.empty());
  CHECK(&rankings.front() == &rankings[0]);
  CHECK(&rankings.back() == &*(rankings.end() - 1));
  const RankedItem* const place = rankings[1].data();
  const std::vector<Ranking> kept = std::move(rankings);
  REQUIRE(kept.size() == 2);
  CHECK(kept[1].data() == place);
  CHECK(Rankings().empty());
}

}  // namespace heddle::test
