#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/fitters.h"
#include "cli/interactions.h"
#include "cli/interrupt.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

struct CompareCommand {
  FitterSet fitters;
  std::string models = "popularity,item-cosine,graph-filter,lightgcn";
  uint64_t seed = 0;
  InteractionOptions data;
  MetricOptions metrics;
  DeviceOptions device;
  PrintOptions printing;

  void add_to(CLI::App& app);
  void run();
};

/// A model of the comparison: "lightgcn", or "lightgcn+graph-filter" for a blend.
struct Contestant {
  std::string name;
  FitPlan plan;
};

struct ModelOutcome {
  std::string name;
  Fitted fitted;  ///< without the model
  RankingMetrics test;
  int64_t peak_bytes = 0;  ///< -1: unknown
  int64_t model_bytes = 0;
};

void CompareCommand::add_to(CLI::App& app) {
  data.add_to(app);
  app.add_option("--models", models, fmt::format("what to compare, of {}; A+B is a blend of two", fitters.names()))
      ->type_name("LIST")
      ->capture_default_str();
  for (const std::unique_ptr<Fitter>& fitter : fitters.all()) fitter->add_to(app);
  metrics.add_to(app);
  add_number<uint64_t>(app, "--seed", seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1", "the seed");
  device.add_to(app);
  printing.add_to(app);
}

std::vector<Contestant> contestants(const std::string& models, FitterSet& fitters) {
  std::vector<Contestant> list;
  std::vector<std::string> used;
  for (const std::string& name : split_list(models)) {
    const std::size_t plus = name.find('+');
    const std::string first = name.substr(0, plus);
    FitPlan plan{.first = &fitters.find("--models", first)};
    used.push_back(first);
    if (plus != std::string::npos) {
      plan.second = &fitters.find("--models", name.substr(plus + 1));
      require(plan.second != plan.first, ErrorKind::usage, "a blend of ", first, " with itself changes nothing");
      used.emplace_back(plan.second->name());
    }
    const bool repeated = std::any_of(list.begin(), list.end(), [&](const Contestant& other) { return other.name == name; });
    require(!repeated, ErrorKind::usage, "--models names ", name, " twice");
    list.push_back({name, plan});
  }
  fitters.refuse_others(used);
  for (const Contestant& contestant : list) contestant.plan.settle();
  return list;
}

std::string table(const std::vector<ModelOutcome>& outcomes) {
  std::vector<std::string> columns;
  for (const char* metric : {"recall@", "ndcg@"}) {
    for (const auto& [name, value] : outcomes.front().test.values) {
      if (name.starts_with(metric)) columns.push_back(name);
    }
  }
  // By cut, not by text: 5 before 10.
  std::stable_sort(columns.begin(), columns.end(), [](const std::string& a, const std::string& b) {
    return std::stoll(a.substr(a.find('@') + 1)) < std::stoll(b.substr(b.find('@') + 1));
  });
  std::size_t name_width = std::string_view("model").size();
  for (const ModelOutcome& outcome : outcomes) name_width = std::max(name_width, outcome.name.size());
  std::string text = fmt::format("\n{:<{}}", "model", name_width);
  for (const std::string& column : columns) text += fmt::format("  {:>9}", column);
  text += fmt::format("  {:>8}  {:>8}  {:>9}  {:>9}\n", "fit", "rank", "memory", "model");
  for (const ModelOutcome& outcome : outcomes) {
    text += fmt::format("{:<{}}", outcome.name, name_width);
    for (const std::string& column : columns)
      text += fmt::format("  {:>{}.4f}", outcome.test.values.at(column), std::max<std::size_t>(9, column.size()));
    text += fmt::format("  {:>8}  {:>8}  {:>9}  {:>9}\n", fmt::format("{:.2f} s", outcome.fitted.fit_s),
                        fmt::format("{:.2f} s", outcome.test.seconds),
                        outcome.peak_bytes < 0 ? "unknown" : size_text(outcome.peak_bytes), size_text(outcome.model_bytes));
  }
  return text + fmt::format("rank: for the {} users of the test; memory: the most resident meanwhile, data included\n\n",
                            grouped(outcomes.front().test.users));
}

Json outcome_json(const ModelOutcome& outcome) {
  Json object{{"model", outcome.name},
              {"metrics", metrics_json(outcome.test)},
              {"fit_s", outcome.fitted.fit_s},
              {"rank_s", outcome.test.seconds},
              {"peak_rss_bytes", outcome.peak_bytes < 0 ? Json() : Json(outcome.peak_bytes)},
              {"model_bytes", outcome.model_bytes},
              {"epochs", outcome.fitted.training ? Json(outcome.fitted.training->epochs) : Json()},
              {"blend_weight", outcome.fitted.blend ? Json(as_written(outcome.fitted.blend->weight)) : Json()}};
  return object;
}

void CompareCommand::run() {
  const std::vector<Contestant> list = contestants(models, fitters);
  const Device where = device.open();
  const LoadedInteractions loaded = data.load();
  require(loaded.data.test.nnz() > 0, ErrorKind::usage, loaded.data.name,
          ": there are no test interactions to compare models by");
  const FitRequest request{.device = where, .seed = seed, .quiet = printing.quiet};
  std::vector<ModelOutcome> outcomes;
  for (const Contestant& contestant : list) {
    forget_peak_rss();
    InteractionDataset held_out;
    const bool hold_out = contestant.plan.needs_validation() && loaded.data.val.nnz() == 0;
    if (hold_out) {
      held_out = loaded.data;
      hold_out_validation(held_out, kHeldOutShare, seed);
    }
    const InteractionDataset& dataset = hold_out ? held_out : loaded.data;
    ModelOutcome outcome{.name = contestant.name, .fitted = contestant.plan.fit(dataset, request), .test = {}};
    if (outcome.fitted.failure) throw Error(*outcome.fitted.failure);
    require(!interrupted(), ErrorKind::interrupted, "interrupted while training ", contestant.name, "; nothing was to be saved");
    outcome.test = evaluate_unless_empty(*outcome.fitted.model, dataset, dataset.test, metrics.options(true, seed));
    outcome.peak_bytes = recent_peak_rss_bytes();
    outcome.model_bytes = outcome.fitted.model->model_bytes();
    outcome.fitted.model.reset();
    outcomes.push_back(std::move(outcome));
  }
  if (!printing.json) {
    print(interactions_text(loaded.data, loaded.hash) + fmt::format("device     {}\n", where.description()) + table(outcomes) +
          cost_text());
    return;
  }
  Json object{{"data", interactions_json(loaded.data, loaded.hash)}, {"seed", seed}};
  add_device(object, where);
  object["models"] = Json::array();
  for (const ModelOutcome& outcome : outcomes) object["models"].push_back(outcome_json(outcome));
  object["test_users"] = outcomes.front().test.users;
  object["load_s"] = loaded.seconds;
  add_cost(object);
  print(object);
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  CLI::App* compare = app.add_subcommand("compare", "train several recommenders on one data set and print one table");
  const auto command = std::make_shared<CompareCommand>();
  command->add_to(*compare);
  compare->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
