#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "engine/recommend/queries.h"
#include "engine/train/training_loop.h"
#include "heddle/error.h"
#include "heddle/lightgcn.h"
#include "heddle/rethrow.h"
#include "heddle/statistics.h"
#include "kernels/sampling/sampling.h"

namespace heddle {

namespace {

using training::Clock;
using training::seconds_since;

/// The loss of a step: a batch is drawn, its embeddings are propagated.
class BatchLoss {
 public:
  BatchLoss(LightGcn& model, const LightGcnTrainOptions& options) : model_(model), context_(model.context()), options_(options) {}

  Tensor operator()() const {
    const RowBatch batch = draw();
    const Tensor embeddings = model_.embeddings();
    // Recorded first, so that its gradient comes last and touches the batch's rows only.
    const Tensor penalty = options_.reg > 0 ? l2_penalty(gather_rows(embeddings, batch), options_.reg / batch_size()) : Tensor();
    const Tensor loss = loss_of(rows(embeddings, batch));
    return options_.reg > 0 ? add(loss, penalty) : loss;
  }

 private:
  float batch_size() const { return static_cast<float>(options_.batch_size); }

  RowBatch draw() const {
    const int64_t batch = options_.batch_size;
    const int64_t count = options_.loss == RankingLoss::bpr ? 3 * batch : 2 * batch + options_.negatives;
    int32_t* ids = context_.arena().allocate_array<int32_t>(count);
    const RandomStream random{.seed = context_.seed(), .purpose = random_purpose::sampling, .step = context_.step()};
    kernels::Execution execution = context_.execution();
    if (options_.loss == RankingLoss::bpr) {
      kernels::sample_bpr(model_.interactions(), batch, random, ids, execution);
    } else {
      kernels::sample_softmax(model_.interactions(), batch, options_.negatives, options_.popularity_share, random, ids,
                              execution);
    }
    return make_row_batch(context_, ids, count, model_.adjacency().a.rows);
  }

  Tensor rows(const Tensor& embeddings, const RowBatch& batch) const {
    const bool bf16 = model_.options().precision == Precision::bf16;
    const int64_t layers = model_.options().layers;
    return options_.frontier ? propagate_rows(model_.adjacency(), embeddings, layers, batch, bf16)
                             : gather_rows(propagate(model_.adjacency(), embeddings, layers, bf16), batch);
  }

  Tensor loss_of(const Tensor& rows) const {
    return options_.loss == RankingLoss::bpr ? bpr_loss(rows)
                                             : sampled_softmax_loss(rows, options_.batch_size, options_.temperature);
  }

  LightGcn& model_;
  Context& context_;
  const LightGcnTrainOptions options_;
};

/// Evaluates the weights as they are after an epoch. `progress` is told of it, split by split, and not asked: an evaluation on
/// the way is finished.
void judge_epoch(LightGcn& model, const InteractionDataset& data, LightGcnEpoch& epoch, const ProgressCallback& progress) {
  if (data.val.nnz() == 0 && data.test.nnz() == 0) return;
  const std::unique_ptr<Recommender> fitted = model.recommender();
  const auto figures = [&](const HostCsr& targets, bool exclude_val, std::string_view phase) {
    if (targets.nnz() == 0) return std::map<std::string, double>();
    const EvaluateOptions options{.exclude_val = exclude_val, .profiler = model.context().profiler()};
    const auto told = [&](Progress at) {
      at.phase = phase;
      if (progress) progress(at);
      return true;
    };
    return evaluate(*fitted, data, targets, options, told).values;
  };
  epoch.val = figures(data.val, false, "ranking for validation");
  epoch.test = figures(data.test, true, "ranking for the test");
}

/// What training and its trials tell.
class TrainingProgress {
 public:
  TrainingProgress(const ProgressCallback& callback, const LightGcnTrainOptions& options, int64_t steps_per_epoch)
      : callback_(callback),
        steps_per_epoch_(steps_per_epoch),
        epochs_(options.epochs),
        time_limit_(options.time_limit),
        may_stop_early_(options.patience > 0 || options.time_limit > 0) {}

  /// Before step `step` (from 0) of `epoch` (from 1); the last loss is the last epoch's, `fit_s` the seconds of the steps so far,
  /// `spent_s` what the limit counts. Whether to go on.
  bool step(int64_t epoch, int64_t step, const std::vector<double>& losses, double fit_s, double spent_s) {
    if (!callback_) return true;
    const auto done = static_cast<double>((epoch - 1) * steps_per_epoch_ + step);
    share_ = std::max(share_, done / (static_cast<double>(epochs_) * static_cast<double>(steps_per_epoch_)));
    const ProgressFigure figures[] = {
        {.name = "epoch", .value = static_cast<double>(epoch), .total = static_cast<double>(epochs_), .at_most = may_stop_early_},
        {.name = "loss", .value = losses.empty() ? std::numeric_limits<double>::quiet_NaN() : losses.back()}};
    // The epoch that passes the limit is finished.
    const double step_s = done > 0 ? fit_s / done : 0;
    const double rest_of_limit = time_limit_ - spent_s;
    double most_left = -1;
    if (time_limit_ > 0) {
      most_left = rest_of_limit > 0 ? std::min(rest_of_limit + step_s * static_cast<double>(steps_per_epoch_), time_limit_)
                                    : step_s * static_cast<double>(steps_per_epoch_ - step);
      if (done == 0) begun_s_ = spent_s;
      // The limit may end it long before the last epoch. Where the epochs' pace changes, what was told stays.
      const double passed = spent_s - begun_s_;
      if (passed > 0) share_ = std::max(share_, passed / (passed + most_left));
    }
    return callback_({.phase = "training", .share = share_, .figures = figures, .most_left = most_left});
  }

 private:
  const ProgressCallback& callback_;
  int64_t steps_per_epoch_;
  int64_t epochs_;
  double time_limit_;
  bool may_stop_early_;
  double share_ = 0;
  double begun_s_ = 0;  ///< of the limit, when the first step began
};

/// Tells the trainings and rankings of trials as parts of one phase.
class TrialProgress {
 public:
  /// `limit`: seconds that all trials may take; 0: no limit.
  TrialProgress(const ProgressCallback& callback, int most, double limit) : callback_(callback), most_(most), limit_(limit) {}

  /// Whether to go on to trial `trial`, from 0.
  bool begin(int trial) {
    trial_ = trial;
    return tell(0);
  }
  /// What a trial's training is told; its ranking, which is short beside it, takes the last tenth.
  bool training(const Progress& at) const { return tell(0.9 * at.share); }
  bool ranking(const Progress& at) const { return tell(0.9 + 0.1 * at.share); }

 private:
  bool tell(double share_of_trial) const {
    const double left = limit_ > 0 ? std::max(limit_ - seconds_since(start_), 0.0) : -1;
    const bool go_on = left != 0;
    if (!callback_) return go_on;
    const ProgressFigure figure{.name = "trial", .value = trial_ + 1.0, .total = static_cast<double>(most_), .at_most = true};
    return callback_({.phase = "choosing the temperature",
                      .share = (trial_ + share_of_trial) / most_,
                      .figures = std::span(&figure, 1),
                      .most_left = left}) &&
           go_on;
  }

  const ProgressCallback& callback_;
  int most_;
  double limit_;
  Clock::time_point start_ = Clock::now();
  int trial_ = 0;
};

/// Whether somebody has an item and lacks another.
bool can_compare(const HostCsr& train) {
  for (std::size_t user = 0; user < static_cast<std::size_t>(train.rows); ++user) {
    const int64_t taken = train.row_offsets[user + 1] - train.row_offsets[user];
    if (taken > 0 && taken < train.cols) return true;
  }
  return false;
}

void check_fits(const LightGcn& model, const InteractionDataset& data, const LightGcnTrainOptions& options) {
  options.check();
  require(data.train.rows == model.users() && data.train.cols == model.items(), ErrorKind::usage, "train: the data has ",
          counted(data.train.rows, "user"), " and ", counted(data.train.cols, "item"), ", the model has ", model.users(), " and ",
          model.items());
  require(recommending::same_interactions(data.train, model.train()), ErrorKind::usage, "train: the training interactions of ",
          data.name, " (", data.train.nnz(), ") are not those that the model was made of (", model.train().nnz(),
          "): first hold out validation, then make the model, then train it");
  options.check_data(data);
}

}  // namespace

void LightGcnTrainOptions::check_data(const InteractionDataset& data) const {
  require(patience == 0 || data.val.nnz() > 0, ErrorKind::usage, data.name,
          ": patience needs validation interactions, there are none");
  require(loss != RankingLoss::bpr || can_compare(data.train), ErrorKind::usage, data.name,
          ": no user has an item and lacks another, so that the loss bpr has nothing to compare; softmax has");
}

int64_t LightGcnTrainOptions::automatic_batch_size(int64_t interactions) {
  return std::clamp<int64_t>(static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(interactions / 40, 1)))),
                             256, 16384);
}

double LightGcnReport::epoch_s_median() const try { return median(epoch_s); } catch (...) {
  rethrow_as_error();
}

namespace {

constexpr int most_temperatures = 6;

struct TemperatureSearch {
  std::vector<std::pair<float, double>> trials;
  bool cut_short = false;  ///< by the limit, or by who is told of the progress
};

TemperatureSearch search_temperature(const InteractionDataset& data, const LightGcnOptions& model_options,
                                     const LightGcnTrainOptions& options, const Device& device,
                                     const ProgressCallback& progress) {
  constexpr float lowest = 0.1f, step = 0.05f;
  constexpr int64_t trial_epochs = 8;
  constexpr double share_of_limit = 0.5;  // the rest is left to train in
  TemperatureSearch search;
  std::vector<std::pair<float, double>>& trials = search.trials;
  InteractionDataset rest;
  const InteractionDataset* judged = &data;
  if (data.val.nnz() == 0) {
    const double share = share_to_hold_out(data);
    if (share == 0) return search;  // nobody can spare an item: there is nothing to choose by
    rest = data;
    hold_out_validation(rest, share, model_options.seed);
    judged = &rest;
  }
  LightGcnTrainOptions trial = options;
  trial.epochs = std::min(options.epochs, trial_epochs);
  trial.patience = trial.eval_every = 0;
  trial.time_limit = 0;
  TrialProgress told(progress, most_temperatures, share_of_limit * options.time_limit);
  for (int i = 0; i < most_temperatures; ++i) {
    search.cut_short = !told.begin(i);
    if (search.cut_short) break;
    trial.temperature = lowest + step * static_cast<float>(i);
    LightGcn model(*judged, model_options, device);
    const LightGcnReport trained = train(model, *judged, trial, {}, [&](const Progress& at) { return told.training(at); });
    search.cut_short = trained.interrupted;
    if (search.cut_short) break;  // a model that is cut short says nothing about its temperature
    const auto ranking = [&](const Progress& at) {
      told.ranking(at);
      return true;
    };
    trials.emplace_back(trial.temperature,
                        evaluate(*model.recommender(), *judged, judged->val, {}, ranking).values.at("ndcg@20"));
    if (i > 0 && trials[trials.size() - 1].second < trials[trials.size() - 2].second) break;
  }
  return search;
}

}  // namespace

std::vector<std::pair<float, double>> choose_temperature(const InteractionDataset& data, const LightGcnOptions& model_options,
                                                         const LightGcnTrainOptions& options, const Device& device,
                                                         const ProgressCallback& progress) try {
  return search_temperature(data, model_options, options, device, progress).trials;
} catch (...) {
  rethrow_as_error();
}

LightGcnReport train(LightGcn& model, const InteractionDataset& data, const LightGcnTrainOptions& given,
                     const LightGcnCallback& told, const ProgressCallback& progress) try {
  const auto begin = Clock::now();  // of what the time limit counts
  check_fits(model, data, given);
  LightGcnTrainOptions options = given;
  LightGcnReport report;
  if (options.batch_size == 0) options.batch_size = LightGcnTrainOptions::automatic_batch_size(data.train.nnz());
  if (options.loss == RankingLoss::softmax && options.temperature == 0) {
    const auto start = Clock::now();
    TemperatureSearch search = search_temperature(data, model.options(), options, model.context().device(), progress);
    report.temperature_trials = std::move(search.trials);
    report.temperature_cut_short = search.cut_short;
    options.temperature = 0.1f;  // where nobody can spare an item, an interruption or the time limit, there is no trial
    double best = -1;
    for (const auto& [temperature, ndcg] : report.temperature_trials) {
      if (ndcg > best) {
        best = ndcg;
        options.temperature = temperature;
      }
    }
    report.temperature_at_edge =
        report.temperature_trials.size() == most_temperatures && report.temperature_trials.back().first == options.temperature;
    report.choice_s = seconds_since(start);
  }
  report.batch_size = options.batch_size;
  report.temperature = options.loss == RankingLoss::softmax ? options.temperature : 0;
  model.set_trained_with(given, options);
  const int64_t per_epoch = (data.train.nnz() + options.batch_size - 1) / options.batch_size;
  TrainingProgress told_of_steps(progress, options, per_epoch);
  training::HighestFigure highest(options.patience);
  LightGcnEpoch figures;
  training::Trained trained{
      .context = model.context(), .parameters = std::span(&model.embeddings(), 1), .loss = BatchLoss(model, options)};
  trained.evaluate = [&](int64_t) {
    judge_epoch(model, data, figures, progress);
    return options.patience > 0 ? highest.note(figures.val.at("recall@20")) : training::Verdict();
  };
  trained.before_step = [&](const training::NextStep& next) {
    return told_of_steps.step(next.epoch, next.step, next.so_far.losses, next.so_far.train_s + next.epoch_s,
                              seconds_since(begin));
  };
  trained.after_epoch = [&](const training::EpochDone& done) {
    figures.epoch = done.epoch;
    figures.epochs = options.epochs;
    figures.loss = done.loss;
    figures.seconds = done.seconds;
    if (told) told(figures);
    figures = {};
    return true;
  };
  training::LoopOptions how{.epochs = options.epochs, .steps_per_epoch = per_epoch, .learning_rate = options.learning_rate};
  how.cosine = options.schedule == Schedule::cosine;
  how.replay = options.replay;
  how.evaluate_every = options.eval_every > 0 ? options.eval_every : options.patience > 0 ? 1 : 0;
  how.keep_good_weights = true;
  how.time_limit = options.time_limit;
  how.begun = begin;
  training::LoopReport run = training::run_loop(trained, how);
  report.epochs = run.epochs;
  report.best_epoch = run.best_epoch;
  report.steps = run.steps;
  report.losses = std::move(run.losses);
  report.epoch_s = std::move(run.epoch_s);
  report.fit_s = run.train_s;
  report.eval_s = run.evaluation_s;
  report.interrupted = run.interrupted;
  report.step_ms_median =
      run.step_ms.empty() ? 1e3 * report.epoch_s_median() / static_cast<double>(per_epoch) : median(std::move(run.step_ms));
  return report;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
