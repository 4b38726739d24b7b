#pragma once

#include <span>
#include <string>

#include "bench/lab.h"

namespace heddle::bench {

/// The results as an SVG picture: a group of bars for each input and width, a bar for each variant that was measured, its figure
/// written beside it (milliseconds, or of what was counted the estimate in microseconds); within a group the longest bar is the
/// slowest. `caption` stands on top.
std::string lab_plot(std::span<const LabResult> results, const std::string& caption);

}  // namespace heddle::bench
