// Metrics against arithmetic by hand and against counting by definition.
#include <doctest/doctest.h>

#include <set>

#include "tests/engine/interactions.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

using Values = std::map<std::string, double>;

/// Empty, or the first value that is missing, too many or further than rounding from its expectation.
std::string difference(const Values& actual, const Values& expected) {
  for (const auto& [name, value] : expected) {
    const auto found = actual.find(name);
    if (found == actual.end()) return text("there is no ", name);
    if (!(std::abs(found->second - value) <= 1e-12)) return text(name, " is ", found->second, ", expected ", value);
  }
  return actual.size() == expected.size() ? std::string() : text(actual.size(), " values, expected ", expected.size());
}

/// The six metrics of one ranking, counted by their definitions, with other loops than the library's.
Values counted(const std::vector<int32_t>& ranked, const std::set<int32_t>& targets, int64_t k, bool retrieved) {
  std::vector<int> hit;  // of each place up to k
  for (int64_t place = 0; place < k; ++place) {
    hit.push_back(place < static_cast<int64_t>(ranked.size()) && targets.count(ranked[static_cast<std::size_t>(place)]) > 0);
  }
  const auto gain = [&](const std::vector<int>& relevance) {
    double sum = 0;
    for (std::size_t place = 0; place < relevance.size(); ++place) sum += relevance[place] / std::log2(place + 2.0);
    return sum;
  };
  std::vector<int> ideal = hit;
  std::sort(ideal.rbegin(), ideal.rend());
  if (!retrieved) {
    for (std::size_t place = 0; place < ideal.size(); ++place) ideal[place] = place < targets.size();
  }
  const auto hits = static_cast<double>(std::count(hit.begin(), hit.end(), 1));
  double first = 0, precisions = 0;
  for (std::size_t place = hit.size(); place-- > 0;) {
    if (hit[place] == 0) continue;
    first = 1.0 / static_cast<double>(place + 1);
    precisions += static_cast<double>(std::count(hit.begin(), hit.begin() + static_cast<std::ptrdiff_t>(place) + 1, 1)) /
                  static_cast<double>(place + 1);
  }
  const std::string at = text('@', k);
  const auto n = static_cast<double>(targets.size());
  return {{"recall" + at, hits / n},
          {text("ndcg", at, retrieved ? "(retrieved)" : ""), hits > 0 ? gain(hit) / gain(ideal) : 0},
          {"precision" + at, hits / static_cast<double>(k)},
          {"hit" + at, hits > 0},
          {"mrr" + at, first},
          {"map" + at, precisions / std::min(static_cast<double>(k), n)}};
}

/// evaluate() by definition: everything is sorted, whatever is excluded is skipped.
Values judged_by_definition(const HostCsr& targets, const std::vector<const HostCsr*>& excluded, const std::vector<float>& scores,
                            int64_t k, bool retrieved) {
  Values sums;
  double users = 0;
  const Dense relevant = dense_of(targets);
  for (int64_t user = 0; user < targets.rows; ++user) {
    std::set<int32_t> wanted;
    std::vector<int32_t> order;
    for (int32_t item = 0; item < targets.cols; ++item) {
      if (relevant.at(user, item) > 0) wanted.insert(item);
      bool out = std::isnan(scores[user * targets.cols + item]);
      for (const HostCsr* matrix : excluded) {
        const auto begin = matrix->col_indices.begin();
        out = out || std::find(begin + matrix->row_offsets[user], begin + matrix->row_offsets[user + 1], item) !=
                         begin + matrix->row_offsets[user + 1];
      }
      if (!out) order.push_back(item);
    }
    if (wanted.empty()) continue;
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      const float x = scores[user * targets.cols + a], y = scores[user * targets.cols + b];
      return x > y || (x == y && a < b);
    });
    for (const auto& [name, value] : counted(order, wanted, k, retrieved)) sums[name] += value;
    ++users;
  }
  for (auto& [name, value] : sums) value /= users;
  return sums;
}

/// Few distinct scores, so that most places are decided by the item's number.
std::vector<float> scores_with_ties(int64_t count, uint64_t seed) {
  bench::Draws draws(seed);
  std::vector<float> scores(static_cast<std::size_t>(count));
  for (float& score : scores) score = static_cast<float>(draws.below(4)) - 1.5f;
  return scores;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("metrics / hits at ranks 1 and 4 of 5, three targets") {
  // Gain 1 / log2(2) + 1 / log2(5), ideal 1 / log2(2) + 1 / log2(3) + 1 / log2(4); precision at the hits 1 / 1 and 2 / 4.
  const int32_t ranked[] = {7, 1, 9, 3, 0}, targets[] = {3, 5, 7};
  const double gain = 1 + 1 / std::log2(5.0), ideal = 1 + 1 / std::log2(3.0) + 0.5;
  CHECK(difference(ranking_metrics(ranked, targets, 5), {{"recall@5", 2.0 / 3},
                                                         {"ndcg@5", gain / ideal},
                                                         {"precision@5", 2.0 / 5},
                                                         {"hit@5", 1},
                                                         {"mrr@5", 1},
                                                         {"map@5", (1.0 + 0.5) / 3}}) == "");
  // The ideal list of what was retrieved has its two hits first: 1 / log2(2) + 1 / log2(3).
  const Values retrieved = ranking_metrics(ranked, targets, 5, MetricDefinition::retrieved_ideal);
  CHECK(retrieved.at("ndcg@5(retrieved)") == doctest::Approx(gain / (1 + 1 / std::log2(3.0))).epsilon(1e-12));
  CHECK(retrieved.at("recall@5") == doctest::Approx(2.0 / 3).epsilon(1e-12));
}

TEST_CASE("metrics / only the first K places count, and the ideal has at most K ones") {
  // K = 2: the hit is at rank 2; gain 1 / log2(3), ideal 1 + 1 / log2(3); recall is still of all three targets.
  const int32_t ranked[] = {8, 2, 1, 0}, targets[] = {0, 1, 2};
  CHECK(difference(ranking_metrics(ranked, targets, 2), {{"recall@2", 1.0 / 3},
                                                         {"ndcg@2", (1 / std::log2(3.0)) / (1 + 1 / std::log2(3.0))},
                                                         {"precision@2", 0.5},
                                                         {"hit@2", 1},
                                                         {"mrr@2", 0.5},
                                                         {"map@2", 0.5 / 2}}) == "");
}

TEST_CASE("metrics / no hit gives zeros; a short ranking is divided by K all the same") {
  const int32_t ranked[] = {4}, missed[] = {1, 2}, found[] = {4};
  for (const MetricDefinition definition : {MetricDefinition::standard, MetricDefinition::retrieved_ideal}) {
    for (const auto& [name, value] : ranking_metrics(ranked, missed, 3, definition)) CHECK_MESSAGE(value == 0, name);
  }
  CHECK(ranking_metrics({}, missed, 3).at("ndcg@3") == 0);
  // One place of three, one target: everything is perfect but precision.
  CHECK(difference(ranking_metrics(ranked, found, 3),
                   {{"recall@3", 1}, {"ndcg@3", 1}, {"precision@3", 1.0 / 3}, {"hit@3", 1}, {"mrr@3", 1}, {"map@3", 1}}) == "");
  CHECK(error_mismatch(ErrorKind::usage, "no targets", [&] { ranking_metrics(ranked, {}, 3); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "k is 0", [&] { ranking_metrics(ranked, found, 0); }) == "");
}

TEST_CASE("evaluate / ties, excluded items, users without targets and K past the catalogue match counting by definition") {
  const InteractionDataset data = random_interactions(37, 23, 0.4, 5);
  const std::vector<float> scores = scores_with_ties(37 * 23, 6);
  for (const NamedDevice& device : devices()) {
    GivenScores model(data.train, scores, device.device);
    for (const int64_t k : {1, 3, 20, 50}) {
      for (const bool retrieved : {false, true}) {
        for (const bool without_val : {false, true}) {
          INFO(device.name, ", K = ", k, retrieved ? ", retrieved" : "", without_val ? ", validation left out" : "");
          std::vector<const HostCsr*> excluded{&data.train};
          if (without_val) excluded.push_back(&data.val);
          const RankingMetrics metrics =
              evaluate(model, data, data.test,
                       {.topk = {k},
                        .definition = retrieved ? MetricDefinition::retrieved_ideal : MetricDefinition::standard,
                        .exclude_val = without_val});
          CHECK(difference(metrics.values, judged_by_definition(data.test, excluded, scores, k, retrieved)) == "");
          CHECK(metrics.users < 37);
        }
      }
    }
  }
}

TEST_CASE("evaluate / several K at once give what each gives alone; NaN scores are never ranked") {
  const InteractionDataset data = random_interactions(20, 30, 0.3, 7);
  std::vector<float> scores = scores_with_ties(20 * 30, 8);
  for (std::size_t i = 0; i < scores.size(); i += 7) scores[i] = std::numeric_limits<float>::quiet_NaN();
  GivenScores model(data.train, scores, devices().front().device);
  Values expected = judged_by_definition(data.val, {&data.train}, scores, 5, false);
  expected.merge(judged_by_definition(data.val, {&data.train}, scores, 10, false));
  CHECK(difference(evaluate(model, data, data.val, {.topk = {10, 5}}).values, expected) == "");
}

TEST_CASE("evaluate / sampled negatives: all of them give what full ranking gives, few are drawn from the items never taken") {
  const InteractionDataset data = random_interactions(25, 40, 0.2, 9);
  const std::vector<float> scores = scores_with_ties(25 * 40, 10);
  GivenScores model(data.train, scores, devices().front().device);
  // As many negatives as there are: only the user's own validation items are missing from a full ranking.
  const Values full = judged_by_definition(data.test, {&data.train, &data.val}, scores, 10, false);
  const HostCsr* const parts[] = {&data.train, &data.val, &data.test};
  std::vector<int64_t> left;  // of each user who is judged
  for (int32_t user = 0; user < data.test.rows; ++user) {
    std::set<int32_t> taken;
    for (const HostCsr* part : parts) taken.insert(part->row(user).begin(), part->row(user).end());
    if (!data.test.row(user).empty()) left.push_back(40 - static_cast<int64_t>(taken.size()));
  }
  std::sort(left.begin(), left.end());
  const int64_t most = left.back();
  const RankingMetrics sampled = evaluate(model, data, data.test, {.topk = {10}, .sampled_negatives = most});
  Values labelled;
  for (const auto& [name, value] : full) labelled[name + "(uni" + std::to_string(most) + ")"] = value;
  CHECK(difference(sampled.values, labelled) == "");
  // It is told of how many users there were fewer, and refused where that is everybody.
  REQUIRE(left.front() < most);
  CHECK(sampled.fewer_negatives == std::lower_bound(left.begin(), left.end(), most) - left.begin());
  CHECK(sampled.least_negatives == left.front());
  const RankingMetrics enough = evaluate(model, data, data.test, {.topk = {10}, .sampled_negatives = left.front()});
  CHECK(enough.fewer_negatives == 0);
  CHECK(enough.least_negatives == 0);
  CHECK_THROWS_WITH_AS(evaluate(model, data, data.test, {.topk = {10}, .sampled_negatives = most + 1}),
                       doctest::Contains(("nobody has more than " + std::to_string(most)).c_str()), Error);

  // A model that ranks the targets last: with two negatives no target is first, with K = 3 all users' first target is found.
  const Dense relevant = dense_of(data.test);
  std::vector<float> worst(25 * 40, 1);
  for (std::size_t i = 0; i < worst.size(); ++i) worst[i] -= static_cast<float>(relevant.values[i]);
  GivenScores pessimist(data.train, worst, devices().front().device);
  const EvaluateOptions two{.topk = {2, 3}, .sampled_negatives = 2, .seed = 3};
  const Values last = evaluate(pessimist, data, data.test, two).values;
  CHECK(last.at("hit@2(uni2)") == 0);
  CHECK(last.at("hit@3(uni2)") == 1);
  CHECK(last.at("mrr@3(uni2)") == doctest::Approx(1.0 / 3).epsilon(1e-12));

  // Deterministic in the seed.
  const EvaluateOptions five{.topk = {3}, .sampled_negatives = 5, .seed = 1};
  CHECK(evaluate(model, data, data.test, five).values == evaluate(model, data, data.test, five).values);
  EvaluateOptions other = five;
  other.seed = 2;
  CHECK(evaluate(model, data, data.test, five).values != evaluate(model, data, data.test, other).values);
}

TEST_CASE("evaluate_visitors / each is judged by its own row, and those without targets by none") {
  const InteractionDataset data = random_interactions(9, 20, 0.3, 11);
  const std::vector<float> scores = scores_with_ties(9 * 20, 12);
  GivenScores model(data.train, scores, devices().front().device);
  // A visitor with n items is scored by row n: the ones here have 1, 2 and 3.
  const std::vector<Query> visitors{{-1, {4}}, {-1, {7, 2}}, {-1, {19, 0, 5}}};
  const HostCsr targets{.rows = 3, .cols = 20, .row_offsets = {0, 2, 2, 4}, .col_indices = {3, 9, 1, 8}, .values = {}};
  const HostCsr given{.rows = 3, .cols = 20, .row_offsets = {0, 1, 3, 6}, .col_indices = {4, 2, 7, 0, 5, 19}, .values = {}};
  const std::vector<float> rows(scores.begin() + 20, scores.begin() + 80);
  const RankingMetrics metrics = evaluate_visitors(model, visitors, targets, {.topk = {5}});
  CHECK(difference(metrics.values, judged_by_definition(targets, {&given}, rows, 5, false)) == "");
  CHECK(metrics.users == 2);
}

TEST_CASE("evaluate / stops when asked to, and refuses what cannot be judged") {
  const InteractionDataset data = random_interactions(12, 10, 0.4, 13);
  GivenScores model(data.train, scores_with_ties(120, 1), devices().front().device);
  const auto refuses = [&](const std::string& fragment, const auto& call) {
    return error_mismatch(ErrorKind::usage, fragment, call);
  };
  CHECK(error_mismatch(ErrorKind::interrupted, "after 0 of",
                       [&] { evaluate(model, data, data.test, {}, [](const Progress&) { return false; }); }) == "");
  CHECK(refuses("nobody can be judged", [&] { evaluate(model, data, HostCsr{}); }) == "");
  HostCsr wide = data.test;
  wide.cols = 11;
  CHECK(refuses("targets are 12 x 11, the model has 12 users and 10 items", [&] { evaluate(model, data, wide); }) == "");
  CHECK(refuses("no K is given", [&] { evaluate(model, data, data.test, {.topk = {}}); }) == "");
  CHECK(refuses("k is 1001", [&] { evaluate(model, data, data.test, {.topk = {20, 1001}}); }) == "");
  CHECK(refuses("uni11 ranks each user's test items among 11 others, and there are 10 items in all",
                [&] { evaluate(model, data, data.test, {.sampled_negatives = 11}); }) == "");
  CHECK(refuses("sampled_negatives is -1, it must be at least 0",
                [&] { evaluate(model, data, data.test, {.sampled_negatives = -1}); }) == "");
  CHECK(refuses("user 12 is asked about, there are 12", [&] { ranked(model, {{12, {}}}, {.k = 3}); }) == "");
  CHECK(refuses("item 10: there are 10", [&] { ranked(model, {{-1, {10}}}); }) == "");
  CHECK(refuses("item 4 comes twice", [&] { ranked(model, {{-1, {4, 1, 4}}}); }) == "");
}

TEST_CASE("metric names / each name that an evaluation gives reads back as what it is") {
  const InteractionDataset data = random_interactions(20, 30, 0.3, 3);
  const auto model = make_popularity(data, Device::cpu({.threads = 1}));
  for (const MetricDefinition definition : {MetricDefinition::standard, MetricDefinition::retrieved_ideal}) {
    for (const int64_t negatives : {0, 7}) {
      const EvaluateOptions options{.topk = {3, 10}, .definition = definition, .sampled_negatives = negatives};
      const Values values = evaluate(*model, data, data.test, options).values;
      CHECK(values.size() == 2 * metric_names().size());
      for (const auto& [written, value] : values) {
        const MetricName name = MetricName::parse(written);
        CHECK(to_string(name) == written);
        CHECK((name.k == 3 || name.k == 10));
        CHECK(name.sampled_negatives == negatives);
        CHECK((name.definition == definition || name.metric != "ndcg"));
      }
    }
  }
  CHECK(to_string(MetricName{"ndcg", 20, MetricDefinition::retrieved_ideal, 100}) == "ndcg@20(retrieved)(uni100)");
  CHECK(MetricName::parse("ndcg@20(retrieved)(uni100)").label() == "(retrieved)(uni100)");
  CHECK(MetricName::parse("map@1000").label().empty());
}

TEST_CASE("metric names / what no evaluation gives is refused") {
  for (const char* written : {"",
                              "recall",
                              "@5",
                              "recall@",
                              "recall@0",
                              "recall@1001",
                              "recall@05",
                              "recall@+5",
                              "recall@5 ",
                              "Recall@5",
                              "auc@5",
                              "recall@5(retrieved)",
                              "recall@5(uni0)",
                              "recall@5(uni)",
                              "recall@5(uni7",
                              "recall@5(uni7))",
                              "recall@5()",
                              "ndcg@5(uni7)(retrieved)",
                              "ndcg@5(retrieved)(retrieved)",
                              "recall@99999999999999999999"}) {
    CHECK_MESSAGE(error_mismatch(ErrorKind::usage, text("'", written, "' is not a metric; there are recall@K, ndcg@K"),
                                 [&] { MetricName::parse(written); }) == "",
                  written);
  }
}

TEST_CASE("metric names / figures are told by K, then in one order of metrics") {
  std::vector<std::string> order;
  for (const auto& [name, value] : in_reading_order({{"hit@5", 1},
                                                     {"recall@10(uni9)", 2},
                                                     {"map@5", 3},
                                                     {"ndcg@10(uni9)", 4},
                                                     {"mrr@5", 5},
                                                     {"recall@5", 6},
                                                     {"precision@5", 7},
                                                     {"ndcg@5", 8}})) {
    order.push_back(text(to_string(name), " = ", value));
  }
  CHECK(order == std::vector<std::string>{"recall@5 = 6", "ndcg@5 = 8", "precision@5 = 7", "hit@5 = 1", "mrr@5 = 5", "map@5 = 3",
                                          "recall@10(uni9) = 2", "ndcg@10(uni9) = 4"});
}

TEST_CASE("metric definitions / are told by a name, which takes back what another set") {
  EvaluateOptions options;
  options.define("uni100");
  CHECK(options.sampled_negatives == 100);
  CHECK(options.definition == MetricDefinition::standard);
  options.define("retrieved");
  CHECK(options.sampled_negatives == 0);
  CHECK(options.definition == MetricDefinition::retrieved_ideal);
  options.define("standard");
  CHECK(options.definition == MetricDefinition::standard);
  CHECK(error_mismatch(ErrorKind::usage, "the definition of metrics is 'full', it must be one of standard, retrieved, uniN",
                       [&] { options.define("full"); }) == "");
  for (const char* written : {"uni", "uni0", "uni1000001", "uni1.5", "uni-1"}) {
    CHECK(error_mismatch(ErrorKind::usage,
                         text("--metrics: the N of uniN is '", written + 3, "', it must be a whole number from 1"),
                         [&] { options.define(written, "--metrics"); }) == "");
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
