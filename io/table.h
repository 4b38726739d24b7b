#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/error.h"
#include "heddle/reading.h"
#include "io/records.h"
#include "io/text_source.h"

/// A text with columns, as every reader of such opens it: how it is written is told by its beginning, once for all.
namespace heddle::io::detail {

/// What a format says of how its texts are written; what it leaves open is told by content, or by ReadOptions.
struct TableForm {
  std::string separator = {};                                                 ///< empty: told by content
  std::optional<char> quote = {};                                             ///< '\0': none
  enum class Header { by_content, none, typed } header = Header::by_content;  ///< typed: RecBole's name:type
  int64_t skip_records = 0;  ///< records above the rows that hold something else: Matrix Market's sizes
  /// Whether names that are surely a header's (`is_header` says so of them even beside a number) are one in a comment right above
  /// the rows too, and below lines with as many fields as the rows.
  bool search_header = false;
};

/// A text with columns before its rows are read.
struct Table {
  TextSource source;
  Dialect dialect = {};
  FileReading file = {};                            ///< to be finished and added to a Reading
  std::vector<std::string> header = {};             ///< the names; empty: there are none
  std::vector<std::vector<std::string>> rows = {};  ///< the first ones, the header not among them
  std::size_t body = 0;                             ///< bytes of the text before its first row
  int64_t body_line = 0;                            ///< lines before it
  std::size_t header_bytes = 0;                     ///< bytes before it that the header takes
  int64_t header_lines = 0;                         ///< lines of these
  /// What ends the sentence about a row of another length: the way on.
  std::string ragged_remedy = "; --ragged skip leaves such rows out";

  /// Of the header, or the first row.
  int64_t columns() const { return dialect.columns; }
  /// Makes a row of the header, where that was taken for one in error.
  void take_header_for_row();
  /// "column 3", or with a header "column rating (3)".
  std::string column_text(int64_t column) const;
  /// Throws Error{bad_data} "name:line: ...".
  template <class... Parts>
  [[noreturn]] void fail_at(int64_t line, const Parts&... parts) const {
    heddle::fail(ErrorKind::bad_data, source.name(), ":", line, ": ", parts...);
  }
};

/// Reads the beginning of a text and tells how it is written. `is_header` decides for a first record in which no field is a
/// number, and for any where it says so of the names. What is doubtful becomes a note. Throws Error{bad_data} where there is no
/// record, Error{usage} for options that cannot be meant.
Table open_table(TextSource opened, const TableForm& form, const ReadOptions& options, Reading& reading,
                 bool (*is_header)(const std::vector<std::string>& names, bool any_number, const void* asked), const void* asked);

/// The rows of a table one after the other.
class RowWalk {
 public:
  RowWalk(Table& table, const ReadOptions& options, Reading& reading);
  ~RowWalk();
  /// Moves to the next piece of the text; false at its end, where what was met is told.
  bool next_block();
  /// Moves to the next row of the piece; false at its end.
  bool next();
  const std::vector<std::string_view>& fields() const { return records_->fields(); }
  int64_t line() const { return lines_before_ + records_->line(); }

 private:
  struct State;
  Table& table_;
  const ReadOptions& options_;
  Reading& reading_;
  std::unique_ptr<State> state_;
  std::optional<Records> records_;
  int64_t lines_before_;
};

/// Calls row(fields, line) for each record behind the header, on this thread, and counts them in table.file. Rows of other
/// lengths are an error or left out, as `options` say. Throws Error{bad_data} for quotes that do not end.
template <class Row>
void for_each_row(Table& table, const ReadOptions& options, Reading& reading, const Row& row) {
  RowWalk walk(table, options, reading);
  while (walk.next_block()) {
    while (walk.next()) row(walk.fields(), walk.line());
  }
}

/// The separator that ReadOptions::separator names: "tab", "comma", "\\t", or itself.
std::string separator_named(const std::string& name);

/// Adds to the reading what was met of bytes that are not UTF-8, and tells it in the file's encoding.
void tell_foreign(FileReading& file, const ForeignBytes& foreign, Reading& reading);
/// The same of fields that begin with a quote and do not end with one, the first in `line`.
void tell_odd_quotes(const FileReading& file, int64_t count, int64_t line, Reading& reading);

/// What programs write where there is nothing, whatever the case of the letters.
inline constexpr std::string_view missing_words[] = {"na", "n/a", "null", "\\n", "nan", "none", "nil", "<na>", "#n/a", "(null)"};

/// Whether a field says nothing: it is empty, or one of missing_words.
inline bool is_missing(std::string_view field) {
  if (field.empty()) return true;
  const char first = static_cast<char>(field.front() | 0x20);
  // Most fields are told by their first character.
  if (field.size() > 6 || (first != 'n' && first != ('\\' | 0x20) && first != '<' && first != '#' && first != '(')) return false;
  for (const std::string_view word : missing_words) {
    if (word.size() != field.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < word.size() && same; ++i) {
      const bool capital = field[i] >= 'A' && field[i] <= 'Z';
      same = word[i] == (capital ? static_cast<char>(field[i] + 32) : field[i]);
    }
    if (same) return true;
  }
  return false;
}

/// Whether a record is a line drawn between others, as tables for people have it: nothing but dashes and their like.
bool is_ruled_line(const std::vector<std::string_view>& fields);
inline constexpr const char* ruled_line_reason = "a line drawn between rows";  ///< why it is left out
/// The same of its first field alone: where it is false the record is none.
inline bool may_be_ruled_line(std::string_view first) {
  return first.empty() || first.front() == '-' || first.front() == '=' || first.front() == '+' || first.front() == ':';
}

}  // namespace heddle::io::detail
