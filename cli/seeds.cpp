#include "cli/seeds.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

/// How many seeds to train at once. Seeds share nothing, so on a small graph, where an epoch has little to share out, a thread
/// for each is faster; a large one would need its memory once per thread.
int seeds_at_once(const SeedPlan& plan, const NodeDataset& data, const Device& device) {
  constexpr int64_t kSmall = 1 << 22;
  const int64_t features =
      data.features_are_sparse ? data.sparse_features.nnz() : static_cast<int64_t>(data.dense_features.values.size());
  const int64_t size = data.nodes + 2 * static_cast<int64_t>(data.edges.size()) + features;
  if (device.kind() != DeviceKind::cpu || size > kSmall) return 1;
  return static_cast<int>(std::min<int64_t>(device.threads(), plan.count));
}

/// The seeds still to be trained, handed to whoever is free.
class SeedQueue {
 public:
  SeedQueue(const SeedPlan& plan, const NodeDataset& data, ProgressBar& progress)
      : plan_(plan), data_(data), results_(static_cast<std::size_t>(plan.count)), progress_(progress) {
    progress_.phase("preparing the graph");
  }

  /// Trains seeds on `device` until none is left. Does not throw: `finish` does.
  void work(const Device& device) noexcept {
    for (int64_t i = next_++; i < plan_.count && !stopped(i); i = next_++) {
      try {
        train_one(i, device);
      } catch (...) {
        failed(i, std::current_exception());
      }
    }
  }

  /// What was reached; throws where the first seed's training did.
  SeedRuns finish() {
    if (error_ != nullptr && first_model_ == nullptr) std::rethrow_exception(error_);
    require(first_model_ != nullptr, ErrorKind::interrupted, "interrupted before the first epoch; nothing was saved");
    SeedRuns runs;
    for (std::optional<SeedResult>& result : results_) {
      if (result) runs.results.push_back(std::move(*result));
    }
    if (error_ != nullptr) runs.failure = failure();
    runs.interrupted = cut_short_ || (error_ == nullptr && runs.results.size() < results_.size());
    runs.first_model = std::move(first_model_);
    return runs;
  }

 private:
  /// Whether seed `i` is to be trained no further. The first one's model is what is saved: it is worth its training though
  /// another seed's fails.
  bool stopped(int64_t i) const { return interrupted() || (failed_ && (i > 0 || first_failed_)); }

  void failed(int64_t i, std::exception_ptr error) noexcept {
    const std::lock_guard lock(mutex_);
    // Of several the first seed's, which leaves nothing, and otherwise that which came first.
    if (error_ == nullptr || i == 0) {
      error_ = std::move(error);
      error_seed_ = plan_.first_seed + static_cast<uint64_t>(i);
    }
    if (i == 0) first_failed_ = true;
    failed_ = true;
  }

  Error failure() const {
    try {
      std::rethrow_exception(error_);
    } catch (...) {
      const Error error = current_error();
      return {error.kind(), text("seed ", error_seed_, ": ", error.what())};
    }
  }

  /// Epochs of all seeds, of those that there may be. A seed that patience ended counts as if it had run them all.
  void tell(const EpochFigures& figures) {
    const std::lock_guard lock(telling_);
    ++epochs_told_;
    const double epochs = static_cast<double>(plan_.options.epochs) * static_cast<double>(plan_.count);
    const double share = static_cast<double>(epochs_told_) / epochs;
    const bool at_most = plan_.options.patience > 0;
    if (plan_.count > 1) {
      const ProgressFigure seed{.name = "seed",
                                .value = static_cast<double>(std::min(seeds_done_ + 1, plan_.count)),
                                .total = static_cast<double>(plan_.count),
                                .at_most = false};
      progress_.told({.phase = "training", .share = share, .figures = std::span(&seed, 1)});
      return;
    }
    const ProgressFigure epoch[] = {{.name = "epoch",
                                     .value = static_cast<double>(figures.epoch),
                                     .total = static_cast<double>(figures.epochs),
                                     .at_most = at_most},
                                    {.name = "loss", .value = figures.train_loss}};
    progress_.told({.phase = "training", .share = share, .figures = epoch});
  }

  void seed_done(int64_t epochs) {
    const std::lock_guard lock(telling_);
    ++seeds_done_;
    epochs_told_ += plan_.options.epochs - epochs;
  }

  void train_one(int64_t i, const Device& device) {
    const uint64_t seed = plan_.first_seed + static_cast<uint64_t>(i);
    std::unique_ptr<NodeClassifier> model = plan_.kind->make(data_, plan_.settings, seed, device);
    if (i == 0 && plan_.embeddings_wanted) host_embeddings(*model);
    SeedResult result{.seed = seed, .report = {}};
    model->context().set_tuned(plan_.tuned);
    model->context().set_profiler(plan_.profiler);
    result.report = train(*model, data_, plan_.options, [&](const EpochFigures& figures) {
      tell(figures);
      if (!stopped(i)) return true;
      if (figures.epoch < figures.epochs) result.finished = false;
      return false;
    });
    model->context().set_profiler(nullptr);
    if (!result.finished) {
      if (!interrupted()) return;  // another seed failed: nobody wants a part of this one
      cut_short_ = true;
    }
    seed_done(result.report.epochs);
    results_[static_cast<std::size_t>(i)] = std::move(result);
    if (i == 0) first_model_ = std::move(model);
  }

  const SeedPlan& plan_;
  const NodeDataset& data_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> cut_short_{false};
  std::atomic<bool> failed_{false}, first_failed_{false};
  std::mutex mutex_;  ///< of these two
  std::exception_ptr error_;
  uint64_t error_seed_ = 0;
  std::vector<std::optional<SeedResult>> results_;
  std::unique_ptr<NodeClassifier> first_model_;
  std::mutex telling_;
  int64_t epochs_told_ = 0;
  int64_t seeds_done_ = 0;
  ProgressBar& progress_;
};

/// Every epoch's time, ascending.
std::vector<double> all_epoch_ms(const std::vector<SeedResult>& results) {
  std::vector<double> times;
  for (const SeedResult& result : results)
    times.insert(times.end(), result.report.epoch_ms.begin(), result.report.epoch_ms.end());
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

double SeedRuns::test_mean() const {
  double sum = 0;
  for (const SeedResult& result : results) sum += result.report.test_accuracy;
  return sum / static_cast<double>(results.size());
}

double SeedRuns::test_std() const {
  const double mean = test_mean();
  double squares = 0;
  for (const SeedResult& result : results) squares += (result.report.test_accuracy - mean) * (result.report.test_accuracy - mean);
  return std::sqrt(squares / static_cast<double>(results.size()));
}

double SeedRuns::epoch_ms_median() const {
  const std::vector<double> times = all_epoch_ms(results);
  return (times[(times.size() - 1) / 2] + times[times.size() / 2]) / 2;
}

double SeedRuns::epoch_ms_min() const { return all_epoch_ms(results).front(); }

SeedRuns train_seeds(const SeedPlan& plan, const NodeDataset& data, const Device& device, ProgressBar& progress) {
  catch_interrupts(progress.quiet());
  SeedQueue queue(plan, data, progress);
  std::vector<std::jthread> workers;
  if (const int at_once = seeds_at_once(plan, data, device); at_once > 1) {
    workers.reserve(static_cast<std::size_t>(at_once));
    try {
      for (int worker = 0; worker < at_once; ++worker)
        workers.emplace_back([&] { queue.work(Device::cpu({.threads = 1, .isa = device.isa()})); });
    } catch (const std::system_error&) {  // no more threads to be had: those there are train all seeds
    }
  }
  const std::size_t at_once = std::max<std::size_t>(workers.size(), 1);
  if (workers.empty()) queue.work(device);
  workers.clear();  // waits for them
  SeedRuns runs = queue.finish();
  runs.at_once = static_cast<int>(at_once);
  return runs;
}

}  // namespace heddle::cli
