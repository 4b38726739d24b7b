#pragma once

#include <functional>
#include <memory>

#include "heddle/arena.h"
#include "heddle/context.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// Runs one and the same step many times: eagerly at first, then, where the device can, as one replay of the recorded work.
/// The step must do the same work each time and read nothing back to the host. Always eagerly while the context has a profiler.
class ReplayedStep {
 public:
  /// `step` begins the context's step by itself (Context::begin_step). The context must outlive it.
  ReplayedStep(Context& context, std::function<void()> step);
  ~ReplayedStep();
  /// Runs it once. Throws what it throws.
  void run();
  /// Whether the work has been recorded, so that `run` replays it.
  bool replaying() const { return replay_ != nullptr; }

 private:
  void record();

  Context& context_;
  std::function<void()> step_;
  std::unique_ptr<Arena::Recording> memory_;  ///< the step's; outlives the replay, which works in it
  std::unique_ptr<kernels::Replay> replay_;
};

}  // namespace heddle
HEDDLE_API_END
