// What asking costs in memory, and what deny and allow lists leave, by definition.
#include "heddle/session.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "heddle/lightgcn.h"
#include "tests/engine/fitted.h"
#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

constexpr int64_t mebibyte = int64_t{1} << 20;

/// Users, items and interactions as many as Gowalla's, without anything to be learnt of them.
const InteractionDataset& like_gowalla() {
  static const InteractionDataset data = [] {
    constexpr int64_t users = 29'858, items = 40'981, each = 27;
    InteractionDataset made;
    made.name = "like Gowalla";
    std::vector<std::string> user_ids, item_ids;
    for (int64_t user = 0; user < users; ++user) user_ids.push_back(std::to_string(user));
    for (int64_t item = 0; item < items; ++item) item_ids.push_back(std::to_string(item));
    made.users = IdTable(std::move(user_ids));
    made.items = IdTable(std::move(item_ids));
    made.train = {.rows = users, .cols = items, .row_offsets = {0}, .col_indices = {}, .values = {}};
    bench::Draws draws(3);
    for (int64_t user = 0; user < users; ++user) {
      std::set<int32_t> row;
      while (static_cast<int64_t>(row.size()) < each) row.insert(static_cast<int32_t>(draws.below(items)));
      made.train.col_indices.insert(made.train.col_indices.end(), row.begin(), row.end());
      made.train.row_offsets.push_back(made.train.nnz());
    }
    return made;
  }();
  return data;
}

/// A ranking of all items without those that a list leaves out, as long as is asked for.
Ranking without_lists(const Ranking& all, const std::vector<int32_t>& leave_out, const std::optional<std::vector<int32_t>>& only,
                      std::size_t k) {
  Ranking left;
  for (const RankedItem& each : all) {
    const auto is_in = [&](const std::vector<int32_t>& list) {
      return std::find(list.begin(), list.end(), each.item) != list.end();
    };
    if (!is_in(leave_out) && (!only || is_in(*only)) && left.size() < k) left.push_back(each);
  }
  return left;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("session / holds next to nothing when it is made, and at most 1 MB after single users of a model of Gowalla's size") {
  const Device device = Device::cpu({.threads = 2});
  const InteractionDataset& data = like_gowalla();
  std::vector<std::unique_ptr<Recommender>> models;
  models.push_back(make_popularity(data, device));
  models.push_back(make_item_cosine(data, {.neighbours = 20}, device));
  models.push_back(LightGcn(data, {}, device).recommender());
  const GraphFilterOptions filter{.rank = 16, .iterations = 1};
  models.push_back(make_graph_filter(data, filter, device));
  models.push_back(make_blend(LightGcn(data, {}, device).recommender(), make_graph_filter(data, filter, device), 0.3f));
  for (const auto& model : models) {
    INFO(model->name());
    const int64_t before = live_bytes(), blocks = allocations();
    Session session(device);
    CHECK(live_bytes() - before < 16 * 1024);
    CHECK(allocations() - blocks < 20);
    for (int32_t i = 0; i < 200; ++i) {
      const Query user{i * 149, {}}, visitor{-1, {i, 40'000 - i, 7 * i + 1000}};
      CHECK(model->rank(session, {&user, 1}).front().size() == 20);
      CHECK(model->rank(session, {&visitor, 1}).front().size() == 20);
    }
    CHECK(live_bytes() - before <= mebibyte);
    for (int32_t item = 0; item < 20; ++item) model->similar(session, item * 2000, 20);
    CHECK(live_bytes() - before <= 2 * mebibyte + mebibyte / 4);  // and a megabyte of normed vectors
  }
}

TEST_CASE("session / models of one data set hold its interactions once") {
  const InteractionDataset data = random_interactions(60, 50, 0.3, 4);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto blend =
        make_blend(make_item_cosine(data, {}, device.device), make_graph_filter(data, {.rank = 4}, device.device), 1);
    CHECK(blend->shared_train().use_count() == 3);
    const TempDir folder;
    save_recommender(*blend, data, folder.file("model"));
    const SavedRecommender saved = load_recommender(folder.file("model"), device.device);
    CHECK(saved.model->shared_train().use_count() == 3);
    // Of one that is made of other weights the scores stay its own.
    InteractionDataset weighted = data;
    weighted.train.values.assign(static_cast<std::size_t>(data.train.nnz()), 2.0f);
    const auto mixed = make_blend(make_item_cosine(data, {}, device.device), make_popularity(weighted, device.device), 1);
    CHECK(mixed->shared_train().use_count() == 2);
  }
}

TEST_CASE("session / loading takes little more than the model that stays: of a LightGCN of Gowalla's size 1.3 times its file") {
  const Device device = Device::cpu({.threads = 2});
  const InteractionDataset& data = like_gowalla();
  const TempDir folder;
  const std::string path = folder.file("model");
  const auto check = [&](std::unique_ptr<Recommender> model) {
    const std::string name = model->name();
    INFO(name);
    save_recommender(*model, data, path);
    model.reset();
    const int64_t before = live_bytes();
    const PeakBytes peak;
    const SavedRecommender saved = load_recommender(path, device);
    CHECK(saved.model->users() == data.train.rows);
    const auto stays = static_cast<double>(live_bytes() - before);
    const auto highest = static_cast<double>(peak.bytes());
    CHECK(highest <= 1.1 * stays);
    if (name == "lightgcn") CHECK(highest <= 1.3 * static_cast<double>(std::filesystem::file_size(path)));
  };
  const GraphFilterOptions filter{.rank = 128, .iterations = 1, .oversample = 0};
  check(LightGcn(data, {}, device).recommender());
  check(make_popularity(data, device));
  check(make_item_cosine(data, {.neighbours = 50}, device));
  check(make_graph_filter(data, filter, device));
  check(make_blend(LightGcn(data, {}, device).recommender(), make_graph_filter(data, filter, device), 0.3f));
}

TEST_CASE("rank / deny and allow lists leave, of every kind's rankings, what a ranking of all items holds without them") {
  const InteractionDataset data = random_interactions(70, 45, 0.2, 8, true);
  struct Lists {
    std::vector<int32_t> leave_out;
    std::optional<std::vector<int32_t>> only;
  };
  std::vector<int32_t> every_item;
  for (int32_t item = 0; item < 45; ++item) every_item.push_back(item);
  const std::vector<Lists> cases{
      {{44, 3, 3, 0, 17}, {}}, {{}, {{30, 2, 2, 41, 7, 8, 9}}}, {{2, 41}, {{41, 30, 2, 7}}}, {every_item, {}},
      {{}, every_item},        {{}, std::vector<int32_t>{}}};
  for (const NamedDevice& device : devices()) {
    for (const Kind& kind : kinds()) {
      if (kind.task != Task::recommend) continue;
      const auto model = fitted(kind, data, device.device);
      std::vector<Query> queries = all_users(*model);
      queries.push_back({-1, {30, 2, 5}});
      queries.push_back({-1, {}});
      Session session(device.device);
      for (const bool exclude_taken : {true, false}) {
        for (const HostCsr* also : {static_cast<const HostCsr*>(nullptr), &data.val}) {
          RankOptions options{.k = 45, .exclude_taken = exclude_taken, .also_exclude = also};
          const std::vector<Ranking> all = model->rank(session, queries, options);
          for (std::size_t i = 0; i < cases.size(); ++i) {
            INFO(text(device.name, ", ", kind.name, ", case ", i, exclude_taken ? "" : ", with what they have"));
            options.k = 6;
            options.leave_out = cases[i].leave_out;
            options.only = cases[i].only;
            const std::vector<Ranking> rankings = model->rank(session, queries, options);
            std::vector<Ranking> expected;
            for (const Ranking& each : all) expected.push_back(without_lists(each, cases[i].leave_out, cases[i].only, 6));
            CHECK(bit_difference(flat(rankings), flat(expected)) == "");
          }
        }
      }
      const std::vector<int32_t> past{4, 45}, before{-1};
      CHECK(error_mismatch(ErrorKind::usage, "item 45 in leave_out: there are 45 items",
                           [&] { model->rank(session, queries, {.leave_out = past}); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, "item -1 in only", [&] { model->rank(session, queries, {.only = before}); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, "k is 1001", [&] { model->rank(session, queries, {.k = 1001}); }) == "");
    }
  }
}

TEST_CASE("similar items / of a model with vectors are those of the largest cosine, over all parts of a large catalogue") {
  // Part by part: of 64 numbers each, a megabyte holds 4096 of 10,000 vectors.
  InteractionDataset data;
  data.train = {.rows = 3, .cols = 10'000, .row_offsets = {0}, .col_indices = {}, .values = {}};
  for (int32_t user = 0; user < 3; ++user) {
    for (int32_t item = user; item < 10'000; item += 2 + user) data.train.col_indices.push_back(item);
    data.train.row_offsets.push_back(data.train.nnz());
  }
  for (const NamedDevice& device : devices()) {
    if (device.device.kind() == DeviceKind::cuda) continue;  // for an interpreter of PTX it is long, and has one part there
    const auto model = LightGcn(data, {.layers = 0}, device.device).recommender();
    const HostMatrix vectors = model->item_embeddings();
    const auto product = [&](int32_t a, int32_t b) {
      double sum = 0;
      for (int64_t c = 0; c < 64; ++c) {
        sum += static_cast<double>(vectors.values[static_cast<std::size_t>(a * 64 + c)]) *
               vectors.values[static_cast<std::size_t>(b * 64 + c)];
      }
      return sum;
    };
    Session session(device.device);
    for (const int32_t item : {0, 5000, 9999}) {
      INFO(device.name, ", item ", item);
      const auto cosine = [&](int32_t other) {
        return product(item, other) / std::sqrt(product(item, item) * product(other, other));
      };
      std::vector<double> best;
      for (int32_t other = 0; other < 10'000; ++other) {
        if (other != item) best.push_back(cosine(other));
      }
      std::partial_sort(best.begin(), best.begin() + 50, best.end(), std::greater<>());
      const Ranking ranking = model->similar(session, item, 50);
      REQUIRE(ranking.size() == 50);
      std::set<int32_t> distinct;
      for (std::size_t place = 0; place < 50; ++place) {
        // Sums of 64 products of normed numbers: some 130 roundings of 2^-24.
        CHECK(std::abs(ranking[place].score - best[place]) <= 1e-5);
        CHECK(std::abs(cosine(ranking[place].item) - best[place]) <= 2e-5);
        CHECK(ranking[place].item != item);
        if (place > 0) CHECK(ranking[place].score <= ranking[place - 1].score);
        distinct.insert(ranking[place].item);
      }
      CHECK(distinct.size() == 50);
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
