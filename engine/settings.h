#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <span>
#include <string>
#include <type_traits>

#include "heddle/error.h"
#include "heddle/models.h"

// Settings of models, as text.
namespace heddle {

using Settings = std::map<std::string, std::string>;

/// A number among the settings, `fallback` where there is none. Throws Error{usage}.
template <class T>
T number(const Settings& settings, const std::string& key, T fallback) {
  const auto found = settings.find(key);
  if (found == settings.end()) return fallback;
  T value{};
  const char* end = found->second.data() + found->second.size();
  const auto [parsed, status] = std::from_chars(found->second.data(), end, value);
  require(status == std::errc() && parsed == end, ErrorKind::usage, key, " is '", found->second, "', it must be a ",
          std::is_integral_v<T> ? "whole number" : "number", status == std::errc::result_out_of_range ? " in range" : "");
  return value;
}

/// A number as text that `number` reads back to the last bit.
template <class T>
std::string to_setting(T value) {
  char digits[32];
  const auto [end, status] = std::to_chars(digits, digits + sizeof digits, value);
  require(status == std::errc(), ErrorKind::internal, "a number has more digits than there is room for");
  return {digits, end};
}

/// Throws Error{usage} for a setting that is not among the known ones.
inline void allow_only(const Settings& settings, std::span<const ModelSetting> known) {
  for (const auto& entry : settings) {
    const bool found =
        std::any_of(known.begin(), known.end(), [&](const ModelSetting& setting) { return setting.name == entry.first; });
    require(found, ErrorKind::usage, "the model has no setting '", entry.first, "' (= ", entry.second, ")");
  }
}

}  // namespace heddle
