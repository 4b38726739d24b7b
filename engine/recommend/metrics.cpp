#include "engine/recommend/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace recommending {

namespace {

/// What a hit at a rank (from 0) counts: 1 / log2(rank + 2).
const std::array<double, kernels::top_k_limit>& discounts() {
  static const std::array<double, kernels::top_k_limit> table = [] {
    std::array<double, kernels::top_k_limit> values{};
    for (std::size_t rank = 0; rank < values.size(); ++rank) values[rank] = 1 / std::log2(static_cast<double>(rank) + 2);
    return values;
  }();
  return table;
}

}  // namespace

Metrics metrics_of(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k, MetricDefinition definition) {
  const auto places = std::min<std::size_t>(static_cast<std::size_t>(k), ranked.size());
  std::size_t hits = 0;
  std::size_t first_hit = 0;
  double gain = 0;
  double precisions = 0;
  for (std::size_t rank = 0; rank < places; ++rank) {
    if (!std::binary_search(targets.begin(), targets.end(), ranked[rank])) continue;
    if (hits == 0) first_hit = rank;
    ++hits;
    gain += discounts()[rank];
    precisions += static_cast<double>(hits) / static_cast<double>(rank + 1);
  }
  if (hits == 0) return {};
  const std::size_t ideal_hits = std::min(static_cast<std::size_t>(k), targets.size());
  double ideal_gain = 0;
  const std::size_t counted = definition == MetricDefinition::retrieved_ideal ? hits : ideal_hits;
  for (std::size_t rank = 0; rank < counted; ++rank) ideal_gain += discounts()[rank];
  const auto found = static_cast<double>(hits);
  return {found / static_cast<double>(targets.size()),
          gain / ideal_gain,
          found / static_cast<double>(k),
          1,
          1 / static_cast<double>(first_hit + 1),
          precisions / static_cast<double>(ideal_hits)};
}

std::string metric_label(std::size_t metric, int64_t k, MetricDefinition definition, int64_t sampled_negatives) {
  const bool other_ideal = definition == MetricDefinition::retrieved_ideal && metric_names[metric] == std::string_view("ndcg");
  return text(metric_names[metric], '@', k, other_ideal ? "(retrieved)" : "",
              sampled_negatives > 0 ? text("(uni", sampled_negatives, ")") : "");
}

MetricName parse_metric(const std::string& name) {
  const std::size_t at = name.find('@');
  const std::string_view kind = std::string_view(name).substr(0, at);
  const auto found = std::find(metric_names.begin(), metric_names.end(), kind);
  int64_t k = 0;
  if (at != std::string::npos) {
    const char* const end = name.data() + name.size();
    const auto [parsed, status] = std::from_chars(name.data() + at + 1, end, k);
    if (status != std::errc() || parsed != end) k = 0;
  }
  require(found != metric_names.end() && k >= 1 && k <= kernels::top_k_limit, ErrorKind::usage, "'", name,
          "' is not a metric; there are recall@K, ndcg@K, precision@K, hit@K, mrr@K and map@K, with K in [1, ",
          kernels::top_k_limit, "]");
  return {static_cast<std::size_t>(found - metric_names.begin()), k};
}

}  // namespace recommending

std::map<std::string, double> ranking_metrics(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k,
                                              MetricDefinition definition) try {
  recommending::check_k(k);
  require(!targets.empty(), ErrorKind::usage, "ranking_metrics: there are no targets, a share of none has no value");
  const recommending::Metrics metrics = recommending::metrics_of(ranked, targets, k, definition);
  std::map<std::string, double> values;
  for (std::size_t metric = 0; metric < metrics.size(); ++metric) {
    values[recommending::metric_label(metric, k, definition, 0)] = metrics[metric];
  }
  return values;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
