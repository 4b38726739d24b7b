#include <charconv>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "io/choices.h"
#include "io/table.h"
#include "io/text_source.h"

namespace heddle::io {

namespace {

/// Values of an enumeration by their names.
template <class Value>
using Named = std::vector<std::pair<const char*, Value>>;

const Named<MissingFields> missing_names = {
    {"skip", MissingFields::skip}, {"error", MissingFields::error}, {"keep", MissingFields::keep}};
const Named<RaggedRows> ragged_names = {{"error", RaggedRows::error}, {"skip", RaggedRows::skip}};
const Named<HeaderLine> header_names = {
    {"auto", HeaderLine::automatic}, {"yes", HeaderLine::present}, {"no", HeaderLine::absent}};
const Named<DateOrder> date_names = {
    {"auto", DateOrder::automatic}, {"day-first", DateOrder::day_first}, {"month-first", DateOrder::month_first}};

template <class Value>
std::string name_of(const Named<Value>& names, Value value) {
  for (const auto& [name, named] : names) {
    if (named == value) return name;
  }
  return "";
}

template <class Value>
Value value_of(const Named<Value>& names, const std::string& written, const std::string& called) {
  std::vector<std::string> known;
  for (const auto& [name, value] : names) {
    if (written == name) return value;
    known.emplace_back(name);
  }
  detail::fail_choice(called, written, known);
}

}  // namespace

std::map<std::string, std::string> to_settings(const ReadOptions& options) try {
  return {{"separator", options.separator},
          {"quote", options.quote},
          {"encoding", options.encoding},
          {"header", name_of(header_names, options.header)},
          {"skip_lines", options.skip_lines < 0 ? "auto" : std::to_string(options.skip_lines)},
          {"missing", name_of(missing_names, options.missing)},
          {"ragged", name_of(ragged_names, options.ragged)},
          {"dates", name_of(date_names, options.dates)}};
} catch (...) {
  rethrow_as_error();
}

bool set_setting(ReadOptions& options, const std::string& name, const std::string& written, const std::string& called) try {
  const std::string option = called.empty() ? name : called;
  if (name == "separator") {
    detail::separator_named(written);
    options.separator = written;
  } else if (name == "quote") {
    require(written.size() <= 1 || written == "none", ErrorKind::usage, option, " is neither one character nor none");
    options.quote = written;
  } else if (name == "encoding") {
    if (!written.empty()) detail::encoding_named(written, option);
    options.encoding = written;
  } else if (name == "header") {
    options.header = value_of(header_names, written, option);
  } else if (name == "skip_lines") {
    int64_t lines = -1;
    const auto [end, status] = std::from_chars(written.data(), written.data() + written.size(), lines);
    const bool number = status == std::errc() && end == written.data() + written.size() && lines >= 0;
    require(number || written == "auto", ErrorKind::usage, option, " is neither a whole number from 0 nor auto");
    options.skip_lines = number ? lines : -1;
  } else if (name == "missing") {
    options.missing = value_of(missing_names, written, option);
  } else if (name == "ragged") {
    options.ragged = value_of(ragged_names, written, option);
  } else if (name == "dates") {
    options.dates = value_of(date_names, written, option);
  } else {
    return false;
  }
  return true;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
