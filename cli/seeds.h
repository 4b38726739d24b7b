#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/models.h"
#include "heddle/profile.h"
#include "heddle/train.h"

namespace heddle::cli {

/// What is trained, and from how many seeds: first_seed, first_seed + 1, ...
struct SeedPlan {
  const ModelKind* kind = nullptr;
  std::map<std::string, std::string> settings;
  TrainOptions options;
  uint64_t first_seed = 0;
  int64_t count = 1;
  /// Fail before training, not after it, where the model has no embeddings.
  bool embeddings_wanted = false;
  /// Records the training, which is then of one seed; or null.
  Profiler* profiler = nullptr;
  TunedVariants tuned;  ///< what heddle tune found
};

struct SeedResult {
  uint64_t seed = 0;
  TrainReport report;
  bool finished = true;  ///< not cut short by a signal
};

struct SeedRuns {
  std::vector<SeedResult> results;              ///< by seed; seeds that an interruption left untouched are missing
  std::unique_ptr<NodeClassifier> first_model;  ///< of the first result
  int at_once = 1;                              ///< seeds trained at the same time, with one thread each if more than 1
  bool interrupted = false;                     ///< whether a signal cut something short
  /// A later seed diverged, or could not be trained for another reason: the first one's training came to its end all the same,
  /// the others' are missing unless they had ended before.
  std::optional<Error> failure;

  /// Mean and population standard deviation (divided by the number of seeds) of the test accuracies.
  double test_mean() const;
  double test_std() const;
  /// Over all epochs of all seeds.
  double epoch_ms_median() const;
  double epoch_ms_min() const;
};

/// Trains the plan's seeds, on cpu several at once where that is faster; each result has the same bits as if it were trained
/// alone. Ends early, with what was reached, where a signal asked for that; throws Error{interrupted} where nothing was, and what
/// the first seed's training throws.
SeedRuns train_seeds(const SeedPlan& plan, const NodeDataset& data, const Device& device, ProgressBar& progress);

}  // namespace heddle::cli
