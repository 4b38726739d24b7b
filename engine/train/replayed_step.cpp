#include "heddle/replayed_step.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/device/backend.h"

namespace heddle {

ReplayedStep::ReplayedStep(Context& context, std::function<void()> step) : context_(context), step_(std::move(step)) {}

ReplayedStep::~ReplayedStep() = default;

void ReplayedStep::run() try {
  if (context_.profiler() != nullptr) return step_();  // a replay has no ops to tell apart
  if (replay_ != nullptr) return replay_->launch(context_.stream());
  if (!context_.stream().backend().can_capture()) return step_();
  if (memory_ == nullptr) {
    // The first run takes memory, which a recording must not; the second is given the same, whatever steps come between.
    auto memory = std::make_unique<Arena::Recording>(context_.arena());
    step_();
    memory->close();
    memory_ = std::move(memory);
  } else {
    record();
    replay_->launch(context_.stream());
  }
} catch (...) {
  rethrow_as_error();
}

void ReplayedStep::record() {
  Stream& stream = context_.stream();
  memory_->repeat();
  bool capturing = false;
  try {
    stream.backend().begin_capture(stream);
    capturing = true;
    step_();
  } catch (...) {
    memory_->close();
    try {
      if (capturing) stream.backend().end_capture(stream);  // leaves the stream usable; the first error is the one to report
    } catch (const Error& error) {
      log_message(error.what());
    }
    throw;
  }
  memory_->close();
  replay_ = stream.backend().end_capture(stream);
}

}  // namespace heddle
