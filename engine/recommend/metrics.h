#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "heddle/recommender.h"

namespace heddle::recommending {

/// The six figures of one ranking, or their sums or means over many, in the order of `metric_names`.
using Metrics = std::array<double, 6>;
inline constexpr std::array<const char*, 6> metric_names = {"recall", "ndcg", "precision", "hit", "mrr", "map"};

/// See ranking_metrics in heddle/recommender.h; `targets` is not empty, k >= 1.
Metrics metrics_of(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k, MetricDefinition definition);

/// "ndcg@20", and the labels of what differs from the standard: "ndcg@20(retrieved)", "recall@20(uni100)".
std::string metric_label(std::size_t metric, int64_t k, MetricDefinition definition, int64_t sampled_negatives);

/// "ndcg@20" as a place in metric_names and a K. Throws Error{usage} with the names there are.
struct MetricName {
  std::size_t metric = 0;
  int64_t k = 0;
};
MetricName parse_metric(const std::string& name);

}  // namespace heddle::recommending
