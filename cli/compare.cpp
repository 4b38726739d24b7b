#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/durations.h"
#include "cli/interactions.h"
#include "cli/interrupt.h"
#include "cli/kind_options.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/recommender_report.h"
#include "cli/report.h"
#include "cli/run_files.h"
#include "heddle/error.h"
#include "heddle/judged_fit.h"
#include "heddle/metrics.h"

namespace heddle::cli {

namespace {

/// A model of the comparison: "lightgcn", or "lightgcn+graph-filter" for a blend.
struct Contestant {
  std::string name;
  FitPlan plan;
};

struct ModelOutcome {
  std::string name;
  FitReport report;
  RankingMetrics test;
  int64_t peak_bytes = 0;  ///< -1: unknown
  int64_t model_bytes = 0;
};

/// Every recommender, those that take longest last.
std::string default_models() {
  std::vector<const Kind*> kinds = single_recommenders();
  std::stable_partition(kinds.begin(), kinds.end(), [](const Kind* kind) { return !kind->trains_in_epochs; });
  std::string names;
  for (const Kind* kind : kinds) names += (names.empty() ? "" : ",") + kind->name;
  return names;
}

struct CompareCommand {
  RecommenderOptions settings;
  std::string models = default_models();
  uint64_t seed = 0;
  InteractionOptions data;
  MetricOptions metrics;
  DeviceOptions device;
  PrintOptions printing;

  void add_to(CLI::App& app);
  void run();

 private:
  ModelOutcome outcome_of(const Contestant& contestant, const InteractionDataset& data, const Device& where,
                          ProgressBar& progress) const;
};

void CompareCommand::add_to(CLI::App& app) {
  data.add_to(app);
  app.add_option("--models", models, fmt::format("what to compare, of {}; A+B is a blend of two", recommender_names()))
      ->type_name("LIST")
      ->capture_default_str();
  for (const Kind* kind : single_recommenders()) settings.add_to(app, *kind);
  metrics.add_to(app);
  add_number<uint64_t>(app, "--seed", seed, 0, UINT64_MAX, "a whole number from 0 to 2^64 - 1", "the seed");
  device.add_to(app);
  printing.add_to(app);
}

std::vector<Contestant> contestants(const std::string& models, const RecommenderOptions& settings) {
  const char* const blends = ", or A+B, a blend of two of these";
  std::vector<Contestant> list;
  std::vector<const Kind*> used;
  for (const std::string& name : split_list(models)) {
    const std::size_t plus = name.find('+');
    const Kind& first = find_recommender("--models", name.substr(0, plus), blends);
    used.push_back(&first);
    Contestant contestant{.name = name, .plan = {}};
    if (plus == std::string::npos) {
      contestant.plan = settings.plan(first);
    } else {
      const Kind& second = find_recommender("--models", name.substr(plus + 1), blends);
      require(&first != &second, ErrorKind::usage, "--models: a blend of ", first.name, " with itself changes nothing");
      used.push_back(&second);
      contestant.plan = settings.blend(first, second, "auto");
    }
    const bool repeated = std::any_of(list.begin(), list.end(), [&](const Contestant& other) { return other.name == name; });
    require(!repeated, ErrorKind::usage, "--models names ", name, " twice");
    list.push_back(std::move(contestant));
  }
  settings.refuse_others(used);
  return list;
}

/// The table, whose layout is settled before the first row: rows are printed as they come.
class ComparisonTable {
 public:
  ComparisonTable(const std::vector<Contestant>& list, const EvaluateOptions& options) {
    for (const Contestant& contestant : list) name_width_ = std::max(name_width_, contestant.name.size());
    for (const int64_t cut : options.topk) {
      for (const char* const metric : {"recall", "ndcg"})
        columns_.push_back(to_string(MetricName{metric, cut, options.definition, options.sampled_negatives}));
    }
  }

  std::string heading() const {
    std::string text = fmt::format("\n{:<{}}", "model", name_width_);
    for (const std::string& column : columns_) text += fmt::format("  {:>{}}", column, width(column));
    return text + fmt::format("  {:>11}  {:>10}  {:>8}  {:>8}\n", "fit", "rank", "memory", "model");
  }

  std::string row(const ModelOutcome& outcome) const {
    std::string text = fmt::format("{:<{}}", outcome.name, name_width_);
    for (const std::string& column : columns_) text += fmt::format("  {:>{}.4f}", outcome.test.values.at(column), width(column));
    return text + fmt::format("  {:>11}  {:>10}  {:>8}  {:>8}\n", duration_text(outcome.report.spent_s(), 2),
                              duration_text(outcome.test.seconds, 2),
                              outcome.peak_bytes < 0 ? "unknown" : size_text(outcome.peak_bytes), size_text(outcome.model_bytes));
  }

  /// What the columns count.
  static std::string notes(const std::vector<ModelOutcome>& outcomes) {
    std::string choices;
    for (const ModelOutcome& outcome : outcomes) {
      if (outcome.report.choosing_s > 0)
        choices +=
            fmt::format("{}{} for {}", choices.empty() ? "" : ", ", duration_text(outcome.report.choosing_s, 2), outcome.name);
    }
    std::string of_fits;
    for (const ModelOutcome& outcome : outcomes) {
      for (const std::string& note : fitting_notes(outcome.report)) of_fits += fmt::format("{}: {}\n", outcome.name, note);
    }
    const RankingMetrics& first = outcomes.front().test;  // the same users and the same items are drawn for all models
    const std::string fewer = first.fewer_negatives > 0 ? fewer_negatives_text(first) + "\n" : "";
    return of_fits + fewer +
           fmt::format("fit: all that it took, choosing settings included{}\n", choices.empty() ? "" : " (" + choices + ")") +
           fmt::format("rank: for the {} of the test; memory: the most resident meanwhile, data included\n\n",
                       grouped(first.users, "user"));
  }

 private:
  static std::size_t width(const std::string& column) { return std::max<std::size_t>(9, column.size()); }

  std::vector<std::string> columns_;
  std::size_t name_width_ = std::string_view("model").size();
};

Json outcome_json(const ModelOutcome& outcome) {
  const FitReport& report = outcome.report;
  Json object{{"model", outcome.name},
              {"metrics", metrics_json(outcome.test)},
              {"fewer_negatives", fewer_negatives_json(outcome.test)},
              {"choice_s", report.choosing_s},
              {"fit_s", report.fitting_s},
              {"rank_s", outcome.test.seconds},
              {"peak_rss_bytes", outcome.peak_bytes < 0 ? Json() : Json(outcome.peak_bytes)},
              {"model_bytes", outcome.model_bytes},
              {"epochs", report.trained() != nullptr ? Json(report.trained()->run_epochs) : Json()},
              {"notes", fitting_notes(report)},
              {"blend_weight", blend_weight_json(report)}};
  return object;
}

ModelOutcome CompareCommand::outcome_of(const Contestant& contestant, const InteractionDataset& data, const Device& where,
                                        ProgressBar& progress) const {
  forget_peak_rss();
  const bool blend = !contestant.plan.parts.empty();
  const ProgressSubject of_blend(progress, blend ? contestant.name : "");
  JudgedFit judged = fit_and_judge(contestant.plan, data, fit_options(where, seed, progress), metrics.options(true, seed));
  return {.name = contestant.name,
          .report = std::move(judged.fitted.report),
          .test = std::move(judged.test),
          .peak_bytes = recent_peak_rss_bytes(),
          .model_bytes = judged.fitted.model->model_bytes()};
}

void CompareCommand::run() {
  const std::vector<Contestant> list = contestants(models, settings);
  RunFiles::check_read("--data", data.paths());
  const Device where = device.open();
  ProgressBar progress(printing.quiet);
  const LoadedInteractions loaded = data.load(progress);
  catch_interrupts(progress.quiet());
  require(loaded.data.test.nnz() > 0, ErrorKind::usage, loaded.data.name,
          ": there are no test interactions to compare models by: ", no_test_text(loaded.data));
  metrics.check(loaded.data);
  {
    HoldOut for_checks(loaded.data, seed);
    for (const Contestant& contestant : list) contestant.plan.check(for_checks);
  }
  const ComparisonTable table(list, metrics.options(true, seed));
  const bool as_table = !printing.json;
  if (as_table) {
    print(interactions_text(loaded.data, loaded.hash) + fmt::format("device     {}\n", where.description()) + table.heading());
  }
  std::vector<ModelOutcome> outcomes;
  std::string interruption;
  for (const Contestant& contestant : list) {
    try {
      outcomes.push_back(outcome_of(contestant, loaded.data, where, progress));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::interrupted) throw;
      interruption =
          text("interrupted at ", contestant.name, ", with ", outcomes.size(), " of ", counted(list.size(), "model"), " judged");
      break;
    }
    if (as_table) print(table.row(outcomes.back()));
  }
  progress.finish();
  if (as_table) {
    print((outcomes.empty() ? "" : ComparisonTable::notes(outcomes)) + cost_text());
  } else {
    Json object{{"data", interactions_json(loaded.data, loaded.hash)}, {"seed", seed}};
    add_device(object, where);
    object["models"] = Json::array();
    for (const ModelOutcome& outcome : outcomes) object["models"].push_back(outcome_json(outcome));
    object["test_users"] = outcomes.empty() ? Json() : Json(outcomes.front().test.users);
    object["load_s"] = loaded.seconds;
    object["interrupted"] = !interruption.empty();
    add_cost(object);
    print(object);
  }
  require(interruption.empty(), ErrorKind::interrupted, interruption);
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  CLI::App* compare = app.add_subcommand("compare", "train several recommenders on one data set and print one table");
  const auto command = std::make_shared<CompareCommand>();
  command->add_to(*compare);
  compare->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
