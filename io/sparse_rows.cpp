#include "io/sparse_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "io/limits.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// A line without what stands behind # and the blanks around it.
std::string_view content_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  return line;
}

/// Cuts the next field off the line; empty at its end.
std::string_view next_field(std::string_view& line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  std::size_t end = 0;
  while (end < line.size() && !is_blank(line[end])) ++end;
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end);
  return field;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 1));
  return line;
}

/// A pair's column and what stands behind the colon; -1: the field is no pair.
std::pair<int64_t, std::string_view> pair_of(std::string_view field) {
  int64_t column = -1;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), column);
  const auto digits = static_cast<std::size_t>(end - field.data());
  if (status != std::errc() || column < 0 || digits >= field.size() || field[digits] != ':') return {-1, {}};
  return {column, field.substr(digits + 1)};
}

}  // namespace

bool is_sparse_text(std::string_view head) {
  int64_t pairs = 0;
  for (int seen = 0; seen < 20 && !head.empty();) {
    const bool whole = head.find('\n') != std::string_view::npos || seen == 0;
    std::string_view line = content_of(next_line(head));
    if (line.empty() || !whole) continue;
    ++seen;
    for (bool first = true; !line.empty(); first = false) {
      const std::string_view field = next_field(line);
      const auto [column, value] = pair_of(field);
      if (column >= 0 && is_number(value)) {
        ++pairs;
      } else if (!first) {
        return false;
      }
    }
  }
  return pairs > 0;
}

NodeRows parse_sparse_rows(TextSource source, const LoadOptions& options, Reading& reading, bool labels, HostCsr& features) {
  const std::string content = source.read_all();
  Table table{std::move(source)};
  const std::string& name = table.source.name();
  NodeRows rows;
  NumbersOrWords leading;
  std::vector<std::string> classes;
  std::vector<std::pair<int64_t, float>> row;
  bool has_leading = false, from_zero = false;
  int64_t largest = -1, number = 0, blank = 0;
  std::string_view rest = content;
  RecordsProgress progress(options.options.progress, content.size());
  const auto add_row = [&] {
    std::stable_sort(row.begin(), row.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0 && row[i].first == row[i - 1].first) table.fail_at(number, "column ", row[i].first, " comes twice");
      largest = std::max(largest, row[i].first);
      from_zero = from_zero || row[i].first == 0;
      if (row[i].second == 0) continue;
      features.col_indices.push_back(static_cast<int32_t>(row[i].first));
      features.values.push_back(row[i].second);
    }
    features.row_offsets.push_back(features.nnz());
    ++rows.rows;
  };
  while (!rest.empty()) {
    const std::string_view written = next_line(rest);
    ++number;
    progress.record(rest.size());
    std::string_view line = content_of(written);
    if (line.empty()) {
      // Without ids an empty line is a node without features, but for those at the end.
      if (written.find('#') == std::string_view::npos && rows.rows > 0 && !has_leading) ++blank;
      continue;
    }
    row.clear();
    for (; blank > 0; --blank) add_row();
    for (bool first = true; !line.empty(); first = false) {
      const std::string_view field = next_field(line);
      const auto [column, value] = pair_of(field);
      if (column < 0 && first && (rows.rows == 0 || has_leading)) {
        has_leading = true;
        if (labels) classes.emplace_back(field);
        add_node_id(leading, table, number, field, reading);
        continue;
      }
      if (field.starts_with("qid:")) continue;
      if (column < 0) table.fail_at(number, in_quotes(field), " is no column:value");
      if (first && has_leading)
        table.fail_at(number, "there is nothing before ", in_quotes(field), ", and in the lines above there is");
      if (column > max_id) table.fail_at(number, "column ", column, " is more than ", max_id);
      row.emplace_back(column, parse_number(table, number, value, "value"));
    }
    add_row();
  }
  require(rows.rows > 0, ErrorKind::bad_data, name, " has no rows");
  if (!from_zero) {
    for (int32_t& column : features.col_indices) --column;
    --largest;
  }
  features.rows = rows.rows;
  features.cols = std::max<int64_t>(largest + 1, 1);
  // Every column costs memory in a model's first weights.
  require(features.cols <= max_nodes(features.nnz()), ErrorKind::bad_data, name, ": column ", largest, " is too large for ",
          counted(features.nnz(), "value"));
  FileReading& told = table.file;
  told.path = name;
  told.role = "features";
  told.format = "svmlight";
  told.why = "holds column:value";
  told.rows = rows.rows;
  if (has_leading) {
    const bool ids = !labels || (leading.are_words() ? leading.names().size() == leading.size() : [&] {
      std::vector<int32_t> sorted = leading.values();
      std::sort(sorted.begin(), sorted.end());
      return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
    }());
    reading.note(NoteKind::columns, name, 1,
                 text("the first field of each line is taken for the node's ", ids ? "id" : "label, since it comes again"));
    if (ids) {
      rows.ids = std::move(leading);
    } else {
      for (const std::string& label : classes) add_label(rows.labels, label, name, 0);
    }
    told.columns.push_back({"", 1, 1, ids ? "node" : "label", "values"});
  }
  told.columns.push_back({"", has_leading ? 2 : 1, features.cols, "feature", "values"});
  reading.files.push_back(std::move(told));
  return rows;
}

}  // namespace heddle::io::detail
