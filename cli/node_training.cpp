#include "cli/node_training.h"

#include <memory>

#include "cli/interrupt.h"
#include "heddle/error.h"

namespace heddle::cli {

SeedRuns run_training(const NodeTraining& training, const NodeDataset& data, const Device& device, ProgressBar& progress) try {
  catch_interrupts(progress.quiet());
  const auto make = [&](uint64_t seed, const Device& on) {
    std::unique_ptr<NodeClassifier> model = training.kind->make(data, training.settings, seed, on);
    if (seed == training.seeds.first && training.embeddings_wanted) hidden_representations(*model);
    model->context().set_tuned(training.tuned);
    model->context().set_profiler(training.profiler);
    return model;
  };
  SeedRuns runs = train_seeds(make, data, training.options, training.seeds, device, progress.callback());
  runs.first_model->context().set_profiler(nullptr);
  return runs;
} catch (const Error& error) {
  // A training that diverges leaves no weights to go back to.
  if (error.kind() != ErrorKind::diverged && error.kind() != ErrorKind::interrupted) throw;
  fail(error.kind(), error.what(), "; nothing was saved");
}

}  // namespace heddle::cli
