#include "cli/phase_pace.h"

#include <algorithm>
#include <cmath>

namespace heddle::cli {

namespace {

/// Twenty times as long as the bar's thread sleeps at most: no load keeps it from the processor for that long.
constexpr double stopped_seconds = 2;

/// The first seconds of a phase tell little: memory is taken, steps are recorded, a GPU wakes.
constexpr double seconds_before = 3, share_before = 0.05;
/// What the pace is taken from: the last ten seconds, and where pieces of work take longer than two, the last four of them.
constexpr double window_seconds = 10, least_pieces = 4;
constexpr double between_marks = 0.25;
/// The phase's beginning goes as soon as it can be spared: its first piece of work takes longer than the others.
constexpr double window_after_first = 1;
/// What was told stands while it is off by no more than this.
constexpr double slack_share = 0.1, slack_seconds = 1;

}  // namespace

double WorkingTime::at(Clock::time_point time) {
  if (!looked_) {
    looked_ = true;
    last_ = time;
  }
  if (time <= last_) return seconds_;
  const double gap = std::chrono::duration<double>(time - last_).count();
  last_ = time;
  if (!watched_ || gap < stopped_seconds) seconds_ += gap;
  return seconds_;
}

void PhasePace::leave(double now) {
  passed_ = elapsed(now);
  since_ = now;
}

void PhasePace::told(double now, double share, double most_left) {
  const double seconds = elapsed(now);
  must_end_ = most_left < 0 ? unlimited : seconds + most_left;
  if (!(share > latest_.share)) return;
  latest_ = {.seconds = seconds, .share = share, .pieces = latest_.pieces + 1};
  if (seconds - marks_.back().seconds >= between_marks) marks_.push_back(latest_);
  const auto can_spare_first = [&] {
    return marks_.size() > 1 && seconds - marks_[1].seconds >= (begins_ ? window_after_first : window_seconds) &&
           latest_.pieces - marks_[1].pieces >= least_pieces;
  };
  while (can_spare_first()) {
    marks_.pop_front();
    begins_ = false;
  }
}

double PhasePace::left(double now) {
  const double seconds = elapsed(now);
  if (seconds < seconds_before && latest_.share - begun_at_ < share_before) return -1;
  if (const double left = left_by_pace(seconds); left >= 0) {
    const bool still_holds = ends_ >= 0 && std::abs(seconds + left - ends_) <= std::max(slack_seconds, slack_share * left);
    if (!still_holds) ends_ = seconds + left;
  }
  const double ends = std::min(ends_ < 0 ? unlimited : ends_, must_end_);
  return ends == unlimited ? -1 : std::max(ends - seconds, 0.0);
}

/// Negative: there is no pace yet.
double PhasePace::left_by_pace(double seconds) const {
  const Mark& first = marks_.front();
  const double took = latest_.seconds - first.seconds, did = latest_.share - first.share, pieces = latest_.pieces - first.pieces;
  if (!(took > 0 && did > 0)) return -1;
  const double rest = 1 - latest_.share;
  const double waited = seconds - latest_.seconds;
  if (waited <= took / pieces) return std::max(rest * took / did - waited, 0.0);
  // The next piece takes longer than those before: it counts as if it ended now, and the pace is what it then would be.
  const double piece = did / pieces;
  return std::max((rest - piece) * (took + waited) / (did + piece), 0.0);
}

}  // namespace heddle::cli
