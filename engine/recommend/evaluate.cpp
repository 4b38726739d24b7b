#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "engine/recommend/metrics.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/recommender.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// Queries that are ranked between two calls of the callback.
constexpr std::size_t block_queries = 1024;

/// A query and what it is judged by.
struct Judged {
  Query query;
  std::span<const int32_t> targets;
  uint64_t number = 0;  ///< of the user or the visitor: keys what is drawn
};

/// `count` distinct items that are neither among `taken` (ascending) nor drawn before; all there are where those are fewer.
/// Ascending.
std::vector<int32_t> draw_negatives(int64_t items, const std::vector<int32_t>& taken, int64_t count, uint64_t seed,
                                    uint64_t number) {
  const auto free_items = items - static_cast<int64_t>(taken.size());
  const auto is_taken = [&](int32_t item) { return std::binary_search(taken.begin(), taken.end(), item); };
  const RandomStream random{.seed = seed, .purpose = random_purpose::sampled_negatives, .step = nullptr};
  uint64_t next = number << 32;
  std::vector<int32_t> drawn;
  if (count > free_items / 2) {
    // Nearly all of them: drawn without replacement by sorting random keys.
    std::vector<std::pair<uint32_t, int32_t>> keyed;
    for (int32_t item = 0; item < items; ++item) {
      if (!is_taken(item)) keyed.emplace_back(random_word(random, next++), item);
    }
    std::sort(keyed.begin(), keyed.end());
    keyed.resize(std::min(keyed.size(), static_cast<std::size_t>(count)));
    for (const auto& [key, item] : keyed) drawn.push_back(item);
    std::sort(drawn.begin(), drawn.end());
    return drawn;
  }
  while (static_cast<int64_t>(drawn.size()) < count) {
    const auto item = static_cast<int32_t>((uint64_t{random_word(random, next++)} * static_cast<uint64_t>(items)) >> 32);
    const auto place = std::lower_bound(drawn.begin(), drawn.end(), item);
    if (is_taken(item) || (place != drawn.end() && *place == item)) continue;
    drawn.insert(place, item);
  }
  return drawn;
}

std::vector<int32_t> united(std::span<const int32_t> a, std::span<const int32_t> b) {
  std::vector<int32_t> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

/// The model's ranking of targets and drawn negatives alone. `taken(judged)`: what the query has or is judged by, ascending.
template <class Taken>
std::vector<Ranking> rank_sampled(const Recommender& model, Session& session, std::span<const Judged> judged, int64_t k,
                                  const EvaluateOptions& options, const Taken& taken) {
  std::vector<Ranking> rankings;
  const int64_t items = model.items();
  // Scores are on the device and on the host.
  const auto per_block = static_cast<std::size_t>(recommending::queries_per_block(2 * items + model.scratch_per_query()));
  for (std::size_t first = 0; first < judged.size(); first += per_block) {
    const std::span<const Judged> block = judged.subspan(first, std::min(per_block, judged.size() - first));
    std::vector<Query> queries;
    for (const Judged& each : block) queries.push_back(each.query);
    const auto count = static_cast<int64_t>(block.size());
    const Session::Request request(session);
    Context& context = session.context();
    context.begin_step();
    const DenseView<float> scores{context.arena().allocate_array<float>(count * items), count, items};
    model.score(session, queries, scores);
    const std::vector<float> host = download(context.stream(), scores.data, static_cast<std::size_t>(scores.size()));
    for (std::size_t row = 0; row < block.size(); ++row) {
      const std::vector<int32_t> negatives =
          draw_negatives(items, taken(block[row]), options.sampled_negatives, options.seed, block[row].number);
      Ranking ranking;
      for (const int32_t item : united(block[row].targets, negatives)) {
        const float score = host[row * static_cast<std::size_t>(items) + static_cast<std::size_t>(item)];
        if (!std::isnan(score)) ranking.push_back({item, score});
      }
      // Stable: candidates ascend, so equal scores stay in the order of their items.
      std::stable_sort(ranking.begin(), ranking.end(),
                       [](const RankedItem& a, const RankedItem& b) { return a.score > b.score; });
      ranking.resize(std::min(ranking.size(), static_cast<std::size_t>(k)));
      rankings.push_back(std::move(ranking));
    }
  }
  return rankings;
}

/// Notes for whom fewer items than are asked for can be drawn. Throws Error{usage} where that is everybody: their figures would
/// go by the name of a number that none of them was ranked among.
template <class Taken>
void count_negatives(std::span<const Judged> judged, int64_t items, int64_t asked, const Taken& taken, RankingMetrics& result) {
  int64_t most = 0;
  result.least_negatives = items;
  for (const Judged& each : judged) {
    const int64_t left = items - static_cast<int64_t>(taken(each).size());
    most = std::max(most, left);
    if (left >= asked) continue;
    ++result.fewer_negatives;
    result.least_negatives = std::min(result.least_negatives, left);
  }
  if (result.fewer_negatives == 0) result.least_negatives = 0;
  require(most >= asked, ErrorKind::usage, "uni", asked, " ranks each user's test items among ", counted(asked, "other"),
          ", and nobody has more than ", most, " that they never took", most > 0 ? text(": uni", most, ", or full ranking") : "");
}

template <class Taken>
RankingMetrics judge(const Recommender& model, std::span<const Judged> judged, const HostCsr* also_exclude,
                     const EvaluateOptions& options, const Taken& taken, const ProgressCallback& progress) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t most = *std::max_element(options.topk.begin(), options.topk.end());
  RankingMetrics result;
  if (options.sampled_negatives > 0) count_negatives(judged, model.items(), options.sampled_negatives, taken, result);
  std::vector<recommending::Metrics> sums(options.topk.size());
  std::vector<Query> queries;
  std::vector<int32_t> ranked;
  Session session(model.device());
  session.context().set_profiler(options.profiler);
  for (std::size_t first = 0; first < judged.size(); first += block_queries) {
    require(recommending::users_told(progress, "ranking", first, judged.size()), ErrorKind::interrupted,
            "evaluation was interrupted after ", first, " of ", counted(judged.size(), "user"));
    const std::span<const Judged> block = judged.subspan(first, std::min(block_queries, judged.size() - first));
    std::vector<Ranking> rankings;
    if (options.sampled_negatives > 0) {
      rankings = rank_sampled(model, session, block, most, options, taken);
    } else {
      queries.clear();
      for (const Judged& each : block) queries.push_back(each.query);
      rankings = model.rank(session, queries, {.k = most, .also_exclude = also_exclude});
    }
    for (std::size_t row = 0; row < block.size(); ++row) {
      ranked.clear();
      for (const RankedItem& place : rankings[row]) ranked.push_back(place.item);
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const recommending::Metrics metrics =
            recommending::metrics_of(ranked, block[row].targets, options.topk[i], options.definition);
        for (std::size_t metric = 0; metric < metrics.size(); ++metric) sums[i][metric] += metrics[metric];
      }
    }
  }
  recommending::users_told(progress, "ranking", judged.size(), judged.size());
  result.users = static_cast<int64_t>(judged.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (std::size_t metric = 0; metric < sums[i].size(); ++metric) {
      const MetricName name{metric_names()[metric], options.topk[i], options.definition, options.sampled_negatives};
      result.values[to_string(name)] = sums[i][metric] / static_cast<double>(judged.size());
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace

void EvaluateOptions::check(int64_t items) const {
  require(!topk.empty(), ErrorKind::usage, "evaluate: no K is given");
  for (const int64_t k : topk) recommending::check_k(k);
  require(sampled_negatives >= 0, ErrorKind::usage, "evaluate: sampled_negatives is ", sampled_negatives,
          ", it must be at least 0");
  require(sampled_negatives <= items, ErrorKind::usage, "uni", sampled_negatives, " ranks each user's test items among ",
          counted(sampled_negatives, "other"), ", and ", there_are(items, "item"), " in all");
}

RankingMetrics evaluate(const Recommender& model, const InteractionDataset& data, const HostCsr& targets,
                        const EvaluateOptions& options, const ProgressCallback& progress) try {
  options.check(model.items());
  require(targets.nnz() > 0, ErrorKind::usage, "evaluate: ", data.name, " has no targets in this part: nobody can be judged");
  require(targets.rows == model.users() && targets.cols == model.items(), ErrorKind::usage, "evaluate: targets are ",
          targets.rows, " x ", targets.cols, ", the model has ", counted(model.users(), "user"), " and ",
          counted(model.items(), "item"));
  const HostCsr* const also_exclude = options.exclude_val && data.val.nnz() > 0 ? &data.val : nullptr;
  std::vector<Judged> judged;
  for (int32_t user = 0; user < targets.rows; ++user) {
    const std::span<const int32_t> row = targets.row(user);
    if (!row.empty()) judged.push_back({{user, {}}, row, static_cast<uint64_t>(user)});
  }
  const auto taken = [&](const Judged& each) {
    const std::vector<int32_t> known = united(model.train().row(each.query.user), data.val.row(each.query.user));
    return united(united(known, data.test.row(each.query.user)), each.targets);
  };
  return judge(model, judged, also_exclude, options, taken, progress);
} catch (...) {
  rethrow_as_error();
}

RankingMetrics evaluate_visitors(const Recommender& model, std::span<const Query> queries, const HostCsr& targets,
                                 const EvaluateOptions& options, const ProgressCallback& progress) try {
  options.check(model.items());
  require(targets.rows == static_cast<int64_t>(queries.size()) && targets.cols == model.items(), ErrorKind::usage,
          "evaluate_visitors: targets are ", targets.rows, " x ", targets.cols, " for ", counted(queries.size(), "visitor"),
          " and ", counted(model.items(), "item"));
  require(targets.nnz() > 0, ErrorKind::usage, "evaluate_visitors: no visitor has targets: nobody can be judged");
  std::vector<Judged> judged;
  for (std::size_t visitor = 0; visitor < queries.size(); ++visitor) {
    const std::span<const int32_t> row = targets.row(static_cast<int64_t>(visitor));
    if (!row.empty()) judged.push_back({queries[visitor], row, visitor});
  }
  const auto taken = [&](const Judged& each) {
    const HostCsr own = recommending::query_rows(model.train(), {&each.query, 1});
    return united(own.col_indices, each.targets);
  };
  return judge(model, judged, nullptr, options, taken, progress);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
