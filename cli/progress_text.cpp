#include "cli/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/durations.h"
#include "cli/terminal.h"
#include "cli/text_columns.h"

namespace heddle::cli {

namespace {

constexpr int widest_bar = 30;
constexpr int narrowest_bar = 8;
constexpr int percent_columns = 6;  // "100 % "
constexpr int shortest_phase = 8;   // of a name that is cut

/// As wide as a time usually gets: "59 min 59 s", "23 h 59 min", "9 days 23 h".
constexpr double wide_time = 3599;

/// A figure that is no count, in six columns as far as they reach: 5.8977, 12.346, 123.46.
std::string value_text(double value) {
  constexpr std::size_t columns = 6;
  for (int decimals = 4; decimals >= 0; --decimals) {
    std::string text = fmt::format("{:.{}f}", value, decimals);
    if (text.size() <= columns) return text;
  }
  return fmt::format("{:.0e}", value);
}

/// ", epoch 3 of 80"; `aligned`: as wide as it will be in the end, ", epoch  3 of 80". Empty while the value is not known.
std::string figure_text(const ProgressFigure& figure, bool aligned) {
  if (std::isnan(figure.value)) return "";
  if (figure.total <= 0) return fmt::format(", {} {:>{}}", figure.name, value_text(figure.value), aligned ? 6 : 0);
  const std::string total = fmt::format("{:.0f}", figure.total);
  return fmt::format(", {} {:>{}.0f} of {}{}", figure.name, figure.value, aligned ? total.size() : 0,
                     figure.at_most ? "at most " : "", total);
}

std::string counts_text(std::span<const ProgressFigure> figures, bool aligned) {
  std::string text;
  for (const ProgressFigure& figure : figures) text += figure_text(figure, aligned);
  return text;
}

/// Columns that the figures have from the phase's beginning to its end, also those whose value is not known yet.
int columns_of_figures(std::span<const ProgressFigure> figures) {
  int columns = 0;
  for (ProgressFigure figure : figures) {
    if (std::isnan(figure.value)) figure.value = 0;
    columns += columns_of(figure_text(figure, true));
  }
  return columns;
}

/// "lightgcn: training"
std::string phase_text(const ProgressState& state) {
  return state.subject.empty() ? std::string(state.phase) : fmt::format("{}: {}", state.subject, state.phase);
}

/// ", at most 3 min 20 s left"; `brief`: ", ≤ 3 min 20 s left".
std::string left_text(const ProgressState& state, double left, bool brief) {
  const bool at_most =
      std::any_of(state.figures.begin(), state.figures.end(), [](const ProgressFigure& figure) { return figure.at_most; });
  return fmt::format(", {}{} left", !at_most ? "" : brief ? "≤ " : "at most ", duration_text(left));
}

/// The time left, or how long a phase takes of which nobody knows the end. Of one that is stopped neither is to be known.
std::string time_text(const ProgressState& state, bool brief = false) {
  if (state.stopping) return "";
  if (state.left >= 0) return left_text(state, state.left, brief);
  return state.share < 0 && state.elapsed >= 1 ? fmt::format(", {}", duration_text(state.elapsed)) : "";
}

/// Columns that the time gets, said or not.
int columns_of_time(const ProgressState& state, bool brief = false) {
  const std::string wide = state.share < 0 ? fmt::format(", {}", duration_text(wide_time)) : left_text(state, wide_time, brief);
  return std::max(columns_of(wide), columns_of(time_text(state, brief)));
}

std::string bar_text(double share, int width) {
  const int full = std::clamp(static_cast<int>(share * width), 0, width);
  return fmt::format("[{:=<{}}{:<{}}] ", "", full, "", width - full);
}

/// How a phase is drawn on a terminal of some width. It follows from what stays the same while the phase lasts, so that a line
/// does not jump when a figure gets another digit, or when the time left becomes known.
struct ProgressForm {
  int bar = 0;              ///< columns of the bar, 0: a number in its place
  std::size_t figures = 0;  ///< how many of them
  bool time = false;
  bool subject = true;  ///< what the phase belongs to
  bool percent = true;  ///< the number
  bool brief = false;   ///< of the time
  int phase = 0;        ///< columns that the phase's name is cut to; 0: it is not
};

/// Of what has no room with all of its phase's text: the name of the phase and the time, whatever must go for them.
ProgressForm narrow_form(const ProgressState& state, int room) {
  const int phase = columns_of(state.phase), percent = state.share < 0 ? 0 : percent_columns;
  for (const bool with_percent : {true, false}) {
    for (const bool brief : {false, true}) {
      if ((with_percent ? percent : 0) + phase + columns_of_time(state, brief) > room) continue;
      return {.time = true, .subject = false, .percent = with_percent, .brief = brief};
    }
  }
  const int left = room - columns_of_time(state, true);
  if (left >= shortest_phase) return {.time = true, .subject = false, .percent = false, .brief = true, .phase = left};
  return {.subject = percent + columns_of(phase_text(state)) <= room, .percent = percent + phase <= room};
}

ProgressForm form_of(const ProgressState& state, int room) {
  const int phase = columns_of(phase_text(state)), time = columns_of_time(state);
  const int whole = phase + columns_of_figures(state.figures) + time;
  const ProgressForm full{.bar = std::min(widest_bar, room - whole - 3), .figures = state.figures.size(), .time = true};
  if (state.share < 0) return whole <= room ? full : narrow_form(state, room);
  if (full.bar >= narrowest_bar) return full;  // with its brackets and a blank
  for (std::size_t count = state.figures.size() + 1; count-- > 0;) {
    if (percent_columns + phase + columns_of_figures(state.figures.first(count)) + time <= room)
      return {.bar = 0, .figures = count, .time = true};
  }
  return narrow_form(state, room);
}

}  // namespace

std::string progress_line(const ProgressState& state, int width) {
  const int room = width - columns_left_free;
  const ProgressForm form = form_of(state, room);
  std::string text;
  if (state.share >= 0 && form.bar > 0) text = bar_text(state.share, form.bar);
  if (state.share >= 0 && form.bar == 0 && form.percent)
    text = fmt::format("{:>3.0f} % ", std::clamp(100 * state.share, 0.0, 100.0));
  // In the place of the time, which is wider.
  if (state.stopping) text += "stopping: ";
  const std::string phase = form.subject ? phase_text(state) : std::string(state.phase);
  text += form.phase > 0 ? cut_to_columns(phase, form.phase) : phase;
  text += counts_text(state.figures.first(form.figures), true);
  if (form.time) text += time_text(state, form.brief);
  return cut_to_columns(text, room);
}

std::string progress_sentence(const ProgressState& state) {
  return (state.stopping ? "stopping: " : "") + phase_text(state) + counts_text(state.figures, false) + time_text(state);
}

}  // namespace heddle::cli
