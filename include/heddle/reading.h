#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/export.h"
#include "heddle/progress.h"

HEDDLE_API_BEGIN
/// What was read, and how: every reader of data sets hands back a Reading, so that nothing is lost, shifted, merged or invented
/// without a word. What is certain is read; what is doubtful is read by the likelier meaning and told as a note; what is
/// ambiguous is an Error that names the options which settle it.
namespace heddle {

/// What a note is about. `--strict` turns each of them into an error.
enum class NoteKind {
  format,     ///< the format was told by the shape of the file, which another format can have too
  container,  ///< the text stood inside something else: a member of an archive, a sheet, a table of a database
  encoding,   ///< the file is not UTF-8, and the encoding was told by its bytes
  dialect,    ///< the separator, the quotes or the lines before the header were told in doubt
  header,     ///< whether the first line is a header was in doubt
  columns,    ///< what a column holds was told by its values or its place
  values,     ///< a column has values that ask for a decision: zeros of a label, removals, days and months
  cells,      ///< cells that were asked for could not be read
  ids,        ///< ids were written in two ways, or the parts of the data share hardly any
  rows,       ///< rows were mended: a field that the separator split, a field too many that is empty
  files,      ///< a file that looks as if it belonged to the data was not read
  graph,      ///< edges were made undirected, merged, or got another meaning
  split,      ///< the parts of the data are not those that the files seem to give
};
/// The kind's name, as the JSON form has it: "format", "container", ...
const char* to_string(NoteKind kind);

/// Something doubtful that was read by its likelier meaning.
struct ReadingNote {
  NoteKind kind = NoteKind::format;  ///< what it is about
  std::string file = {};             ///< the file's path; empty: the data set as a whole
  int64_t line = 0;                  ///< where it was seen first, from 1; 0: nowhere in particular
  std::string sentence = {};         ///< what was taken for what, and the option that says otherwise; no full stop
};

/// Rows of a file that were left out for one reason.
struct RowsLeftOut {
  std::string reason = {};  ///< "no user id", "fewer fields than the header has", ...
  std::string file = {};    ///< the file's path
  int64_t count = 0;        ///< how many
  int64_t first_line = 0;   ///< the line in which the first of them begins, from 1
};

/// A column of a file, or several neighbours that serve for the same.
struct ColumnReading {
  std::string name = {};      ///< as the header has it; empty: there is no header
  int64_t number = 0;         ///< from 1
  int64_t count = 1;          ///< how many neighbours, this one the first
  std::string used_for = {};  ///< "user", "item", "rating", "behaviour", "time", "title", "source", "target", "weight", "node",
                              ///< "feature", "label", "part", ...; empty: nothing
  std::string why = {};       ///< "named", "usual name", "place", "values", or "not asked for"; empty where it serves for nothing
};

/// One file, or one member of a container, as it was read.
struct FileReading {
  std::string path = {};         ///< as it was opened
  std::string member = {};       ///< of a container: the member that was read; empty otherwise
  std::string role = {};         ///< what it gave: "interactions", "titles", "edges", "features", "labels", "split", "graph", ...
  std::string part = {};         ///< "train", "val" or "test" where the file is one part of the data; empty otherwise
  std::string format = {};       ///< "lightgcn", "csv", "npy", ... by the names of docs/formats.md
  std::string why = {};          ///< what it was told by: "has a header with columns for user and item"
  std::string encoding = {};     ///< "UTF-8", "UTF-16LE", "Windows-1252", ...; empty for what is no text
  std::string compression = {};  ///< "gzip", ...; empty: none
  std::string separator = {};    ///< between fields: ",", "\t", "::", ...; " " stands for any run of blanks; empty: no text
  std::string quote = {};        ///< "\"", "'"; empty: a quote is a character like others
  bool backslash_escapes = false;           ///< whether \" stands for a quote in a quoted field
  std::string line_end = {};                ///< "LF", "CRLF", "CR"; empty for what is no text
  bool header = false;                      ///< whether a line with names stands above the rows
  int64_t lines_before = 0;                 ///< lines before header or rows that were not read as either
  int64_t comments = 0;                     ///< comment lines
  int64_t rows = 0;                         ///< records that were read, those left out included; the header is none
  std::vector<ColumnReading> columns = {};  ///< all of them, in the order of the file
};

/// What was read of a data set, and how.
struct Reading {
  std::vector<FileReading> files = {};           ///< those that were read, in the order of reading
  std::vector<std::string> files_not_read = {};  ///< names in the folder that nothing was read from, ascending; folders end in /
  std::vector<RowsLeftOut> left_out = {};        ///< by file and reason
  std::vector<ReadingNote> notes = {};           ///< in the order in which they came up
  std::string refused = {};                      ///< the sentence of the error that reading ended in; empty: it came to its end

  /// Counts a row that is left out of a file.
  void leave_out(std::string_view file, std::string_view reason, int64_t line, int64_t count = 1);
  /// Adds a note.
  void note(NoteKind kind, std::string_view file, int64_t line, std::string sentence);
  /// Takes over what another reading of the same data set says, behind what this one does.
  void append(Reading&& other);
  /// How many rows were left out, whatever the reason.
  int64_t rows_left_out() const;
};

/// The report for people: lines of a label of ten characters ("read", "not read", "left out", "note") and a text, at most about
/// `width` characters each where words allow. Names and values are printable (no control characters).
std::string to_text(const Reading& reading, int64_t width = 100);
/// The report for programs: one JSON object, {"files": [...], "files_not_read": [...], "left_out": [...], "notes": [...]} and
/// "refused" where there is such; the names in it are those of the members above. Bytes that are no UTF-8 are read as
/// Windows-1252.
std::string to_json(const Reading& reading);

/// Throws Error{bad_data} where the reading has a note or rows left out: what `strict` does at the end of reading. The sentence
/// is that of the first, with the number of others.
void require_certain(const Reading& reading);

namespace io {

/// What becomes of a row of which a field that is needed says nothing: it is empty, or NA, N/A, NULL, \\N, nan, none, nil or
/// another of the words that docs/formats.md lists, whatever their case.
enum class MissingFields {
  skip,   ///< the row is left out, and counted
  error,  ///< it is an error
  keep,   ///< NA and its like are ids as others are; a row whose id is empty is left out, and counted
};

/// What becomes of a row that has more or fewer fields than the header or the first row.
enum class RaggedRows {
  error,  ///< it is an error, which tells both counts
  skip,   ///< the row is left out, and counted
};

/// Whether the first line of a text with columns is a header.
enum class HeaderLine {
  automatic,  ///< told by its content
  present,    ///< it is
  absent,     ///< it is not
};

/// Which number of a date such as 3/4/2024 comes first.
enum class DateOrder {
  automatic,    ///< told by the whole column: a number above 12 is a day
  day_first,    ///< 3 April
  month_first,  ///< March 4
};

/// Whether a column is wanted that reading can do without.
enum class Wanted {
  no,        ///< its cells are not parsed
  if_there,  ///< parsed where there is such a column; what cannot be read is a note, and the column is then left away
  /// What cannot be read, or is missing, is handled as MissingFields says. Where there is no such column the log has none either,
  /// and `prepare` says so if it needs one.
  yes,
};

/// How files are read where their look does not tell it, or not rightly. The defaults tell everything by content.
struct ReadOptions {
  std::string separator = {};  ///< between the fields of a text; " " or "blank": any run of blanks; empty: told by content
  std::string quote = {};      ///< around fields: one character, or "none"; empty: told by content
  std::string encoding = {};   ///< utf-8, utf-16, utf-16le, utf-16be, windows-1252, latin-1; empty: told by content
  HeaderLine header = HeaderLine::automatic;    ///< of every text with columns
  int64_t skip_lines = -1;                      ///< lines of each file to pass over; -1: told by content
  MissingFields missing = MissingFields::skip;  ///< see there
  RaggedRows ragged = RaggedRows::error;        ///< see there
  DateOrder dates = DateOrder::automatic;       ///< see there
  bool strict = false;                          ///< whether each note, and each row left out, is an error
  int threads = 0;                              ///< that read a large file together; 0: as many as the process may use
  /// Told the phase "reading the data" and the share of the bytes, at least every four million of them; false ends reading with
  /// Error{interrupted}.
  ProgressCallback progress = {};
};

}  // namespace io
}  // namespace heddle
HEDDLE_API_END
