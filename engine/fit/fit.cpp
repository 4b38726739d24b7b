#include "heddle/fit.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "engine/fit/hold_out.h"
#include "engine/train/train_table.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/statistics.h"

namespace heddle {

namespace {

using FitClock = std::chrono::steady_clock;

double fit_seconds_since(FitClock::time_point start) { return std::chrono::duration<double>(FitClock::now() - start).count(); }

/// Whose fit is under way, told with everything that it tells. A kind that is made of others leaves that to these.
FitOptions with_subject(const FitPlan& plan, const FitOptions& options) {
  FitOptions told = options;
  if (!options.progress || !plan.parts.empty()) return told;
  told.progress = [progress = options.progress, name = plan.kind->name](const Progress& at) {
    Progress of = at;
    if (of.subject.empty()) of.subject = name;
    return progress(of);
  };
  return told;
}

void check_task(const FitPlan& plan, Task task, const std::string& data) {
  require(plan.kind != nullptr, ErrorKind::usage, "fit: the plan names no kind of model");
  require(plan.kind->task == task, ErrorKind::usage, "fit: ", plan.kind->name,
          task == Task::recommend ? " classifies nodes, it learns from a graph; " : " recommends, it learns from who took what; ",
          data, task == Task::recommend ? " is interactions" : " is a graph");
}

/// The data with validation interactions held out, if the plan needs such and the data have none.
std::optional<InteractionDataset> held_out_for(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options) {
  if (data.val.nnz() > 0 || (options.hold_out <= 0 && !plan.needs_validation())) return std::nullopt;
  InteractionDataset held_out = data;
  hold_out_for(plan, held_out, options.hold_out, options.seed);
  return held_out;
}

void tell_plan(const FitPlan& plan, uint64_t seed, FitReport& report) {
  report.kind = plan.kind->name;
  report.settings = plan.settings;
  report.seed = seed;
  report.how_fitted = plan.metadata();
  report.how_fitted["seed"] = number_text(seed);
}

FitEpoch fit_epoch(const EpochFigures& figures, Selection selection) {
  FitEpoch epoch{.epoch = figures.epoch, .epochs = figures.epochs, .loss = figures.train_loss, .seconds = figures.seconds};
  if (figures.has_val) epoch.val["loss"] = figures.val_loss;
  if (figures.has_val && selection == Selection::best_validation) epoch.val["accuracy"] = figures.val_accuracy;
  return epoch;
}

Fitted<NodeClassifier> fit_classifier(const NodeDataset& data, const FitPlan& plan, const FitOptions& options) {
  const TrainOptions training = train_table().read(plan.settings);
  Fitted<NodeClassifier> fitted;
  FitReport& report = fitted.report;
  const FitClock::time_point start = FitClock::now();
  fitted.model = plan.kind->classifier.make(data, plan.settings, options.seed, options.device);
  const double making_s = fit_seconds_since(start);
  Context& context = fitted.model->context();
  if (options.tuned != nullptr) context.set_tuned(*options.tuned);
  context.set_profiler(options.profiler);
  report.planned_epochs = training.epochs;
  const auto told = [&](const EpochFigures& figures) {
    const FitEpoch& epoch = report.epochs.emplace_back(fit_epoch(figures, training.selection));
    if (options.epoch) options.epoch(epoch);
  };
  const TrainReport trained = train(*fitted.model, data, training, told, options.progress);
  context.set_profiler(nullptr);
  double epochs_s = 0;
  for (const FitEpoch& epoch : report.epochs) epochs_s += epoch.seconds;
  report.fitting_s = making_s + epochs_s;
  report.evaluating_s = fit_seconds_since(start) - report.fitting_s;
  report.run_epochs = trained.epochs;
  report.best_epoch = trained.selected_epoch;
  report.interrupted = trained.interrupted;
  report.used = train_table().write(training);
  if (!data.train.empty()) report.figures["train_accuracy"] = trained.train_accuracy;
  if (!data.val.empty()) report.figures["val_accuracy"] = trained.val_accuracy;
  if (!data.test.empty()) report.figures["test_accuracy"] = trained.test_accuracy;
  if (!data.train.empty()) report.figures["train_macro_f1"] = trained.train_macro_f1;
  if (!data.val.empty()) report.figures["val_macro_f1"] = trained.val_macro_f1;
  if (!data.test.empty()) report.figures["test_macro_f1"] = trained.test_macro_f1;
  report.weights_hash = trained.weights_hash;
  return fitted;
}

Fitted<Recommender> fit_at_once(const InteractionDataset& data, const FitPlan& plan, const FitOptions& options) {
  const bool wanted = !options.progress || options.progress({.phase = "fitting", .share = -1, .figures = {}});
  require(wanted, ErrorKind::interrupted, "interrupted before ", plan.kind->name, " was fitted");
  const FitClock::time_point start = FitClock::now();
  Fitted<Recommender> fitted;
  fitted.model = plan.kind->recommender.make(data, plan.settings, options.seed, options.device, options.progress);
  fitted.report.fitting_s = fit_seconds_since(start);
  return fitted;
}

}  // namespace

const FitReport* FitReport::trained() const {
  if (planned_epochs > 0) return this;
  const FitReport* last = nullptr;
  for (const FitReport& part : parts) {
    if (const FitReport* const trained = part.trained()) last = trained;
  }
  return last;
}

const ChosenSetting* FitReport::choice(const std::string& setting) const {
  const auto found =
      std::find_if(chosen.begin(), chosen.end(), [&](const ChosenSetting& each) { return each.setting == setting; });
  return found == chosen.end() ? nullptr : &*found;
}

double FitReport::epoch_s_median() const try {
  std::vector<double> seconds;
  for (const FitEpoch& epoch : epochs) seconds.push_back(epoch.seconds);
  return median(std::move(seconds));
} catch (...) {
  rethrow_as_error();
}

double FitReport::epoch_s_min() const {
  if (epochs.empty()) return 0;
  const auto faster = [](const FitEpoch& a, const FitEpoch& b) { return a.seconds < b.seconds; };
  return std::min_element(epochs.begin(), epochs.end(), faster)->seconds;
}

std::map<std::string, std::string> FitReport::metadata() const try {
  std::map<std::string, std::string> told = how_fitted;
  if (const FitReport* const of = trained()) {
    told["epochs"] = number_text(of->run_epochs);
    told["epochs_planned"] = number_text(of->planned_epochs);
    told["epoch_of_weights"] = number_text(of->best_epoch);
    if (of->steps > 0) told["steps"] = number_text(of->steps);
  }
  if (!finished()) told["unfinished"] = diverged ? "diverged" : "interrupted";
  for (const ChosenSetting& choice : chosen) {
    if (!choice.decided) told["undecided"] = choice.setting;
  }
  return told;
} catch (...) {
  rethrow_as_error();
}

void fitting::hold_out_some(InteractionDataset& data, uint64_t seed, const std::string& way_on) {
  const double share = share_to_hold_out(data);
  require(share > 0, ErrorKind::usage, data.name,
          ": no user has two training interactions, of which one could be held out for validation", way_on);
  hold_out_validation(data, share, seed);
}

int64_t hold_out_for(const FitPlan& plan, InteractionDataset& data, double share, uint64_t seed) try {
  if (data.val.nnz() > 0) return 0;
  if (share > 0) {
    hold_out_validation(data, share, seed);
    const double enough = data.val.nnz() > 0 ? share : share_to_hold_out(data);
    require(data.val.nnz() > 0, ErrorKind::usage, data.name, ": no user has enough interactions to hold out ", 100 * share,
            " % of each user's for validation; ", enough > 0 ? text("a share of ", enough, " takes some") : "nobody has two");
  } else if (plan.needs_validation()) {
    fitting::hold_out_some(data, seed);
  }
  return data.val.nnz();
} catch (...) {
  rethrow_as_error();
}

const InteractionDataset& HoldOut::held_out(const std::string& way_on) try {
  if (!held_out_) {
    InteractionDataset rest = data_;
    fitting::hold_out_some(rest, seed_, way_on);
    held_out_ = std::move(rest);
  }
  return *held_out_;
} catch (...) {
  rethrow_as_error();
}

void FitPlan::check(HoldOut& data) const try {
  check_task(*this, Task::recommend, data.data().name);
  if (needs_validation() && data.data().val.nnz() == 0) {
    HoldOut learnt(data.held_out(), data.seed());
    return check(learnt);
  }
  if (kind->recommender.check_data) kind->recommender.check_data(data, *this);
  for (const FitPlan& part : parts) part.check(data);
} catch (...) {
  rethrow_as_error();
}

void FitPlan::check(const InteractionDataset& data, uint64_t seed) const try {
  HoldOut learnt(data, seed);
  check(learnt);
} catch (...) {
  rethrow_as_error();
}

Fitted<NodeClassifier> fit(const FitPlan& plan, const NodeDataset& data, const FitOptions& options) try {
  check_task(plan, Task::classify_nodes, data.name);
  const auto& own = plan.kind->classifier.fit;
  const FitOptions told = with_subject(plan, options);
  Fitted<NodeClassifier> fitted = own ? own(data, plan, told) : fit_classifier(data, plan, told);
  tell_plan(plan, options.seed, fitted.report);
  return fitted;
} catch (...) {
  rethrow_as_error();
}

Fitted<Recommender> fit(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options) try {
  check_task(plan, Task::recommend, data.name);
  std::optional<InteractionDataset> held_out = held_out_for(plan, data, options);
  const InteractionDataset& learnt = held_out ? *held_out : data;
  const auto& own = plan.kind->recommender.fit;
  FitOptions told = with_subject(plan, options);
  told.hold_out = 0;  // of the models that a blend fits to everything, nothing is held out again
  Fitted<Recommender> fitted = own ? own(learnt, plan, told) : fit_at_once(learnt, plan, told);
  tell_plan(plan, options.seed, fitted.report);
  if (held_out && !fitted.report.trained_on) fitted.report.trained_on = std::move(held_out);
  return fitted;
} catch (...) {
  rethrow_as_error();
}

Fitted<NodeClassifier> fit(const std::string& kind, const Settings& settings, const NodeDataset& data,
                           const FitOptions& options) try {
  return fit(plan_fit(find_kind(kind, Task::classify_nodes), settings), data, options);
} catch (...) {
  rethrow_as_error();
}

Fitted<Recommender> fit(const std::string& kind, const Settings& settings, const InteractionDataset& data,
                        const FitOptions& options) try {
  return fit(plan_fit(find_kind(kind, Task::recommend), settings), data, options);
} catch (...) {
  rethrow_as_error();
}

Fitted<NodeClassifier> fit(const Kind& kind, const Settings& settings, const NodeDataset& data, const FitOptions& options) try {
  return fit(plan_fit(kind, settings), data, options);
} catch (...) {
  rethrow_as_error();
}

Fitted<Recommender> fit(const Kind& kind, const Settings& settings, const InteractionDataset& data,
                        const FitOptions& options) try {
  return fit(plan_fit(kind, settings), data, options);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
