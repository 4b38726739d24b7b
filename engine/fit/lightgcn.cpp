#include "heddle/lightgcn.h"

#include <utility>
#include <vector>

#include "engine/models/lightgcn_recommender.h"
#include "heddle/error.h"
#include "heddle/fit.h"

// LightGCN's row of the table.
namespace heddle {

namespace {

std::vector<Setting> lightgcn_training() {
  // The authors' own settings (He et al. 2020, and their program), as far as they differ from the defaults here.
  const Settings paper{
      {"epochs", "1000"},      {"dim", "64"},   {"layers", "3"},   {"init_std", "0.1"},    {"norm_power", "0"},
      {"precision", "f32"},    {"loss", "bpr"}, {"reg", "0.0001"}, {"batch_size", "2048"}, {"learning_rate", "0.001"},
      {"schedule", "constant"}};
  std::vector<Setting> rows = lightgcn_train_settings().rows();
  rows.insert(rows.begin(),
              preset_setting("protocol", {{"paper", paper}},
                             "paper takes the authors' settings for all that no option gives: BPR, batches of 2048, Adam with "
                             "0.001 throughout, 1000 epochs (hours where the default takes minutes)"));
  return rows;
}

ChosenSetting temperature_choice(std::vector<std::pair<float, double>> tried, const InteractionDataset& data,
                                 const Settings& used) {
  ChosenSetting choice{.setting = "temperature"};
  choice.value = used.at("temperature");
  choice.figure = "ndcg@20";
  choice.tried = std::move(tried);
  choice.held_out = data.val.nnz() == 0;
  return choice;
}

Fitted<Recommender> fit_lightgcn(const InteractionDataset& data, const FitPlan& plan, const FitOptions& options) {
  LightGcnOptions model_options = lightgcn_settings().read(plan.settings);
  model_options.seed = options.seed;
  const LightGcnTrainOptions training = lightgcn_train_settings().read(plan.settings);
  LightGcn model(data, model_options, options.device);
  Fitted<Recommender> fitted;
  FitReport& report = fitted.report;
  report.planned_epochs = training.epochs;
  const auto told = [&](const LightGcnEpoch& epoch) {
    FitEpoch& of_report = report.epochs.emplace_back();
    of_report.epoch = epoch.epoch;
    of_report.epochs = epoch.epochs;
    of_report.loss = epoch.loss;
    of_report.seconds = epoch.seconds;
    of_report.val = epoch.val;
    of_report.test = epoch.test;
    if (options.epoch) options.epoch(of_report);
  };
  model.context().set_profiler(options.profiler);
  std::vector<std::pair<float, double>> temperatures;
  bool at_edge = false, cut_short = false, chooses = false;
  try {
    LightGcnReport trained = train(model, data, training, told, options.progress);
    require(trained.steps > 0, ErrorKind::interrupted, "interrupted ",
            trained.temperature_cut_short ? "while the temperature was being chosen, " : "", "before the first step");
    chooses = training.loss == RankingLoss::softmax && training.temperature == 0;
    report.choosing_s = trained.choice_s;
    report.fitting_s = trained.fit_s;
    report.evaluating_s = trained.eval_s;
    report.run_epochs = trained.epochs;
    report.best_epoch = trained.best_epoch;
    report.steps = trained.steps;
    report.step_ms_median = trained.step_ms_median;
    report.interrupted = trained.interrupted;
    temperatures = std::move(trained.temperature_trials);
    at_edge = trained.temperature_at_edge;
    cut_short = trained.temperature_cut_short;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::diverged || report.epochs.empty()) throw;
    report.diverged = error;
    report.run_epochs = report.best_epoch = report.epochs.back().epoch;
    for (const FitEpoch& epoch : report.epochs) report.fitting_s += epoch.seconds;
  }
  model.context().set_profiler(nullptr);
  fitted.model = model.recommender();
  report.used = fitted.model->trained_with();
  if (!chooses) return fitted;
  report.chosen.push_back(temperature_choice(std::move(temperatures), data, report.used));
  report.chosen.back().at_edge = at_edge;
  report.chosen.back().cut_short = cut_short;
  return fitted;
}

}  // namespace

Kind lightgcn_kind() {
  Kind kind{.name = "lightgcn", .summary = "light graph convolution network, trained on batches", .source = "He et al. 2020"};
  kind.settings = lightgcn_settings().rows();
  kind.training = lightgcn_training();
  kind.trains_in_epochs = true;
  kind.folds_in = true;
  kind.has_vectors = [](const Settings&) { return true; };
  kind.needs_validation = [](const Settings& settings) { return lightgcn_train_settings().read(settings).patience > 0; };
  kind.recommender.parts = [](const Settings& settings, int64_t users, int64_t items) -> std::vector<PartShape> {
    const int64_t dim = lightgcn_settings().read(settings).dim;
    return {{"users", users, dim, dim}, {"items", items, dim, dim}, {"fold_in", items, dim, dim}};
  };
  kind.recommender.check_data = [](HoldOut& data, const FitPlan& plan) {
    lightgcn_train_settings().read(plan.settings).check_data(data.data());
  };
  kind.recommender.fit = fit_lightgcn;
  kind.recommender.load = [](RecommenderParts&& parts, const Device& device) {
    const LightGcnOptions options = lightgcn_settings().read(parts.settings);
    return recommending::load_lightgcn(std::move(parts), options, device);
  };
  return kind;
}

}  // namespace heddle
