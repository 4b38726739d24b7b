#include "heddle/interactions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "heddle/error.h"

using namespace heddle;

namespace {

using Part = InteractionLog::Part;
using Cells = std::vector<std::pair<std::string, std::string>>;

/// A log of (user, item) pairs; times are the places in the list.
InteractionLog log_of(const Cells& pairs, const std::vector<Part>& part = {}) {
  InteractionLog log;
  for (const auto& [user, item] : pairs) {
    log.user.push_back(log.users.insert(user));
    log.item.push_back(log.items.insert(item));
    log.time.push_back(static_cast<double>(log.time.size()));
  }
  log.part = part;
  return log;
}

/// Users x items, each taking `count` items from its own number on.
InteractionLog band(int64_t users, int64_t items, int64_t count) {
  Cells pairs;
  for (int64_t u = 0; u < users; ++u) {
    for (int64_t i = 0; i < count; ++i) pairs.emplace_back("u" + std::to_string(u), "i" + std::to_string((u + i) % items));
  }
  return log_of(pairs);
}

Cells cells(const InteractionDataset& data, const HostCsr& matrix) {
  Cells result;
  CHECK(matrix.rows == data.users.size());
  CHECK(matrix.cols == data.items.size());
  REQUIRE(matrix.row_offsets.size() == static_cast<std::size_t>(matrix.rows) + 1);
  for (int64_t user = 0; user < matrix.rows; ++user) {
    for (const int32_t item : matrix.row(user)) result.emplace_back(data.users[user], data.items[item]);
  }
  return result;
}

PrepareOptions all_for_training() {
  PrepareOptions options;
  options.split = SplitMethod::none;
  return options;
}

int64_t row_length(const HostCsr& matrix, std::size_t row) {
  return static_cast<int64_t>(matrix.row(static_cast<int64_t>(row)).size());
}

std::string refusal(InteractionLog log, const std::function<void(PrepareOptions&)>& change, ErrorKind kind) {
  PrepareOptions options;
  change(options);
  try {
    prepare(std::move(log), options);
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  return "(it was prepared)";
}

}  // namespace

TEST_CASE("engine / prepare: duplicates keep the largest weight, parts keep the earliest place") {
  InteractionLog log = log_of({{"a", "x"}, {"a", "y"}, {"a", "x"}, {"b", "x"}, {"b", "x"}});
  log.behaviours = {"view", "buy", "look"};
  log.behaviour = {0, 0, 1, 2, 0};
  PrepareOptions options = all_for_training();
  options.behaviour_weights = {{"view", 0.5f}, {"buy", 2.0f}};
  const InteractionDataset data = prepare(std::move(log), options);
  CHECK(cells(data, data.train) == Cells{{"a", "x"}, {"a", "y"}, {"b", "x"}});
  CHECK(data.train.values == std::vector<float>{2, 0.5f, 0.5f});
  CHECK(data.report.logged == 5);
  CHECK(data.report.duplicates == 1);
  CHECK(data.report.other_behaviours == 1);

  const InteractionDataset parts = prepare(log_of({{"a", "x"}, {"a", "x"}, {"a", "y"}, {"a", "y"}, {"b", "z"}, {"a", "x"}},
                                                  {Part::test, Part::train, Part::test, Part::val, Part::test, Part::test}));
  CHECK(cells(parts, parts.train) == Cells{{"a", "x"}});
  CHECK(cells(parts, parts.val) == Cells{{"a", "y"}});
  CHECK(cells(parts, parts.test) == Cells{{"b", "z"}});
  CHECK(parts.train.values.empty());
  CHECK(parts.report.overlap == 2);     // a x and a y of test
  CHECK(parts.report.duplicates == 1);  // a x of test again
  CHECK(parts.report.users_without_train == 1);
  CHECK(parts.report.items_without_train == 2);
  CHECK(parts.report.test_items_unseen == 1);
  CHECK(parts.density() == doctest::Approx(1.0 / 6));
}

TEST_CASE("engine / prepare: the minimum rating stays in, what is below goes") {
  InteractionLog log = log_of({{"a", "x"}, {"a", "y"}, {"b", "x"}});
  log.rating = {4, 3.5f, 5};
  PrepareOptions options = all_for_training();
  options.has_min_rating = true;
  options.min_rating = 4;
  const InteractionDataset data = prepare(InteractionLog(log), options);
  CHECK(cells(data, data.train) == Cells{{"a", "x"}, {"b", "x"}});
  CHECK(data.report.below_min_rating == 1);
  CHECK(data.items.ids() == std::vector<std::string>{"x"});
  CHECK(data.report.items_left_empty == 1);
  CHECK(data.report.users_left_empty == 0);
  options.keep_empty = true;
  const InteractionDataset kept = prepare(InteractionLog(log), options);
  CHECK(cells(kept, kept.train) == cells(data, data.train));
  CHECK(kept.items.size() == 2);
  CHECK(kept.report.items_left_empty == 1);
  // Without a filter what the log has stays, and the hash with it.
  log.users = IdTable({"a", "b", "nobody"});
  const PrepareOptions unfiltered = all_for_training();
  CHECK(prepare(std::move(log), unfiltered).users.size() == 3);
}

TEST_CASE("engine / prepare: a k-core is peeled until it holds, and its ids are compacted") {
  // d has one item; without d, w has one user; without w, c has one item; a and b with x and y are the 2-core.
  InteractionLog log = log_of({{"c", "w"}, {"d", "w"}, {"a", "x"}, {"a", "y"}, {"b", "y"}, {"c", "x"}, {"b", "x"}, {"b", "x"}});
  log.item_names = {"W", "X", "Y"};
  PrepareOptions options = all_for_training();
  options.k_core = 2;
  const InteractionDataset data = prepare(std::move(log), options);
  CHECK(data.users.ids() == std::vector<std::string>{"a", "b"});
  CHECK(data.items.ids() == std::vector<std::string>{"x", "y"});
  CHECK(data.item_names == std::vector<std::string>{"X", "Y"});
  CHECK(cells(data, data.train) == Cells{{"a", "x"}, {"a", "y"}, {"b", "x"}, {"b", "y"}});
  CHECK(data.report.k_core_removed == 3);
  CHECK(data.report.duplicates == 1);
}

TEST_CASE("engine / prepare: of a log with parts the k-core counts training, and test follows") {
  PrepareOptions options;
  options.k_core = 2;
  const InteractionDataset data =
      prepare(log_of({{"a", "x"}, {"a", "y"}, {"b", "x"}, {"b", "y"}, {"a", "z"}, {"b", "z"}, {"c", "x"}},
                     {Part::train, Part::train, Part::train, Part::train, Part::test, Part::test, Part::test}),
              options);
  CHECK(data.test.nnz() == 0);
  CHECK(data.users.size() == 2);
  CHECK(data.items.size() == 2);
  CHECK(data.report.k_core_removed == 3);
}

TEST_CASE("engine / prepare: shares of each user, to the nearest number, one left to train on") {
  PrepareOptions options;
  options.val_share = 0.1;
  for (const int64_t count : {1, 2, 3, 10, 33}) {
    InteractionLog log = band(50, 40, count);
    const int64_t tail = log.users.insert("many");
    for (int32_t i = 0; i < 10; ++i) {
      log.user.push_back(static_cast<int32_t>(tail));
      log.item.push_back(i % static_cast<int32_t>(log.items.size()));
      log.time.push_back(i);
    }
    const int64_t test = std::min<int64_t>(static_cast<int64_t>(0.2 * static_cast<double>(count) + 0.5), count - 1);
    const int64_t val = std::min<int64_t>(static_cast<int64_t>(0.1 * static_cast<double>(count) + 0.5), count - 1 - test);
    const InteractionDataset data = prepare(std::move(log), options);
    for (std::size_t user = 0; user < 50; ++user) {
      REQUIRE(row_length(data.test, user) == test);
      REQUIRE(row_length(data.val, user) == val);
      REQUIRE(row_length(data.train, user) == count - test - val);
    }
  }
}

TEST_CASE("engine / prepare: parts are disjoint, whole, the same for a seed and different for another") {
  PrepareOptions options;
  options.val_share = 0.2;
  for (const bool global : {false, true}) {
    options.global = global;
    options.seed = 0;
    const InteractionDataset data = prepare(band(60, 31, 12), options);
    Cells all = cells(data, data.train);
    for (const HostCsr* part : {&data.val, &data.test}) {
      const Cells more = cells(data, *part);
      all.insert(all.end(), more.begin(), more.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
    CHECK(all.size() == 60 * 12);
    CHECK(data.test.nnz() == (global ? 144 : 120));
    CHECK(prepare(band(60, 31, 12), options).content_hash() == data.content_hash());
    options.seed = 1;
    CHECK(prepare(band(60, 31, 12), options).content_hash() != data.content_hash());
  }
}

TEST_CASE("engine / prepare: by time the latest are tested, those before them validated") {
  const Cells pairs = {{"a", "p"}, {"a", "q"}, {"b", "r"}, {"b", "s"}, {"a", "r"},
                       {"b", "p"}, {"a", "s"}, {"a", "t"}, {"c", "p"}};
  PrepareOptions options;
  options.by_time = true;
  options.split = SplitMethod::leave_one_out;
  const InteractionDataset one = prepare(log_of(pairs), options);
  CHECK(cells(one, one.test) == Cells{{"a", "t"}, {"b", "p"}});
  CHECK(cells(one, one.val) == Cells{{"a", "s"}, {"b", "s"}});
  CHECK(one.train.nnz() == 5);

  options.split = SplitMethod::ratio;
  options.test_share = options.val_share = 0.2;
  options.global = true;
  const InteractionDataset share = prepare(log_of(pairs), options);
  CHECK(cells(share, share.test) == Cells{{"a", "t"}, {"c", "p"}});
  CHECK(cells(share, share.val) == Cells{{"a", "s"}, {"b", "p"}});
  CHECK(share.report.users_without_train == 1);
}

TEST_CASE("engine / prepare: what cannot be meant or leaves nothing is said") {
  const auto usage = [](const std::function<void(PrepareOptions&)>& change) {
    return refusal(band(4, 5, 3), change, ErrorKind::usage);
  };
  CHECK(usage([](auto& o) { o.has_min_rating = true; }) == "a minimum rating is asked for, and the data have no ratings");
  CHECK(usage([](auto& o) {
          o.behaviour_weights = {{"buy", 1.0f}};
        }) == "weights of behaviours are asked for, and the data have no behaviours");
  CHECK(usage([](auto& o) { o.test_share = 1; }) == "the test share 1 is not in [0, 1)");
  CHECK(usage([](auto& o) { o.val_share = -0.5; }) == "the validation share -0.5 is not in [0, 1)");
  CHECK(usage([](auto& o) { o.val_share = o.test_share = 0.5; }).find("leave nothing for training") != std::string::npos);
  CHECK(usage([](auto& o) { o.k_core = -1; }) == "the k of the k-core is -1, less than 0");
  CHECK(usage([](auto& o) { o.split = SplitMethod::files; }) == "the files do not say which interactions are for training");
  CHECK(usage([](auto& o) { o.split = SplitMethod::none, o.by_time = true; }) ==
        "an order by time is asked for, and the split draws nothing");
  InteractionLog timeless = band(4, 5, 3);
  timeless.time.clear();
  CHECK(refusal(
            timeless, [](auto& o) { o.by_time = true; }, ErrorKind::usage) ==
        "a split by time is asked for, and the data have no times");
  InteractionLog behaving = band(4, 5, 3);
  behaving.behaviours = {"view", "buy"};
  behaving.behaviour.assign(12, 0);
  CHECK(refusal(
            behaving,
            [](auto& o) {
              o.behaviour_weights = {{"by", 1.0f}};
            },
            ErrorKind::usage) == "the data have no behaviour 'by'; they have 'view', 'buy'");
  CHECK(refusal(
            behaving,
            [](auto& o) {
              o.behaviour_weights = {{"buy", 0.0f}};
            },
            ErrorKind::usage)
            .find("not positive") != std::string::npos);
  InteractionLog out_of_range = band(4, 5, 3);
  out_of_range.item[2] = 99;
  CHECK(refusal(
            out_of_range, [](auto&) {}, ErrorKind::usage) == "prepare: item 99 is not in [0, 5)");

  CHECK(refusal(
            band(4, 5, 3), [](auto& o) { o.k_core = 9; }, ErrorKind::bad_data) ==
        "nothing is left to train on of the log's 12 interactions; left out: 12 outside the 9-core");
  CHECK(refusal(
            band(4, 5, 1), [](auto&) {}, ErrorKind::bad_data)
            .starts_with("the test split is empty"));
  CHECK(refusal(
            band(4, 5, 3), [](auto& o) { o.val_share = 0.01; }, ErrorKind::bad_data)
            .starts_with("the validation split is empty"));
  CHECK(refusal(
            log_of({{"a", "x"}}, {Part::test}), [](auto&) {}, ErrorKind::bad_data)
            .starts_with("nothing is left to train on"));
}

TEST_CASE("engine / hold out: a share of each user goes to validation, at least one stays") {
  InteractionDataset data = prepare(band(30, 31, 9));
  const InteractionDataset before = data;
  hold_out_validation(data, 0.3, 7);
  for (std::size_t user = 0; user < 30; ++user) {
    REQUIRE(row_length(before.train, user) == 7);
    REQUIRE(row_length(data.val, user) == 2);
    REQUIRE(row_length(data.train, user) == 5);
  }
  CHECK(data.test.col_indices == before.test.col_indices);
  Cells all = cells(data, data.train), held = cells(data, data.val);
  all.insert(all.end(), held.begin(), held.end());
  Cells expected = cells(before, before.train);
  std::sort(all.begin(), all.end());
  std::sort(expected.begin(), expected.end());
  CHECK(all == expected);

  InteractionDataset again = before, other = before;
  hold_out_validation(again, 0.3, 7);
  hold_out_validation(other, 0.3, 8);
  CHECK(again.content_hash() == data.content_hash());
  CHECK(other.content_hash() != data.content_hash());
  hold_out_validation(data, 0.99, 1);  // what validation has stays there
  for (std::size_t user = 0; user < 30; ++user) {
    REQUIRE(row_length(data.train, user) == 1);
    REQUIRE(row_length(data.val, user) == 6);
    const auto begin = data.val.col_indices.begin() + data.val.row_offsets[user];
    REQUIRE(std::is_sorted(begin, begin + 6));
  }
  CHECK_THROWS_AS(hold_out_validation(data, 1, 1), Error);
}

TEST_CASE("engine / hold out: the share that nobody gives is a tenth, or what reaches a tenth of the users who can spare one") {
  const auto share_for = [](std::initializer_list<std::pair<int64_t, int64_t>> users_with) {
    InteractionDataset data;
    data.train.cols = 1000;
    data.train.row_offsets = {0};
    for (const auto& [users, items] : users_with) {
      for (int64_t user = 0; user < users; ++user) {
        for (int64_t item = 0; item < items; ++item) data.train.col_indices.push_back(static_cast<int32_t>(item));
        data.train.row_offsets.push_back(data.train.row_offsets.back() + items);
        ++data.train.rows;
      }
    }
    data.val = data.test = {.rows = data.train.rows,
                            .cols = 1000,
                            .row_offsets = std::vector<int64_t>(static_cast<std::size_t>(data.train.rows) + 1),
                            .col_indices = {},
                            .values = {}};
    const double share = share_to_hold_out(data);
    if (share > 0) {
      InteractionDataset held = data;
      hold_out_validation(held, share, 1);
      int64_t reached = 0, able = 0;
      for (std::size_t user = 0; user < static_cast<std::size_t>(data.train.rows); ++user) {
        reached += row_length(held.val, user) > 0;
        able += row_length(data.train, user) > 1;
        CHECK(row_length(held.train, user) + row_length(held.val, user) == row_length(data.train, user));
      }
      CHECK(10 * reached >= able);
    }
    return share;
  };
  CHECK(share_for({{10, 10}}) == 0.1);
  CHECK(share_for({{9, 3}, {1, 10}}) == 0.1);      // one in ten
  CHECK(share_for({{1000, 5}, {1, 500}}) == 0.2);  // a single one decides for nobody
  CHECK(share_for({{100, 4}}) == 0.25);
  CHECK(share_for({{100, 3}}) == 1.0 / 3);
  CHECK(share_for({{100, 2}}) == 0.5);
  CHECK(share_for({{1000, 1}, {3, 2}}) == 0.5);  // of those who can spare one
  CHECK(share_for({{1000, 1}}) == 0);
  CHECK(share_for({}) == 0);
}

TEST_CASE("engine / hold out: the origin tells of one, and of none where there were two") {
  InteractionDataset data = prepare(band(30, 31, 9));
  const DataOrigin before = data.origin;
  REQUIRE(before.hash_as_split == data.content_hash());
  const auto told = [&] { return std::tuple(data.origin.hash_as_split, data.origin.held_out, data.origin.hold_out_seed); };
  hold_out_validation(data, 0.01, 5);  // nobody has a hundred
  CHECK(told() == std::tuple(before.hash_as_split, 0.0, 0));
  hold_out_validation(data, 0.3, 7);
  CHECK(told() == std::tuple(before.hash_as_split, 0.3, 7));
  hold_out_validation(data, 0.01, 5);
  CHECK(told() == std::tuple(before.hash_as_split, 0.3, 7));
  for (int i = 0; i < 2; ++i) {  // a third is no first
    hold_out_validation(data, 0.4, 9);
    CHECK(told() == std::tuple("", 0.0, 0));
    CHECK(data.origin.options == before.options);
  }
}

TEST_CASE("engine / example users are the first whose rows are of the sizes that are asked for") {
  const auto row = [](int32_t first, int32_t count) {
    std::vector<int32_t> items;
    for (int32_t i = 0; i < count; ++i) items.push_back(first + i);
    return items;
  };
  InteractionDataset data;
  data.train.cols = data.test.cols = 40;
  const std::pair<int32_t, int32_t> sizes[] = {{7, 2}, {8, 1}, {8, 2}, {11, 2}, {10, 9}, {9, 3}};
  for (const auto& [in_train, in_test] : sizes) {
    data.train.append_row(row(0, in_train));
    data.test.append_row(row(20, in_test));
  }
  CHECK(example_users(data) == std::vector<int32_t>{2, 4});
  CHECK(example_users(data, {.count = 9}) == std::vector<int32_t>{2, 4, 5});
  CHECK(example_users(data, {.count = 1, .least_train = 7}) == std::vector<int32_t>{0});
  CHECK(example_users(data, {.count = 9, .least_test = 1}) == std::vector<int32_t>{1, 2, 4, 5});
  CHECK(example_users(data, {.count = 0}).empty());
  data.test = HostCsr{};
  CHECK(example_users(data).empty());
  CHECK(example_users(data, {.count = 9, .least_test = 0}) == std::vector<int32_t>{1, 2, 4, 5});
}

TEST_CASE("engine / transpose: rows become columns, with weights and without") {
  HostCsr matrix{2, 3, {0, 2, 3}, {0, 2, 2}, {1, 2, 3}};
  const HostCsr turned = transpose(matrix);
  CHECK(turned.rows == 3);
  CHECK(turned.cols == 2);
  CHECK(turned.row_offsets == std::vector<int64_t>{0, 1, 1, 3});
  CHECK(turned.col_indices == std::vector<int32_t>{0, 0, 1});
  CHECK(turned.values == std::vector<float>{1, 2, 3});
  matrix.values.clear();
  CHECK(transpose(matrix).values.empty());
  CHECK(transpose(HostCsr{0, 2, {0}, {}, {}}).row_offsets == std::vector<int64_t>{0, 0, 0});
}

TEST_CASE("engine / interactions hash: content counts, names and ways to hold it do not") {
  const InteractionDataset data = prepare(band(3, 4, 3));
  const std::string hash = data.content_hash();
  CHECK(hash.size() == 32);
  const auto changed = [&](const auto& change) {
    InteractionDataset copy = data;
    change(copy);
    return copy.content_hash() != hash;
  };
  CHECK_FALSE(changed([](auto& d) { d.name = "x", d.item_names = {"a", "b", "c", "d"}, d.report = {}; }));
  CHECK_FALSE(changed([](auto& d) { d.train.values.assign(d.train.col_indices.size(), 1.0f); }));
  CHECK_FALSE(changed([](auto& d) { d.val = HostCsr(); }));
  CHECK(changed([](auto& d) { d.train.values.assign(d.train.col_indices.size(), 2.0f); }));
  CHECK(changed([](auto& d) { std::swap(d.train, d.test); }));
  CHECK(changed([](auto& d) { d.users = IdTable({"u0", "u1", "u3"}); }));
  CHECK(changed([](auto& d) { d.items.insert("more"); }));
}

TEST_CASE("engine / prepare: a large log, which threads share, comes to what a look at each entry says") {
  // Two users have most of it, so that parts that begin in the middle of a user are moved.
  constexpr int64_t size = 700'000;
  constexpr int32_t users = 900, items = 400;
  InteractionLog log;
  for (int32_t user = 0; user < users; ++user) log.users.insert("u" + std::to_string(user));
  for (int32_t item = 0; item < items; ++item) log.items.insert("i" + std::to_string(item));
  log.behaviours = {"view", "buy", "return"};
  std::map<std::tuple<int32_t, int32_t, int32_t>, float> largest;  // by user, item and part
  int64_t returned = 0;
  uint64_t state = 88172645463325252U;
  for (int64_t i = 0; i < size; ++i) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    const auto user = static_cast<int32_t>(state % 3 == 0 ? 17 : state % 3 == 1 ? 400 : state / 3 % users);
    const auto item = static_cast<int32_t>(state >> 20) & 0x7fffffff;
    const auto behaviour = static_cast<int32_t>(state >> 33 & 0xff) % 3;
    const auto part = static_cast<int32_t>(state >> 41 & 0xff) % 3;
    log.user.push_back(user);
    log.item.push_back(item % items);
    log.behaviour.push_back(behaviour);
    log.part.push_back(static_cast<Part>(part));
    if (behaviour == 2) {
      ++returned;
      continue;
    }
    float& weight = largest[{user, item % items, part}];
    weight = std::max(weight, behaviour == 0 ? 1.0f : 3.0f);
  }
  std::map<std::pair<int32_t, int32_t>, std::pair<int32_t, float>> expected;  // the earliest part
  for (const auto& [key, weight] : largest) expected.try_emplace({std::get<0>(key), std::get<1>(key)}, std::get<2>(key), weight);
  const InteractionDataset data = prepare(std::move(log), {.behaviour_weights = {{"view", 1}, {"buy", 3}}});
  CHECK(data.report.other_behaviours == returned);
  CHECK(data.report.duplicates + data.report.overlap == size - returned - static_cast<int64_t>(expected.size()));
  CHECK(data.report.overlap == static_cast<int64_t>(largest.size() - expected.size()));
  std::size_t right = 0, all = 0;
  for (const auto& [part, matrix] : {std::pair(0, &data.train), std::pair(1, &data.val), std::pair(2, &data.test)}) {
    for (int32_t user = 0; user < users; ++user) {
      for (int64_t at = matrix->row_offsets[static_cast<std::size_t>(user)];
           at < matrix->row_offsets[static_cast<std::size_t>(user) + 1]; ++at, ++all) {
        const auto found = expected.find({user, matrix->col_indices[static_cast<std::size_t>(at)]});
        const float weight = matrix->values.empty() ? 1 : matrix->values[static_cast<std::size_t>(at)];
        right += found != expected.end() && found->second == std::pair(part, weight);
      }
      const auto row = matrix->row(user);
      CHECK(std::is_sorted(row.begin(), row.end()));
    }
  }
  CHECK(all == expected.size());
  CHECK(right == all);
}
