#include "engine/train/training_loop.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

using training::EpochDone;
using training::LoopOptions;
using training::LoopReport;
using training::NextStep;
using training::Trained;
using training::Verdict;

/// Two weights whose squares are to become small.
struct Toy {
  Context context;
  std::vector<Parameter> weights;
  Trained trained{.context = context, .parameters = {}, .loss = [this] { return l2_penalty(weights.front(), 1); }};

  explicit Toy(const Device& device) : context(device) {
    weights.emplace_back(context, "weights", HostMatrix{1, 2, {1, -2}});
    trained.parameters = weights;
  }

  std::vector<float> values() { return weights.front().tensor().to_host().values; }
};

/// The weights after so many epochs of three steps.
std::vector<float> after(int64_t epochs, const Device& device) {
  Toy toy(device);
  run_loop(toy.trained, {.epochs = epochs, .steps_per_epoch = 3, .learning_rate = 0.1f});
  return toy.values();
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("training loop / each step is asked for, each epoch told of, and the report counts them") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Toy toy(device.device);
    std::vector<int64_t> steps, epochs;
    toy.trained.before_step = [&](const NextStep& next) {
      steps.push_back(10 * next.epoch + next.step);
      CHECK(next.so_far.epochs == next.epoch - 1);
      return true;
    };
    toy.trained.after_epoch = [&](const EpochDone& done) {
      epochs.push_back(done.epoch);
      return true;
    };
    const LoopReport report = run_loop(toy.trained, {.epochs = 2, .steps_per_epoch = 3, .learning_rate = 0.1f});
    CHECK(steps == std::vector<int64_t>{10, 11, 12, 20, 21, 22});
    CHECK(epochs == std::vector<int64_t>{1, 2});
    CHECK(report.epochs == 2);
    CHECK(report.best_epoch == 2);
    CHECK(report.steps == 6);
    CHECK_FALSE(report.interrupted);
    REQUIRE(report.losses.size() == 2);
    CHECK(report.losses[1] < report.losses[0]);
    CHECK(report.losses[0] < 2.5);  // of the first step: (1 + 4) / 2
    CHECK(report.epoch_s.size() == 2);
    CHECK(report.step_ms.size() == (device.device.kind() == DeviceKind::cuda ? 0 : 6));
  }
}

TEST_CASE("training loop / a hook's false ends it: before a step the epoch does not count, after the last epoch nothing is cut") {
  const Device device = Device::cpu({.threads = 1});
  Toy toy(device);
  toy.trained.before_step = [](const NextStep& next) { return next.epoch < 2 || next.step < 1; };
  const LoopReport cut = run_loop(toy.trained, {.epochs = 4, .steps_per_epoch = 3});
  CHECK(cut.interrupted);
  CHECK(cut.epochs == 1);
  CHECK(cut.steps == 4);
  for (const int64_t last : {2, 4}) {
    CAPTURE(last);
    Toy other(device);
    other.trained.after_epoch = [&](const EpochDone& done) { return done.epoch < last; };
    const LoopReport report = run_loop(other.trained, {.epochs = 4, .steps_per_epoch = 3});
    CHECK(report.epochs == last);
    CHECK(report.interrupted == (last < 4));
  }
}

TEST_CASE("training loop / the weights of the best evaluation are kept, and none are evaluated between the chosen epochs") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Toy toy(device.device);
    std::vector<int64_t> evaluated;
    toy.trained.evaluate = [&](int64_t epoch) {
      evaluated.push_back(epoch);
      return Verdict{.best = epoch == 2};
    };
    LoopOptions options{.epochs = 5, .steps_per_epoch = 3, .learning_rate = 0.1f};
    options.evaluate_every = 2;
    const LoopReport report = run_loop(toy.trained, options);
    CHECK(evaluated == std::vector<int64_t>{2, 4, 5});
    CHECK(report.epochs == 5);
    CHECK(report.best_epoch == 2);
    CHECK(toy.values() == after(2, device.device));
    CHECK(toy.values() != after(5, device.device));
  }
}

TEST_CASE("training loop / an evaluation, and the limit on time, end it after an epoch") {
  const Device device = Device::cpu({.threads = 1});
  Toy toy(device);
  toy.trained.evaluate = [](int64_t epoch) { return Verdict{.go_on = epoch < 3}; };
  CHECK(run_loop(toy.trained, {.epochs = 9, .evaluate_every = 1}).epochs == 3);
  Toy hurried(device);
  const LoopReport report = run_loop(hurried.trained, {.epochs = 9, .time_limit = 1e-9});
  CHECK(report.epochs == 1);
  CHECK_FALSE(report.interrupted);
}

TEST_CASE("training loop / a loss that is no number ends it by name, and good weights come back where they are kept") {
  const Device device = Device::cpu({.threads = 1});
  LoopOptions options{.epochs = 5, .steps_per_epoch = 1, .learning_rate = 1e30f};  // of whose squares the second loss is infinite
  options.keep_good_weights = true;
  Toy toy(device);
  CHECK(error_mismatch(ErrorKind::diverged, "the loss of epoch 2, step 1 of 1 is inf; the weights of epoch 1 are kept;",
                       [&] { run_loop(toy.trained, options); }) == "");
  Toy one(device);
  options.epochs = 1;
  run_loop(one.trained, options);
  CHECK(toy.values() == one.values());
  Toy whole(device);
  CHECK(error_mismatch(ErrorKind::diverged, "the loss of epoch 2 is inf; a smaller learning rate than 1e+30 may help",
                       [&] { run_loop(whole.trained, {.epochs = 5, .learning_rate = 1e30f}); }) == "");
}

TEST_CASE("training loop / Kipf and Welling's window stops at a loss above the mean of those before it, never without one") {
  training::LossWindow window(2, 100);
  CHECK(window.note(1).go_on);
  CHECK(window.note(3).go_on);
  CHECK(window.note(2).go_on);        // the mean
  CHECK(window.note(2.5f).go_on);     // again
  CHECK_FALSE(window.note(3).go_on);  // 2.25
  CHECK(window.note(std::numeric_limits<float>::quiet_NaN()).go_on);
  training::LossWindow none(0, 100);
  for (const float loss : {1.0f, 2.0f, 3.0f}) CHECK(none.note(loss).go_on);
  CHECK_FALSE(none.note(4).best);
}

TEST_CASE("training loop / the best in accuracy and in loss is kept, and patience counts what is the best in neither") {
  training::BestAccuracyAndLoss judge(2);
  CHECK(judge.note(0.5, 1).best);
  CHECK_FALSE(judge.note(0.6, 2).best);     // in accuracy alone
  CHECK_FALSE(judge.note(0.5, 0.9f).best);  // in loss alone
  CHECK(judge.note(0.6, 0.9f).best);        // as good as both
  CHECK(judge.note(0.5, 1).go_on);
  CHECK_FALSE(judge.note(0.5, 1).go_on);
  training::BestAccuracyAndLoss patient(0);
  patient.note(1, 0);
  for (int i = 0; i < 5; ++i) CHECK(patient.note(0, 1).go_on);
}

TEST_CASE("training loop / the highest figure is kept, and an equal one is no gain") {
  training::HighestFigure judge(2);
  CHECK(judge.note(0).best);
  CHECK_FALSE(judge.note(0).best);
  CHECK(judge.note(0.25).best);
  CHECK(judge.note(0.25).go_on);
  CHECK_FALSE(judge.note(0.1).go_on);
}

TEST_SUITE_END();

}  // namespace heddle::test
