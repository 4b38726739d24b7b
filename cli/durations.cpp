#include "cli/durations.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace heddle::cli {

std::string duration_text(double seconds, int decimals) {
  constexpr double most = 1e12;  // some 30,000 years; what follows counts in 64 bits
  if (!(seconds >= 0 && seconds <= most)) return "unknown";
  std::string written = fmt::format("{:.{}f}", seconds, decimals);
  if (std::stod(written) < 60) return written + " s";  // not `seconds`: 59.96 is not "60.0 s"
  // Rounded to what is told before it is taken apart, so that no minute has 60 seconds.
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  const int64_t minutes = (whole + 30) / 60;
  if (minutes < 24 * 60) return fmt::format("{} h {} min", minutes / 60, minutes % 60);
  const int64_t hours = (minutes + 30) / 60;
  return fmt::format("{} day{} {} h", hours / 24, hours / 24 == 1 ? "" : "s", hours % 24);
}

}  // namespace heddle::cli
