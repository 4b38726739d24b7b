#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/export.h"
#include "heddle/fit.h"
#include "heddle/models.h"
#include "heddle/statistics.h"

HEDDLE_API_BEGIN
/// One fit from several seeds: on cpu several of them at once, each with the bits that it has alone.
namespace heddle {

/// The seeds first, first + 1, ..., first + count - 1.
struct SeedRange {
  uint64_t first = 0;  ///< the first of them
  int64_t count = 1;   ///< how many

  /// Throws Error{usage} unless there is at least one and the last is at most 2^64 - 1.
  void check() const;
};

/// How many of `count` seeds to train at the same time. Seeds share nothing, so where a training holds few `numbers` (of the
/// graph and its features; at most 2^22), which leaves little to share out in a step, one thread for each is faster than all
/// threads for one after the other; a large one would need its memory once per thread. 1 on devices other than cpu.
int seeds_at_once(const Device& device, int64_t count, int64_t numbers);

/// One seed's share of run_seeds.
struct SeedTask {
  uint64_t seed = 0;     ///< which seed
  int64_t index = 0;     ///< of the seed, from 0
  const Device& device;  ///< to train on; it lives until `run` returns
  /// To be asked between the steps of the training: whether its end is still wanted.
  std::function<bool()> go_on;
};

/// What became of one seed.
enum class SeedEnd {
  nothing,    ///< it left nothing: it was not begun, failed, or its end was not wanted any more because another seed failed
  cut_short,  ///< `go_on` said that the whole was to end; what it reached counts
  finished,   ///< it came to its end
};

/// What became of all.
struct SeedEnds {
  std::vector<SeedEnd> of;   ///< by index; that of the first seed is not `nothing`
  int at_once = 1;           ///< seeds that ran at the same time, with one thread each if more than 1
  bool interrupted = false;  ///< `go_on` kept one from its end
  /// A later seed failed: the first one's training came to its end all the same, the others' only where they had ended before.
  std::optional<Error> failure;
};

/// Calls `run` for every seed, `at_once` of them at a time, each then with a device of one thread. `run` tells what the seed came
/// to; where one throws, the seeds after the first are ended, since figures over seeds are wanted of all or not at all, and the
/// first one's model may still be worth keeping. `go_on` (or none) is asked before each seed and by SeedTask::go_on, by several
/// threads; false ends all. Throws what the first seed's `run` throws, Error{interrupted} where that was ended before it left
/// anything, Error{usage} as SeedRange::check.
SeedEnds run_seeds(const SeedRange& seeds, const Device& device, int at_once, const std::function<SeedEnd(const SeedTask&)>& run,
                   const std::function<bool()>& go_on = {});

/// Fits of a node classifier that differ in their seed alone.
struct SeedRuns {
  std::vector<FitReport> reports;               ///< by seed; those that left nothing are missing; not empty
  std::unique_ptr<NodeClassifier> first_model;  ///< of the first report
  int at_once = 1;                              ///< as in SeedEnds
  bool interrupted = false;                     ///< as in SeedEnds
  std::optional<Error> failure;                 ///< as in SeedEnds

  /// Of a figure over the seeds, one of FitReport::figures: `over_seeds("test_accuracy").mean`. NaN where they do not have it.
  MeanAndDeviation over_seeds(const std::string& figure) const;
  /// Seconds of an epoch: the median over all epochs of all seeds; 0 where there are none.
  double epoch_s_median() const;
  /// Seconds of the shortest epoch of all seeds; 0 where there are none.
  double epoch_s_min() const;
};

/// Fits from every seed, as many at once as seeds_at_once says; each has the same bits as if it were fitted alone. `options` as
/// fit takes them, but for the seed. Throws as run_seeds, plan_fit and fit. The callback, which several threads call, one at a
/// time, is told "preparing the graph" (no share is known) and then what a fit tells, of several seeds: seed 2 of 20. It is asked
/// before each seed and after each epoch; false ends all with what was reached.
SeedRuns fit_seeds(const FitPlan& plan, const NodeDataset& data, const SeedRange& seeds, const FitOptions& options = {});

}  // namespace heddle
HEDDLE_API_END
