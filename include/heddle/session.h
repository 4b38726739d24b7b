#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "heddle/context.h"
#include "heddle/device.h"
#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// How a Session asks.
struct SessionOptions {
  /// cpu: at most so many threads of the device's team work on one request, the caller's among them. 0: the team's threads are
  /// shared out among the sessions that are answering at that moment, so that many callers do not wait for each other, and a
  /// single one has them all.
  int threads = 0;
};

/// What one thread needs to ask models on one device: a stream, and the memory of a request on its way. Fitted models do not
/// change, so any number of threads may ask one of them at the same time, each with a session of its own; answers have the same
/// bits whoever else asks. A session may ask any models of its device, one after the other, and may be handed to another thread
/// between two requests; a request of a second thread while one is under way throws Error{usage}.
///
/// Cheap: it has no threads of its own, and holds next to nothing until it is asked. Then it keeps what its largest recent
/// requests took, for the next: after requests of single users some numbers for each user and item, 64 MB at most after large
/// ones.
class Session {
 public:
  /// Throws Error{usage} for a negative number of threads.
  explicit Session(const Device& device, const SessionOptions& options = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Where it asks.
  const Device& device() const { return context_.device(); }
  /// The stream and the arena that requests use: every request begins steps in it. To score into memory of one's own, see
  /// Recommender::score.
  Context& context() { return context_; }

  /// A request under way, while it lives; requests within requests are part of the outermost. Recommender's functions and
  /// `evaluate` open one; so does whoever runs kernels in a session's context. Throws Error{usage} where another thread has one
  /// open in this session.
  class Request {
   public:
    /// Begins one, or takes part in the one that this thread has begun.
    explicit Request(Session& session);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

   private:
    Session& session_;
    bool outermost_;
  };

 private:
  Context context_;
  int threads_;
  std::atomic<std::thread::id> asking_{};  ///< whose request is under way; no thread's: none is
};

}  // namespace heddle
HEDDLE_API_END
