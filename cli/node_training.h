#pragma once

#include "cli/progress.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/fit.h"
#include "heddle/profile.h"
#include "heddle/seeds.h"
#include "heddle/tuned.h"

namespace heddle::cli {

/// The training of a node classifier that was asked for.
struct NodeTraining {
  FitPlan plan;
  SeedRange seeds;
  /// Records the training, which is then of one seed; or null.
  Profiler* profiler = nullptr;
  TunedVariants tuned;  ///< what heddle tune found
};

/// Trains as asked. Ends early, with what was reached, where a signal asked for that; what it throws where nothing was reached
/// says that nothing was saved.
SeedRuns run_training(const NodeTraining& training, const NodeDataset& data, const Device& device, ProgressBar& progress);

}  // namespace heddle::cli
