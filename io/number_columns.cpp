#include "io/number_columns.h"

#include <algorithm>
#include <utility>

#include "heddle/error.h"
#include "io/limits.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// The current line's only field.
std::string_view only_field(const Lines& lines, const char* what) {
  Fields fields(lines);
  std::string_view field, second;
  fields.next(field);
  if (fields.next(second)) lines.fail("a line holds one ", what, ", found ", in_quotes(lines.line()));
  return field;
}

}  // namespace

HostMatrix parse_matrix(std::string_view content, std::string_view name, const ProgressCallback& progress) {
  HostMatrix matrix;
  Lines lines(content, name);
  ReadingProgress told(progress, content.size());
  bool first = true;
  while (lines.next()) {
    told.record(lines.left());
    if (std::exchange(first, false) && is_header(lines)) continue;
    Fields fields(lines);
    for (std::string_view field; fields.next(field);) matrix.values.push_back(parse_float(lines, field, "value"));
    if (matrix.rows == 0) matrix.cols = fields.count();
    if (fields.count() != matrix.cols)
      lines.fail("found ", counted(fields.count(), "column"), ", the first row has ", matrix.cols);
    ++matrix.rows;
  }
  require(matrix.rows > 0, ErrorKind::bad_data, name, " has no rows");
  return matrix;
}

std::vector<int32_t> parse_labels(std::string_view content, std::string_view name) {
  std::vector<int32_t> labels;
  Lines lines(content, name);
  bool first = true;
  while (lines.next()) {
    if (std::exchange(first, false) && is_header(lines)) continue;
    const std::string_view field = only_field(lines, "label");
    labels.push_back(static_cast<int32_t>(parse_integer(lines, field, "label", -1, max_classes - 1)));
  }
  require(!labels.empty(), ErrorKind::bad_data, name, " has no labels");
  return labels;
}

std::vector<ListedId> parse_ids(std::string_view content, std::string_view name, int64_t nodes) {
  std::vector<ListedId> ids;
  Lines lines(content, name);
  while (lines.next()) {
    const int64_t id = parse_integer(lines, only_field(lines, "node id"), "node id", 0, nodes - 1);
    ids.push_back({static_cast<int32_t>(id), lines.number()});
  }
  std::sort(ids.begin(), ids.end(),
            [](const ListedId& a, const ListedId& b) { return a.id != b.id ? a.id < b.id : a.line < b.line; });
  const auto repeat =
      std::adjacent_find(ids.begin(), ids.end(), [](const ListedId& a, const ListedId& b) { return a.id == b.id; });
  if (repeat != ids.end()) {
    fail(ErrorKind::bad_data, name, ":", (repeat + 1)->line, ": node ", repeat->id, " stands in line ", repeat->line, " already");
  }
  return ids;
}

}  // namespace heddle::io::detail
