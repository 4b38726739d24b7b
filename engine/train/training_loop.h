#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "heddle/context.h"
#include "heddle/tensor.h"

// The one training loop: epochs, the optimiser's steps and their replay, the schedule of the learning rate, validation and
// patience, the choice of the weights, the limit on time, and what becomes of a training that diverges. A model gives the loss of
// a step.
namespace heddle::training {

using Clock = std::chrono::steady_clock;

/// Epochs for which room is made at once: not all where the number is only a bound on what patience ends.
inline std::size_t expected_epochs(int64_t epochs) { return static_cast<std::size_t>(std::min<int64_t>(epochs, 10'000)); }

inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct LoopOptions {
  int64_t epochs = 1;              ///< at most
  int64_t steps_per_epoch = 0;     ///< batches; 0: an epoch is one step, on everything
  float learning_rate = 0.01f;     ///< Adam's
  bool cosine = false;             ///< the learning rate falls to 0 along a cosine over all steps
  bool replay = true;              ///< record the step once and replay it, where the device can
  int64_t evaluate_every = 0;      ///< epochs between evaluations, which the last epoch has in any case; 0: there are none
  bool keep_good_weights = false;  ///< a training that diverges leaves the model as its last good epoch did
  /// No epoch begins once so many seconds have passed since `begun`; 0: no limit.
  double time_limit = 0;
  Clock::time_point begun = Clock::now();
};

/// What the loop came to; while it runs, what it came to so far.
struct LoopReport {
  int64_t epochs = 0;           ///< run to their end
  int64_t best_epoch = 0;       ///< whose weights the model has
  int64_t steps = 0;            ///< over all epochs, one that was cut short included
  std::vector<double> losses;   ///< one an epoch: the mean over its steps
  std::vector<double> epoch_s;  ///< seconds of each epoch, evaluation apart
  std::vector<double> step_ms;  ///< of batches, each step where the host can tell (not on cuda)
  double train_s = 0;           ///< seconds of all steps
  double evaluation_s = 0;      ///< seconds of evaluations
  bool interrupted = false;     ///< a hook ended it before its last epoch
};

/// What an evaluation says of the weights as they are.
struct Verdict {
  bool best = false;  ///< they are the best so far: the model has them in the end, unless better ones come
  bool go_on = true;  ///< more epochs may make them better
};

/// A step that is about to be made.
struct NextStep {
  int64_t epoch;             ///< from 1
  int64_t step;              ///< of the epoch, from 0
  double epoch_s;            ///< seconds since the epoch began
  const LoopReport& so_far;  ///< without this epoch
};

/// An epoch that is over.
struct EpochDone {
  int64_t epoch;   ///< from 1
  double loss;     ///< the mean over its steps
  double seconds;  ///< evaluation apart
};

/// A model in training, and who watches.
struct Trained {
  Context& context;
  std::span<Parameter> parameters;
  /// The loss of the next batch, or of everything. A step is replayed: it must be the same work each time, without the host.
  std::function<Tensor()> loss;
  /// Judges the weights as they are after this epoch. Null: nothing does, and the last ones are kept.
  std::function<Verdict(int64_t epoch)> evaluate = {};
  /// Asked before each step; false ends the training there. Null: nobody.
  std::function<bool(const NextStep& next)> before_step = {};
  /// Told after each epoch and its evaluation; false ends the training. Null: nobody.
  std::function<bool(const EpochDone& done)> after_epoch = {};
};

/// Trains with Adam (Kingma & Ba 2015). After the first epoch it allocates nothing. Throws Error{diverged} with epoch and step
/// where a loss is NaN or infinite, and what the model's functions throw.
LoopReport run_loop(const Trained& trained, const LoopOptions& options);

/// Stops once a validation loss exceeds the mean of the `window` before it (Kipf & Welling's program); the last weights are kept.
class LossWindow {
 public:
  /// 0: never. `epochs`: there are no more than so many.
  LossWindow(int64_t window, int64_t epochs);
  Verdict note(float loss);

 private:
  int64_t window_;
  std::vector<float> losses_;
};

/// Keeps the weights of the last epoch that was at least as good as every other in validation accuracy and in validation loss, as
/// the program of Velickovic et al. (2018) does. Stops after `patience` epochs in a row of which none was as good as the best in
/// either; 0: never.
class BestAccuracyAndLoss {
 public:
  explicit BestAccuracyAndLoss(int64_t patience) : patience_(patience) {}
  Verdict note(double accuracy, float loss);

 private:
  int64_t patience_;
  int64_t without_gain_ = 0;
  double accuracy_ = 0;
  float loss_ = std::numeric_limits<float>::infinity();
};

/// Keeps the weights with the highest figure, and stops after `patience` evaluations in a row without a higher one.
class HighestFigure {
 public:
  explicit HighestFigure(int64_t patience) : patience_(patience) {}
  Verdict note(double figure);

 private:
  int64_t patience_;
  int64_t worse_ = 0;
  double best_ = -1;
};

}  // namespace heddle::training
