#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cli/phase_pace.h"
#include "cli/progress_text.h"
#include "heddle/progress.h"

namespace heddle::cli {

/// Tells people what is being done and how far it is. On a terminal: one line that is drawn over and over, as wide as the
/// terminal is, and goes away. Elsewhere (standard error is a file, a pipe or closed, or TERM is "dumb"): a line when a phase has
/// lasted a second, and one a minute after that. With --quiet: nothing. What ends in a moment is not told of. May be told by
/// several threads. Failures to write, to draw or to start a thread are ignored, but that one which means that nobody reads
/// standard error any more (a closed pipe) asks for the end as a signal does (`interrupted`).
class ProgressBar {
 public:
  /// Reads HEDDLE_PROGRESS_DELAY; throws Error{usage} where it is no number.
  explicit ProgressBar(bool quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// --quiet: whoever works under this bar keeps what else they would say of their progress to themselves, too.
  bool quiet() const { return quiet_; }
  /// A phase of which nothing is told until another begins.
  void phase(std::string_view name) noexcept;
  /// What a computation of the library tells; whether to go on: until a signal asks for the end.
  bool told(const Progress& at) noexcept;
  /// The same as a callback, valid while the bar lives.
  ProgressCallback callback() {
    return [this](const Progress& at) { return told(at); };
  }
  /// A line that stays, terminal or not, unless --quiet.
  void line(std::string_view text) noexcept;
  /// Takes the bar away for good, before a report.
  void finish() noexcept;

 private:
  friend class ProgressSubject;
  using Clock = std::chrono::steady_clock;
  enum class Form { none, drawn, lines };

  void set_subject(std::string subject) noexcept;
  void forget_phases() noexcept;
  void keep(const Progress& at);
  void tell(Clock::time_point now);
  ProgressState state(Clock::time_point now);
  void tick();

  const bool quiet_;
  Form form_ = Form::none;
  std::chrono::milliseconds delay_{0};    ///< before the first word of the whole (drawn) or of a phase (lines)
  std::chrono::milliseconds between_{0};  ///< between two

  std::mutex mutex_;                ///< of all below
  Clock::time_point first_, next_;  ///< when a word may be said at all, and again
  std::string subject_;             ///< of a ProgressSubject
  std::string of_, whole_;          ///< of what is told; both together: "as new: lightgcn"
  std::string phase_;
  double share_ = -1;
  std::array<ProgressFigure, 4> figures_{};
  std::size_t figure_count_ = 0;
  WorkingTime working_;
  PhasePace pace_;  ///< of the phase, by `working_`
  /// Phases of the subject that others followed and that may come back: training, while an evaluation on the way takes its turn.
  std::map<std::string, PhasePace, std::less<>> left_;
  std::set<std::string, std::less<>> said_;  ///< phases of the subject that a line told of
  Clock::time_point last_said_;
  bool ended_ = false;
  std::condition_variable wake_;
  std::thread ticker_;  ///< tells while a phase says nothing, and looks at `working_`
};

/// While it lives, what is told is told of `name`: "lightgcn: training". One within another: "as new: lightgcn: training".
class ProgressSubject {
 public:
  ProgressSubject(ProgressBar& progress, std::string_view name);
  ~ProgressSubject() { progress_.set_subject(std::move(before_)); }
  ProgressSubject(const ProgressSubject&) = delete;
  ProgressSubject& operator=(const ProgressSubject&) = delete;

 private:
  ProgressBar& progress_;
  std::string before_;
};

}  // namespace heddle::cli
