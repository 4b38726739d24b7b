#include "cli/kind_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/interrupt.h"
#include "cli/option_tables.h"
#include "heddle/error.h"
#include "heddle/judged_fit.h"

namespace heddle::cli {

namespace {

bool is_setting_of(const Kind& kind, const std::string& name) {
  const auto named = [&](const Setting& row) { return row.name == name; };
  return std::any_of(kind.settings.begin(), kind.settings.end(), named) ||
         std::any_of(kind.training.begin(), kind.training.end(), named);
}

std::string joined(const std::vector<const Kind*>& kinds) {
  std::string names;
  for (const Kind* kind : kinds) names += (names.empty() ? "" : ", ") + kind->name;
  return names;
}

std::string figures_text(const char* split, const std::map<std::string, double>& figures) {
  std::string text;
  for (const char* metric : {"recall@20", "ndcg@20"}) {
    const auto found = figures.find(metric);
    if (found != figures.end()) text += fmt::format("{}{} {:.4f}", text.empty() ? "" : ", ", metric, found->second);
  }
  return text.empty() ? text : fmt::format(", {} {}", split, text);
}

}  // namespace

std::string summary_of(const Kind& kind) {
  return kind.made_of.empty() ? fmt::format("{} ({})", kind.summary, kind.source) : kind.summary;
}

std::vector<const Kind*> kinds_for(Task task) {
  std::vector<const Kind*> found;
  for (const Kind& kind : kinds()) {
    if (kind.task == task) found.push_back(&kind);
  }
  return found;
}

std::string kind_names() { return joined(kinds_for(Task::classify_nodes)) + ", " + joined(kinds_for(Task::recommend)); }

std::vector<const Kind*> single_recommenders() {
  std::vector<const Kind*> kinds = kinds_for(Task::recommend);
  std::erase_if(kinds, [](const Kind* kind) { return !kind->made_of.empty(); });
  return kinds;
}

std::string recommender_names() { return joined(single_recommenders()); }

const Kind& find_recommender(const std::string& option, const std::string& name, const std::string& others) {
  std::vector<std::string> names;
  for (const Kind* kind : single_recommenders()) {
    if (kind->name == name) return *kind;
    names.push_back(kind->name);
  }
  refuse_choice(option, name, names, others);
}

void RecommenderOptions::add_to(CLI::App& app, const Kind& kind) {
  const OptionHeading heading(app, fmt::format("Settings of {}", kind.name));
  settings_.add_to(app, kind.training);
  settings_.add_to(app, kind.settings);
}

Settings RecommenderOptions::given_of(const std::vector<const Kind*>& kinds) const {
  Settings settings = settings_.given();
  std::erase_if(settings, [&](const auto& given) {
    return std::none_of(kinds.begin(), kinds.end(), [&](const Kind* kind) { return is_setting_of(*kind, given.first); });
  });
  return settings;
}

FitPlan RecommenderOptions::plan(const Kind& kind) const { return plan_fit(kind, given_of({&kind})); }

FitPlan RecommenderOptions::blend(const Kind& first, const Kind& second, const std::string& weight) const {
  Settings settings = given_of({&first, &second});
  settings["first"] = first.name;
  settings["second"] = second.name;
  settings["weight"] = weight;
  return plan_fit("blend", settings);
}

void RecommenderOptions::refuse_others(const std::vector<const Kind*>& used) const {
  const Settings taken = given_of(used);
  for (const auto& [name, value] : settings_.given()) {
    if (taken.contains(name)) continue;
    for (const Kind* kind : single_recommenders()) {
      require(!is_setting_of(*kind, name), ErrorKind::usage, option_name(name), " is a setting of ", kind->name,
              ", which is not trained here (only ", joined(used), ")");
    }
  }
}

FitOptions fit_options(const Device& device, uint64_t seed, ProgressBar& progress, Profiler* profiler) {
  FitOptions options{.device = device, .seed = seed, .progress = progress.callback(), .profiler = profiler};
  options.epoch = [&progress](const FitEpoch& epoch) {
    if (epoch.val.empty() && epoch.test.empty()) return;
    progress.line(fmt::format("epoch {} of {}: loss {:.4f}{}{}", epoch.epoch, epoch.epochs, epoch.loss,
                              figures_text("validation", epoch.val), figures_text("test", epoch.test)));
  };
  return options;
}

Fitted<Recommender> fit_to_save(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options, bool quiet) try {
  if (plan.trains_in_epochs()) catch_interrupts(quiet);
  return fit(plan, data, options);
} catch (const Error& error) {
  if (error.kind() != ErrorKind::diverged && error.kind() != ErrorKind::interrupted) throw;
  fail(error.kind(), error.what(), "; nothing was saved");
}

Fitted<Recommender> fit_whole(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options, bool quiet,
                              const std::string& sentence) try {
  if (plan.trains_in_epochs()) catch_interrupts(quiet);
  Fitted<Recommender> fitted = fit_to_end(plan, data, options);
  require(!interrupted(), ErrorKind::interrupted, sentence);
  return fitted;
} catch (const Error& error) {
  if (error.kind() != ErrorKind::interrupted) throw;
  fail(ErrorKind::interrupted, sentence);
}

}  // namespace heddle::cli
