#pragma once

#include <chrono>
#include <deque>
#include <limits>

namespace heddle::cli {

/// Seconds in which the process could work: a clock that stands while it is stopped (Ctrl-Z, SIGSTOP). A process learns nothing
/// of SIGSTOP, and from SIGCONT afterwards not how long the stop was; its processor time does not tell either, since that stands
/// while a GPU works, too. So somebody looks at this clock many times a second, whatever the work is doing, and where two looks
/// lie seconds apart nobody could look: such a gap is left out.
class WorkingTime {
 public:
  using Clock = std::chrono::steady_clock;

  /// From here on somebody looks often; until then long gaps may be long pieces of work, and count.
  void watch() { watched_ = true; }
  /// Seconds since the first look, at `time`; one that lies before the last look counts as that.
  double at(Clock::time_point time);

 private:
  bool watched_ = false, looked_ = false;
  Clock::time_point last_;
  double seconds_ = 0;
};

/// How long a phase has taken, and how long it still takes by the pace of its last ten seconds. Times are seconds of whatever
/// clock the caller has; they do not go back.
class PhasePace {
 public:
  /// A phase that begins at this share of it. Its clock stands until `resume`.
  explicit PhasePace(double share = 0) : begun_at_(share), latest_{.seconds = 0, .share = share, .pieces = 0}, marks_{latest_} {}

  void resume(double now) { since_ = now; }
  /// Another phase takes its turn.
  void leave(double now);
  /// The share that is done, and seconds that a limit leaves the phase; negative: there is none.
  void told(double now, double share, double most_left);

  /// The last share that was told.
  double share() const { return latest_.share; }
  /// Seconds that the phase took, without those in which another had its turn.
  double elapsed(double now) const { return passed_ + now - since_; }
  /// Seconds that it still takes; negative: nobody can tell, as in the beginning: until 3 s have passed or a twentieth is done.
  /// From one call to the next it falls as time goes by, but where the pace has changed by more than a tenth.
  double left(double now);

 private:
  static constexpr double unlimited = std::numeric_limits<double>::infinity();

  /// Where the phase stood.
  struct Mark {
    double seconds;  ///< of the phase
    double share;
    double pieces;  ///< times that the share has grown
  };

  double left_by_pace(double seconds) const;

  double passed_ = 0;  ///< before `since_`
  double since_ = 0;
  double begun_at_;
  Mark latest_;
  std::deque<Mark> marks_;       ///< what the pace is taken from, the earliest first: not every step's, which may be thousands
  bool begins_ = true;           ///< the first mark is the phase's beginning
  double ends_ = -1;             ///< seconds of the phase at which it ends, as was last told; negative: nothing was
  double must_end_ = unlimited;  ///< by its limit
};

}  // namespace heddle::cli
