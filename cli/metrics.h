#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/report.h"
#include "heddle/recommender.h"

namespace heddle::cli {

/// Where a ranking is cut, and by whose definition it is judged.
struct MetricOptions {
  std::vector<int64_t> topk;
  std::string definition = "standard";

  explicit MetricOptions(std::vector<int64_t> cuts = {20}) : topk(std::move(cuts)) {}
  void add_to(CLI::App& app);
  /// `at_test`: validation items are left out of the ranking as well.
  EvaluateOptions options(bool at_test, uint64_t seed = 0) const;
  /// Throws Error{usage} where models of these data cannot be judged so: before the time for training them is spent.
  void check(const InteractionDataset& data) const;
};

/// Of how many users fewer items could be drawn than uniN asks for; there are some.
std::string fewer_negatives_text(const RankingMetrics& metrics);
/// A line for each cut, "test       @20: recall 0.1830, ndcg 0.1554, ...", and what else is to be known of them.
std::string metrics_text(const char* split, const RankingMetrics& metrics);
/// {"recall@20": 0.1830, ...}
Json metrics_json(const RankingMetrics& metrics);
/// {"users": 3, "least": 12}; null where all had as many items to be drawn as uniN asks for.
Json fewer_negatives_json(const RankingMetrics& metrics);

/// As evaluate; a signal ends it with Error{interrupted}. Nothing (no users) where `targets` is empty.
RankingMetrics evaluate_unless_empty(const Recommender& model, const InteractionDataset& data, const HostCsr& targets,
                                     const EvaluateOptions& options, ProgressBar& progress);

}  // namespace heddle::cli
