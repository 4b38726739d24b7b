#include "cli/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/interrupt.h"
#include "cli/option_tables.h"
#include "cli/options.h"
#include "heddle/error.h"
#include "heddle/limits.h"
#include "heddle/settings.h"

namespace heddle::cli {

namespace {

std::vector<int64_t> parse_cuts(const std::string& written) {
  std::vector<int64_t> cuts;
  for (const std::string& part : split_list(written)) {
    cuts.push_back(parse_number<int64_t>(
        "--topk", part, 1, top_k_limit, fmt::format("a whole number from 1 to {}, or several with commas between", top_k_limit)));
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

}  // namespace

void MetricOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Judging");
  app.add_option_function<std::string>(
         "--topk", [this](const std::string& written) { topk = parse_cuts(written); },
         fmt::format("where rankings are cut to be judged: a number from 1 to {}, or several as 10,20", top_k_limit))
      ->type_name("LIST")
      ->default_str(fmt::format("{}", fmt::join(topk, ",")));
  app.add_option_function<std::string>(
         "--metrics",
         [this](const std::string& written) {
           EvaluateOptions().define(written, "--metrics");
           definition = written;
         },
         "standard; retrieved: NDCG's ideal is the retrieved hits (larger, as in NGCF's and KGAT's programs); uniN: each user's "
         "test items are ranked among N random others only")
      ->type_name("NAME")
      ->default_str(definition);
}

EvaluateOptions MetricOptions::options(bool at_test, uint64_t seed) const {
  EvaluateOptions options{.topk = topk, .exclude_val = at_test, .seed = seed};
  options.define(definition, "--metrics");
  return options;
}

void MetricOptions::check(const InteractionDataset& data) const {
  if (data.test.nnz() > 0 || data.val.nnz() > 0) options(true).check(data.items.size());
}

std::string fewer_negatives_text(const RankingMetrics& metrics) {
  return fmt::format("of {} fewer other items could be drawn than asked for, at least {}: they are ranked among all of them",
                     grouped(metrics.fewer_negatives, "user"), grouped(metrics.least_negatives));
}

std::string metrics_text(const char* split, const RankingMetrics& metrics) {
  std::string text;
  int64_t cut = 0;
  for (const auto& [name, value] : in_reading_order(metrics.values)) {
    const bool first = name.k != cut;
    if (first) text += fmt::format("{}{:<11}@{}: ", text.empty() ? "" : "\n", text.empty() ? split : "", name.k);
    text += fmt::format("{}{}{} {:.4f}", first ? "" : ", ", name.metric, name.label(), value);
    cut = name.k;
  }
  if (text.empty()) return fmt::format("{:<11}none\n", split);
  text += fmt::format("\n           means over {}\n", grouped(metrics.users, "user"));
  if (metrics.fewer_negatives > 0) text += fmt::format("           {}\n", fewer_negatives_text(metrics));
  return text;
}

Json metrics_json(const RankingMetrics& metrics) {
  Json object = Json::object();
  for (const auto& [name, value] : metrics.values) object[name] = value;
  return object;
}

Json fewer_negatives_json(const RankingMetrics& metrics) {
  if (metrics.fewer_negatives == 0) return {};
  return {{"users", metrics.fewer_negatives}, {"least", metrics.least_negatives}};
}

RankingMetrics evaluate_unless_empty(const Recommender& model, const InteractionDataset& data, const HostCsr& targets,
                                     const EvaluateOptions& options, ProgressBar& progress) {
  if (targets.nnz() == 0) return {};
  const bool before = interrupted();  // what is judged is then what an interrupted training reached
  return evaluate(model, data, targets, options, [&](const Progress& at) { return progress.told(at) || before; });
}

}  // namespace heddle::cli
