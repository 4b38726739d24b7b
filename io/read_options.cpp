#include "io/read_options.h"

#include <string>
#include <utility>

#include "io/table.h"
#include "io/text_source.h"

namespace heddle::io::detail {

namespace {

/// A text of which `check` throws Error{usage} for what it cannot be; it may be empty.
SettingOf<ReadOptions> text_row(const char* name, const char* type, std::string ReadOptions::*member, const char* meaning,
                                void (*check)(const std::string& written, const std::string& called)) {
  return custom_setting<ReadOptions>(
      name, type, meaning,
      [member, check](ReadOptions& options, const std::string& called, const std::string& written) {
        if (!written.empty()) check(written, called);
        options.*member = written;
      },
      [member](const ReadOptions& options) { return options.*member; });
}

SettingOf<ReadOptions> skip_lines_row() {
  const std::string allowed = "auto or " + Range::at_least(0).text<int64_t>();
  SettingOf<ReadOptions> row = custom_setting<ReadOptions>(
      "skip_lines", "N", "lines above the table that are passed over; auto: by content",
      [allowed](ReadOptions& options, const std::string& called, const std::string& written) {
        options.skip_lines = written == "auto" ? -1 : read_number<int64_t>(called, written, Range::at_least(0), allowed);
      },
      [](const ReadOptions& options) { return options.skip_lines < 0 ? std::string("auto") : number_text(options.skip_lines); });
  row.told.allowed = allowed;
  return row;
}

}  // namespace

std::vector<SettingOf<ReadOptions>> read_option_rows() {
  return {
      text_row("separator", "TEXT", &ReadOptions::separator,
               "between the fields of a line: comma, tab, semicolon, pipe, blanks or any other [by content]",
               [](const std::string& written, const std::string&) { separator_named(written); }),
      text_row("quote", "CHARACTER", &ReadOptions::quote, "around fields: a character, or none [by content]",
               [](const std::string& written, const std::string& called) {
                 if (written.size() != 1 && written != "none") refuse_setting(called, written, "one character, or none");
               }),
      text_row("encoding", "NAME", &ReadOptions::encoding,
               "utf-8, utf-16, utf-16le, utf-16be, windows-1252 or latin-1 [by content]",
               [](const std::string& written, const std::string& called) { encoding_named(written, called); }),
      setting("header", &ReadOptions::header,
              {{"auto", HeaderLine::automatic}, {"yes", HeaderLine::present}, {"no", HeaderLine::absent}},
              "whether the first line holds names: auto (by content), yes or no"),
      skip_lines_row(),
      setting("missing", &ReadOptions::missing,
              {{"skip", MissingFields::skip}, {"error", MissingFields::error}, {"keep", MissingFields::keep}},
              "rows whose id is NA, NULL, \\N, nan, none or empty: skip, error or keep (as ids, but for empty ones)"),
      setting("ragged", &ReadOptions::ragged, {{"error", RaggedRows::error}, {"skip", RaggedRows::skip}},
              "rows with more or fewer fields than the header: error or skip"),
      setting("dates", &ReadOptions::dates,
              {{"auto", DateOrder::automatic}, {"day-first", DateOrder::day_first}, {"month-first", DateOrder::month_first}},
              "what comes first in 3/4/2024: auto (by the column), day-first or month-first"),
      setting("strict", &ReadOptions::strict, "whatever is doubtful or left out is an error"),
  };
}

}  // namespace heddle::io::detail
