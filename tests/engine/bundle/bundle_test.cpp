#include "heddle/bundle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "heddle/fit.h"
#include "heddle/io.h"
#include "heddle/saved_model.h"
#include "io/file.h"
#include "io/shortest_text.h"
#include "tests/engine/interactions.h"
#include "tests/io/samples.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

Device one_thread() { return Device::cpu({.threads = 1}); }

/// Users u0 to u19 and items i0 to i11, each with three to five of the items; u19 has nothing in training, and nobody has i11.
InteractionDataset small_shop(bool weighted = false) {
  std::vector<std::vector<int32_t>> train(20);
  for (int32_t user = 0; user < 19; ++user) {
    std::vector<int32_t>& items = train[static_cast<std::size_t>(user)];
    for (int32_t place = 0; place < 3 + user % 3; ++place) items.push_back((3 * user + 5 * place) % 11);
    std::sort(items.begin(), items.end());
  }
  InteractionDataset data = interactions_of(train, 12);
  for (int64_t entry = 0; weighted && entry < data.train.nnz(); ++entry)
    data.train.values.push_back(0.5f + 0.25f * static_cast<float>(entry % 5));
  for (int item = 0; item < 12; ++item) data.item_names.push_back(text("Thing ", item));
  return data;
}

const std::vector<std::string> serving_kinds = {"popularity", "item-cosine", "lightgcn", "blend"};

std::unique_ptr<Recommender> small_model(const std::string& kind, const InteractionDataset& data, const Device& device) {
  std::map<std::string, Settings> settings{
      {"lightgcn", {{"dim", "4"}, {"layers", "2"}, {"epochs", "3"}, {"temperature", "0.2"}, {"batch_size", "16"}}},
      {"graph-filter", {{"rank", "3"}}}};
  settings["blend"] = settings["lightgcn"];
  settings["blend"].insert({{"first", "lightgcn"}, {"second", "item-cosine"}, {"weight", "0.5"}});
  return fit(kind, settings[kind], data, {.device = device, .seed = 3}).model;
}

Bundle bundle_of(const std::string& kind, const InteractionDataset& data, const TempDir& folder, const SaveOptions& options = {},
                 const Device& device = one_thread()) {
  const std::string path = folder.file("bundle.safetensors");
  save_recommender(*small_model(kind, data, device), data, path, {}, options);
  return Bundle::load(path, device);
}

std::vector<int32_t> items_of(const Ranking& ranking) {
  std::vector<int32_t> items;
  for (const RankedItem& each : ranking) items.push_back(each.item);
  return items;
}

/// What most users have, from its definition.
std::vector<int32_t> popular(const InteractionDataset& data, std::size_t k) {
  std::vector<std::pair<int, int32_t>> counted;
  for (int32_t item = 0; item < data.train.cols; ++item) {
    counted.emplace_back(-static_cast<int>(std::count(data.train.col_indices.begin(), data.train.col_indices.end(), item)), item);
  }
  std::sort(counted.begin(), counted.end());
  std::vector<int32_t> items;
  for (std::size_t i = 0; i < std::min(k, counted.size()); ++i) items.push_back(counted[i].second);
  return items;
}

std::string content_of(const std::string& path) { return std::string(io::detail::read_text_file(path).view()); }

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("bundles / a user and a visitor get what the model ranks, whichever else is asked with them") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  for (const NamedDevice& device : devices()) {
    for (const std::string& kind : serving_kinds) {
      INFO(device.name, ", ", kind);
      const Bundle bundle = bundle_of(kind, data, folder, {}, device.device);
      Session session(device.device);
      const Request requests[] = {{.user = "u3", .items = {}}, {.user = {}, .items = {"i5", "i2", "i5"}}};
      const std::vector<Answer> answers = bundle.answer(session, requests, {.k = 4});
      REQUIRE(answers.size() == 2);
      const Query expected[] = {{3, {}}, {-1, {2, 5}}};
      const std::vector<Ranking> rankings = bundle.model().rank(session, expected, {.k = 4});
      for (std::size_t i = 0; i < 2; ++i) {
        CHECK(items_of(answers[i].ranking) == items_of(rankings[i]));
        CHECK(!answers[i].fallback);
        CHECK(answers[i].unknown_items.empty());
      }
      CHECK(answers[0].known_user);
      CHECK(answers[0].known_items == static_cast<int64_t>(data.train.row(3).size()));
      CHECK(answers[1].known_items == 2);
      CHECK(bundle.item_name(4) == "Thing 4");
    }
  }
}

TEST_CASE("bundles / unknown ids of a basket are left out and told, once each, in their order") {
  const TempDir folder;
  const Bundle bundle = bundle_of("item-cosine", small_shop(), folder);
  Session session(one_thread());
  const Answer answer = bundle.answer(session, {.user = {}, .items = {"x9", "i4", "A", "x9", "i7"}}, {.k = 3});
  CHECK(answer.unknown_items == std::vector<std::string>{"x9", "A"});
  CHECK(answer.known_items == 2);
  const Answer known = bundle.answer(session, {.user = {}, .items = {"i4", "i7"}}, {.k = 3});
  CHECK(flat({answer.ranking}) == flat({known.ranking}));
}

TEST_CASE("bundles / of whom nothing is known gets what most users have, or nothing where that is asked for") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  const std::vector<Request> strangers = {{.user = "u19", .items = {}},
                                          {.user = "nobody", .items = {}},
                                          {.user = {}, .items = {}},
                                          {.user = {}, .items = {"unheard of"}},
                                          {.user = "nobody", .items = {"unheard of"}}};
  for (const std::string& kind : serving_kinds) {
    INFO(kind);
    const Bundle bundle = bundle_of(kind, data, folder);
    Session session(one_thread());
    for (const Answer& answer : bundle.answer(session, strangers, {.k = 5})) {
      CHECK(answer.fallback == Fallback::popularity);
      CHECK(items_of(answer.ranking) == popular(data, 5));
      CHECK(answer.ranking.front().score ==
            std::count(data.train.col_indices.begin(), data.train.col_indices.end(), answer.ranking.front().item));
    }
    for (const Answer& answer : bundle.answer(session, strangers, {.k = 5, .fallback = Fallback::none})) {
      CHECK(answer.fallback == Fallback::none);
      CHECK(answer.ranking.empty());
    }
    CHECK(bundle.answer(session, strangers[0]).known_user);
    CHECK(!bundle.answer(session, strangers[1]).known_user);
    // A basket tells something of somebody who is new.
    const Answer basket = bundle.answer(session, {.user = "nobody", .items = {"i4"}}, {.k = 3});
    CHECK(!basket.fallback);
    CHECK(flat({basket.ranking}) == flat({bundle.answer(session, {.user = {}, .items = {"i4"}}, {.k = 3}).ranking}));
  }
  CHECK(fallback_named("none") == Fallback::none);
  CHECK(error_mismatch(ErrorKind::usage, "--fallback is 'random', it must be one of popularity, none",
                       [] { fallback_named("random", "--fallback"); }) == "");
}

TEST_CASE("bundles / what is in a known user's basket is left out of what they are given") {
  const TempDir folder;
  const Bundle bundle = bundle_of("item-cosine", small_shop(), folder);
  Session session(one_thread());
  const std::vector<int32_t> best = items_of(bundle.answer(session, {.user = "u3", .items = {}}, {.k = 4}).ranking);
  REQUIRE(best.size() == 4);
  const Request with_basket{.user = "u3", .items = {bundle.item_id(best[1]), "unheard of"}};
  const Answer answer = bundle.answer(session, with_basket, {.k = 3});
  CHECK(items_of(answer.ranking) == std::vector<int32_t>{best[0], best[2], best[3]});
  CHECK(answer.unknown_items == std::vector<std::string>{"unheard of"});
  const std::vector<int32_t> all = items_of(bundle.answer(session, with_basket, {.k = 12, .exclude_taken = false}).ranking);
  CHECK(all.size() == 12);
}

TEST_CASE("bundles / whoever watches is told of the ranking, and may end it") {
  const TempDir folder;
  const Bundle bundle = bundle_of("item-cosine", small_shop(), folder);
  Session session(one_thread());
  const std::vector<Request> requests = {{.user = "u3"}, {.user = "u3", .items = {"i1"}}, {.user = "u4", .items = {"i2"}}};
  std::vector<double> shares;
  const auto answers = bundle.answer(session, requests, {.k = 3, .progress = [&](const Progress& at) {
                                                           CHECK(at.phase == "ranking");
                                                           shares.push_back(at.share);
                                                           return true;
                                                         }});
  CHECK(shares == std::vector<double>{0, 0, 0.5});  // who has no basket, then one by one who has
  CHECK(answers[1].ranking.size() == 3);
  for (const std::size_t told : {std::size_t{1}, std::size_t{3}}) {
    std::size_t left = told;
    CHECK(error_mismatch(ErrorKind::interrupted, "ranking was interrupted after ", [&] {
            bundle.answer(session, requests, {.k = 3, .progress = [&](const Progress&) { return --left > 0; }});
          }) == "");
  }
}

TEST_CASE("bundles / lists of a request and of the file hold together, of the fallback too") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  for (const std::string& kind : serving_kinds) {
    INFO(kind);
    const Bundle saved = bundle_of(kind, data, folder,
                                   {.history = true,
                                    .item_columns = {},
                                    .lists = {.deny = {1, 4}, .allow = std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6}},
                                    .own = {}});
    CHECK(saved.saved().metadata.at("format_version") == "2");
    Session session(one_thread());
    for (const Request& request :
         {Request{.user = "u3", .items = {}}, Request{.user = {}, .items = {"i8"}}, Request{.user = "nobody", .items = {}}}) {
      const AnswerOptions plain{.k = 12, .exclude_taken = false};
      std::vector<int32_t> items = items_of(saved.answer(session, request, plain).ranking);
      std::sort(items.begin(), items.end());
      CHECK(items == std::vector<int32_t>{0, 2, 3, 5, 6});
      AnswerOptions listed = plain;
      listed.lists = {.deny = {5, 5}, .allow = std::vector<int32_t>{9, 6, 5, 4, 2}};
      items = items_of(saved.answer(session, request, listed).ranking);
      std::sort(items.begin(), items.end());
      CHECK(items == std::vector<int32_t>{2, 6});
      listed.lists.allow = std::vector<int32_t>{};
      CHECK(saved.answer(session, request, listed).ranking.empty());
    }
    for (const int32_t item : items_of(saved.similar_items(session, std::vector<std::string>{"i8"}, {.k = 12}).ranking))
      CHECK((item <= 6 && item != 1 && item != 4));
    CHECK(error_mismatch(ErrorKind::usage, "item 12 in leave_out: there are 12 items", [&] {
            saved.answer(session, {.user = "u3", .items = {}}, {.lists = {.deny = {12}, .allow = {}}});
          }) == "");
  }
}

TEST_CASE("bundles / items alike several are those with the best mean of cosines") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  for (const std::string& kind : serving_kinds) {
    INFO(kind);
    const Bundle bundle = bundle_of(kind, data, folder);
    Session session(one_thread());
    std::map<int32_t, double> mean;
    for (const int32_t item : {2, 6}) {
      for (const RankedItem& each : bundle.model().similar(session, item, 12)) mean[each.item] += each.score / 2.0;
    }
    mean.erase(2);
    mean.erase(6);
    const AlikeAnswer answer = bundle.similar_items(session, std::vector<std::string>{"i6", "unheard of", "i2", "i6"}, {.k = 12});
    CHECK(answer.given == std::vector<int32_t>{2, 6});
    CHECK(answer.unknown == std::vector<std::string>{"unheard of"});
    CHECK(answer.ranking.size() == mean.size());
    for (std::size_t i = 0; i < answer.ranking.size(); ++i) {
      REQUIRE(mean.contains(answer.ranking[i].item));
      // Sums of a few floats in another order.
      CHECK(answer.ranking[i].score == doctest::Approx(mean.at(answer.ranking[i].item)).epsilon(1e-5));
      if (i > 0) CHECK(answer.ranking[i].score <= answer.ranking[i - 1].score);
    }
    CHECK(error_mismatch(ErrorKind::usage, "item 'i111' is unknown; did you mean 'i11'?",
                         [&] { bundle.similar_items(session, std::vector<std::string>{"i111"}); }) == "");
  }
}

TEST_CASE("bundles / users alike are those with the best cosines of vectors or of rows") {
  const TempDir folder;
  for (const bool weighted : {false, true}) {
    const InteractionDataset data = small_shop(weighted);
    const Dense rows = dense_of(data.train);
    for (const std::string& kind : serving_kinds) {
      INFO(kind, weighted ? ", weighted" : "");
      const Bundle bundle = bundle_of(kind, data, folder);
      Session session(one_thread());
      const HostMatrix vectors = bundle.model().user_embeddings();
      const auto cosine = [&](int32_t a, int32_t b) {
        double product = 0, of_a = 0, of_b = 0;
        for (int64_t i = 0; i < (vectors.rows > 0 ? vectors.cols : rows.cols); ++i) {
          const auto at = [&](int32_t user) {
            return vectors.rows > 0 ? static_cast<double>(vectors.values[static_cast<std::size_t>(user * vectors.cols + i)])
                                    : rows.at(user, i);
          };
          product += at(a) * at(b);
          of_a += at(a) * at(a);
          of_b += at(b) * at(b);
        }
        return product == 0 ? 0 : product / std::sqrt(of_a * of_b);
      };
      const AlikeAnswer one = bundle.similar_users(session, std::vector<std::string>{"u3"}, 5);
      REQUIRE(one.ranking.size() == 5);
      for (std::size_t i = 0; i < 5; ++i) {
        CHECK(one.ranking[i].item != 3);
        CHECK(one.ranking[i].score == doctest::Approx(cosine(3, one.ranking[i].item)).epsilon(1e-5));
        if (i > 0) CHECK(one.ranking[i].score <= one.ranking[i - 1].score);
      }
      for (int32_t user = 0; user < 20; ++user) {
        const auto listed = items_of(one.ranking);
        if (user == 3 || std::find(listed.begin(), listed.end(), user) != listed.end()) continue;
        CHECK(cosine(3, user) <= one.ranking.back().score + 1e-6);
      }
      const AlikeAnswer two = bundle.similar_users(session, std::vector<std::string>{"u7", "u3", "nobody"}, 3);
      CHECK(two.unknown == std::vector<std::string>{"nobody"});
      for (const RankedItem& each : two.ranking)
        CHECK(each.score == doctest::Approx((cosine(3, each.item) + cosine(7, each.item)) / 2).epsilon(1e-5));
    }
  }
}

TEST_CASE("bundles / one without history answers visitors as before, has nothing of any user, and says what it cannot do") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  for (const NamedDevice& device : devices()) {
    for (const std::string& kind : serving_kinds) {
      INFO(device.name, ", ", kind);
      const Bundle with = bundle_of(kind, data, folder, {}, device.device);
      const std::string path = folder.file("without.safetensors"), again = folder.file("again.safetensors");
      save_recommender(with.saved(), path, false);
      const io::TensorFile file = io::read_safetensors(path);
      CHECK(file.metadata.at("history") == "none");
      CHECK(file.metadata.at("format_version") == "2");
      for (const io::NamedTensor& tensor : file.tensors) CHECK(tensor.rows != 20);
      for (const io::NamedIntegers& array : file.integers) {
        const bool of_users = array.name.starts_with("users.") || array.name.starts_with("train.");
        if (of_users) CHECK(array.shape.front() <= 1);
      }
      const Bundle without = Bundle::load(path, device.device);
      CHECK(!without.saved().history);
      CHECK(without.saved().users.size() == 0);
      Session session(device.device);
      const Request visitor{.user = {}, .items = {"i2", "i8"}}, stranger{.user = {}, .items = {}};
      CHECK(items_of(without.answer(session, visitor, {.k = 6}).ranking) ==
            items_of(with.answer(session, visitor, {.k = 6}).ranking));
      CHECK(flat({without.answer(session, stranger, {.k = 6}).ranking}) ==
            flat({with.answer(session, stranger, {.k = 6}).ranking}));
      CHECK(without.model().item_embeddings().values == with.model().item_embeddings().values);
      CHECK(error_mismatch(ErrorKind::usage, "saved without history: it knows no users",
                           [&] { without.answer(session, {.user = "u3", .items = {}}); }) == "");
      const Answer basket = without.answer(session, {.user = "u3", .items = visitor.items}, {.k = 6});
      CHECK(!basket.known_user);
      CHECK(flat({basket.ranking}) == flat({without.answer(session, visitor, {.k = 6}).ranking}));
      const std::string all = folder.file("all.csv");
      CHECK(error_mismatch(ErrorKind::usage, "saved without history: it knows no users to rank for",
                           [&] { write_rankings(without, session, std::nullopt, {}, all, ranking_file_form(all)); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, "saved without history: it knows no users",
                           [&] { without.similar_users(session, std::vector<std::string>{"u3"}); }) == "");
      const auto alike = [&](const Bundle& of) { return of.similar_items(session, std::vector<std::string>{"i2"}, {.k = 5}); };
      if (kind == "lightgcn" || kind == "blend") {
        CHECK(flat({alike(without).ranking}) == flat({alike(with).ranking}));
      } else {
        CHECK(error_mismatch(ErrorKind::usage, "compares items by who has them", [&] { alike(without); }) == "");
      }
      CHECK(error_mismatch(ErrorKind::usage, "saved without history: it knows no users whom it could be judged by",
                           [&] { as_trained(data, without.saved()); }) == "");
      // Saved once more it is what it was; history cannot come back.
      save_recommender(without.saved(), again, false);
      CHECK(io::read_safetensors(again).metadata == file.metadata);
      CHECK(error_mismatch(ErrorKind::usage, "with history: the model was loaded from a file without",
                           [&] { save_recommender(without.saved(), again, true); }) == "");
    }
  }
  for (const std::string kind : {"graph-filter"}) {
    const auto model = small_model(kind, data, one_thread());
    CHECK(error_mismatch(ErrorKind::usage, "graph-filter answers from the interactions themselves", [&] {
            save_recommender(*model, data, folder.file("no"), {}, {.history = false, .item_columns = {}, .lists = {}, .own = {}});
          }) == "");
  }
  CHECK(!std::filesystem::exists(folder.file("no")));
}

TEST_CASE("bundles / of a model that was just fitted is what saving and loading give, and is saved as the same file") {
  const TempDir folder;
  InteractionDataset data = small_shop();
  data.origin = {.options = {{"k_core", "3"}}, .hash_as_split = "abc", .held_out = 0.25, .hold_out_seed = 7};
  const std::map<std::string, std::string> extra{{"seed", "7"}, {"model", "not this"}, {"note", "\xff"}};
  std::vector<std::string> kinds = serving_kinds;
  kinds.push_back("graph-filter");
  for (const std::string& kind : kinds) {
    INFO(kind);
    auto model = small_model(kind, data, one_thread());
    save_recommender(*model, data, folder.file("saved"), extra);
    const Bundle loaded = Bundle::load(folder.file("saved"), one_thread());
    const Bundle made = Bundle::of(std::move(model), data, extra);
    CHECK(made.saved().metadata == loaded.saved().metadata);
    CHECK(made.saved().metadata.at("model") == kind);
    CHECK(made.saved().users.ids() == loaded.saved().users.ids());
    CHECK(made.saved().items.ids() == loaded.saved().items.ids());
    CHECK(made.saved().item_names == loaded.saved().item_names);
    CHECK(made.saved().item_counts == loaded.saved().item_counts);
    CHECK(made.saved().history);
    CHECK(made.saved().has_vectors == loaded.saved().has_vectors);
    made.save(folder.file("again"));
    CHECK(io::detail::read_file(folder.file("saved")).view() == io::detail::read_file(folder.file("again")).view());
    if (kind == "graph-filter") continue;
    made.save(folder.file("again"), false);
    CHECK(Bundle::load(folder.file("again"), one_thread()).saved().users.size() == 0);
  }
  CHECK(error_mismatch(ErrorKind::usage, "there is none", [&] { Bundle::of(nullptr, data); }) == "");
  InteractionDataset others = small_shop();
  others.train.col_indices.front() = others.train.col_indices.front() == 0 ? 1 : 0;
  CHECK(error_mismatch(ErrorKind::usage, "Bundle::of: the training interactions of",
                       [&] { Bundle::of(small_model("popularity", data, one_thread()), others); }) == "");
}

TEST_CASE("bundles / lists and columns that are put into one hold at once, and what is refused changes nothing") {
  const InteractionDataset data = small_shop();
  Bundle bundle = Bundle::of(small_model("popularity", data, one_thread()), data);
  Session session(one_thread());
  bundle.set_lists({.deny = {4, 2, 4}, .allow = std::vector<int32_t>{7, 3, 2}});
  CHECK(bundle.saved().lists.deny == std::vector<int32_t>{2, 4});
  CHECK(*bundle.saved().lists.allow == std::vector<int32_t>{2, 3, 7});
  const Answer answer = bundle.answer(session, Request{.user = "nobody", .items = {}}, {.k = 5});
  CHECK(answer.ranking.size() == 2);
  for (const int32_t outside : {-1, 12}) {
    const std::string sentence = text("a list has item ", outside, ", there are 12");
    CHECK(error_mismatch(ErrorKind::usage, sentence, [&] { bundle.set_lists({.deny = {3, outside}, .allow = {}}); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, sentence, [&] {
            bundle.set_lists({.deny = {}, .allow = std::vector<int32_t>{3, outside}});
          }) == "");
  }
  CHECK(*bundle.saved().lists.allow == std::vector<int32_t>{2, 3, 7});
  const ItemTableUse use = bundle.set_item_columns({.ids = {"i3", "x"}, .columns = {{"shelf", {"S1", "S2"}}}});
  CHECK(use.unknown == 1);
  CHECK(use.without == 11);
  CHECK(bundle.saved().item_columns.front().values[3] == "S1");
}

TEST_CASE("bundles / what is put together of parts that are not of the model's size is refused") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  save_recommender(*small_model("popularity", data, one_thread()), data, folder.file("m"));
  const auto refused = [&](const char* fragment, const auto& change) {
    SavedRecommender saved = load_recommender(folder.file("m"), one_thread());
    change(saved);
    return error_mismatch(ErrorKind::usage, fragment, [&] { const Bundle bundle(std::move(saved)); });
  };
  CHECK(refused("a list has item 12, there are 12", [](SavedRecommender& saved) { saved.lists.deny = {12, 1}; }) == "");
  CHECK(refused("names of 11 items, its model has 12", [](SavedRecommender& saved) { saved.item_names.pop_back(); }) == "");
  CHECK(refused("a column shelf of 1 item", [](SavedRecommender& saved) {
          saved.item_columns.push_back({"shelf", std::vector<std::string>(1)});
        }) == "");
}

TEST_CASE("bundles / scores of pairs are those of the model, and no number where one of the two is not known") {
  const InteractionDataset data = small_shop();
  for (const std::string& kind : serving_kinds) {
    INFO(kind);
    const Bundle bundle = Bundle::of(small_model(kind, data, one_thread()), data);
    Session session(one_thread());
    const std::vector<std::string> users{"u7", "nobody", "u3", "u3", "u7"}, items{"i2", "i2", "nothing", "i11", "i0"};
    const std::vector<float> scores = bundle.score(session, users, items);
    REQUIRE(scores.size() == 5);
    std::vector<float> expected(3);
    bundle.model().score_pairs(session, std::vector<int32_t>{7, 3, 7}, std::vector<int32_t>{2, 11, 0}, expected);
    CHECK(scores[0] == expected[0]);
    CHECK(scores[3] == expected[1]);
    CHECK(scores[4] == expected[2]);
    CHECK((std::isnan(scores[1]) && std::isnan(scores[2])));
    CHECK(bundle.score(session, {}, {}).empty());
    CHECK(error_mismatch(ErrorKind::usage, "5 users and 1 item",
                         [&] { bundle.score(session, users, std::vector<std::string>{"i2"}); }) == "");
  }
  const TempDir folder;
  const Bundle without = bundle_of("popularity", data, folder, {.history = false, .item_columns = {}, .lists = {}, .own = {}});
  Session session(one_thread());
  const std::vector<std::string> one{"i2"};
  CHECK(error_mismatch(ErrorKind::usage, "saved without history", [&] { without.score(session, one, one); }) == "");
}

TEST_CASE("bundles / a file that holds no more than version 1 did is of version 1, and saved again the same bytes") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  const auto model = small_model("lightgcn", data, one_thread());
  save_recommender(*model, data, folder.file("a"), {{"note", "first"}});
  SavedRecommender loaded = load_recommender(folder.file("a"), one_thread());
  CHECK(loaded.metadata.at("format_version") == "1");
  save_recommender(loaded, folder.file("b"), true);
  CHECK(io::detail::read_file(folder.file("a")).view() == io::detail::read_file(folder.file("b")).view());
  loaded.lists.deny = {3};
  save_recommender(loaded, folder.file("b"), true);
  loaded = load_recommender(folder.file("b"), one_thread());
  CHECK(loaded.metadata.at("format_version") == "2");
  CHECK(loaded.metadata.at("note") == "first");
  loaded.lists = {};
  save_recommender(loaded, folder.file("b"), true);
  CHECK(io::detail::read_file(folder.file("a")).view() == io::detail::read_file(folder.file("b")).view());
}

TEST_CASE("bundles / lists and columns that are not of the items are refused, before and after they are in a file") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  const auto model = small_model("popularity", data, one_thread());
  const auto refused = [&](const char* fragment, const SaveOptions& options) {
    return error_mismatch(ErrorKind::usage, fragment, [&] { save_recommender(*model, data, folder.file("m"), {}, options); });
  };
  SaveOptions options;
  options.lists.deny = {3, 2};
  CHECK(refused("deny must ascend and be of the 12 items; it has 2 after 3", options) == "");
  options.lists.deny = {12};
  CHECK(refused("it has 12", options) == "");
  options.lists.deny.clear();
  options.item_columns = {{"kind", std::vector<std::string>(11)}};
  CHECK(refused("the column 'kind' has 11 values for 12 items", options) == "");
  options.item_columns = {{"kind", std::vector<std::string>(12, "toy")}, {"kind", std::vector<std::string>(12)}};
  CHECK(refused("is called 'kind', and so is another", options) == "");
  options.item_columns.pop_back();
  options.lists = {.deny = {0, 7}, .allow = std::vector<int32_t>{1, 2}};
  save_recommender(*model, data, folder.file("m"), {}, options);
  const SavedRecommender saved = load_recommender(folder.file("m"), one_thread());
  CHECK(saved.lists.deny == options.lists.deny);
  CHECK(saved.lists.allow == options.lists.allow);
  REQUIRE(saved.item_columns.size() == 1);
  CHECK(saved.item_columns[0].values[11] == "toy");
  const auto damaged = [&](const char* fragment, const auto& change) {
    io::TensorFile file = io::read_safetensors(folder.file("m"));
    change(file);
    io::write_safetensors(folder.file("d"), file);
    return error_mismatch(ErrorKind::bad_data, fragment, [&] { load_recommender(folder.file("d"), one_thread()); });
  };
  const auto list = [](const char* name, std::vector<int32_t> values) {
    return [name, values](io::TensorFile& file) {
      for (io::NamedIntegers& each : file.integers) {
        if (each.name != name) continue;
        each.shape = {static_cast<int64_t>(values.size())};
        each.values = values;
      }
    };
  };
  CHECK(damaged("deny has item 12, there are 12", list("deny", {12})) == "");
  CHECK(damaged("allow has item 1 after item 1", list("allow", {1, 1})) == "");
  CHECK(damaged("its history is 'some'", [](io::TensorFile& file) { file.metadata["history"] = "some"; }) == "");
  CHECK(damaged("without history and holds 20 users", [](io::TensorFile& file) { file.metadata["history"] = "none"; }) == "");
  CHECK(damaged("it holds no item_column.1.offsets", [](io::TensorFile& file) { file.metadata["item_column.1"] = "x"; }) == "");
}

TEST_CASE("bundles / a table of items gives names and columns") {
  const TempDir folder;
  SavedRecommender saved = load_recommender(
      [&] {
        save_recommender(*small_model("popularity", small_shop(), one_thread()), small_shop(), folder.file("m"));
        return folder.file("m");
      }(),
      one_thread());
  const io::ItemTable table = io::read_item_table(
      folder.write("items.csv", "Title,item_id,category\n\"Mill, large\",i3,kitchen\nTrain,i5,toys\nGhost,x1,toys\n"));
  CHECK(table.ids == std::vector<std::string>{"i3", "i5", "x1"});
  const ItemTableUse use = set_item_columns(saved, table);
  CHECK(use.unknown == 1);
  CHECK(use.without == 10);
  CHECK(saved.item_names[3] == "Mill, large");
  CHECK(saved.item_names[0].empty());
  REQUIRE(saved.item_columns.size() == 1);
  CHECK(saved.item_columns[0].name == "category");
  CHECK(saved.item_columns[0].values[5] == "toys");
  CHECK(error_mismatch(ErrorKind::usage, "two columns give the items' names, Title and name", [&] {
          set_item_columns(saved, {.ids = {"i3"}, .columns = {{"Title", {"Mill, new"}}, {"name", {"mill"}}}});
        }) == "");
  CHECK(saved.item_names[3] == "Mill, large");
}

TEST_CASE("bundles / rankings for everybody are those of one after the other, in every form, whole or not at all") {
  const TempDir folder;
  InteractionDataset data = small_shop();
  std::vector<std::string> ids = data.items.ids();
  ids[4] = "i,\"4\"";
  data.items = IdTable(ids);
  const Bundle bundle = bundle_of("lightgcn", data, folder);
  Session session(one_thread());
  std::string csv = "user,rank,item,score\n";
  for (int32_t user = 0; user < 20; ++user) {
    int rank = 0;
    for (const RankedItem& each : bundle.answer(session, {.user = text("u", user), .items = {}}, {.k = 3}).ranking) {
      csv += text("u", user, ',', ++rank, ',', each.item == 4 ? "\"i,\"\"4\"\"\"" : bundle.item_id(each.item), ',',
                  io::detail::shortest_text(each.score), '\n');
    }
  }
  for (const bool gzip : {false, true}) {
    INFO(gzip);
    const std::string path = folder.file(gzip ? "all.csv.gz" : "all.csv");
    const WrittenRankings written = write_rankings(bundle, session, std::nullopt, {.k = 3}, path, ranking_file_form(path));
    CHECK(written.users == 20);
    CHECK(written.rows == 60);
    CHECK(written.fallbacks == 1);  // u19
    CHECK(written.unknown.empty());
    CHECK(io::detail::is_gzip(io::detail::read_file(path).view()) == gzip);
    CHECK(content_of(path) == csv);
  }
  const std::string lines = folder.file("some.jsonl");
  const WrittenRankings some = write_rankings(bundle, session, std::vector<std::string>{"u2", "new \"one\"", "u2", "u19"},
                                              {.k = 2, .fallback = Fallback::none}, lines, ranking_file_form(lines));
  CHECK(some.users == 3);
  CHECK(some.fallbacks == 2);
  CHECK(some.unknown == std::vector<std::string>{"new \"one\""});
  std::istringstream stream(content_of(lines));
  std::vector<nlohmann::json> objects;
  for (std::string line; std::getline(stream, line);) objects.push_back(nlohmann::json::parse(line));
  REQUIRE(objects.size() == 3);
  CHECK(objects[0]["user"] == "u2");
  CHECK(objects[0]["items"].size() == 2);
  CHECK(!objects[0].contains("fallback"));
  const Ranking of_u2 = bundle.answer(session, {.user = "u2", .items = {}}, {.k = 2}).ranking;
  CHECK(objects[0]["items"][1]["item"] == bundle.item_id(of_u2[1].item));
  CHECK(objects[0]["items"][1]["score"].get<float>() == of_u2[1].score);
  CHECK(objects[1] == nlohmann::json{{"user", "new \"one\""}, {"items", nlohmann::json::array()}, {"fallback", "none"}});

  const std::string trec = folder.file("all.run");
  const Bundle plain = bundle_of("popularity", small_shop(), folder);
  write_rankings(plain, session, std::vector<std::string>{"u3"}, {.k = 1}, trec, ranking_file_form(trec));
  const Ranking best = plain.answer(session, {.user = "u3", .items = {}}, {.k = 1}).ranking;
  CHECK(content_of(trec) == text("u3 Q0 ", plain.item_id(best[0].item), " 1 ", best[0].score, " heddle\n"));
  CHECK(error_mismatch(ErrorKind::usage, "a TREC run has blanks between its fields, so it cannot hold the user 'a b'", [&] {
          write_rankings(plain, session, std::vector<std::string>{"a b"}, {}, trec, ranking_file_form(trec));
        }) == "");
  // Blanks at the ends of an id are part of it, and readers keep them in quotes alone.
  const std::string blanks = folder.file("blanks.csv");
  write_rankings(plain, session, std::vector<std::string>{" a"}, {.k = 1}, blanks, ranking_file_form(blanks));
  CHECK(content_of(blanks).starts_with("user,rank,item,score\n\" a\",1,"));
  // Told to stop, it leaves what stood there.
  const std::string before = content_of(trec);
  CHECK(error_mismatch(ErrorKind::interrupted, "ranking was interrupted after 0 of 20 users", [&] {
          write_rankings(plain, session, std::nullopt, {}, trec, ranking_file_form(trec), [](const Progress& at) {
            CHECK(at.phase == "ranking");
            return false;
          });
        }) == "");
  CHECK(content_of(trec) == before);
  CHECK(error_mismatch(ErrorKind::usage, "x.txt ends in none of .csv, .jsonl, .trec, .run", [] { ranking_file_form("x.txt"); }) ==
        "");
}

TEST_CASE("bundles / a file of many pieces is the same on any number of threads, and of nobody it has its head") {
  const TempDir folder;
  // Strangers get what most users have: 12,000 of them are some blocks, and each of these has several pieces.
  const Bundle bundle = bundle_of("popularity", small_shop(), folder);
  std::vector<std::string> crowd;
  for (int i = 0; i < 12000; ++i) crowd.push_back(text("stranger ", i));
  crowd[4000] = "u3";
  std::string expected = "user,rank,item,score\n";
  Session one(one_thread());
  for (const std::string& id : crowd) {
    int rank = 0;
    for (const RankedItem& each : bundle.answer(one, {.user = id}, {.k = 12}).ranking)
      expected += text(id, ',', ++rank, ',', bundle.item_id(each.item), ',', io::detail::shortest_text(each.score), '\n');
  }
  std::vector<std::string> compressed;
  for (const int threads : {1, 2, 5}) {
    Session session(Device::cpu({.threads = threads}));
    const std::string plain = folder.file("all.csv"), packed = folder.file("all.csv.gz");
    CHECK(write_rankings(bundle, session, crowd, {.k = 12}, plain, ranking_file_form(plain)).users == 12000);
    CHECK(content_of(plain) == expected);
    write_rankings(bundle, session, crowd, {.k = 12}, packed, ranking_file_form(packed));
    CHECK(content_of(packed) == expected);
    compressed.emplace_back(io::detail::read_file(packed).view());
  }
  CHECK(compressed[0] == compressed[1]);
  CHECK(compressed[0] == compressed[2]);
  for (const std::string ending : {"csv", "csv.gz", "jsonl", "jsonl.gz", "trec"}) {
    const std::string path = folder.file("nobody." + ending);
    CHECK(write_rankings(bundle, one, std::vector<std::string>{}, {}, path, ranking_file_form(path)).users == 0);
    const io::detail::ByteBuffer bytes = io::detail::read_file(path);
    const std::string held(ending.ends_with(".gz") ? io::detail::gunzip(bytes.view(), path, 100).view() : bytes.view());
    CHECK(held == (ending.starts_with("csv") ? "user,rank,item,score\n" : ""));
  }
}

TEST_CASE("bundles / ids of a file are its lines, without blanks around them") {
  const TempDir folder;
  CHECK(read_ids(folder.write("ids",
                              "\xEF\xBB\xBF"
                              "a\r\n\n  b c \n#d")) == std::vector<std::string>{"a", "b c", "#d"});
  CHECK(read_ids(folder.write("ids.gz", gzip("x\ny\n"))) == std::vector<std::string>{"x", "y"});
  CHECK(read_ids(folder.write("latin1", "caf\xE9\n")) == std::vector<std::string>{"caf\xC3\xA9"});  // as data with it are read
  CHECK(read_ids(folder.write("none", "")).empty());
  CHECK(error_mismatch(ErrorKind::io, "nothing", [&] { read_ids(folder.file("nothing")); }) == "");
}

TEST_CASE("bundles / a served file is loaded again once it is replaced, and the old one answers where the new one is damaged") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  const std::string path = folder.file("m");
  save_recommender(*small_model("popularity", data, one_thread()), data, path);
  ServedFile served(path, one_thread());
  CHECK(served.bundle().model().name() == "popularity");
  CHECK(!served.refresh());
  save_recommender(*small_model("item-cosine", data, one_thread()), data, path);
  CHECK(served.refresh());
  CHECK(served.bundle().model().name() == "item-cosine");
  CHECK(served.problem().empty());
  folder.write("m", "no model at all");
  CHECK(!served.refresh());
  CHECK(served.problem().find(path) != std::string::npos);
  CHECK(served.bundle().model().name() == "item-cosine");
  std::filesystem::remove(path);
  CHECK(!served.refresh());
  CHECK(!served.problem().empty());
  save_recommender(*small_model("popularity", data, one_thread()), data, path);
  CHECK(served.refresh());
  CHECK(served.problem().empty());
  Session session(one_thread());
  CHECK(!served.bundle().answer(session, {.user = "u3", .items = {}}).ranking.empty());
}

TEST_CASE("bundles / a served file that is not accepted, or for which memory does not do, leaves the old one answering") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  const std::string path = folder.file("m");
  save_recommender(*small_model("popularity", data, one_thread()), data, path);
  ServedFile served(path, one_thread());
  save_recommender(*small_model("item-cosine", data, one_thread()), data, path);
  int asked = 0;
  CHECK(!served.refresh([&](const Bundle& next) {
    CHECK(next.model().name() == "item-cosine");
    ++asked;
    fail(ErrorKind::usage, "not today");
  }));
  CHECK(served.problem() == "not today");
  CHECK(!served.refresh([&](const Bundle&) { ++asked; }));  // the same file, once
  CHECK(asked == 1);
  CHECK(served.bundle().model().name() == "popularity");
  // Whichever allocation fails, alone or with all after it.
  const auto another = [&] {
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(1));
  };
  int64_t refused = 0;
  for (const Failing failing : {Failing::one, Failing::all}) {
    for (int64_t n = 0; n < 500; ++n) {
      INFO(n);
      another();
      bool loaded = false, happened = false;
      {
        const FailedAllocation denied(n, failing);
        loaded = served.refresh();
        happened = denied.happened();
      }
      const bool answers = served.bundle().model().name() == (loaded ? "item-cosine" : "popularity");
      CHECK(answers);
      const bool told = loaded ? served.problem().empty() : served.problem().find("memory") != std::string::npos;
      CHECK_MESSAGE(told, served.problem());
      refused += loaded ? 0 : 1;
      // Tried again by and by, though the file is the same.
      for (int i = 0; !loaded && n % 40 == 0 && i < 10000; ++i) {
        loaded = served.refresh();
        if (!loaded) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      if (n % 40 == 0) CHECK(loaded);
      if (loaded) {  // for the next round
        save_recommender(*small_model("popularity", data, one_thread()), data, path);
        REQUIRE(served.refresh());
        save_recommender(*small_model("item-cosine", data, one_thread()), data, path);
      }
      if (!happened) break;
    }
  }
  CHECK(refused > 20);
}

TEST_CASE("bundles / lists hold beside each other: none lifts what the other says") {
  using Allowed = std::optional<std::vector<int32_t>>;
  const auto both = [](const ItemLists& a, const ItemLists& b) { return both_lists(a, b); };
  CHECK(both({.deny = {4, 1}, .allow = {}}, {.deny = {}, .allow = {}}).deny == std::vector<int32_t>{1, 4});
  CHECK(both({.deny = {}, .allow = {}}, {.deny = {7, 7}, .allow = {}}).deny == std::vector<int32_t>{7});
  CHECK(both({.deny = {4, 1}, .allow = {}}, {.deny = {2, 1}, .allow = {}}).deny == std::vector<int32_t>{1, 2, 4});
  CHECK(!both({}, {}).allow);
  CHECK(both({.deny = {}, .allow = {{3, 1}}}, {}).allow == Allowed{{1, 3}});
  CHECK(both({}, {.deny = {}, .allow = {{3, 1}}}).allow == Allowed{{1, 3}});
  CHECK(both({.deny = {}, .allow = {{3, 1}}}, {.deny = {}, .allow = {{2, 3}}}).allow == Allowed{{3}});
  CHECK(both({.deny = {}, .allow = {{3, 1}}}, {.deny = {}, .allow = std::vector<int32_t>()}).allow ==
        Allowed{std::vector<int32_t>()});
}

TEST_CASE("bundles / a list of ids is parted at its commas but for those that an id has") {
  const IdTable table({"a", "b", "lamp, small", "c,d,e"});
  using Ids = std::vector<std::string>;
  CHECK(split_ids(table, "a, b") == Ids{"a", "b"});
  CHECK(split_ids(table, "b,a,b") == Ids{"b", "a", "b"});
  CHECK(split_ids(table, "a,lamp, small,b") == Ids{"a", "lamp, small", "b"});
  CHECK(split_ids(table, "c,d,e,x") == Ids{"c,d,e", "x"});
  CHECK(split_ids(table, "x,a") == Ids{"x", "a"});
  CHECK(split_ids(table, "lamp") == Ids{"lamp"});
  CHECK(split_ids(table, "") == Ids{""});
}

TEST_CASE("bundles / a file tells what it is without being loaded") {
  const TempDir folder;
  const InteractionDataset data = small_shop();
  const auto fitted = fit("lightgcn", {{"dim", "4"}, {"epochs", "3"}, {"temperature", "0.2"}, {"batch_size", "16"}}, data,
                          {.device = one_thread(), .seed = 3});
  std::map<std::string, std::string> told = fitted.report.metadata();
  told["epochs"] = "2";
  told["unfinished"] = "interrupted";
  save_recommender(*fitted.model, data, folder.file("m"), told,
                   {.history = true,
                    .item_columns = {{"kind", std::vector<std::string>(12, "toy")}},
                    .lists = {.deny = {0, 7}, .allow = std::nullopt},
                    .own = {}});
  const ModelFileSummary summary = model_file_summary(folder.file("m"));
  CHECK(summary.info.model == "lightgcn");
  CHECK(summary.settings.at("dim") == "4");
  CHECK(summary.trained_with.at("temperature") == "0.2");
  CHECK(summary.epochs == 2);
  CHECK(summary.planned_epochs == 3);
  CHECK(summary.unfinished == "its training was interrupted after 2 of 3 epochs");
  CHECK(summary.users == 20);
  CHECK(summary.items == 12);
  CHECK(summary.interactions == data.train.nnz());
  CHECK(summary.history);
  CHECK(summary.item_names);
  CHECK(summary.item_columns == std::vector<std::string>{"kind"});
  CHECK(summary.denied == 2);
  CHECK(!summary.allowed);
  CHECK(summary.bytes == static_cast<int64_t>(std::filesystem::file_size(folder.file("m"))));
  CHECK(summary.written > 1'600'000'000);
  CHECK(summary.format_version == "2");
}

TEST_SUITE_END();

}  // namespace heddle::test
