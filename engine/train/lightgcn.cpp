#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include "engine/recommend/queries.h"
#include "heddle/adam.h"
#include "heddle/error.h"
#include "heddle/lightgcn.h"
#include "heddle/replayed_step.h"
#include "heddle/rethrow.h"
#include "heddle/settings.h"
#include "heddle/statistics.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/sampling/sampling.h"

namespace heddle {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Room for a copy of a parameter's values.
class Snapshot {
 public:
  explicit Snapshot(const Parameter& parameter) : parameter_(parameter) {}
  bool taken() const { return buffer_.bytes() > 0; }
  void take() {
    Context& context = parameter_.tensor().context();
    const DenseView<float> values = parameter_.tensor().value();
    const std::size_t bytes = static_cast<std::size_t>(values.size()) * sizeof(float);
    if (!taken()) buffer_ = Buffer(context.stream(), bytes);
    context.stream().backend().copy(buffer_.data(), values.data, bytes, context.stream());
  }
  void restore() const {
    Context& context = parameter_.tensor().context();
    context.stream().backend().copy(parameter_.tensor().value().data, buffer_.data(), buffer_.bytes(), context.stream());
  }

 private:
  const Parameter& parameter_;
  Buffer buffer_;
};

/// The optimiser's steps: draw a batch, propagate, take the loss and its gradient, update.
class Steps {
 public:
  Steps(LightGcn& model, const LightGcnTrainOptions& options, int64_t per_epoch)
      : model_(model),
        context_(model.context()),
        options_(options),
        adam_(context_, std::span(&model.embeddings(), 1),
              {.learning_rate = options.learning_rate,
               .decay_steps = options.schedule == Schedule::cosine ? per_epoch * options.epochs : 0}),
        per_epoch_(per_epoch),
        losses_(context_.stream(), static_cast<std::size_t>(per_epoch) * sizeof(float)),
        step_of_epoch_(context_.stream(), sizeof(uint32_t)),
        replayed_(context_, [this] { step(); }) {}

  /// The losses of one epoch's steps; fewer of them where `go_on`, which is asked before each, ends it.
  std::vector<float> epoch(std::vector<double>& step_ms, const std::function<bool(int64_t step)>& go_on) {
    Stream& stream = context_.stream();
    stream.backend().fill_zero(step_of_epoch_.data(), step_of_epoch_.bytes(), stream);
    int64_t done = 0;
    for (; done < per_epoch_ && go_on(done); ++done) {
      const ProfiledSpan span(context_.profiler(), stream, "step", ProfilePhase::update, done + 1);
      const auto start = Clock::now();
      if (options_.replay) {
        replayed_.run();
      } else {
        step();
      }
      if (stream.kind() != DeviceKind::cuda) step_ms.push_back(1e3 * seconds_since(start));
    }
    return download(stream, losses_.as<float>(), static_cast<std::size_t>(done));
  }

 private:
  /// Draws a batch; its loss.
  Tensor forward() {
    const ProfiledSpan span(context_.profiler(), context_.stream(), "forward", ProfilePhase::forward);
    const RowBatch batch = draw();
    const Tensor embeddings = model_.embeddings();
    // Recorded first, so that its gradient comes last and touches the batch's rows only.
    const Tensor penalty = options_.reg > 0 ? l2_penalty(gather_rows(embeddings, batch), options_.reg / batch_size()) : Tensor();
    const Tensor loss = loss_of(rows(embeddings, batch));
    return options_.reg > 0 ? add(loss, penalty) : loss;
  }

  void step() {
    context_.begin_step();
    const Tensor loss = forward();
    context_.tape().backward(loss);
    adam_.step();
    kernels::Execution execution = context_.execution();
    kernels::record_scalar(loss.value().data, step_of_epoch_.as<uint32_t>(), losses_.as<float>(), per_epoch_, execution);
    kernels::increment(step_of_epoch_.as<uint32_t>(), execution);
    context_.advance_step();
  }

  float batch_size() const { return static_cast<float>(options_.batch_size); }

  RowBatch draw() {
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
  Adam adam_;
  int64_t per_epoch_;
  Buffer losses_;
  Buffer step_of_epoch_;  ///< a counter on the device: a recorded step logs its loss without the host
  ReplayedStep replayed_;
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

/// Decides when the validation figures have stopped getting better.
class Patience {
 public:
  Patience(int64_t evaluations, const Parameter& parameter) : allowed_(evaluations), best_(parameter) {}
  /// Whether to go on after this epoch's figure.
  bool go_on(double recall, int64_t epoch) {
    if (allowed_ == 0) return true;
    if (recall > best_recall_) {
      best_recall_ = recall;
      best_epoch_ = epoch;
      worse_ = 0;
      best_.take();
      return true;
    }
    return ++worse_ < allowed_;
  }
  /// Gives the model its best weights back; returns their epoch, or `last`.
  int64_t restore(int64_t last) const {
    if (!best_.taken()) return last;
    best_.restore();
    return best_epoch_;
  }

 private:
  int64_t allowed_;
  int64_t worse_ = 0;
  int64_t best_epoch_ = 0;
  double best_recall_ = -1;
  Snapshot best_;
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
  constexpr double held_out_share = 0.1;
  constexpr double share_of_limit = 0.5;  // the rest is left to train in
  TemperatureSearch search;
  std::vector<std::pair<float, double>>& trials = search.trials;
  InteractionDataset rest;
  const InteractionDataset* judged = &data;
  if (data.val.nnz() == 0) {
    rest = data;
    hold_out_validation(rest, held_out_share, model_options.seed);
    judged = &rest;
  }
  if (judged->val.nnz() == 0) {  // nobody has enough items to spare one
    trials = {{lowest, 0}};
    return search;
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
    options.temperature = 0.1f;  // where an interruption, or the time limit, left no trial
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
  Context& context = model.context();
  const int64_t per_epoch = (data.train.nnz() + options.batch_size - 1) / options.batch_size;
  Steps steps(model, options, per_epoch);
  Snapshot good(model.embeddings());
  good.take();
  model.set_trained_with(given, options);
  Patience patience(options.patience, model.embeddings());
  TrainingProgress told_of_steps(progress, options, per_epoch);
  const int64_t eval_every = options.eval_every > 0 ? options.eval_every : options.patience > 0 ? 1 : 0;

  std::vector<double> step_ms;
  context.set_training(true);
  for (int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    const ProfiledSpan span(context.profiler(), context.stream(), "epoch", ProfilePhase::update, epoch);
    const auto start = Clock::now();
    const std::vector<float> losses = steps.epoch(step_ms, [&](int64_t step) {
      return told_of_steps.step(epoch, step, report.losses, report.fit_s + seconds_since(start), seconds_since(begin));
    });
    LightGcnEpoch figures;
    figures.epoch = epoch;
    figures.epochs = options.epochs;
    figures.seconds = seconds_since(start);
    const auto bad = std::find_if(losses.begin(), losses.end(), [](float loss) { return !std::isfinite(loss); });
    if (bad != losses.end()) {
      good.restore();
      fail(ErrorKind::diverged, "training diverged: the loss of epoch ", epoch, ", step ", bad - losses.begin() + 1, " of ",
           per_epoch, " is ", number_text(*bad), epoch > 1 ? text("; the weights of epoch ", epoch - 1, " are kept") : "",
           "; a smaller learning rate than ", options.learning_rate, " may help");
    }
    report.steps += static_cast<int64_t>(losses.size());
    report.fit_s += figures.seconds;
    if (static_cast<int64_t>(losses.size()) < per_epoch) {
      report.interrupted = true;
      break;
    }
    good.take();
    double sum = 0;
    for (float loss : losses) sum += loss;
    figures.loss = sum / static_cast<double>(per_epoch);
    report.epochs = epoch;
    report.losses.push_back(figures.loss);
    report.epoch_s.push_back(figures.seconds);
    bool go_on = true;
    if (eval_every > 0 && (epoch % eval_every == 0 || epoch == options.epochs)) {
      const ProfiledSpan evaluating(context.profiler(), context.stream(), "validation", ProfilePhase::evaluation);
      const auto evaluation = Clock::now();
      judge_epoch(model, data, figures, progress);
      report.eval_s += seconds_since(evaluation);
      if (options.patience > 0 && !patience.go_on(figures.val.at("recall@20"), epoch)) go_on = false;
    }
    if (options.time_limit > 0 && seconds_since(begin) >= options.time_limit) go_on = false;
    if (told) told(figures);
    if (!go_on) break;
  }
  report.best_epoch = patience.restore(report.epochs);
  report.step_ms_median = step_ms.empty() ? 1e3 * report.epoch_s_median() / static_cast<double>(per_epoch) : median(step_ms);
  return report;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
