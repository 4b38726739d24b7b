#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "heddle/export.h"

HEDDLE_API_BEGIN
namespace heddle {

/// A figure of the phase that is under way: "epoch" 3 of 80, "loss" 5.8977.
struct ProgressFigure {
  const char* name;      ///< "epoch", "loss", "user", ...
  double value;          ///< NaN: not known yet
  double total = 0;      ///< of a count, from 1: how many there will be; 0: the figure is no count
  bool at_most = false;  ///< the total is only a bound
};

/// How far a computation is. It goes through phases ("choosing the temperature", "training", "ranking"), one at a time; the same
/// phase may come again, and then begins anew.
struct Progress {
  std::string_view phase;  ///< what is being done
  double share =
      0;  ///< of the phase that is done, from 0 to 1; does not fall until the phase begins anew; negative: nobody knows
  std::span<const ProgressFigure> figures;  ///< counts first; valid during the call
  /// Seconds that a limit on its time leaves the phase, the piece that passes it included; negative: there is no limit.
  double most_left = -1;
  std::string_view subject = {};  ///< which of several things is under way: "lightgcn", of a blend; empty: there is one
};

/// Told before each piece of work (a step of training, a block of users); returns whether to go on. What false leads to is told
/// where it is taken: a training ends with what it reached, a figure that would be of a part only is Error{interrupted}. What it
/// throws comes out of the computation.
using ProgressCallback = std::function<bool(const Progress&)>;

}  // namespace heddle
HEDDLE_API_END
