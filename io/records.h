#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

/// Text with a record a line and fields that something separates: CSV, TSV, tables with blanks and their kin.
namespace heddle::io::detail {

/// How the records of a text are written.
struct Dialect {
  std::string separator = ",";  ///< between fields; " ": any run of blanks and tabs
  char quote = '"';             ///< around fields; '\0': a quote is a character like others
  bool backslash = false;       ///< whether \" in quotes is a quote that does not end them
  char line_end = '\n';         ///< '\r' where lines end in that alone
  bool comments = true;         ///< whether # and % begin comments where a line has not the columns
  int64_t columns = 0;          ///< fields that a record has; 0: not known yet
};

/// A quoted field's end, seen from its first quote.
struct QuotedEnd {
  enum Kind {
    closed,  ///< the field ends with the quote before `behind`
    plain,   ///< something follows the quote that would end it: the first is a character like others
    open,    ///< the text ends before it is known
  } kind;
  const char* behind;    ///< closed: what comes after the quote that ends the field
  bool doubled = false;  ///< closed: whether the field holds quotes, written twice or with a backslash
};
/// `begin` is at a quote that a field begins with; `whole`: the text ends at `end`, and not just this piece of it.
QuotedEnd end_of_quoted(const char* begin, const char* end, const Dialect& dialect, bool whole);

/// Where the last whole record of `text` ends, which begins at a record's begin: the place behind its line end, 0 if it has none.
std::size_t end_of_records(std::string_view text, const Dialect& dialect);

/// The longest field in quotes: a quote that nothing ends would make one of the rest of the file.
inline constexpr std::size_t max_quoted_bytes = std::size_t{1} << 20;

/// Walks over the records of a text, or of a piece of it that begins and ends with records. Passed over are lines without fields,
/// and comments: lines that begin with # or % and have not as many fields as the records, or nothing but blanks behind it. Blanks
/// around a field do not belong to it.
class Records {
 public:
  /// `text` must outlive the object, and what `fields` gave.
  Records(std::string_view text, const Dialect& dialect);

  /// Moves to the next record; false at the end.
  bool next();
  /// The fields of the current record, at least one.
  const std::vector<std::string_view>& fields() const { return fields_; }
  /// The line that the record begins in, from 1 for the first of the text.
  int64_t line() const { return line_; }
  /// Lines of the text up to the end of the current record; of the whole text, once `next` was false.
  int64_t lines() const { return next_line_ - 1; }
  /// Where the record behind the current one begins.
  std::size_t offset() const { return static_cast<std::size_t>(at_ - text_.data()); }
  /// Comments so far.
  int64_t comments() const { return comments_; }
  /// Line of the first field whose quotes do not end; 0: none.
  int64_t unended_line() const { return unended_line_; }
  /// Fields in quotes.
  int64_t quoted() const { return quoted_; }
  /// Fields that begin with a quote and are not in quotes.
  int64_t odd_quotes() const { return odd_quotes_; }
  /// Line of the first of them.
  int64_t odd_quotes_line() const { return odd_quotes_line_; }

 private:
  void split();
  void split_at_blanks();
  bool read_quoted(const char*& at);
  bool is_comment() const;

  std::string_view text_;
  const char* at_;
  const char* end_;
  const Dialect& dialect_;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  // fields that had quotes in them; a deque, because fields_ points into it
  bool first_is_quoted_ = false;
  int64_t line_ = 0;
  int64_t next_line_ = 1;
  int64_t comments_ = 0;
  int64_t unended_line_ = 0;
  int64_t quoted_ = 0;
  int64_t odd_quotes_ = 0;
  int64_t odd_quotes_line_ = 0;
};

}  // namespace heddle::io::detail
