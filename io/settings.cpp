#include "heddle/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <system_error>

#include "io/choices.h"
#include "io/shortest_text.h"

namespace heddle {

namespace {

template <std::floating_point T>
std::string text_of(T value) {
  return std::isnan(value) ? "NaN" : io::detail::shortest_text(value);
}

template <std::integral T>
std::string text_of(T value) {
  return std::to_string(value);
}

}  // namespace

template <class T>
std::string number_text(T value) try {
  return text_of(value);
} catch (...) {
  rethrow_as_error();
}

template std::string number_text(int64_t);
template std::string number_text(uint64_t);
template std::string number_text(float);
template std::string number_text(double);

template <class T>
bool Range::holds(T value) const {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return false;
  }
  if (or_zero && value == 0) return true;
  // As doubles where T is a whole number: bounds beyond 2^53 are only those of the type itself.
  using Compared = std::conditional_t<std::is_floating_point_v<T>, T, double>;
  const auto number = static_cast<Compared>(value), low = static_cast<Compared>(least), high = static_cast<Compared>(most);
  return (above_least ? number > low : number >= low) && (below_most ? number < high : number <= high);
}

template bool Range::holds(int64_t) const;
template bool Range::holds(uint64_t) const;
template bool Range::holds(float) const;
template bool Range::holds(double) const;

template <class T>
std::string Range::text() const try {
  const std::string kind = std::is_integral_v<T> ? "a whole number" : "a number";
  std::string words = or_zero ? "0 or " + kind : kind;
  const bool bounded = std::isfinite(most);
  if (std::is_same_v<T, uint64_t> && !std::isfinite(least) && !bounded) return words + " from 0 to 2^64 - 1";
  if (!std::isfinite(least)) return bounded ? words + (below_most ? " below " : " of at most ") + number_text(most) : words;
  words += (above_least ? " above " : bounded ? " from " : " of at least ") + number_text(least);
  if (bounded) words += (below_most ? " to below " : " to ") + number_text(most);
  return words;
} catch (...) {
  rethrow_as_error();
}

template std::string Range::text<int64_t>() const;
template std::string Range::text<uint64_t>() const;
template std::string Range::text<float>() const;
template std::string Range::text<double>() const;

void refuse_setting(const std::string& called, const std::string& written, const std::string& allowed) try {
  fail(ErrorKind::usage, called, " is '", written, "', it must be ", allowed);
} catch (...) {
  rethrow_as_error();
}

void refuse_choice(const std::string& called, const std::string& written, const std::vector<std::string>& names,
                   const std::string& others) try {
  io::detail::fail_choice(called, written, names, others);
} catch (...) {
  rethrow_as_error();
}

std::vector<std::string> split_list(std::string_view written) try {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= written.size();) {
    const std::size_t comma = std::min(written.find(',', from), written.size());
    std::string_view part = written.substr(from, comma - from);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    part.remove_suffix(part.size() - std::min(part.find_last_not_of(' ') + 1, part.size()));
    parts.emplace_back(part);
    from = comma + 1;
  }
  return parts;
} catch (...) {
  rethrow_as_error();
}

template <class T>
T read_number(const std::string& called, const std::string& written, const Range& range, const std::string& allowed) {
  T number{};
  const char* const end = written.data() + written.size();
  const auto [parsed, status] = std::from_chars(written.data(), end, number);
  if (status != std::errc() || parsed != end || !range.holds(number)) refuse_setting(called, written, allowed);
  return number;
}

template <class T>
T read_number(const std::string& called, const std::string& written, const Range& range) try {
  return read_number<T>(called, written, range, range.text<T>());
} catch (...) {
  rethrow_as_error();
}

template int64_t read_number(const std::string&, const std::string&, const Range&);
template uint64_t read_number(const std::string&, const std::string&, const Range&);
template float read_number(const std::string&, const std::string&, const Range&);
template double read_number(const std::string&, const std::string&, const Range&);
template int64_t read_number(const std::string&, const std::string&, const Range&, const std::string&);
template uint64_t read_number(const std::string&, const std::string&, const Range&, const std::string&);
template float read_number(const std::string&, const std::string&, const Range&, const std::string&);
template double read_number(const std::string&, const std::string&, const Range&, const std::string&);

Setting preset_setting(std::string name, std::map<std::string, Settings> presets, std::string meaning) try {
  const std::string plain = "default";
  Setting setting{.name = std::move(name), .type = "NAME", .meaning = std::move(meaning), .allowed = "one of " + plain};
  setting.fallback = plain;
  for (const auto& preset : presets) setting.allowed += ", " + preset.first;
  presets.emplace(plain, Settings());
  setting.presets = std::move(presets);
  std::vector<std::string> names{plain};
  for (const auto& preset : setting.presets) {
    if (preset.first != plain) names.push_back(preset.first);
  }
  setting.read = [names](const std::string& called, const std::string& written) {
    if (std::find(names.begin(), names.end(), written) == names.end()) refuse_choice(called, written, names);
    return written;
  };
  return setting;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
