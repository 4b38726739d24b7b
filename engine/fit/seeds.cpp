#include "heddle/seeds.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <span>
#include <string>
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

/// What the fits of all seeds tell together. Called by several threads.
class SeedProgress {
 public:
  SeedProgress(const FitOptions& options, int64_t seeds) : options_(options), seeds_(seeds) {}

  /// Whether to go on to another seed.
  bool begin() {
    const std::lock_guard lock(mutex_);
    if (!options_.progress) return true;
    if (trains_) return tell_seeds();
    return options_.progress({.phase = "preparing the graph", .share = -1, .figures = {}});
  }

  /// What the fit of one seed tells; whether to go on.
  bool told(int64_t seed, const Progress& at) {
    const std::lock_guard lock(mutex_);
    if (!options_.progress) return true;
    if (seeds_ == 1 || at.phase != training_phase) {
      Progress of = at;
      of.subject = {};  // the kind of all of them
      return options_.progress(of);
    }
    trains_ = true;
    running_[seed] = at.share;
    return tell_seeds();
  }

  void epoch(const FitEpoch& epoch) {
    const std::lock_guard lock(mutex_);
    if (options_.epoch) options_.epoch(epoch);
  }

  /// A seed that its patience ended counts as if it had run all epochs.
  void seed_done(int64_t seed) {
    const std::lock_guard lock(mutex_);
    ++done_;
    running_.erase(seed);
  }

 private:
  static constexpr const char* training_phase = "training";

  bool tell_seeds() const {
    auto trained = static_cast<double>(done_);
    for (const auto& [running, share] : running_) trained += share;
    const auto all = static_cast<double>(seeds_);
    const ProgressFigure seed{.name = "seed", .value = static_cast<double>(std::min(done_ + 1, seeds_)), .total = all};
    return options_.progress({.phase = training_phase, .share = trained / all, .figures = std::span(&seed, 1)});
  }

  const FitOptions& options_;
  const int64_t seeds_;
  std::mutex mutex_;                   ///< of all below, and of calls
  std::map<int64_t, double> running_;  ///< of each seed whose training is under way, the share of it that is done
  int64_t done_ = 0;                   ///< seeds
  bool trains_ = false;                ///< several seeds, of which one has told of its training
};

/// Numbers that a training of `data` holds beside its weights.
int64_t numbers_held(const NodeDataset& data) {
  const int64_t features =
      data.features_are_sparse ? data.sparse_features.nnz() : static_cast<int64_t>(data.dense_features.values.size());
  return data.nodes + 2 * static_cast<int64_t>(data.edges.size()) + features;
}

std::vector<double> all_epoch_seconds(const std::vector<FitReport>& reports) {
  std::vector<double> times;
  for (const FitReport& report : reports) {
    for (const FitEpoch& epoch : report.epochs) times.push_back(epoch.seconds);
  }
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

MeanAndDeviation SeedRuns::over_seeds(const std::string& figure) const try {
  std::vector<double> values;
  for (const FitReport& report : reports) {
    const auto found = report.figures.find(figure);
    if (found != report.figures.end()) values.push_back(found->second);
  }
  return mean_and_deviation(values);
} catch (...) {
  rethrow_as_error();
}

double SeedRuns::epoch_s_median() const try { return median(all_epoch_seconds(reports)); } catch (...) {
  rethrow_as_error();
}

double SeedRuns::epoch_s_min() const try {
  const std::vector<double> times = all_epoch_seconds(reports);
  return times.empty() ? 0 : *std::min_element(times.begin(), times.end());
} catch (...) {
  rethrow_as_error();
}

SeedRuns fit_seeds(const FitPlan& plan, const NodeDataset& data, const SeedRange& seeds, const FitOptions& options) try {
  seeds.check();
  SeedProgress progress(options, seeds.count);
  std::atomic<bool> stopped{false};
  const auto go_on = [&stopped](bool goes_on) {
    if (!goes_on) stopped = true;
    return goes_on;
  };
  std::vector<std::unique_ptr<FitReport>> reports(static_cast<std::size_t>(seeds.count));  // many may never come about
  std::unique_ptr<NodeClassifier> first_model;
  const auto run = [&](const SeedTask& task) {
    if (!go_on(progress.begin())) return SeedEnd::nothing;
    FitOptions own = options;
    own.device = task.device;
    own.seed = task.seed;
    own.progress = [&](const Progress& at) {
      go_on(progress.told(task.index, at));
      return task.go_on();
    };
    own.epoch = [&](const FitEpoch& epoch) { progress.epoch(epoch); };
    Fitted<NodeClassifier> fitted = fit(plan, data, own);
    progress.seed_done(task.index);
    const SeedEnd end = fitted.report.finished() ? SeedEnd::finished : SeedEnd::cut_short;
    reports[static_cast<std::size_t>(task.index)] = std::make_unique<FitReport>(std::move(fitted.report));
    if (task.index == 0) first_model = std::move(fitted.model);
    return end;
  };
  const SeedEnds ends = run_seeds(seeds, options.device, seeds_at_once(options.device, seeds.count, numbers_held(data)), run,
                                  [&stopped] { return !stopped.load(); });
  SeedRuns runs;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (ends.of[i] != SeedEnd::nothing) runs.reports.push_back(std::move(*reports[i]));
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
