#include "engine/train/training_loop.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "heddle/adam.h"
#include "heddle/error.h"
#include "heddle/profile.h"
#include "heddle/replayed_step.h"
#include "heddle/settings.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/elementwise.h"

namespace heddle::training {

namespace {

/// Room for a copy of parameters' values.
class Snapshot {
 public:
  explicit Snapshot(std::span<Parameter> parameters) : parameters_(parameters) {}

  bool taken() const { return !copies_.empty(); }
  void take() {
    if (!taken()) {
      for (const Parameter& parameter : parameters_) copies_.emplace_back(stream_of(parameter), bytes_of(parameter));
    }
    for (std::size_t i = 0; i < copies_.size(); ++i) copy(parameters_[i], copies_[i].data(), values_of(parameters_[i]));
  }
  void restore() const {
    for (std::size_t i = 0; i < copies_.size(); ++i) copy(parameters_[i], values_of(parameters_[i]), copies_[i].data());
  }

 private:
  static Stream& stream_of(const Parameter& parameter) { return parameter.tensor().context().stream(); }
  static void* values_of(const Parameter& parameter) { return parameter.tensor().value().data; }
  static std::size_t bytes_of(const Parameter& parameter) {
    return static_cast<std::size_t>(parameter.tensor().value().size()) * sizeof(float);
  }
  static void copy(const Parameter& parameter, void* to, const void* from) {
    stream_of(parameter).backend().copy(to, from, bytes_of(parameter), stream_of(parameter));
  }

  std::span<Parameter> parameters_;
  std::vector<Buffer> copies_;
};

/// The optimiser's steps: take the loss and its gradient, update, leave the loss for the host.
class Steps {
 public:
  Steps(const Trained& trained, const LoopOptions& options)
      : trained_(trained),
        context_(trained.context),
        batches_(options.steps_per_epoch > 0),
        per_epoch_(std::max<int64_t>(options.steps_per_epoch, 1)),
        replay_(options.replay),
        adam_(context_, trained.parameters,
              {.learning_rate = options.learning_rate, .decay_steps = options.cosine ? per_epoch_ * options.epochs : 0}),
        losses_(context_.stream(), static_cast<std::size_t>(per_epoch_) * sizeof(float)),
        step_of_epoch_(context_.stream(), sizeof(uint32_t)),
        replayed_(context_, [this] { step(); }) {
    read_.reserve(static_cast<std::size_t>(per_epoch_));
  }

  int64_t per_epoch() const { return per_epoch_; }

  /// Makes the steps of an epoch, or as many as `go_on`, which is asked before each, lets it; waits for the device.
  template <class GoOn>
  void run_epoch(std::vector<double>& step_ms, const GoOn& go_on) {
    Stream& stream = context_.stream();
    if (batches_) stream.backend().fill_zero(step_of_epoch_.data(), step_of_epoch_.bytes(), stream);
    int64_t done = 0;
    for (; done < per_epoch_ && go_on(done); ++done) {
      std::optional<ProfiledSpan> span;
      if (batches_) span.emplace(context_.profiler(), stream, "step", ProfilePhase::update, done + 1);
      const auto start = Clock::now();
      if (replay_) {
        replayed_.run();
      } else {
        step();
      }
      if (batches_ && stream.kind() != DeviceKind::cuda) step_ms.push_back(1e3 * seconds_since(start));
    }
    stream.synchronise();
    read_.resize(static_cast<std::size_t>(done));
  }

  /// The losses of the epoch's steps.
  std::span<const float> read_losses() {
    if (!read_.empty()) download(context_.stream(), read_.data(), losses_.as<float>(), read_.size() * sizeof(float));
    return read_;
  }

 private:
  void step() {
    context_.begin_step();
    const Tensor loss = forward();
    context_.tape().backward(loss);
    adam_.step();
    kernels::Execution execution = context_.execution();
    if (batches_) {
      kernels::record_scalar(loss.value().data, step_of_epoch_.as<uint32_t>(), losses_.as<float>(), per_epoch_, execution);
      kernels::increment(step_of_epoch_.as<uint32_t>(), execution);
    } else {
      kernels::scale(loss.value(), 1.0f, {losses_.as<float>(), 1, 1}, execution);
    }
    context_.advance_step();
  }

  Tensor forward() {
    const ProfiledSpan span(context_.profiler(), context_.stream(), "forward", ProfilePhase::forward);
    return trained_.loss();
  }

  const Trained& trained_;
  Context& context_;
  const bool batches_;
  const int64_t per_epoch_;
  const bool replay_;
  Adam adam_;
  Buffer losses_;
  Buffer step_of_epoch_;  ///< a counter on the device: a recorded step logs its loss without the host
  std::vector<float> read_;
  ReplayedStep replayed_;
};

/// The training that is under way.
class Loop {
 public:
  Loop(const Trained& trained, const LoopOptions& options)
      : trained_(trained), options_(options), steps_(trained, options), good_(trained.parameters), best_(trained.parameters) {
    report_.losses.reserve(expected_epochs(options.epochs));
    report_.epoch_s.reserve(expected_epochs(options.epochs));
    if (options.keep_good_weights) good_.take();
  }

  LoopReport run() {
    trained_.context.set_training(true);
    for (int64_t epoch = 1; epoch <= options_.epochs; ++epoch) {
      if (!run_epoch(epoch)) break;
    }
    if (best_.taken()) {
      const ProfiledSpan span(trained_.context.profiler(), trained_.context.stream(), "best weights", ProfilePhase::update);
      best_.restore();
    } else {
      report_.best_epoch = report_.epochs;
    }
    return std::move(report_);
  }

 private:
  /// Whether another is to follow.
  bool run_epoch(int64_t epoch) {
    Context& context = trained_.context;
    const ProfiledSpan span(context.profiler(), context.stream(), "epoch", ProfilePhase::update, epoch);
    const auto start = Clock::now();
    steps_.run_epoch(report_.step_ms, [&](int64_t step) {
      return !trained_.before_step || trained_.before_step({epoch, step, seconds_since(start), report_});
    });
    const double seconds = seconds_since(start);
    const std::span<const float> losses = steps_.read_losses();
    refuse_divergence(epoch, losses);
    report_.steps += static_cast<int64_t>(losses.size());
    report_.train_s += seconds;
    if (static_cast<int64_t>(losses.size()) < steps_.per_epoch()) {
      report_.interrupted = true;
      return false;
    }
    if (options_.keep_good_weights) good_.take();
    report_.epochs = epoch;
    report_.losses.push_back(std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size()));
    report_.epoch_s.push_back(seconds);
    bool go_on = evaluated(epoch);
    if (options_.time_limit > 0 && seconds_since(options_.begun) >= options_.time_limit) go_on = false;
    if (trained_.after_epoch && !trained_.after_epoch({epoch, report_.losses.back(), seconds})) {
      report_.interrupted = epoch < options_.epochs;
      go_on = false;
    }
    return go_on;
  }

  /// Whether the evaluation of an epoch, if it has one, says to go on.
  bool evaluated(int64_t epoch) {
    const int64_t every = options_.evaluate_every;
    if (!trained_.evaluate || every == 0 || (epoch % every != 0 && epoch != options_.epochs)) return true;
    Context& context = trained_.context;
    const auto start = Clock::now();
    Verdict verdict;
    {
      const ProfiledSpan span(context.profiler(), context.stream(), "validation", ProfilePhase::evaluation);
      verdict = trained_.evaluate(epoch);
    }
    report_.evaluation_s += seconds_since(start);
    if (verdict.best) {
      const ProfiledSpan span(context.profiler(), context.stream(), "best weights", ProfilePhase::update);
      best_.take();
      report_.best_epoch = epoch;
    }
    return verdict.go_on;
  }

  void refuse_divergence(int64_t epoch, std::span<const float> losses) {
    const auto bad = std::find_if(losses.begin(), losses.end(), [](float loss) { return !std::isfinite(loss); });
    if (bad == losses.end()) return;
    if (options_.keep_good_weights) good_.restore();
    fail(ErrorKind::diverged, "training diverged: the loss of epoch ", epoch,
         options_.steps_per_epoch > 0 ? text(", step ", bad - losses.begin() + 1, " of ", options_.steps_per_epoch) : "", " is ",
         number_text(*bad),
         options_.keep_good_weights && epoch > 1 ? text("; the weights of epoch ", epoch - 1, " are kept") : "",
         "; a smaller learning rate than ", options_.learning_rate, " may help");
  }

  const Trained& trained_;
  const LoopOptions& options_;
  Steps steps_;
  Snapshot good_, best_;
  LoopReport report_;
};

}  // namespace

LoopReport run_loop(const Trained& trained, const LoopOptions& options) { return Loop(trained, options).run(); }

LossWindow::LossWindow(int64_t window, int64_t epochs) : window_(window) {
  if (window > 0) losses_.reserve(expected_epochs(epochs));
}

Verdict LossWindow::note(float loss) {
  losses_.push_back(loss);
  if (window_ == 0 || static_cast<int64_t>(losses_.size()) <= window_) return {};
  const auto before = std::span(losses_).last(static_cast<std::size_t>(window_) + 1).first(static_cast<std::size_t>(window_));
  return {.go_on = !(loss > std::accumulate(before.begin(), before.end(), 0.0) / static_cast<double>(window_))};
}

Verdict BestAccuracyAndLoss::note(double accuracy, float loss) {
  if (!(accuracy >= accuracy_) && !(loss <= loss_)) return {.go_on = ++without_gain_ < patience_ || patience_ == 0};
  without_gain_ = 0;
  const bool best = accuracy >= accuracy_ && loss <= loss_;
  accuracy_ = std::max(accuracy_, accuracy);
  loss_ = std::min(loss_, loss);
  return {.best = best};
}

Verdict HighestFigure::note(double figure) {
  if (figure > best_) {
    best_ = figure;
    worse_ = 0;
    return {.best = true};
  }
  return {.go_on = ++worse_ < patience_};
}

}  // namespace heddle::training
