#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "heddle/export.h"

HEDDLE_API_BEGIN
/// The figures that rankings are judged by: their names, their definitions, and how one ranking is judged.
namespace heddle {

class Profiler;

/// What NDCG holds a ranking against: the literature has two ideals, and figures of one do not compare with those of the other.
enum class MetricDefinition {
  standard,         ///< the ideal list has min(K, test items) ones
  retrieved_ideal,  ///< NGCF's and KGAT's: the ideal is the retrieved hits, sorted; larger figures, labelled `ndcg@K(retrieved)`
};

/// What a ranking is judged by, in the order in which figures are told: recall, ndcg, precision, hit, mrr, map.
std::span<const char* const> metric_names();

/// The name of a figure, taken apart: "recall@20(uni100)" is the metric recall, cut at 20, among 100 sampled negatives.
struct MetricName {
  std::string metric;                                        ///< one of metric_names()
  int64_t k = 0;                                             ///< where the ranking is cut
  MetricDefinition definition = MetricDefinition::standard;  ///< of ndcg; others have one
  int64_t sampled_negatives = 0;                             ///< 0: of the full ranking

  /// What of the name tells how the figure differs from the standard: "(retrieved)" (of ndcg only, no other metric has an ideal),
  /// "(uni100)", both, or nothing.
  std::string label() const;
  /// Reads a name as to_string writes it. Throws Error{usage} with the metrics there are for anything else, or a K outside [1,
  /// top_k_limit].
  static MetricName parse(const std::string& written);
};
/// "ndcg@20", "recall@20(uni100)".
std::string to_string(const MetricName& name);

/// Figures in the order in which they are told: by K, then as metric_names() lists the metrics. Throws Error{usage} for a name
/// that MetricName does not read.
std::vector<std::pair<MetricName, double>> in_reading_order(const std::map<std::string, double>& figures);

/// How rankings are judged.
struct EvaluateOptions {
  std::vector<int64_t> topk = {20};                          ///< the K of the metrics; each from 1 to top_k_limit
  MetricDefinition definition = MetricDefinition::standard;  ///< of ndcg
  /// Rank among the user's test items and this many items drawn from those the user never took (all of them where they are
  /// fewer, which RankingMetrics tells; Error{usage} where nobody has so many); 0: full ranking. Labelled `recall@20(uniN)`.
  int64_t sampled_negatives = 0;
  bool exclude_val = false;      ///< at test, validation items are left out of the ranking as well
  uint64_t seed = 0;             ///< of the items that are drawn
  Profiler* profiler = nullptr;  ///< records the ops that ranking runs; null: nobody does

  /// Throws Error{usage} where models of so many items cannot be judged like this. `evaluate` calls it; who trains first can ask
  /// before.
  void check(int64_t items) const;

  /// Takes over a definition by its name: `standard`, `retrieved`, or `uniN` for N sampled negatives (1 to 1,000,000). Throws
  /// Error{usage} for anything else; `called` is what its sentence calls it.
  void define(const std::string& name, const std::string& called = "the definition of metrics");
};

/// Figures by name: `recall@K`, `ndcg@K`, `precision@K`, `hit@K`, `mrr@K`, `map@K`, each averaged over the users who have target
/// items.
struct RankingMetrics {
  std::map<std::string, double> values;  ///< each from 0 to 1
  int64_t users = 0;                     ///< averaged over
  int64_t fewer_negatives = 0;           ///< of these, users for whom fewer than `sampled_negatives` items could be drawn
  int64_t least_negatives = 0;           ///< how many could be for the one of them who had fewest; 0 where there is none
  double seconds = 0;                    ///< ranking and counting
};

/// The metrics of one ranking; `targets` ascending and not empty. The definitions: recall = hits / |targets|, precision = hits /
/// K, ndcg = sum over hits at rank r (from 1) of 1 / log2(r + 1), over the same of the ideal list; hit = any; mrr = 1 / rank of
/// the first hit; map = the sum of the precision at each hit over min(K, |targets|). Names as in RankingMetrics. Throws
/// Error{usage} where `targets` is empty or k < 1.
std::map<std::string, double> ranking_metrics(std::span<const int32_t> ranked, std::span<const int32_t> targets, int64_t k,
                                              MetricDefinition definition = MetricDefinition::standard);

}  // namespace heddle
HEDDLE_API_END
