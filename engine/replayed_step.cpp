#include "heddle/error.h"
#include "heddle/train.h"
#include "kernels/device/backend.h"

namespace heddle {

ReplayedStep::ReplayedStep(Context& context, std::function<void()> step) : context_(context), step_(std::move(step)) {}

ReplayedStep::~ReplayedStep() = default;

void ReplayedStep::run() {
  if (context_.profiler() != nullptr) return step_();  // a replay has no ops to tell apart
  // The first run allocates. From the second on the arena hands out the same addresses, which a recording fixes.
  constexpr int warm_up_runs = 1;
  Stream& stream = context_.stream();
  if (replay_ == nullptr && eager_runs_ >= warm_up_runs && stream.backend().can_capture()) {
    stream.backend().begin_capture(stream);
    try {
      step_();
    } catch (...) {
      try {
        stream.backend().end_capture(stream);  // leaves the stream usable; the first error is the one to report
      } catch (const Error& error) {
        log_message(error.what());
      }
      throw;
    }
    replay_ = stream.backend().end_capture(stream);
  }
  if (replay_ != nullptr) {
    replay_->launch(stream);
  } else {
    step_();
    ++eager_runs_;
  }
}

}  // namespace heddle
