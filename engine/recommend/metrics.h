#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "heddle/metrics.h"

namespace heddle::recommending {

/// The six figures of one ranking, or their sums or means over many, in the order of metric_names().
using Metrics = std::array<double, 6>;

/// See ranking_metrics in heddle/metrics.h; `targets` is not empty, k >= 1.
Metrics metrics_of(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k, MetricDefinition definition);

/// A metric's place in metric_names(); it is one of them.
std::size_t place_of(const std::string& metric);

}  // namespace heddle::recommending
