#include "cli/fitters.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cli/fit_lightgcn.h"
#include "cli/option_tables.h"
#include "cli/options.h"

namespace heddle::cli {

namespace {

/// What the weight of a blend is chosen from: the second beside the first, both standardised.
constexpr float blend_weights[] = {0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.7f, 1, 1.4f, 2, 3, 5};
/// Where none could be chosen: both models count alike, so that neither is lost.
constexpr float undecided_weight = 1;

/// A row of the engine's table that is made at once.
class TableFitter final : public Fitter {
 public:
  explicit TableFitter(const RecommenderKind& kind) : kind_(kind) {
    for (const ModelSetting& setting : kind.settings) {
      std::string& value = values_.emplace(setting.name, setting.fallback).first->second;
      settings().text(setting.name, value, "VALUE", setting.summary);
    }
  }
  const char* name() const override { return kind_.name; }
  const char* summary() const override { return kind_.summary; }
  const char* source() const override { return kind_.source; }
  void settle() override { kind_.check(values_); }
  Fitted fit(const InteractionDataset& data, const FitRequest& request) override {
    request.progress.phase("fitting");
    const auto start = std::chrono::steady_clock::now();
    Fitted fitted;
    fitted.model = kind_.make(data, values_, request.seed, request.device);
    fitted.fit_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return fitted;
  }

 private:
  const RecommenderKind& kind_;
  std::map<std::string, std::string> values_;
};

/// What the two fits tell, together.
void add_report(Fitted& blend, Fitted& part) {
  blend.choice_s += part.choice_s;
  blend.fit_s += part.fit_s;
  blend.eval_s += part.eval_s;
  if (part.failure) blend.failure = part.failure;
  if (part.planned_epochs == 0) return;
  blend.good_epochs = part.good_epochs;
  blend.planned_epochs = part.planned_epochs;
  blend.training = std::move(part.training);
  blend.evaluations = std::move(part.evaluations);
}

/// Both models of a blend.
struct Pair {
  Fitted first, second;

  bool finished() const { return first.finished() && second.finished(); }
};

Fitted fit_one(Fitter& fitter, const InteractionDataset& data, const FitRequest& request) {
  const ProgressSubject of(request.progress, fitter.name());
  return fitter.fit(data, request);
}

/// `purpose`: which of two such fits it is, for who watches; empty: the only one. `before`: fits of the blend that came before
/// these two, of `all`.
Pair fit_both(const FitPlan& plan, const InteractionDataset& data, const FitRequest& request, const char* purpose, int before,
              int all) {
  const auto fit_part = [&](Fitter& fitter, int part) {
    const ProgressSubject of(request.progress,
                             fmt::format("part {} of {}{}{}", part, all, *purpose == '\0' ? "" : ", ", purpose));
    return fit_one(fitter, data, request);
  };
  Pair pair;
  pair.first = fit_part(*plan.first, before + 1);
  pair.second = fit_part(*plan.second, before + 2);
  return pair;
}

/// Chooses the blend's weight by validation interactions; of models that did not come to their end it would say nothing.
void choose_weight(Fitted& blend, Pair& pair, const InteractionDataset& data, ProgressBar& progress) {
  blend.blend->weight = undecided_weight;
  blend.blend->undecided = true;
  if (!pair.finished()) return;
  const auto start = std::chrono::steady_clock::now();
  try {
    blend.blend->weight =
        choose_blend_weight(*pair.first.model, *pair.second.model, data, blend_weights, "ndcg@20", progress.callback());
    blend.blend->undecided = false;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) throw;
  }
  blend.choice_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void put_together(Fitted& blend, Pair pair) {
  add_report(blend, pair.first);
  add_report(blend, pair.second);
  blend.model = make_blend(std::move(pair.first.model), std::move(pair.second.model), blend.blend->weight);
}

/// What a blend's models are fitted on to choose its weight.
InteractionDataset held_out_for_weight(const InteractionDataset& data, uint64_t seed) {
  InteractionDataset held_out = data;
  hold_out_some(held_out, held_out_share, seed,
                ", by which the blend's weight would be chosen (heddle train MODEL --blend OTHER --blend-weight N is given one)");
  return held_out;
}

Fitted fit_blend(const FitPlan& plan, const InteractionDataset& data, const FitRequest& request) {
  Fitted fitted;
  fitted.blend = BlendChoice{.first = plan.first->name(), .second = plan.second->name()};
  BlendChoice& blend = *fitted.blend;
  blend.chosen = !plan.weight;
  blend.held_out = blend.chosen && data.val.nnz() == 0;
  if (blend.held_out) {
    InteractionDataset held_out = held_out_for_weight(data, request.seed);
    Pair pair = fit_both(plan, held_out, request, "to choose the weight", 0, 4);
    choose_weight(fitted, pair, held_out, request.progress);
    if (blend.undecided) {
      put_together(fitted, std::move(pair));
      fitted.trained_on = std::move(held_out);
      return fitted;
    }
    for (const Fitted* part : {&pair.first, &pair.second}) {
      fitted.choice_s += part->spent_s();  // these two are fitted for the sake of the weight only
      fitted.eval_s += part->eval_s;
    }
  }
  Pair pair = blend.held_out ? fit_both(plan, data, request, "on everything", 2, 4) : fit_both(plan, data, request, "", 0, 2);
  if (plan.weight) blend.weight = *plan.weight;
  if (blend.chosen && !blend.held_out) choose_weight(fitted, pair, data, request.progress);
  put_together(fitted, std::move(pair));
  return fitted;
}

}  // namespace

std::map<std::string, std::string> Fitted::progress() const {
  std::map<std::string, std::string> metadata;
  if (planned_epochs > 0) {
    metadata["epochs"] = fmt::to_string(training ? training->epochs : good_epochs);
    metadata["epochs_planned"] = fmt::to_string(planned_epochs);
    metadata["epoch_of_weights"] = fmt::to_string(training ? training->best_epoch : good_epochs);
  }
  if (training) metadata["steps"] = fmt::to_string(training->steps);
  if (!finished()) metadata["unfinished"] = failure ? "diverged" : "interrupted";
  if (undecided()) metadata["undecided"] = "weight";
  return metadata;
}

std::vector<std::unique_ptr<Fitter>> make_fitters() {
  std::vector<std::unique_ptr<Fitter>> fitters;
  fitters.push_back(make_lightgcn_fitter());
  for (const RecommenderKind& kind : recommender_kinds()) {
    if (kind.make != nullptr) fitters.push_back(std::make_unique<TableFitter>(kind));
  }
  return fitters;
}

void Fitter::add_to(CLI::App& app) {
  const OptionHeading heading(app, fmt::format("Settings of {}", name()));
  settings_.add_to(app);
}

Fitter& FitterSet::find(const std::string& option, const std::string& name, const std::string& others) {
  for (const std::unique_ptr<Fitter>& fitter : fitters_) {
    if (fitter->name() == name) return *fitter;
  }
  fail_choice(option, name, split_list(names()), others);
}

void FitterSet::refuse_others(const std::vector<std::string>& names) const {
  for (const std::unique_ptr<Fitter>& fitter : fitters_) {
    if (std::find(names.begin(), names.end(), fitter->name()) != names.end()) continue;
    const std::string option = fitter->settings().any_given();
    require(option.empty(), ErrorKind::usage, option, " is a setting of ", fitter->name(), ", which is not trained here (only ",
            fmt::format("{}", fmt::join(names, ", ")), ")");
  }
}

std::string FitterSet::names() const {
  std::string names;
  for (const std::unique_ptr<Fitter>& fitter : fitters_) names += fmt::format("{}{}", names.empty() ? "" : ", ", fitter->name());
  return names;
}

std::string FitPlan::name() const { return second == nullptr ? first->name() : "blend"; }

void FitPlan::settle() const {
  for (Fitter* each : {first, second}) {
    if (each != nullptr) check_settings(each->settings().values(), [each] { each->settle(); });
  }
}

std::map<std::string, std::string> FitPlan::settings() const {
  std::map<std::string, std::string> settings = first->settings().values();
  if (second != nullptr) settings.merge(second->settings().values());
  return settings;
}

void FitPlan::check(const InteractionDataset& data, uint64_t seed) const {
  const bool chosen = second != nullptr && !weight && data.val.nnz() == 0;
  const InteractionDataset held_out = chosen ? held_out_for_weight(data, seed) : InteractionDataset();
  for (const Fitter* each : {first, second}) {
    if (each == nullptr) continue;
    if (chosen) each->check(held_out);
    each->check(data);
  }
}

int64_t FitPlan::least_saved_bytes(const InteractionDataset& data) const {
  std::map<std::string, std::string> settings;
  const auto add = [&](const std::string& part, const Fitter& fitter) {
    const std::map<std::string, std::string> all = fitter.settings().values();  // those of its training too
    for (const ModelSetting& setting : find_recommender_kind(fitter.name()).settings)
      settings[part + setting.name] = all.at(setting.name);
  };
  if (second == nullptr) {
    add("", *first);
  } else {
    settings = {{"weight", "1"}, {"first", first->name()}, {"second", second->name()}};
    add("first.", *first);
    add("second.", *second);
  }
  return least_recommender_bytes(find_recommender_kind(name()), settings, data);
}

Fitted FitPlan::fit(const InteractionDataset& data, const FitRequest& request) const {
  return second == nullptr ? fit_one(*first, data, request) : fit_blend(*this, data, request);
}

FitPlan FitPlan::read(const std::map<std::string, std::string>& metadata, const std::string& path, FitterSet& fitters) {
  const auto entry = [&](const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  require(!entry("fitted").empty(), ErrorKind::bad_data, path, ": it does not say how it was trained");
  try {
    FitPlan plan{.first = &fitters.find("fitted", entry("fitted"))};
    if (!entry("fitted_second").empty()) plan.second = &fitters.find("fitted_second", entry("fitted_second"));
    if (!entry("fitted_weight").empty())
      plan.weight = parse_number<float>("fitted_weight", entry("fitted_weight"), 0, 1e6f, "a number from 0 to 1000000");
    for (const auto& [key, value] : metadata) {
      if (!key.starts_with(fit_prefix)) continue;
      const std::string name = key.substr(fit_prefix.size());
      plan.first->settings().assign(name, value);
      if (plan.second != nullptr) plan.second->settings().assign(name, value);
    }
    return plan;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    fail(ErrorKind::bad_data, path, ": ", error.what());
  }
}

void hold_out_some(InteractionDataset& data, double share, uint64_t seed, const std::string& way_on) {
  hold_out_validation(data, share, seed);
  require(data.val.nnz() > 0, ErrorKind::usage, data.name, ": no user has enough interactions to hold out ", 100 * share,
          " % of each user's for validation", way_on);
}

std::optional<InteractionDataset> held_out_for(const FitPlan& plan, const InteractionDataset& data, uint64_t seed) {
  if (!plan.needs_validation() || data.val.nnz() > 0) return std::nullopt;
  InteractionDataset held_out = data;
  hold_out_some(held_out, held_out_share, seed);
  return held_out;
}

}  // namespace heddle::cli
