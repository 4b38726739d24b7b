#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "heddle/error.h"

/// What the readers of text forms share: lines, fields, numbers, and sentences that begin with "file:line: ".
namespace heddle::io::detail {

/// What separates the fields of a line, and what stands around a line without meaning anything.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

/// `value` for a sentence: UTF-8 as it is; control characters, those that turn the writing's direction, and bytes that are no
/// UTF-8 as \xNN.
std::string printable(std::string_view value);

/// The same of a text of several lines and columns: line feeds and tabs stay.
std::string printable_lines(std::string_view text);

/// The same as `printable` in single quotes: at most 40 bytes of it, whole characters, and "…" where that is not all.
std::string in_quotes(std::string_view value);

/// A field of a CSV file, or of one with another separator, in quotes where it needs some (RFC 4180): around blanks at its ends
/// too, which readers leave out otherwise, ours among them.
std::string csv_field(std::string_view value, char separator = ',');

/// A string of JSON, with its quotes; bytes that are no UTF-8 are taken for Windows-1252.
std::string json_string(std::string_view value);

/// Where lines that begin with # or % are comments.
enum class Comments { anywhere, above };

/// Walks over the lines of `content` that are neither blank nor comments: with Comments::above those are comments that stand
/// above the first other line. Accepts \n and \r\n and a UTF-8 byte order mark. Content and name must outlive the object.
class Lines {
 public:
  Lines(std::string_view content, std::string_view name, Comments comments = Comments::anywhere);

  /// Moves to the next line; false at the end.
  bool next();
  /// The current line without leading and trailing blanks; never empty.
  std::string_view line() const { return line_; }
  /// Its number in the file, from 1.
  int64_t number() const { return number_; }
  std::string_view name() const { return name_; }
  /// Bytes behind the current line.
  std::size_t left() const { return rest_.size(); }
  /// Comments so far.
  int64_t comments() const { return comments_count_; }

  /// Throws Error{bad_data} "name:number: ..." about the current line.
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    heddle::fail(ErrorKind::bad_data, name_, ":", number_, ": ", parts...);
  }

 private:
  std::string_view rest_;
  std::string_view name_;
  std::string_view line_;
  int64_t number_ = 0;
  bool anywhere_;      // comments
  bool above_ = true;  // no other line has come yet
  int64_t comments_count_ = 0;
};

/// Splits the current line of `lines` at blanks, tabs and commas. Blanks and tabs may repeat and may stand around a comma; two
/// commas with nothing between them are an error, because a value is missing there.
class Fields {
 public:
  explicit Fields(const Lines& lines) : lines_(lines), rest_(lines.line()) {}

  /// Stores the next field; false at the end of the line.
  bool next(std::string_view& field);
  /// How many fields `next` gave.
  int64_t count() const { return count_; }

 private:
  const Lines& lines_;
  std::string_view rest_;
  int64_t count_ = 0;
  bool after_comma_ = false;
};

/// Whether the whole field is a number, finite or not.
bool is_number(std::string_view field);

/// True if no field of the current line is a number: a header, where the first line may be one.
bool is_header(const Lines& lines);

/// The field as an integer in [least, most]; `what` names it in the sentence.
int64_t parse_integer(const Lines& lines, std::string_view field, const char* what, int64_t least, int64_t most);

/// The field as a finite float32; `what` names it in the sentence.
float parse_float(const Lines& lines, std::string_view field, const char* what);

}  // namespace heddle::io::detail
