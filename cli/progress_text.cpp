#include "cli/progress_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/durations.h"
#include "cli/terminal.h"
#include "cli/text_columns.h"

namespace heddle::cli {

namespace {

constexpr int kWidestBar = 30;
constexpr int kNarrowestBar = 8;

std::string figure_text(const ProgressFigure& figure) {
  if (figure.total <= 0) return fmt::format("{} {:.4f}", figure.name, figure.value);
  return fmt::format("{} {:.0f} of {}{:.0f}", figure.name, figure.value, figure.at_most ? "at most " : "", figure.total);
}

/// "lightgcn: training", and that it is about to end.
std::string phase_text(const ProgressState& state) {
  std::string text(state.stopping ? "stopping: " : "");
  if (!state.subject.empty()) text += fmt::format("{}: ", state.subject);
  return text += state.phase;
}

/// ", epoch 3 of 80, loss 5.8977": the first `count` figures.
std::string counts_text(const ProgressState& state, std::size_t count) {
  std::string text;
  for (const ProgressFigure& figure : state.figures.first(count)) text += ", " + figure_text(figure);
  return text;
}

/// ", 3 min 20 s left", or how long a phase takes of which nobody knows the end.
std::string time_text(const ProgressState& state) {
  if (state.left >= 0) {
    const bool at_most =
        std::any_of(state.figures.begin(), state.figures.end(), [](const ProgressFigure& figure) { return figure.at_most; });
    return fmt::format(", {}{} left", at_most ? "at most " : "", duration_text(state.left));
  }
  return state.share < 0 && state.elapsed >= 1 ? fmt::format(", {}", duration_text(state.elapsed)) : "";
}

std::string bar_text(double share, int width) {
  const int full = std::clamp(static_cast<int>(share * width), 0, width);
  return fmt::format("[{:=<{}}{:<{}}] ", "", full, "", width - full);
}

}  // namespace

std::string progress_line(const ProgressState& state, int width) {
  const int room = width - kColumnsLeftFree;
  if (room <= 0) return {};
  const std::string phase = phase_text(state), time = time_text(state);
  const std::string whole = phase + counts_text(state, state.figures.size()) + time;
  if (state.share < 0) return cut_to_columns(columns_of(whole) <= room ? whole : phase, room);
  const int bar = std::min(kWidestBar, room - columns_of(whole) - 3);  // its brackets and a blank
  if (bar >= kNarrowestBar) return bar_text(state.share, bar) + whole;
  const std::string percent = fmt::format("{:.0f} % ", std::clamp(100 * state.share, 0.0, 100.0));
  std::string text = percent + whole;
  for (std::size_t figures = state.figures.size(); columns_of(text) > room && figures > 0; --figures)
    text = percent + phase + counts_text(state, figures - 1) + time;
  if (columns_of(text) > room) text = percent + phase;
  return cut_to_columns(text, room);
}

std::string progress_sentence(const ProgressState& state) {
  return phase_text(state) + counts_text(state, state.figures.size()) + time_text(state);
}

}  // namespace heddle::cli
