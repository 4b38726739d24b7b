#include "io/number_columns.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>

#include "heddle/error.h"
#include "io/column_values.h"
#include "io/limits.h"
#include "io/reading_progress.h"
#include "io/table.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

constexpr std::string_view source_names[] = {"source", "src",      "from",  "fromnode", "fromnodeid",
                                             "srcid",  "sourceid", "node1", "u",        "head"};
constexpr std::string_view target_names[] = {"target", "dst",      "to",    "tonode", "tonodeid",
                                             "dstid",  "targetid", "node2", "v",      "tail"};
constexpr std::string_view weight_names[] = {"weight", "weights", "w", "value"};
constexpr std::string_view node_names[] = {"node", "nodeid", "id", "nodeidx", "nodeindex"};
constexpr std::string_view label_names[] = {"label", "labels", "y", "class", "classid", "target"};
/// Columns that programs number their rows in: pandas and R leave the name out.
constexpr std::string_view row_number_names[] = {"", "index", "idx", "unnamed0", "row", "rowid", "rownames"};

template <std::size_t count>
int64_t find_named(const std::vector<std::string>& header, const std::string_view (&names)[count]) {
  for (const std::string_view name : names) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (plain_name(header[i]) == name) return static_cast<int64_t>(i);
    }
  }
  return -1;
}

/// The column that `asked` names or numbers, from 0; -1: nothing is asked.
int64_t asked_column(const Table& table, const std::string& asked, const char* what) {
  if (asked.empty()) return -1;
  const auto found = std::find(table.header.begin(), table.header.end(), asked);
  int64_t column = found - table.header.begin();
  if (found == table.header.end()) {
    const auto [end, status] = std::from_chars(asked.data(), asked.data() + asked.size(), column);
    if (status != std::errc() || end != asked.data() + asked.size()) column = 0;
    --column;
  }
  if (column < 0 || column >= table.columns()) {
    table.fail_at(table.body_line, "there is no column ", in_quotes(asked), " for the ", what);
  }
  return column;
}

bool is_node_header(const std::vector<std::string>& names, bool any_number, const void*) {
  if (!any_number) return true;
  // pandas numbers columns that have no names: ",0,1,2".
  return names.size() > 2 && names.front().empty();
}

/// Whether the column's name and values, or its values alone, say that it counts the rows.
bool counts_rows(const Table& table, std::size_t column) {
  const ColumnValues values = values_of(table.rows, column);
  if (!values.ascending || values.missing > 0 || (values.least != 0 && values.least != 1)) return false;
  if (table.header.empty()) return values.filled() >= 10;
  const std::string name = plain_name(table.header[column]);
  const bool numbers_rows =
      std::find(std::begin(row_number_names), std::end(row_number_names), name) != std::end(row_number_names);
  return numbers_rows ||
         (values.filled() >= 10 && std::find(std::begin(node_names), std::end(node_names), name) != std::end(node_names));
}

/// The column of node ids beside features or labels: named, or usual, or one that counts the rows; -1: none.
int64_t find_node_column(const Table& table, const LoadOptions& options, Reading& reading) {
  const int64_t asked = asked_column(table, options.columns.node, "node");
  if (asked >= 0 || table.columns() < 2) return asked;
  const int64_t named = find_named(table.header, node_names);
  if (named >= 0) return named;
  if (!counts_rows(table, 0)) return -1;
  if (table.header.empty()) {
    reading.note(NoteKind::columns, table.source.name(), table.body_line + 1,
                 "column 1 counts the rows: it is taken for the node ids");
  }
  return 0;
}

void tell_columns(Table& table, const std::vector<std::pair<int64_t, const char*>>& used, const char* others) {
  for (int64_t i = 0; i < table.columns(); ++i) {
    ColumnReading column{.name = table.header.empty() ? "" : table.header[static_cast<std::size_t>(i)], .number = i + 1};
    column.used_for = others;
    for (const auto& [place, use] : used) {
      if (place == i) column.used_for = use;
    }
    if (!column.used_for.empty()) column.why = table.header.empty() ? "place" : "usual name";
    std::vector<ColumnReading>& columns = table.file.columns;
    const bool joins = !columns.empty() && columns.back().used_for == column.used_for && column.used_for == "feature";
    if (joins) {
      ++columns.back().count;
    } else {
      columns.push_back(std::move(column));
    }
  }
}

/// Ids beside rows as they are, or none where they count the rows from 0 or from 1.
void finish_ids(const Table& table, RowIds& ids) {
  std::vector<bool> seen(ids.size(), false);
  if (ids.empty()) return;
  const int32_t least = *std::min_element(ids.begin(), ids.end());
  const int32_t first = least == 1 ? 1 : 0;
  for (int32_t& id : ids) {
    id -= first;
    const bool fits = id >= 0 && static_cast<std::size_t>(id) < ids.size() && !seen[static_cast<std::size_t>(id)];
    require(fits, ErrorKind::bad_data, table.source.name(), ": the node ids of ", counted(ids.size(), "row"),
            " are not each number from ", first, " once: ", id + first, " is too much");
    seen[static_cast<std::size_t>(id)] = true;
  }
}

}  // namespace

LoadOptions part_options(const LoadOptions& options, double begin, double end) {
  LoadOptions part = options;
  part.options.progress = part_of(options.options.progress, begin, end);
  return part;
}

double first_share(const std::string& first, const std::string& second) {
  const auto size_of = [](const std::string& path) {
    std::error_code ignored;
    const std::uintmax_t size = path.empty() ? 0 : std::filesystem::file_size(path, ignored);
    return ignored || size == static_cast<std::uintmax_t>(-1) ? 0.0 : static_cast<double>(size);
  };
  const double bytes = size_of(first);
  return bytes / std::max(bytes + size_of(second), 1.0);
}

Table open_node_table(TextSource source, const LoadOptions& options, Reading& reading, std::string_view role) {
  Table table = open_table(std::move(source), {}, options.options, reading, is_node_header, nullptr);
  table.file.role = role;
  table.file.format = "table";
  return table;
}

int32_t parse_node_id(const Table& table, int64_t line, std::string_view field, int64_t most) {
  std::string_view digits = field;
  const std::size_t point = digits.find('.');
  if (point != std::string_view::npos && point > 0 && digits.find_first_not_of('0', point + 1) == std::string_view::npos) {
    digits = digits.substr(0, point);
  }
  int64_t value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status == std::errc::invalid_argument || end != digits.data() + digits.size()) {
    table.fail_at(line, "node id ", in_quotes(field), is_number(field) ? " is not an integer" : " is not a number");
  }
  if (status == std::errc::result_out_of_range || value < 0 || value > most) {
    table.fail_at(line, "node id ", in_quotes(field), " is not between 0 and ", most);
  }
  return static_cast<int32_t>(value);
}

float parse_number(const Table& table, int64_t line, std::string_view field, const char* what) {
  // By way of double, because from_chars calls a float32 underflow out of range like an overflow.
  double value = 0;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (status == std::errc::invalid_argument || end != field.data() + field.size()) {
    table.fail_at(line, what, " ", in_quotes(field), " is not a number");
  }
  const auto result = static_cast<float>(value);
  if (status == std::errc::result_out_of_range || !std::isfinite(result)) {
    table.fail_at(line, what, " ", in_quotes(field), " is not a finite float32 number");
  }
  return result;
}

EdgeColumns find_edge_columns(Table& table, const LoadOptions& options, Reading& reading) {
  EdgeColumns places;
  const std::vector<std::string>& header = table.header;
  const int64_t source = asked_column(table, options.columns.source, "source");
  const int64_t target = asked_column(table, options.columns.target, "target");
  const int64_t weight = asked_column(table, options.columns.weight, "weight");
  const int64_t named_source = source >= 0 ? source : find_named(header, source_names);
  const int64_t named_target = target >= 0 ? target : find_named(header, target_names);
  const int64_t line = table.body_line + (header.empty() ? 1 : 0);
  if (named_source >= 0 && named_target >= 0 && named_source != named_target) {
    places = {named_source, named_target, weight >= 0 ? weight : find_named(header, weight_names)};
  } else {
    const bool numbered = table.columns() >= 3 && counts_rows(table, 0) && values_of(table.rows, 1).all_numbers();
    const int64_t first = numbered ? 1 : 0;
    const int64_t rest = table.columns() - first;
    if (rest < 2 || rest > 3) {
      std::string found;
      const std::vector<std::string>& shown = table.rows.empty() ? header : table.rows.front();
      for (const std::string& field : shown) found += (found.empty() ? "" : " ") + field;
      table.fail_at(line, "an edge has two node ids and maybe a weight, found ", in_quotes(found),
                    "; a header that names source, target and weight says which columns they are");
    }
    places = {first, first + 1, weight >= 0 ? weight : rest == 3 ? first + 2 : -1};
    if (numbered) {
      reading.note(NoteKind::columns, table.source.name(), line, "column 1 counts the rows: it is no end of an edge");
    }
  }
  tell_columns(table, {{places.source, "source"}, {places.target, "target"}, {places.weight, "weight"}}, "");
  return places;
}

HostMatrix parse_matrix(TextSource source, const LoadOptions& options, Reading& reading, RowIds& ids) {
  HostMatrix matrix;
  Table table = open_node_table(std::move(source), options, reading, "features");
  const int64_t node = find_node_column(table, options, reading);
  matrix.cols = table.columns() - (node >= 0 ? 1 : 0);
  tell_columns(table, {{node, "node"}}, "feature");
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    for (int64_t i = 0; i < table.columns(); ++i) {
      const std::string_view field = fields[static_cast<std::size_t>(i)];
      if (i == node) {
        ids.push_back(parse_node_id(table, line, field, max_id));
        continue;
      }
      if (field.empty()) table.fail_at(line, "column ", i + 1, " is empty");
      matrix.values.push_back(parse_number(table, line, field, "value"));
    }
    ++matrix.rows;
  });
  require(matrix.rows > 0, ErrorKind::bad_data, table.source.name(), " has no rows");
  reading.files.push_back(table.file);
  finish_ids(table, ids);
  if (ids.empty()) return matrix;
  HostMatrix ordered{matrix.rows, matrix.cols, std::vector<float>(matrix.values.size())};
  for (int64_t row = 0; row < matrix.rows; ++row) {
    std::copy_n(matrix.values.begin() + row * matrix.cols, matrix.cols,
                ordered.values.begin() + ids[static_cast<std::size_t>(row)] * matrix.cols);
  }
  return ordered;
}

std::vector<int32_t> parse_labels(TextSource source, const LoadOptions& options, Reading& reading, RowIds& ids) {
  std::vector<int32_t> labels;
  Table table = open_node_table(std::move(source), options, reading, "labels");
  const int64_t line_of_first = table.body_line + 1;
  int64_t node = -1, label = asked_column(table, options.columns.label, "label");
  if (table.columns() > 1) {
    node = find_node_column(table, options, reading);
    if (label < 0) label = find_named(table.header, label_names);
    if (label < 0 && node >= 0 && table.columns() == 2) label = 1 - node;
    if (label < 0) {
      std::string found;
      for (const std::string& field : table.rows.empty() ? table.header : table.rows.front())
        found += (found.empty() ? "" : " ") + field;
      table.fail_at(line_of_first, "a line holds one label, found ", in_quotes(found));
    }
  } else {
    label = 0;
  }
  tell_columns(table, {{node, "node"}, {label, "label"}}, "");
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    const std::string_view field = fields[static_cast<std::size_t>(label)];
    int64_t value = 0;
    const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (status == std::errc::invalid_argument || end != field.data() + field.size()) {
      table.fail_at(line, "label ", in_quotes(field), is_number(field) ? " is not an integer" : " is not a number");
    }
    if (status == std::errc::result_out_of_range || value < -1 || value > max_classes - 1) {
      table.fail_at(line, "label ", in_quotes(field), " is not between -1 and ", max_classes - 1);
    }
    labels.push_back(static_cast<int32_t>(value));
    if (node >= 0) ids.push_back(parse_node_id(table, line, fields[static_cast<std::size_t>(node)], max_id));
  });
  require(!labels.empty(), ErrorKind::bad_data, table.source.name(), " has no labels");
  reading.files.push_back(table.file);
  finish_ids(table, ids);
  if (ids.empty()) return labels;
  std::vector<int32_t> ordered(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) ordered[static_cast<std::size_t>(ids[i])] = labels[i];
  return ordered;
}

std::vector<ListedId> parse_ids(TextSource source, const LoadOptions& options, Reading& reading, int64_t nodes,
                                std::string_view part) {
  std::vector<ListedId> ids;
  Table table = open_node_table(std::move(source), options, reading, "split");
  table.file.part = part;
  if (table.columns() > 1) {
    table.fail_at(table.body_line + 1, "a line holds one node id, found ", counted(table.columns(), "column"));
  }
  tell_columns(table, {{0, "node"}}, "");
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    ids.push_back({parse_node_id(table, line, fields.front(), nodes - 1), line});
  });
  std::sort(ids.begin(), ids.end(),
            [](const ListedId& a, const ListedId& b) { return a.id != b.id ? a.id < b.id : a.line < b.line; });
  const auto repeat =
      std::adjacent_find(ids.begin(), ids.end(), [](const ListedId& a, const ListedId& b) { return a.id == b.id; });
  if (repeat != ids.end()) {
    table.fail_at((repeat + 1)->line, "node ", repeat->id, " stands in line ", repeat->line, " already");
  }
  reading.files.push_back(std::move(table.file));
  return ids;
}

}  // namespace heddle::io::detail
