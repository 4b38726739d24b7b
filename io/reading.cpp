#include "heddle/reading.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/json_text.h"
#include "io/text.h"

namespace heddle {

namespace {

constexpr std::array<const char*, 13> note_kind_names = {"format",  "container", "encoding", "dialect", "header",
                                                         "columns", "values",    "cells",    "ids",     "rows",
                                                         "files",   "graph",     "split"};

/// "comma", "tab"; what has no name in quotes.
std::string separator_name(std::string_view separator) {
  constexpr std::pair<std::string_view, const char*> names[] = {
      {",", "commas"}, {"\t", "tabs"}, {";", "semicolons"}, {"|", "vertical bars"}, {" ", "blanks"}};
  for (const auto& [written, name] : names) {
    if (separator == written) return name;
  }
  return io::detail::in_quotes(separator);
}

/// The parts, joined by commas, in lines of at most `width` characters behind ten of a label, which only the first line has.
class LabelledLines {
 public:
  explicit LabelledLines(int64_t width) : width_(static_cast<std::size_t>(std::max<int64_t>(width, 40))) {}

  void add(std::string_view label, const std::string& sentence) {
    std::string line(label);
    line.resize(std::max(label_width, label.size() + 1), ' ');
    bool empty = true;
    for (std::size_t at = 0; at < sentence.size();) {
      const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
      const std::string_view word = std::string_view(sentence).substr(at, end - at);
      if (!empty && line.size() + 1 + word.size() > width_) {
        text_ += line + "\n";
        line.assign(label_width, ' ');
        empty = true;
      }
      if (!empty) line += ' ';
      line += word;
      empty = false;
      at = end + 1;
    }
    text_ += line + "\n";
  }

  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t label_width = 11;  // as the other reports' labels
  std::size_t width_;
  std::string text_;
};

/// "customer_id (column 2)", "column 2", "f0 to f8 (columns 2 to 10)"
std::string column_text(const ColumnReading& column, const std::string& last_name) {
  const bool several = column.count > 1;
  std::string numbers =
      several ? text("columns ", column.number, " to ", column.number + column.count - 1) : text("column ", column.number);
  if (column.name.empty()) return numbers;
  const std::string name = io::detail::printable(column.name);
  return text(name, several && !last_name.empty() ? " to " + io::detail::printable(last_name) : "", " (", numbers, ")");
}

/// Whether the two are told of in one line: parts of one data set, of which nothing else is known than what they are.
bool is_next_part(const FileReading& file, const FileReading& next) {
  const auto plain = [](const FileReading& one) { return one.encoding.empty() && one.columns.empty() && one.rows == 0; };
  return plain(file) && plain(next) && file.format == next.format && file.why == next.why &&
         std::filesystem::path(file.path).parent_path() == std::filesystem::path(next.path).parent_path();
}

/// `roles` and `others`: those of further files that are told of in the same line.
std::string file_text(const FileReading& file, const std::string& roles, const std::string& others) {
  std::string line = io::detail::printable(file.path) + others;
  if (!file.member.empty()) line += " [" + io::detail::printable(file.member) + "]";
  line += ": ";
  line += roles;
  if (!file.part.empty()) line += " (" + file.part + ")";
  if (!file.role.empty() || !file.part.empty()) line += ", ";
  line += file.format;
  if (!file.why.empty()) line += " (" + file.why + ")";
  if (!file.compression.empty()) line += "; " + file.compression + "-compressed";
  if (!file.encoding.empty()) line += "; " + file.encoding;
  if (!file.separator.empty()) {
    line += ", separated by " + separator_name(file.separator);
    line += file.quote.empty() ? ", no quotes" : ", quoted by " + file.quote;
    if (file.backslash_escapes) line += " with backslashes";
  }
  if (!file.line_end.empty()) {
    if (file.line_end != "LF") line += ", lines end in " + file.line_end;
    line += file.header ? ", with a header" : ", no header";
  }
  if (file.lines_before > 0) line += text(", ", counted(file.lines_before, "line"), " before it");
  if (file.comments > 0) line += text(", ", counted(file.comments, "comment line"));
  return file.rows > 0 ? line + text("; ", counted(file.rows, "row")) : line;
}

/// "user: customer_id (column 2); item: ..."; the columns that serve for nothing: "not used: ...".
std::string columns_text(const FileReading& file) {
  constexpr std::size_t most_unused = 20;
  std::string used, unused;
  std::size_t unused_count = 0;
  for (const ColumnReading& column : file.columns) {
    if (column.used_for.empty()) {
      if (++unused_count <= most_unused) unused += (unused.empty() ? "" : ", ") + column_text(column, "");
      continue;
    }
    used += (used.empty() ? "" : "; ") + column.used_for + ": " + column_text(column, "");
    if (column.why == "values" || column.why == "place") used += " by " + column.why;
    if (column.why == "not asked for") used += " (not asked for)";
  }
  if (unused_count > most_unused) unused += text(" and ", unused_count - most_unused, " more");
  if (!unused.empty()) used += (used.empty() ? "not used: " : "; not used: ") + unused;
  return used;
}

}  // namespace

const char* to_string(NoteKind kind) { return note_kind_names[static_cast<std::size_t>(kind)]; }

void Reading::leave_out(std::string_view file, std::string_view reason, int64_t line, int64_t count) try {
  if (count <= 0) return;
  const auto same = std::find_if(left_out.begin(), left_out.end(),
                                 [&](const RowsLeftOut& rows) { return rows.file == file && rows.reason == reason; });
  if (same == left_out.end()) {
    left_out.push_back({std::string(reason), std::string(file), count, line});
  } else {
    same->count += count;
    same->first_line = std::min(same->first_line, line);
  }
} catch (...) {
  rethrow_as_error();
}

void Reading::note(NoteKind kind, std::string_view file, int64_t line, std::string sentence) try {
  notes.push_back({kind, std::string(file), line, std::move(sentence)});
} catch (...) {
  rethrow_as_error();
}

void Reading::append(Reading&& other) try {
  const auto move_to = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move_to(other.files, files);
  move_to(other.files_not_read, files_not_read);
  move_to(other.notes, notes);
  for (const RowsLeftOut& rows : other.left_out) leave_out(rows.file, rows.reason, rows.first_line, rows.count);
  if (refused.empty()) refused = std::move(other.refused);
} catch (...) {
  rethrow_as_error();
}

int64_t Reading::rows_left_out() const {
  int64_t count = 0;
  for (const RowsLeftOut& rows : left_out) count += rows.count;
  return count;
}

std::string to_text(const Reading& reading, int64_t width) try {
  LabelledLines lines(width);
  for (std::size_t i = 0; i < reading.files.size(); ++i) {
    const FileReading& file = reading.files[i];
    std::string roles = file.role, others;
    for (; i + 1 < reading.files.size() && is_next_part(file, reading.files[i + 1]); ++i) {
      roles += ", " + reading.files[i + 1].role;
      others += ", " + io::detail::printable(std::filesystem::path(reading.files[i + 1].path).filename().string());
    }
    lines.add("read", file_text(file, roles, others));
    if (const std::string columns = columns_text(file); !columns.empty()) lines.add("", columns);
  }
  if (!reading.files_not_read.empty()) {
    std::string names;
    for (const std::string& name : reading.files_not_read) names += (names.empty() ? "" : ", ") + io::detail::printable(name);
    lines.add("not read", names);
  }
  for (const RowsLeftOut& rows : reading.left_out) {
    lines.add("left out", text(counted(rows.count, "row"), " of ", io::detail::printable(rows.file), ": ", rows.reason,
                               rows.count == 1 ? " (line " : " (the first in line ", rows.first_line, ")"));
  }
  for (const ReadingNote& note : reading.notes) {
    std::string place = io::detail::printable(note.file);
    if (note.line > 0) place += text(":", note.line);
    lines.add("note", place + (place.empty() ? "" : ": ") + note.sentence);
  }
  return lines.take();
} catch (...) {
  rethrow_as_error();
}

std::string to_json(const Reading& reading) try {
  using io::detail::json_array, io::detail::JsonObject;
  const auto column_json = [](const ColumnReading& column) {
    return JsonObject()
        .add("name", column.name)
        .add("number", column.number)
        .add("count", column.count)
        .add("used_for", column.used_for)
        .add("why", column.why)
        .text();
  };
  const auto file_json = [&](const FileReading& file) {
    return JsonObject()
        .add("path", file.path)
        .add("member", file.member)
        .add("role", file.role)
        .add("part", file.part)
        .add("format", file.format)
        .add("why", file.why)
        .add("encoding", file.encoding)
        .add("compression", file.compression)
        .add("separator", file.separator)
        .add("quote", file.quote)
        .add("backslash_escapes", file.backslash_escapes)
        .add("line_end", file.line_end)
        .add("header", file.header)
        .add("lines_before", file.lines_before)
        .add("comments", file.comments)
        .add("rows", file.rows)
        .add_raw("columns", json_array(file.columns, column_json))
        .text();
  };
  const auto rows_json = [](const RowsLeftOut& rows) {
    return JsonObject()
        .add("reason", rows.reason)
        .add("file", rows.file)
        .add("count", rows.count)
        .add("first_line", rows.first_line)
        .text();
  };
  const auto note_json = [](const ReadingNote& note) {
    return JsonObject()
        .add("kind", to_string(note.kind))
        .add("file", note.file)
        .add("line", note.line)
        .add("sentence", note.sentence)
        .text();
  };
  JsonObject object;
  object.add_raw("files", json_array(reading.files, file_json))
      .add_raw("files_not_read", json_array(reading.files_not_read, io::detail::json_string))
      .add_raw("left_out", json_array(reading.left_out, rows_json))
      .add_raw("notes", json_array(reading.notes, note_json));
  if (!reading.refused.empty()) object.add("refused", reading.refused);
  return object.text();
} catch (...) {
  rethrow_as_error();
}

void require_certain(const Reading& reading) try {
  const std::size_t count = reading.notes.size() + reading.left_out.size();
  if (count == 0) return;
  std::string first;
  if (!reading.notes.empty()) {
    const ReadingNote& note = reading.notes.front();
    first = text(note.file, note.line > 0 ? text(":", note.line) : "", note.file.empty() ? "" : ": ", note.sentence);
  } else {
    const RowsLeftOut& rows = reading.left_out.front();
    first = text(rows.file, ":", rows.first_line, ": ", counted(rows.count, "row"), " would be left out: ", rows.reason);
  }
  fail(ErrorKind::bad_data, first, count > 1 ? text("; and ", counted(count - 1, "other note")) : "",
       "; strict reading takes nothing that is doubtful");
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
