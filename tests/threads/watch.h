#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "heddle/device.h"
#include "kernels/common/thread_team.h"
#include "kernels/device/backend.h"
#include "tests/threads/meeting.h"

namespace heddle::test {

/// Counts the loops of a device's team while it lives: of each, how many chunks it has and who does them. Every loop is held up
/// until as many threads have come as it has chunks for, so that all who can take part do, on two processors too.
class Watch {
 public:
  struct Loop {
    int64_t chunks = 0;
    std::vector<std::thread::id> by;  ///< the chunks' threads
    int threads() const { return static_cast<int>(std::set<std::thread::id>(by.begin(), by.end()).size()); }
  };

  explicit Watch(const Device& device) : team_(*device.backend()->thread_team().team), threads_(device.threads()) {
    observer_ = {begin, chunk, this};
    kernels::observe_loops(team_, &observer_);
  }
  ~Watch() { kernels::observe_loops(team_, nullptr); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  const std::vector<Loop>& loops() const { return loops_; }
  /// Of the loop with most chunks.
  Loop largest() const {
    const auto fewer = [](const Loop& a, const Loop& b) { return a.chunks < b.chunks; };
    return loops_.empty() ? Loop{} : *std::max_element(loops_.begin(), loops_.end(), fewer);
  }

 private:
  static void begin(void* context, int64_t chunks) {
    auto& self = *static_cast<Watch*>(context);
    self.loops_.push_back({chunks, std::vector<std::thread::id>(static_cast<std::size_t>(chunks))});
    self.meeting_ = std::make_unique<Meeting>(static_cast<int>(std::min<int64_t>(chunks, self.threads_)));
  }
  static void chunk(void* context, int64_t number) {
    auto& self = *static_cast<Watch*>(context);
    self.loops_.back().by[static_cast<std::size_t>(number)] = std::this_thread::get_id();
    self.meeting_->attend();
  }

  kernels::ThreadTeam& team_;
  int threads_;
  kernels::LoopObserver observer_;
  std::vector<Loop> loops_;
  std::unique_ptr<Meeting> meeting_;
};

}  // namespace heddle::test
