#include "cli/progress.h"

#include <algorithm>
#include <cstdlib>

#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds before_drawing{300}, between_drawings{100};
constexpr milliseconds least_between{2};  // a terminal that takes them more slowly would miss some
constexpr milliseconds before_lines{1000}, between_lines{60'000};

/// Milliseconds that HEDDLE_PROGRESS_DELAY asks for, or the usual ones.
milliseconds delay_or(milliseconds usual) {
  constexpr int64_t most = 1'000'000'000;
  const char* const written = std::getenv("HEDDLE_PROGRESS_DELAY");
  if (written == nullptr || *written == '\0') return usual;
  return milliseconds(parse_number<int64_t>("HEDDLE_PROGRESS_DELAY", written, 0, most, "milliseconds from 0 to 1000000000"));
}

}  // namespace

ProgressBar::ProgressBar(bool quiet) : quiet_(quiet) {
  const bool draws = can_draw();
  delay_ = delay_or(draws ? before_drawing : before_lines);
  between_ = draws ? std::clamp(delay_, least_between, between_drawings) : between_lines;
  if (quiet) return;
  form_ = draws ? Form::drawn : Form::lines;
  first_ = next_ = Clock::now() + delay_;
  try {
    ticker_ = std::thread([this] { tick(); });
  } catch (...) {  // no thread to be had: then only what is told of is told
  }
}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::set_subject(std::string subject) noexcept {
  const std::lock_guard lock(mutex_);
  subject_ = std::move(subject);
  of_.clear();
  forget_phases();
}

/// Under the lock: what is told next is of another subject.
void ProgressBar::forget_phases() noexcept {
  whole_.clear();
  phase_.clear();
  left_.clear();
  said_.clear();
}

void ProgressBar::phase(std::string_view name) noexcept { told({.phase = name, .share = -1, .figures = {}}); }

bool ProgressBar::told(const Progress& at) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    keep(at);
    if (form_ != Form::none) tell(Clock::now());
  } catch (...) {
  }
  return !interrupted();
}

void ProgressBar::line(std::string_view text) noexcept {
  if (form_ != Form::none) say(text);
}

void ProgressBar::finish() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  if (ticker_.joinable()) ticker_.join();
  if (form_ == Form::drawn) erase_line();
  form_ = Form::none;
}

/// Under the lock: takes in what is told, and starts or resumes the clock of the phase.
void ProgressBar::keep(const Progress& at) {
  if (at.subject != of_) {
    of_ = at.subject;
    forget_phases();
  }
  if (phase_.empty()) whole_ = subject_ + (subject_.empty() || of_.empty() ? "" : ": ") + of_;
  const double share = at.share < 0 ? -1 : at.share < 1 ? at.share : 1;
  const bool other = at.phase != phase_;
  const Clock::time_point now = Clock::now();
  const double seconds = working_.at(now);
  if (other || share < share_) {
    if (other && !phase_.empty()) {
      pace_.leave(seconds);
      left_.insert_or_assign(phase_, pace_);
    }
    const auto before = left_.find(at.phase);
    const bool goes_on = other && before != left_.end() && share > 0 && share >= before->second.share();
    pace_ = goes_on ? before->second : PhasePace(std::max(share, 0.0));
    pace_.resume(seconds);
    phase_ = at.phase;
    note_doing(phase_);
    // A phase is shown when it begins, however short it is.
    if (form_ == Form::drawn && other) next_ = std::min(next_, std::max(first_, now));
    if (form_ == Form::lines) next_ = said_.contains(at.phase) ? last_said_ + between_ : now + delay_;
  }
  share_ = share;
  pace_.told(seconds, share, at.most_left);
  figure_count_ = std::min(at.figures.size(), figures_.size());
  std::copy_n(at.figures.begin(), figure_count_, figures_.begin());
}

ProgressState ProgressBar::state(Clock::time_point now) {
  ProgressState state{.subject = whole_, .phase = phase_, .share = share_, .figures = std::span(figures_).first(figure_count_)};
  const double seconds = working_.at(now);
  state.elapsed = pace_.elapsed(seconds);
  if (share_ >= 0) state.left = pace_.left(seconds);
  state.stopping = interrupted();
  return state;
}

/// Under the lock: draws or says a line, where it is time.
void ProgressBar::tell(Clock::time_point now) {
  if (ended_ || phase_.empty() || now < next_) return;
  next_ = now + between_;
  const ProgressState current = state(now);
  if (form_ == Form::drawn) {
    draw_line(progress_line(current, terminal_width()));
  } else {
    say(progress_sentence(current));
    said_.insert(phase_);
    last_said_ = now;
  }
}

void ProgressBar::tick() {
  // Short waits even where lines are far apart: another phase may begin meanwhile.
  const milliseconds wait = std::clamp(delay_, milliseconds(1), between_drawings);
  std::unique_lock lock(mutex_);
  working_.watch();
  while (!wake_.wait_for(lock, wait, [this] { return ended_; })) {
    try {
      const Clock::time_point now = Clock::now();
      working_.at(now);
      tell(now);
    } catch (...) {
    }
  }
}

ProgressSubject::ProgressSubject(ProgressBar& progress, std::string_view name) : progress_(progress) {
  std::string subject;
  {
    const std::lock_guard lock(progress.mutex_);
    before_ = progress.subject_;
    subject = before_ + (before_.empty() || name.empty() ? "" : ": ") + io::detail::printable(name);
  }
  progress.set_subject(std::move(subject));
}

}  // namespace heddle::cli
