#include "io/shortest_text.h"

#include <charconv>
#include <string_view>

namespace heddle::io::detail {

namespace {

template <class Real>
std::string shortest_text_of(Real value) {
  char buffer[32];
  const char* const end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view written(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = written.find('e');
  if (e == std::string_view::npos) return std::string(written);  // not finite
  const bool below_one = written[e + 1] == '-';
  int power = 0;
  std::from_chars(buffer + e + 2, end, power);
  if (below_one ? power > 4 : power >= 16) return std::string(written);
  std::string digits;
  for (const char c : written.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const std::string sign = written.front() == '-' ? "-" : "";
  if (below_one) return sign + "0." + std::string(static_cast<std::size_t>(power - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(power) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string shortest_text(float value) { return shortest_text_of(value); }
std::string shortest_text(double value) { return shortest_text_of(value); }

}  // namespace heddle::io::detail
