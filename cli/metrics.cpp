#include "cli/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/interrupt.h"
#include "cli/option_tables.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

constexpr int64_t kMostCut = 1000;
constexpr int64_t kMostNegatives = 1'000'000;

std::vector<int64_t> parse_cuts(const std::string& written) {
  std::vector<int64_t> cuts;
  for (const std::string& part : split_list(written)) {
    cuts.push_back(parse_number<int64_t>("--topk", part, 1, kMostCut,
                                         fmt::format("a whole number from 1 to {}, or several with commas between", kMostCut)));
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

/// The N of uniN, 0 for another definition.
int64_t sampled_negatives(const std::string& definition) {
  if (!definition.starts_with("uni")) return 0;
  return parse_number<int64_t>("--metrics: the N of uniN", definition.substr(3), 1, kMostNegatives,
                               fmt::format("a whole number from 1 to {}", kMostNegatives));
}

void check_definition(const std::string& definition) {
  const bool known = definition == "standard" || definition == "retrieved" || sampled_negatives(definition) > 0;
  if (!known) fail_choice("--metrics", definition, {"standard", "retrieved", "uniN (N: a number, such as uni100)"});
}

/// "ndcg@20(retrieved)" is the metric ndcg, cut at 20, with a label.
struct MetricName {
  std::string metric, label;
  int64_t cut = 0;
};

MetricName parse_name(const std::string& name) {
  const std::size_t at = name.find('@');
  const std::size_t label = std::min(name.find('(', at), name.size());
  return {.metric = name.substr(0, at), .label = name.substr(label), .cut = std::strtoll(name.c_str() + at + 1, nullptr, 10)};
}

/// In the order in which they are read.
int place(const std::string& metric) {
  constexpr const char* kOrder[] = {"recall", "ndcg", "precision", "hit", "mrr", "map"};
  return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), metric) - std::begin(kOrder));
}

}  // namespace

void MetricOptions::add_to(CLI::App& app) {
  const OptionHeading heading(app, "Judging");
  app.add_option_function<std::string>(
         "--topk", [this](const std::string& written) { topk = parse_cuts(written); },
         fmt::format("where rankings are cut to be judged: a number from 1 to {}, or several as 10,20", kMostCut))
      ->type_name("LIST")
      ->default_str(fmt::format("{}", fmt::join(topk, ",")));
  app.add_option_function<std::string>(
         "--metrics",
         [this](const std::string& written) {
           check_definition(written);
           definition = written;
         },
         "standard; retrieved: NDCG's ideal is the retrieved hits (larger, as in NGCF's and KGAT's programs); uniN: each user's "
         "test items are ranked among N random others only")
      ->type_name("NAME")
      ->default_str(definition);
}

EvaluateOptions MetricOptions::options(bool at_test, uint64_t seed) const {
  return {.topk = topk,
          .definition = definition == "retrieved" ? MetricDefinition::retrieved_ideal : MetricDefinition::standard,
          .sampled_negatives = sampled_negatives(definition),
          .exclude_val = at_test,
          .seed = seed};
}

void MetricOptions::check(const InteractionDataset& data) const {
  if (data.test.nnz() > 0 || data.val.nnz() > 0) options(true).check(data.items.size());
}

std::string metrics_text(const char* split, const RankingMetrics& metrics) {
  struct Figure {
    MetricName name;
    double value;
  };
  std::vector<Figure> figures;
  for (const auto& [name, value] : metrics.values) figures.push_back({parse_name(name), value});
  std::sort(figures.begin(), figures.end(), [](const Figure& a, const Figure& b) {
    return std::pair(a.name.cut, place(a.name.metric)) < std::pair(b.name.cut, place(b.name.metric));
  });
  std::string text;
  int64_t cut = 0;
  for (const Figure& figure : figures) {
    const bool first = figure.name.cut != cut;
    if (first) text += fmt::format("{}{:<11}@{}: ", text.empty() ? "" : "\n", text.empty() ? split : "", figure.name.cut);
    text += fmt::format("{}{}{} {:.4f}", first ? "" : ", ", figure.name.metric, figure.name.label, figure.value);
    cut = figure.name.cut;
  }
  if (text.empty()) return fmt::format("{:<11}none\n", split);
  return text + fmt::format("\n           means over {}\n", grouped(metrics.users, "user"));
}

Json metrics_json(const RankingMetrics& metrics) {
  Json object = Json::object();
  for (const auto& [name, value] : metrics.values) object[name] = value;
  return object;
}

RankingMetrics evaluate_unless_empty(const Recommender& model, const InteractionDataset& data, const HostCsr& targets,
                                     const EvaluateOptions& options, ProgressBar& progress) {
  if (targets.nnz() == 0) return {};
  const bool before = interrupted();  // what is judged is then what an interrupted training reached
  return evaluate(model, data, targets, options, [&](const Progress& at) { return progress.told(at) || before; });
}

}  // namespace heddle::cli
