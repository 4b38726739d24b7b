#include "heddle/session.h"

#include <algorithm>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "kernels/common/thread_team.h"
#include "kernels/device/backend.h"

namespace heddle {

Session::Session(const Device& device, const SessionOptions& options) try : context_(device), threads_(options.threads) {
  require(threads_ >= 0, ErrorKind::usage, "session: ", counted(threads_, "thread"),
          " were asked for; 0 takes its share of the device's");
  context_.set_training(false);
} catch (...) {
  rethrow_as_error();
}

Session::Request::Request(Session& session) : session_(session), outermost_(false) {
  const std::thread::id caller = std::this_thread::get_id();
  std::thread::id asking{};
  outermost_ = session.asking_.compare_exchange_strong(asking, caller);
  require(outermost_ || asking == caller, ErrorKind::usage,
          "session: it is answering a request of another thread; each thread needs a session of its own");
  if (!outermost_) return;
  Stream& stream = session.context_.stream();
  const kernels::Threads team = stream.backend().thread_team();
  if (team.team == nullptr) return;
  const int busy = kernels::begin_request(*team.team);
  // Threads beyond a request's share would be taken from other requests: each of those would then wait for the others' chunks.
  stream.limit_threads(session.threads_ > 0 ? session.threads_ : std::max(1, team.count / busy));
}

Session::Request::~Request() {
  if (!outermost_) return;
  Stream& stream = session_.context_.stream();
  if (const kernels::Threads team = stream.backend().thread_team(); team.team != nullptr) kernels::end_request(*team.team);
  stream.limit_threads(session_.threads_);
  session_.asking_.store(std::thread::id());
}

}  // namespace heddle
