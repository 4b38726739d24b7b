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

#include "tests/engine/datasets.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

Device threads(int count) { return Device::cpu({.threads = count}); }

MakeClassifier gcn_of(const NodeDataset& data) {
  return [&data](uint64_t seed, const Device& device) { return std::make_unique<Gcn>(data, GcnOptions{.seed = seed}, device); };
}

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

TEST_CASE("train_seeds / each seed has the bits that it has alone, in the order of the seeds") {
  const NodeDataset data = karate();
  const TrainOptions options{.epochs = 12, .patience = 4};
  for (const int count : {1, 3}) {
    CAPTURE(count);
    const SeedRuns runs = train_seeds(gcn_of(data), data, options, {.first = 5, .count = 6}, threads(count));
    CHECK(runs.at_once == count);
    REQUIRE(runs.results.size() == 6);
    std::vector<double> accuracies, epochs_ms;
    for (std::size_t i = 0; i < 6; ++i) {
      const SeedResult& result = runs.results[i];
      Gcn alone(data, {.seed = 5 + i}, threads(2));
      const TrainReport report = train(alone, data, options);
      CHECK(result.seed == 5 + i);
      CHECK(result.finished);
      CHECK(result.report.weights_hash == report.weights_hash);
      CHECK(result.report.losses == report.losses);
      accuracies.push_back(report.test_accuracy);
      epochs_ms.insert(epochs_ms.end(), result.report.epoch_ms.begin(), result.report.epoch_ms.end());
    }
    CHECK(weights_hash(*runs.first_model) == runs.results[0].report.weights_hash);
    CHECK(runs.over_seeds(&TrainReport::test_accuracy).mean == mean_and_deviation(accuracies).mean);
    CHECK(runs.over_seeds(&TrainReport::test_accuracy).deviation == mean_and_deviation(accuracies).deviation);
    CHECK(runs.epoch_ms_median() == median(epochs_ms));
    CHECK(runs.epoch_ms_min() == *std::min_element(epochs_ms.begin(), epochs_ms.end()));
    CHECK_FALSE(runs.interrupted);
  }
}

TEST_CASE("train_seeds / progress goes from the graph through all seeds' epochs, and ends what it is told to end") {
  const NodeDataset data = karate();
  const TrainOptions options{.epochs = 4};
  std::vector<std::string> phases;
  std::vector<double> shares;
  const auto listen = [&](const Progress& at) {
    if (phases.empty() || phases.back() != at.phase) phases.emplace_back(at.phase);
    shares.push_back(at.share);
    return true;
  };
  train_seeds(gcn_of(data), data, options, {.count = 3}, threads(1), listen);
  CHECK(phases == std::vector<std::string>{"preparing the graph", "training"});
  CHECK(shares.front() < 0);  // nobody knows how much of the graph is prepared
  CHECK(std::is_sorted(shares.begin(), shares.end()));
  CHECK(shares.back() == 1);

  for (int64_t allowed = 0; allowed < 14; ++allowed) {
    CAPTURE(allowed);
    int64_t asked = 0;
    const auto stop = [&](const Progress&) { return ++asked <= allowed; };
    const auto run = [&] { return train_seeds(gcn_of(data), data, options, {.count = 3}, threads(1), stop); };
    // Asked before each seed and after each of its four epochs.
    if (allowed == 0) {
      CHECK(error_mismatch(ErrorKind::interrupted, "interrupted before the first epoch", run) == "");
    } else {
      const SeedRuns runs = run();
      const int64_t begun = (allowed + 4) / 5;  // seeds that were let begin
      CHECK(runs.interrupted == (allowed < 14));
      CHECK(static_cast<int64_t>(runs.results.size()) == begun);
      const int64_t epochs = std::min<int64_t>(allowed - 5 * (begun - 1), 4);
      CHECK(runs.results.back().report.epochs == epochs);
      CHECK(runs.results.back().finished == (epochs == 4));
    }
    CHECK(asked == allowed + 1);  // told once to stop, nobody is asked again
  }
}

TEST_CASE("train_seeds / a seed that diverges ends the later ones, and is named") {
  const NodeDataset data = karate();
  const auto make = [&](uint64_t seed, const Device& device) {
    auto model = std::make_unique<Gcn>(data, GcnOptions{.seed = seed}, device);
    if (seed == 1) {
      HostMatrix weight = model->parameters()[0].tensor().to_host();
      weight.values[0] = NAN;
      model->parameters()[0].assign(weight);
    }
    return model;
  };
  const SeedRuns runs = train_seeds(make, data, {.epochs = 3}, {.count = 3}, threads(1));
  CHECK(runs.results.size() == 1);
  CHECK(runs.results.front().seed == 0);
  REQUIRE(runs.failure);
  CHECK(runs.failure->kind() == ErrorKind::diverged);
  CHECK(std::string(runs.failure->what()).starts_with("seed 1: training diverged"));
  CHECK(error_mismatch(ErrorKind::diverged, "training diverged",
                       [&] { train_seeds(make, data, {.epochs = 3}, {.first = 1}, threads(1)); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "returned none", [&] {
          train_seeds([](uint64_t, const Device&) { return std::unique_ptr<NodeClassifier>(); }, data, {}, {}, threads(1));
        }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
