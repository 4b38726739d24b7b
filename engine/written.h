#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "heddle/error.h"
#include "io/choices.h"

// What people write for an option, as a value.
namespace heddle {

using io::detail::fail_choice;

/// The number that `written` stands for. Throws Error{usage} "NAME is 'WRITTEN', it must be MEANT" where it is none or out of
/// range.
template <class T>
T written_number(const std::string& name, const std::string& written, T least, T most, const std::string& meant) {
  T number{};
  const char* const end = written.data() + written.size();
  const auto [parsed, status] = std::from_chars(written.data(), end, number);
  // Not `number < least || number > most`, which a NaN would pass.
  const bool good = status == std::errc() && parsed == end && number >= least && number <= most;
  require(good, ErrorKind::usage, name, " is '", written, "', it must be ", meant);
  return number;
}

/// "10, 20" at its commas; parts without the blanks around them.
inline std::vector<std::string> split_list(std::string_view written) {
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
}

}  // namespace heddle
