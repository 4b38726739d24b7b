#pragma once

#include <string>

namespace heddle::cli {

/// A time for people: "12 s", "3 min 20 s", "7 h 40 min", "2 days 3 h". `decimals`: of seconds, below a minute ("1.94 s").
/// "unknown" for what is not a number or negative.
std::string duration_text(double seconds, int decimals = 0);

}  // namespace heddle::cli
