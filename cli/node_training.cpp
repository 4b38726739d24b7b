#include "cli/node_training.h"

#include "cli/interrupt.h"
#include "heddle/error.h"

namespace heddle::cli {

SeedRuns run_training(const NodeTraining& training, const NodeDataset& data, const Device& device, ProgressBar& progress) try {
  catch_interrupts(progress.quiet());
  const FitOptions options{
      .device = device, .progress = progress.callback(), .profiler = training.profiler, .tuned = &training.tuned};
  return fit_seeds(training.plan, data, training.seeds, options);
} catch (const Error& error) {
  // A training that diverges leaves no weights to go back to.
  if (error.kind() != ErrorKind::diverged && error.kind() != ErrorKind::interrupted) throw;
  fail(error.kind(), error.what(), "; nothing was saved");
}

}  // namespace heddle::cli
