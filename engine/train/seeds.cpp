#include "heddle/seeds.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "heddle/rethrow.h"

namespace heddle {

namespace {

/// The seeds still to be trained, handed to whoever is free.
class SeedQueue {
 public:
  SeedQueue(const SeedRange& seeds, const std::function<SeedEnd(const SeedTask&)>& run, const std::function<bool()>& go_on)
      : seeds_(seeds), run_(run), go_on_(go_on), ends_(static_cast<std::size_t>(seeds.count), SeedEnd::nothing) {}

  /// Runs seeds on `device` until none is left. Does not throw: `finish` does.
  void work(const Device& device) noexcept {
    for (int64_t i = next_++; i < seeds_.count; i = next_++) {
      try {
        if (!wanted(i)) return;
        run_one(i, device);
      } catch (...) {
        failed(i, std::current_exception());
      }
    }
  }

  /// What became of all; throws what the first seed threw.
  SeedEnds finish() {
    const bool nothing_of_first = ends_.front() == SeedEnd::nothing;
    if (error_ != nullptr && nothing_of_first) std::rethrow_exception(error_);
    require(!nothing_of_first, ErrorKind::interrupted, "interrupted before the first epoch");
    SeedEnds result;
    const auto any = [&](SeedEnd end) { return std::find(ends_.begin(), ends_.end(), end) != ends_.end(); };
    result.interrupted = any(SeedEnd::cut_short) || (error_ == nullptr && any(SeedEnd::nothing));
    if (error_ != nullptr) result.failure = failure();
    result.of = std::move(ends_);
    return result;
  }

 private:
  uint64_t seed_of(int64_t i) const { return seeds_.first + static_cast<uint64_t>(i); }

  bool ended_from_outside() {
    if (go_on_ && !go_on_()) ended_ = true;
    return ended_;
  }

  /// Whether seed `i` is still to be trained. The first one's model is what is saved: it is worth its training though another
  /// seed's fails.
  bool wanted(int64_t i) { return !ended_from_outside() && (!failed_ || (i == 0 && !first_failed_)); }

  void run_one(int64_t i, const Device& device) {
    const SeedEnd end = run_({.seed = seed_of(i), .index = i, .device = device, .go_on = [this, i] { return wanted(i); }});
    // Cut short because another seed failed: nobody wants a part of this one.
    if (end == SeedEnd::cut_short && !ended_) return;
    ends_[static_cast<std::size_t>(i)] = end;
  }

  void failed(int64_t i, std::exception_ptr error) noexcept {
    const std::lock_guard lock(mutex_);
    // Of several the first seed's, which leaves nothing, and otherwise that which came first.
    if (error_ == nullptr || i == 0) {
      error_ = std::move(error);
      error_seed_ = seed_of(i);
    }
    if (i == 0) first_failed_ = true;
    failed_ = true;
  }

  Error failure() const {
    try {
      try {
        std::rethrow_exception(error_);
      } catch (...) {
        rethrow_as_error();
      }
    } catch (const Error& error) {
      return {error.kind(), text("seed ", error_seed_, ": ", error.what())};
    } catch (const std::exception& error) {
      return {ErrorKind::internal, text("seed ", error_seed_, ": unexpected error: ", error.what())};
    }
  }

  const SeedRange& seeds_;
  const std::function<SeedEnd(const SeedTask&)>& run_;
  const std::function<bool()>& go_on_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> ended_{false};  ///< by go_on_
  std::atomic<bool> failed_{false}, first_failed_{false};
  std::mutex mutex_;  ///< of these two
  std::exception_ptr error_;
  uint64_t error_seed_ = 0;
  std::vector<SeedEnd> ends_;  ///< each written by the one thread that ran the seed
};

/// What the trainings of all seeds tell together. Called by several threads.
class SeedProgress {
 public:
  SeedProgress(const ProgressCallback& callback, const TrainOptions& options, int64_t seeds)
      : callback_(callback), options_(options), seeds_(seeds) {}

  /// Whether to go on to another seed.
  bool begin() {
    const std::lock_guard lock(mutex_);
    if (!callback_) return true;
    return epochs_told_ == 0 ? callback_({.phase = "preparing the graph", .share = -1, .figures = {}}) : tell();
  }

  /// Whether to go on after an epoch of some seed.
  bool epoch(const EpochFigures& figures) {
    const std::lock_guard lock(mutex_);
    if (!callback_) return true;
    ++epochs_told_;
    last_ = figures;
    return tell();
  }

  void seed_done(int64_t epochs) {
    const std::lock_guard lock(mutex_);
    ++seeds_done_;
    epochs_told_ += options_.epochs - epochs;
  }

 private:
  /// Epochs of all seeds, of those that there may be. A seed that patience ended counts as if it had run them all.
  bool tell() const {
    const double epochs = static_cast<double>(options_.epochs) * static_cast<double>(seeds_);
    const double share = static_cast<double>(epochs_told_) / epochs;
    if (seeds_ > 1) {
      const ProgressFigure seed{
          .name = "seed", .value = static_cast<double>(std::min(seeds_done_ + 1, seeds_)), .total = static_cast<double>(seeds_)};
      return callback_({.phase = "training", .share = share, .figures = std::span(&seed, 1)});
    }
    const ProgressFigure epoch[] = {{.name = "epoch",
                                     .value = static_cast<double>(last_.epoch),
                                     .total = static_cast<double>(last_.epochs),
                                     .at_most = options_.patience > 0},
                                    {.name = "loss", .value = last_.train_loss}};
    return callback_({.phase = "training", .share = share, .figures = epoch});
  }

  const ProgressCallback& callback_;
  const TrainOptions& options_;
  const int64_t seeds_;
  std::mutex mutex_;  ///< of all below, and of calls
  EpochFigures last_;
  int64_t epochs_told_ = 0;
  int64_t seeds_done_ = 0;
};

/// Numbers that a training of `data` holds beside its weights.
int64_t numbers_held(const NodeDataset& data) {
  const int64_t features =
      data.features_are_sparse ? data.sparse_features.nnz() : static_cast<int64_t>(data.dense_features.values.size());
  return data.nodes + 2 * static_cast<int64_t>(data.edges.size()) + features;
}

std::vector<double> all_epoch_ms(const std::vector<SeedResult>& results) {
  std::vector<double> times;
  for (const SeedResult& result : results)
    times.insert(times.end(), result.report.epoch_ms.begin(), result.report.epoch_ms.end());
  return times;
}

}  // namespace

void SeedRange::check() const {
  require(count >= 1, ErrorKind::usage, there_are(count, "seed"), " to train from, there must be at least 1");
  require(first <= UINT64_MAX - static_cast<uint64_t>(count - 1), ErrorKind::usage, counted(count, "seed"), " from ", first,
          " go past 2^64 - 1");
}

int seeds_at_once(const Device& device, int64_t count, int64_t numbers) {
  constexpr int64_t small = 1 << 22;
  if (device.kind() != DeviceKind::cpu || numbers > small) return 1;
  return static_cast<int>(std::min<int64_t>(device.threads(), count));
}

SeedEnds run_seeds(const SeedRange& seeds, const Device& device, int at_once, const std::function<SeedEnd(const SeedTask&)>& run,
                   const std::function<bool()>& go_on) try {
  seeds.check();
  SeedQueue queue(seeds, run, go_on);
  std::vector<Device> devices;  // made before any thread: what cannot be had is then told at once
  if (at_once > 1) {
    for (int worker = 0; worker < at_once; ++worker) devices.push_back(Device::cpu({.threads = 1, .isa = device.isa()}));
  }
  std::vector<std::jthread> workers;
  if (at_once > 1) {
    workers.reserve(devices.size());
    try {
      for (const Device& own : devices) workers.emplace_back([&queue, &own] { queue.work(own); });
    } catch (const std::system_error&) {  // no more threads to be had: those there are train all seeds
    }
  }
  const std::size_t working = std::max<std::size_t>(workers.size(), 1);
  if (workers.empty()) queue.work(device);
  workers.clear();  // waits for them
  SeedEnds ends = queue.finish();
  ends.at_once = static_cast<int>(working);
  return ends;
} catch (...) {
  rethrow_as_error();
}

MeanAndDeviation SeedRuns::over_seeds(double TrainReport::*figure) const try {
  std::vector<double> values;
  for (const SeedResult& result : results) values.push_back(result.report.*figure);
  return mean_and_deviation(values);
} catch (...) {
  rethrow_as_error();
}

double SeedRuns::epoch_ms_median() const try { return median(all_epoch_ms(results)); } catch (...) {
  rethrow_as_error();
}

double SeedRuns::epoch_ms_min() const try {
  const std::vector<double> times = all_epoch_ms(results);
  return times.empty() ? 0 : *std::min_element(times.begin(), times.end());
} catch (...) {
  rethrow_as_error();
}

SeedRuns train_seeds(const MakeClassifier& make, const NodeDataset& data, const TrainOptions& options, const SeedRange& seeds,
                     const Device& device, const ProgressCallback& progress) try {
  seeds.check();
  SeedProgress told(progress, options, seeds.count);
  std::atomic<bool> stopped{false};
  const auto go_on = [&stopped](bool goes_on) {
    if (!goes_on) stopped = true;
    return goes_on;
  };
  std::vector<SeedResult> results(static_cast<std::size_t>(seeds.count));
  std::unique_ptr<NodeClassifier> first_model;
  const auto run = [&](const SeedTask& task) {
    if (!go_on(told.begin())) return SeedEnd::nothing;
    std::unique_ptr<NodeClassifier> model = make(task.seed, task.device);
    require(model != nullptr, ErrorKind::usage, "train_seeds: the function that makes models returned none");
    SeedResult& result = results[static_cast<std::size_t>(task.index)];
    result.seed = task.seed;
    result.report = train(*model, data, options, [&](const EpochFigures& figures) {
      go_on(told.epoch(figures));
      if (task.go_on()) return true;
      result.finished = figures.epoch == figures.epochs;
      return false;
    });
    told.seed_done(result.report.epochs);
    if (task.index == 0) first_model = std::move(model);
    return result.finished ? SeedEnd::finished : SeedEnd::cut_short;
  };
  const SeedEnds ends = run_seeds(seeds, device, seeds_at_once(device, seeds.count, numbers_held(data)), run,
                                  [&stopped] { return !stopped.load(); });
  SeedRuns runs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (ends.of[i] != SeedEnd::nothing) runs.results.push_back(std::move(results[i]));
  }
  runs.first_model = std::move(first_model);
  runs.at_once = ends.at_once;
  runs.interrupted = ends.interrupted;
  runs.failure = ends.failure;
  return runs;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
