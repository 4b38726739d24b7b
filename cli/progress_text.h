#pragma once

#include <span>
#include <string>
#include <string_view>

#include "heddle/progress.h"

namespace heddle::cli {

/// What is told of a phase.
struct ProgressState {
  std::string_view subject;  ///< which of several things is under way; empty: there is only one
  std::string_view phase;
  double share = -1;  ///< from 0 to 1; negative: nobody knows
  std::span<const ProgressFigure> figures;
  double elapsed = 0;     ///< seconds of the phase
  double left = -1;       ///< seconds; negative: nobody knows
  bool stopping = false;  ///< a signal asked for the end
};

/// The state, on a terminal of `width` columns, of which the last ones stay free: with a bar, all figures and the time left where
/// they find room, with less where not: the phase's name, shortened if need be, and the time left go last. What is cut ends in
/// "…". What is left out does not change while a phase lasts: room is kept for figures as wide as they will get, for values that
/// are not known yet, and for the time left.
std::string progress_line(const ProgressState& state, int width);

/// The same for a log: without a bar, however long it is.
std::string progress_sentence(const ProgressState& state);

}  // namespace heddle::cli
