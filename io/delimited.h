#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/io.h"
#include "heddle/progress.h"
#include "io/interactions.h"

/// Text with a record a line and columns that a separator parts: CSV, TSV and their kin.
namespace heddle::io::detail {

/// Walks over the records of `content`. Blank lines and lines that begin with # are skipped; CRLF and a UTF-8 byte order mark are
/// accepted; blanks around a field do not belong to it. With `quotes`, a field in double quotes may hold separators and line
/// ends, and "" for a quote (RFC 4180). The first three arguments must outlive the object.
class Records {
 public:
  Records(std::string_view content, std::string_view name, std::string_view separator, bool quotes);

  /// Moves to the next record; false at the end. Throws Error{bad_data} for a quote that does not end its field.
  bool next();
  /// The fields of the current record, at least one; they last until the next call of `next`.
  const std::vector<std::string_view>& fields() const { return fields_; }
  std::string_view name() const { return name_; }
  /// The line that the record begins in, from 1.
  int64_t number() const { return number_; }
  /// Bytes behind the current record.
  std::size_t left() const { return rest_.size(); }

  /// Throws Error{bad_data} "name:number: ..." about the current record.
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    heddle::fail(ErrorKind::bad_data, name_, ":", number_, ": ", parts...);
  }

 private:
  void read_record();
  std::string_view read_quoted();
  std::string_view read_plain();
  bool at_separator() const { return rest_.starts_with(separator_); }

  std::string_view rest_;
  std::string_view name_;
  std::string_view separator_;
  bool quotes_;
  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  // fields that had "" in them; a deque, because fields_ points into it
  int64_t number_ = 0;
  int64_t next_number_ = 1;
};

/// A tab, semicolon or comma: the one that the first record has most of, in this order where they tie.
std::string_view find_separator(std::string_view content);

/// How a kind of delimited file is written.
struct DelimitedForm {
  std::string_view separator;  ///< empty: find_separator decides for each file
  bool quotes = true;
  enum class Header { by_content, none, typed } header = Header::by_content;  ///< typed: RecBole's name:type
};

/// Reads interactions; ids are numbered in the order of first appearance. The columns are those that `columns` names or numbers,
/// else by the usual names of a header, else user, item, rating, time by place (docs/formats.md). Columns that nothing asks for
/// are ignored. Throws Error{bad_data} "name:line: ..." for a column that is not there, rows that are too short, empty ids, and
/// ratings and times that are not finite numbers (or dates), and where there is no interaction at all. `progress` is told
/// "reading the data".
InteractionLog parse_delimited(std::span<const InteractionText> texts, const DelimitedForm& form,
                               const InteractionColumns& columns, const ProgressCallback& progress = {});

/// Sets the names of the log's items from a file of items. `id` and `title` are columns from 0; ids that the log does not have
/// are passed over, items without a title get an empty name.
void parse_titles(InteractionLog& log, const InteractionText& text, const DelimitedForm& form, std::size_t id, std::size_t title);

/// The columns of a RecBole .item file that hold id and title (movie_title, name, ...); false if it has no title.
bool find_title_columns(const InteractionText& text, std::size_t& id, std::size_t& title);

/// See read_item_table; `name` is for error sentences.
ItemTable parse_item_table(std::string_view content, std::string_view name);

}  // namespace heddle::io::detail
