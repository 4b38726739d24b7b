#include "heddle/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <latch>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "heddle/classifier_training.h"
#include "tests/engine/datasets.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

Device threads(int count) { return Device::cpu({.threads = count}); }

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("run_seeds / every seed runs once, with one thread where several run at once and with the device's where not") {
  for (const int at_once : {1, 3}) {
    CAPTURE(at_once);
    std::mutex mutex;
    std::set<uint64_t> seeds;
    std::set<int> device_threads;
    const SeedEnds ends = run_seeds({.first = 7, .count = 5}, threads(3), at_once, [&](const SeedTask& task) {
      const std::lock_guard lock(mutex);
      CHECK(task.seed == 7 + static_cast<uint64_t>(task.index));
      CHECK(seeds.insert(task.seed).second);
      device_threads.insert(task.device.threads());
      CHECK(task.go_on());
      return SeedEnd::finished;
    });
    CHECK(seeds == std::set<uint64_t>{7, 8, 9, 10, 11});
    CHECK(device_threads == std::set<int>{at_once == 1 ? 3 : 1});
    CHECK(ends.of == std::vector<SeedEnd>(5, SeedEnd::finished));
    CHECK(ends.at_once == at_once);
    CHECK_FALSE(ends.interrupted);
    CHECK_FALSE(ends.failure);
  }
}

TEST_CASE("run_seeds / as many run at the same time as were asked for") {
  std::latch all_there(3);
  run_seeds({.count = 3}, threads(3), 3, [&](const SeedTask&) {
    all_there.arrive_and_wait();  // would wait for ever, were they run one after the other
    return SeedEnd::finished;
  });
  CHECK(all_there.try_wait());
}

TEST_CASE("run_seeds / where a later seed fails the first one goes on to its end, and the others are ended") {
  bool first_went_on = true;
  std::vector<uint64_t> begun;
  const SeedEnds ends = run_seeds({.count = 4}, threads(1), 1, [&](const SeedTask& task) {
    begun.push_back(task.seed);
    if (task.index == 1) fail(ErrorKind::diverged, "the loss is NaN");
    first_went_on = first_went_on && task.go_on();
    return SeedEnd::finished;
  });
  CHECK(begun == std::vector<uint64_t>{0, 1});
  CHECK(first_went_on);
  CHECK(ends.of == std::vector<SeedEnd>{SeedEnd::finished, SeedEnd::nothing, SeedEnd::nothing, SeedEnd::nothing});
  REQUIRE(ends.failure);
  CHECK(ends.failure->kind() == ErrorKind::diverged);
  CHECK(std::string(ends.failure->what()) == "seed 1: the loss is NaN");
  CHECK_FALSE(ends.interrupted);

  // At the same time: the first waits until the second has failed, the third is told to end and leaves nothing.
  std::latch failed(1);
  const SeedEnds beside = run_seeds({.count = 3}, threads(3), 3, [&](const SeedTask& task) {
    if (task.index == 1) {
      failed.count_down();
      throw std::runtime_error("no more disk");
    }
    failed.wait();
    if (task.index == 0) return SeedEnd::finished;
    while (task.go_on()) std::this_thread::yield();
    return SeedEnd::cut_short;
  });
  CHECK(beside.of == std::vector<SeedEnd>{SeedEnd::finished, SeedEnd::nothing, SeedEnd::nothing});
  REQUIRE(beside.failure);
  CHECK(beside.failure->kind() == ErrorKind::internal);
  CHECK(std::string(beside.failure->what()) == "seed 1: unexpected error: no more disk");
}

TEST_CASE("run_seeds / where the first seed fails its error is thrown") {
  int begun = 0;
  CHECK(error_mismatch(ErrorKind::diverged, "the first", [&] {
          run_seeds({.count = 3}, threads(1), 1, [&](const SeedTask&) -> SeedEnd {
            ++begun;
            fail(ErrorKind::diverged, "the first");
          });
        }) == "");
  CHECK(begun == 1);
}

TEST_CASE("run_seeds / what is ended from outside keeps what was reached") {
  bool goes_on = true;
  const SeedEnds ends = run_seeds(
      {.count = 4}, threads(1), 1,
      [&](const SeedTask& task) {
        if (task.index == 0) return SeedEnd::finished;
        goes_on = false;
        CHECK_FALSE(task.go_on());
        return SeedEnd::cut_short;
      },
      [&] { return goes_on; });
  CHECK(ends.of == std::vector<SeedEnd>{SeedEnd::finished, SeedEnd::cut_short, SeedEnd::nothing, SeedEnd::nothing});
  CHECK(ends.interrupted);
  CHECK_FALSE(ends.failure);
  CHECK(error_mismatch(ErrorKind::interrupted, "interrupted before the first epoch", [&] {
          run_seeds(
              {}, threads(1), 1, [](const SeedTask&) { return SeedEnd::finished; }, [] { return false; });
        }) == "");
}

TEST_CASE("run_seeds / ranges of seeds that cannot be meant are refused") {
  const auto run = [](const SeedRange& seeds) {
    run_seeds(seeds, threads(1), 1, [](const SeedTask&) { return SeedEnd::finished; });
  };
  CHECK(error_mismatch(ErrorKind::usage, "there are 0 seeds", [&] { run({.count = 0}); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "3 seeds from 18446744073709551614 go past 2^64 - 1",
                       [&] { run({.first = UINT64_MAX - 1, .count = 3}); }) == "");
  run({.first = UINT64_MAX - 1, .count = 2});
}

TEST_CASE("seeds at once / one thread each on a small graph, all threads for one of a large graph and on other devices") {
  CHECK(seeds_at_once(threads(4), 20, 1000) == 4);
  CHECK(seeds_at_once(threads(4), 3, 1000) == 3);
  CHECK(seeds_at_once(threads(4), 20, 1 << 22) == 4);
  CHECK(seeds_at_once(threads(4), 20, (1 << 22) + 1) == 1);
  CHECK(seeds_at_once(Device::simt(), 20, 1000) == 1);
}

TEST_CASE("fit_seeds / each seed has the bits that it has alone, in the order of the seeds") {
  const NodeDataset data = karate();
  const FitPlan plan = plan_fit("gcn", {{"epochs", "12"}, {"patience", "4"}});
  for (const int count : {1, 3}) {
    CAPTURE(count);
    const SeedRuns runs = fit_seeds(plan, data, {.first = 5, .count = 6}, {.device = threads(count)});
    CHECK(runs.at_once == count);
    REQUIRE(runs.reports.size() == 6);
    std::vector<double> accuracies, seconds;
    for (std::size_t i = 0; i < 6; ++i) {
      const FitReport& report = runs.reports[i];
      Gcn alone(data, {.seed = 5 + i}, threads(2));
      const TrainReport expected = train(alone, data, {.epochs = 12, .patience = 4});
      CHECK(report.seed == 5 + i);
      CHECK(report.finished());
      CHECK(report.weights_hash == expected.weights_hash);
      REQUIRE(report.epochs.size() == expected.losses.size());
      for (std::size_t epoch = 0; epoch < expected.losses.size(); ++epoch)
        CHECK(report.epochs[epoch].loss == expected.losses[epoch]);
      accuracies.push_back(expected.test_accuracy);
      for (const FitEpoch& epoch : report.epochs) seconds.push_back(epoch.seconds);
    }
    CHECK(weights_hash(*runs.first_model) == runs.reports[0].weights_hash);
    CHECK(runs.over_seeds("test_accuracy").mean == mean_and_deviation(accuracies).mean);
    CHECK(runs.over_seeds("test_accuracy").deviation == mean_and_deviation(accuracies).deviation);
    CHECK(std::isnan(runs.over_seeds("recall@20").mean));
    CHECK(runs.epoch_s_median() == median(seconds));
    CHECK(runs.epoch_s_min() == *std::min_element(seconds.begin(), seconds.end()));
    CHECK_FALSE(runs.interrupted);
  }
}

TEST_CASE("fit_seeds / progress goes from the graph through all seeds' epochs, and ends what it is told to end") {
  const NodeDataset data = karate();
  const FitPlan plan = plan_fit("gcn", {{"epochs", "4"}});
  std::vector<std::string> phases;
  std::vector<double> shares;
  int64_t epochs_told = 0;
  const auto listen = [&](const Progress& at) {
    if (phases.empty() || phases.back() != at.phase) phases.emplace_back(at.phase);
    shares.push_back(at.share);
    return true;
  };
  fit_seeds(plan, data, {.count = 3},
            {.device = threads(1), .progress = listen, .epoch = [&](const FitEpoch&) { ++epochs_told; }});
  CHECK(phases == std::vector<std::string>{"preparing the graph", "training"});
  CHECK(shares.front() < 0);  // nobody knows how much of the graph is prepared
  CHECK(std::is_sorted(shares.begin(), shares.end()));
  CHECK(shares.back() == 1);
  CHECK(epochs_told == 12);

  for (int64_t allowed = 0; allowed < 14; ++allowed) {
    CAPTURE(allowed);
    int64_t asked = 0;
    const auto stop = [&](const Progress&) { return ++asked <= allowed; };
    const auto run = [&] { return fit_seeds(plan, data, {.count = 3}, {.device = threads(1), .progress = stop}); };
    // Asked before each seed and after each of its four epochs.
    if (allowed == 0) {
      CHECK(error_mismatch(ErrorKind::interrupted, "interrupted before the first epoch", run) == "");
    } else {
      const SeedRuns runs = run();
      const int64_t begun = (allowed + 4) / 5;  // seeds that were let begin
      CHECK(runs.interrupted == (allowed < 14));
      CHECK(static_cast<int64_t>(runs.reports.size()) == begun);
      const int64_t epochs = std::min<int64_t>(allowed - 5 * (begun - 1), 4);
      CHECK(runs.reports.back().run_epochs == epochs);
      CHECK(runs.reports.back().finished() == (epochs == 4));
    }
    CHECK(asked == allowed + 1);  // told once to stop, nobody is asked again
  }
}

TEST_CASE("fit_seeds / a seed that diverges ends the later ones, and is named") {
  const NodeDataset data = karate();
  Kind kind = find_kind("gcn");
  kind.classifier.make = [gcn = kind.classifier.make](const NodeDataset& of, const Settings& settings, uint64_t seed,
                                                      const Device& device) {
    std::unique_ptr<NodeClassifier> model = gcn(of, settings, seed, device);
    if (seed == 1) {
      HostMatrix weight = model->parameters()[0].tensor().to_host();
      weight.values[0] = NAN;
      model->parameters()[0].assign(weight);
    }
    return model;
  };
  const FitPlan plan = plan_fit(kind, {{"epochs", "3"}});
  const SeedRuns runs = fit_seeds(plan, data, {.count = 3}, {.device = threads(1)});
  CHECK(runs.reports.size() == 1);
  CHECK(runs.reports.front().seed == 0);
  REQUIRE(runs.failure);
  CHECK(runs.failure->kind() == ErrorKind::diverged);
  CHECK(std::string(runs.failure->what()).starts_with("seed 1: training diverged"));
  CHECK(error_mismatch(ErrorKind::diverged, "training diverged",
                       [&] { fit_seeds(plan, data, {.first = 1}, {.device = threads(1)}); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
