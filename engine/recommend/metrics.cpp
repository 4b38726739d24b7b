#include "engine/recommend/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/limits.h"
#include "heddle/rethrow.h"
#include "heddle/settings.h"

namespace heddle {

namespace recommending {

namespace {

constexpr const char* names_in_order[] = {"recall", "ndcg", "precision", "hit", "mrr", "map"};
static_assert(std::size(names_in_order) == std::tuple_size_v<Metrics>);

/// What a hit at a rank (from 0) counts: 1 / log2(rank + 2).
const std::array<double, top_k_limit>& discounts() {
  static const std::array<double, top_k_limit> table = [] {
    std::array<double, top_k_limit> values{};
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

std::size_t place_of(const std::string& metric) {
  return static_cast<std::size_t>(std::find(std::begin(names_in_order), std::end(names_in_order), metric) -
                                  std::begin(names_in_order));
}

}  // namespace recommending

namespace {

constexpr std::string_view retrieved_label = "(retrieved)", sampled_label = "(uni";

/// What stands for N in "uniN", 0 where that is no number.
int64_t count_of(std::string_view digits) {
  int64_t count = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, status] = std::from_chars(digits.data(), end, count);
  return status == std::errc() && parsed == end ? count : 0;
}

/// Takes `label` off the front of `rest`; whether it stood there.
bool take_label(std::string_view& rest, std::string_view label) {
  if (!rest.starts_with(label)) return false;
  rest.remove_prefix(label.size());
  return true;
}

}  // namespace

std::span<const char* const> metric_names() { return recommending::names_in_order; }

std::string MetricName::label() const try {
  const bool other_ideal = definition == MetricDefinition::retrieved_ideal && metric == "ndcg";
  return text(other_ideal ? retrieved_label : "", sampled_negatives > 0 ? text(sampled_label, sampled_negatives, ')') : "");
} catch (...) {
  rethrow_as_error();
}

std::string to_string(const MetricName& name) try { return text(name.metric, '@', name.k, name.label()); } catch (...) {
  rethrow_as_error();
}

MetricName MetricName::parse(const std::string& written) try {
  MetricName name;
  const std::size_t at = std::min(written.find('@'), written.size());
  const std::size_t label = std::min(written.find('(', at), written.size());
  name.metric = written.substr(0, at);
  if (at < written.size()) name.k = count_of(std::string_view(written).substr(at + 1, label - at - 1));
  std::string_view rest = std::string_view(written).substr(label);
  if (name.metric == "ndcg" && take_label(rest, retrieved_label)) name.definition = MetricDefinition::retrieved_ideal;
  if (take_label(rest, sampled_label)) {
    const std::size_t close = std::min(rest.find(')'), rest.size());
    name.sampled_negatives = count_of(rest.substr(0, close));
    if (name.sampled_negatives > 0) rest.remove_prefix(std::min(close + 1, rest.size()));
  }
  require(recommending::place_of(name.metric) < metric_names().size() && name.k >= 1 && name.k <= top_k_limit && rest.empty() &&
              to_string(name) == written,
          ErrorKind::usage, "'", written,
          "' is not a metric; there are recall@K, ndcg@K, precision@K, hit@K, mrr@K and map@K, with K in [1, ", top_k_limit, "]");
  return name;
} catch (...) {
  rethrow_as_error();
}

std::vector<std::pair<MetricName, double>> in_reading_order(const std::map<std::string, double>& figures) try {
  std::vector<std::pair<MetricName, double>> ordered;
  ordered.reserve(figures.size());
  for (const auto& [name, value] : figures) ordered.emplace_back(MetricName::parse(name), value);
  const auto place = [](const MetricName& name) { return std::pair(name.k, recommending::place_of(name.metric)); };
  std::stable_sort(ordered.begin(), ordered.end(), [&](const auto& a, const auto& b) { return place(a.first) < place(b.first); });
  return ordered;
} catch (...) {
  rethrow_as_error();
}

void EvaluateOptions::define(const std::string& name, const std::string& called) try {
  constexpr int64_t most_negatives = 1'000'000;
  const bool sampled = name.starts_with("uni");
  if (!sampled && name != "standard" && name != "retrieved")
    refuse_choice(called, name, {"standard", "retrieved", "uniN (N: a number, such as uni100)"});
  sampled_negatives =
      sampled ? read_number<int64_t>(text(called, ": the N of uniN"), name.substr(3), Range::from_to(1, most_negatives)) : 0;
  definition = name == "retrieved" ? MetricDefinition::retrieved_ideal : MetricDefinition::standard;
} catch (...) {
  rethrow_as_error();
}

std::map<std::string, double> ranking_metrics(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k,
                                              MetricDefinition definition) try {
  recommending::check_k(k);
  require(!targets.empty(), ErrorKind::usage, "ranking_metrics: there are no targets, a share of none has no value");
  const recommending::Metrics metrics = recommending::metrics_of(ranked, targets, k, definition);
  std::map<std::string, double> values;
  for (std::size_t metric = 0; metric < metrics.size(); ++metric) {
    values[to_string(MetricName{metric_names()[metric], k, definition, 0})] = metrics[metric];
  }
  return values;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
