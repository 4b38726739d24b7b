#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "capi/call.h"
#include "capi/handles.h"
#include "heddle/metrics.h"
#include "heddle/saved_model.h"

using heddle::ErrorKind;
using heddle::capi::guarded;
using heddle::capi::guarded_or;
using heddle::capi::need;

namespace {

/// The member of this name: the names are those of heddle::metric_names().
double heddle_metrics::*figure_named(std::string_view name) {
  constexpr std::pair<std::string_view, double heddle_metrics::*> figures[] = {
      {"recall", &heddle_metrics::recall}, {"ndcg", &heddle_metrics::ndcg}, {"precision", &heddle_metrics::precision},
      {"hit", &heddle_metrics::hit},       {"mrr", &heddle_metrics::mrr},   {"map", &heddle_metrics::map}};
  for (const auto& [known, member] : figures) {
    if (known == name) return member;
  }
  heddle::refuse_choice("a metric", std::string(name), {"recall", "ndcg", "precision", "hit", "mrr", "map"});
}

/// Whether the test part is asked for; the validation part otherwise.
bool is_test(const char* part) {
  const std::string_view name = part == nullptr ? "test" : part;
  if (name != "test" && name != "val") heddle::refuse_choice("heddle_evaluate: part", std::string(name), {"test", "val"});
  return name == "test";
}

}  // namespace

heddle_status heddle_evaluate(const heddle_bundle* bundle, const heddle_data* data, const heddle_evaluate_options* options,
                              heddle_metrics* metrics) {
  return guarded([&] {
    need(bundle, "heddle_evaluate", "bundle");
    need(data, "heddle_evaluate", "data");
    need(metrics, "heddle_evaluate", "metrics");
    const heddle_evaluate_options asked = options == nullptr ? heddle_evaluate_options{} : *options;
    const bool test = is_test(asked.part);
    heddle::EvaluateOptions how;
    if (asked.k != 0) how.topk = {asked.k};
    if (asked.definition != nullptr) how.define(asked.definition, "heddle_evaluate: definition");
    how.exclude_val = test && asked.include_validation == 0;
    how.seed = asked.seed;
    const heddle::SavedRecommender& saved = bundle->bundle.saved();
    heddle::require(saved.history, ErrorKind::usage,
                    "heddle_evaluate: the bundle was saved without history: it knows no users whom it could be judged by");
    const heddle::Renumbered judged = heddle::as_trained(data->data, saved);
    const heddle::RankingMetrics found = heddle::evaluate(*saved.model, judged.data, test ? judged.data.test : judged.data.val,
                                                          how, heddle::capi::progress_for(asked.progress, asked.user));
    heddle_metrics result{};
    for (const auto& [name, value] : found.values) result.*figure_named(heddle::MetricName::parse(name).metric) = value;
    result.k = how.topk.front();
    result.users = found.users;
    result.fewer_negatives = found.fewer_negatives;
    result.unknown = judged.unknown;
    result.in_training = judged.in_training;
    *metrics = result;
  });
}

double heddle_metric(const heddle_metrics* metrics, const char* name) {
  return guarded_or(std::numeric_limits<double>::quiet_NaN(), [&] {
    need(metrics, "heddle_metric", "metrics");
    need(name, "heddle_metric", "name");
    return metrics->*figure_named(name);
  });
}
