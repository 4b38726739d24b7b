// Several models at the same time on one device, or on one each: every one with the bits that it has alone. ThreadSanitizer runs
// this too.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "heddle/classifier_training.h"
#include "heddle/io.h"
#include "heddle/lightgcn.h"
#include "heddle/profile.h"
#include "heddle/seeds.h"
#include "tests/engine/datasets.h"
#include "tests/support/compare.h"
#include "tests/threads/meeting.h"

namespace heddle::test {

namespace {

/// What a training leaves: enough to tell whether any of its bits differ.
struct Outcome {
  std::vector<double> losses;
  std::string weights;
  std::vector<float> values;
  double quality = 0;
};

void check_same(const Outcome& actual, const Outcome& expected) {
  CHECK(bit_difference(actual.losses, expected.losses) == "");
  CHECK(actual.weights == expected.weights);
  CHECK(bit_difference(actual.values, expected.values) == "");
  CHECK(actual.quality == expected.quality);
}

const NodeDataset& nodes() {
  static const NodeDataset data = with_dense_features(random_dataset(1200, 96, 7, 2));
  return data;
}

const InteractionDataset& shop() {
  static const InteractionDataset data =
      prepare(synthetic_shop({.users = 300, .items = 200, .categories = 4, .interactions_per_user = 10, .seed = 3}));
  return data;
}

using Training = std::function<Outcome(const Device&, Profiler*)>;

struct NamedTraining {
  std::string name;
  Training run;
};

template <class Model, class Options>
Training classifier(Options options) {
  return [options](const Device& device, Profiler* profiler) {
    Model model(nodes(), options, device);
    model.context().set_profiler(profiler);
    const TrainReport report = train(model, nodes(), {.epochs = 3});
    const SplitFigures figures = evaluate(model, nodes(), nodes().test);
    return Outcome{{report.losses.begin(), report.losses.end()}, text(report.weights_hash), {}, figures.accuracy};
  };
}

Training recommender(RankingLoss loss) {
  return [loss](const Device& device, Profiler* profiler) {
    LightGcn model(shop(), {.dim = 64, .layers = 2, .seed = 4}, device);
    model.context().set_profiler(profiler);
    LightGcnTrainOptions options;
    options.epochs = 2;
    options.loss = loss;
    options.batch_size = 512;
    options.negatives = 128;
    const LightGcnReport report = train(model, shop(), options);
    return Outcome{{report.losses.begin(), report.losses.end()}, "", model.embeddings().tensor().to_host().values, 0};
  };
}

std::vector<NamedTraining> trainings() {
  return {{"gcn", classifier<Gcn>(GcnOptions{.hidden = 80, .seed = 5})},
          {"gat", classifier<Gat>(GatOptions{.hidden = 8, .heads = 4, .seed = 6})},
          {"lightgcn with softmax", recommender(RankingLoss::softmax)},
          {"lightgcn with bpr", recommender(RankingLoss::bpr)}};
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("side by side / any two models on one device have the bits that they have alone") {
  const std::vector<NamedTraining> all = trainings();
  std::vector<Outcome> alone;
  for (const NamedTraining& training : all) alone.push_back(training.run(Device::cpu({.threads = 1}), nullptr));
  for (int threads : {2, 3}) {
    if (under_thread_sanitizer && threads > 2) continue;
    const Device device = Device::cpu({.threads = threads});
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t j = i; j < all.size(); ++j) {
        INFO(all[i].name, " and ", all[j].name, ", ", threads, " threads");
        Outcome second;
        std::thread other([&] { second = all[j].run(device, nullptr); });
        const Outcome first = all[i].run(device, nullptr);
        other.join();
        check_same(first, alone[i]);
        check_same(second, alone[j]);
      }
    }
  }
}

TEST_CASE("side by side / profiled models record each their own ops, and keep their bits") {
  const std::vector<NamedTraining> all = trainings();
  const Device device = Device::cpu({.threads = 2});
  std::vector<Profiler> profilers(all.size());
  std::vector<Outcome> outcomes(all.size());
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < all.size(); ++i) {
    callers.emplace_back([&, i] { outcomes[i] = all[i].run(device, &profilers[i]); });
  }
  for (std::thread& caller : callers) caller.join();
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].name);
    Profiler profiler;
    check_same(outcomes[i], all[i].run(device, &profiler));
    CHECK(profilers[i].events().size() == profiler.events().size());
  }
}

TEST_CASE("side by side / models on devices of their own have the bits that they have alone") {
  const NamedTraining training = trainings().front();
  const Outcome alone = training.run(Device::cpu({.threads = 1}), nullptr);
  std::vector<Outcome> outcomes(3);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    callers.emplace_back([&, i] { outcomes[i] = training.run(Device::cpu({.threads = 2}), nullptr); });
  }
  for (std::thread& caller : callers) caller.join();
  for (const Outcome& outcome : outcomes) check_same(outcome, alone);
}

TEST_CASE(
    "side by side / several seeds at once have the bits of each alone, to their end, told to stop, or beside one that fails") {
  const NodeDataset data = random_dataset(120, 24, 3, 2);
  const Device device = Device::cpu({.threads = 3});
  const auto alone = [&](uint64_t seed) {
    Gcn model(data, {.seed = seed}, Device::cpu({.threads = 1}));
    return train(model, data, {.epochs = 6}).weights_hash;
  };
  const FitPlan plan = plan_fit("gcn", {{"epochs", "6"}});
  const SeedRuns runs = fit_seeds(plan, data, {.first = 2, .count = 5}, {.device = device});
  CHECK(runs.at_once == 3);
  REQUIRE(runs.reports.size() == 5);
  for (const FitReport& report : runs.reports) CHECK(report.weights_hash == alone(report.seed));

  int told = 0;  // by several threads, one at a time
  const ProgressCallback stop = [&](const Progress&) { return ++told < 40; };
  const SeedRuns stopped =
      fit_seeds(plan_fit("gcn", {{"epochs", "1000000"}}), data, {.count = 5}, {.device = device, .progress = stop});
  CHECK(stopped.interrupted);
  REQUIRE(!stopped.reports.empty());
  for (const FitReport& report : stopped.reports) CHECK_FALSE(report.finished());

  Kind failing = find_kind("gcn");
  failing.classifier.make = [gcn = failing.classifier.make](const NodeDataset& of, const Settings& settings, uint64_t seed,
                                                            const Device& on) {
    require(seed != 1, ErrorKind::bad_data, "there is no such model");
    return gcn(of, settings, seed, on);
  };
  const SeedRuns failed = fit_seeds(plan_fit(failing, {{"epochs", "6"}}), data, {.count = 4}, {.device = device});
  REQUIRE(failed.failure);
  CHECK(std::string(failed.failure->what()) == "seed 1: there is no such model");
  CHECK(failed.reports.front().weights_hash == alone(0));
}

TEST_SUITE_END();

}  // namespace heddle::test
