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

constexpr std::string_view source_names[] = {"source",    "src",    "from",   "fromnode", "fromnodeid", "srcid", "sourceid",
                                             "node1",     "u",      "head",   "fromid",   "id1",        "nodea", "start",
                                             "startnode", "origin", "citing", "follower", "sender",     "parent"};
constexpr std::string_view target_names[] = {"target",  "dst",         "to",    "tonode",   "tonodeid", "dstid", "targetid",
                                             "node2",   "v",           "tail",  "toid",     "id2",      "nodeb", "end",
                                             "endnode", "destination", "cited", "followee", "receiver", "child"};
constexpr std::string_view weight_names[] = {"weight", "weights", "w", "value", "edgeweight"};
constexpr std::string_view node_names[] = {"node", "nodeid", "id", "nodeidx", "nodeindex", "nodename"};
constexpr std::string_view label_names[] = {"label",     "labels",  "y",         "class",   "classid", "target",   "category",
                                            "nodelabel", "labelid", "classname", "subject", "group",   "community"};
/// Of them, those that say so beside features: a y or a target may be one.
constexpr std::string_view certain_label_names[] = {"label",    "labels",    "class",   "classid",
                                                    "category", "nodelabel", "labelid", "classname"};
constexpr std::string_view part_columns[] = {"split", "part", "set", "subset"};
/// Above the ids or the mask of a part.
constexpr std::string_view part_headers[] = {"train",    "val",       "valid",   "validation", "test",      "index",
                                             "idx",      "trainmask", "valmask", "testmask",   "validmask", "mask",
                                             "trainidx", "validx",    "testidx", "ids",        "nodes",     "nodeids"};
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

template <std::size_t count>
bool is_one_of_names(const std::string& name, const std::string_view (&names)[count]) {
  return std::find(std::begin(names), std::end(names), plain_name(name)) != std::end(names);
}

bool is_node_header(const std::vector<std::string>& names, bool any_number, const void* kind) {
  if (!any_number) return true;
  // pandas numbers columns that have no names: ",0,1,2"; beside edges ",3" may be one without a source.
  const std::size_t least = *static_cast<const NodeTable*>(kind) == NodeTable::split ? 2 : 3;
  return names.size() >= least && names.front().empty();
}

const char* role_of(NodeTable kind) {
  switch (kind) {
    case NodeTable::edges: return "edges";
    case NodeTable::nodes: return "nodes";
    case NodeTable::features: return "features";
    case NodeTable::labels: return "labels";
    case NodeTable::split: break;
  }
  return "split";
}

bool is_known_name(const std::string& name, NodeTable kind, const NodeColumns& asked) {
  for (const std::string* column : {&asked.source, &asked.target, &asked.weight, &asked.node, &asked.label}) {
    if (!name.empty() && name == *column) return true;
  }
  if (kind == NodeTable::edges)
    return is_one_of_names(name, source_names) || is_one_of_names(name, target_names) || is_one_of_names(name, weight_names);
  return is_one_of_names(name, node_names) || is_one_of_names(name, label_names) || is_one_of_names(name, part_columns) ||
         (kind == NodeTable::split && is_one_of_names(name, part_headers));
}

/// Whether one of the header's words comes again below it, in the same column; at one of the ends of an edge, in either.
bool comes_again(const Table& table, NodeTable kind) {
  for (const std::vector<std::string>& row : table.rows) {
    for (std::size_t i = 0; i < std::min(row.size(), table.header.size()); ++i) {
      if (row[i] == table.header[i]) return true;
      if (kind == NodeTable::edges && i < 2 && row[i] == table.header[1 - std::min<std::size_t>(i, 1)]) return true;
    }
  }
  return false;
}

/// A first line of words above lines of words is a header by its names; else it is a row where its words come again, and where
/// files of the kind seldom have a header.
void settle_header(Table& table, NodeTable kind, const LoadOptions& options, Reading& reading) {
  const bool told = table.header.empty() || options.options.header != HeaderLine::automatic || table.header.front().empty() ||
                    static_cast<int64_t>(table.header.size()) != table.columns();
  if (told || kind == NodeTable::features || kind == NodeTable::nodes) return;
  if (table.rows.empty() && kind != NodeTable::split) return;  // names above nothing
  bool repeated = false;                                       // classes come again, and one that does not is none
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    if (is_known_name(table.header[i], kind, options.columns)) return;
    const ColumnValues values = values_of(table.rows, i);
    if (values.rows > 0 && (values.filled() == 0 || values.all_numbers())) return;
    repeated = repeated || 2 * values.distinct <= values.filled();
  }
  if (kind == NodeTable::split || comes_again(table, kind)) return table.take_header_for_row();
  const std::string& separator = table.dialect.separator;
  const bool is_header = kind == NodeTable::labels ? repeated || table.columns() > 1 : separator == "," || separator == ";";
  reading.note(NoteKind::header, table.source.name(), table.body_line,
               text("the first line holds words as the others do: it is taken for ",
                    is_header ? "a header; --header no says that it is none" : "a row; --header yes says that it is a header"));
  if (!is_header) table.take_header_for_row();
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

/// "1 2 x", for sentences about a line that is not what it should be.
std::string first_row_text(const Table& table) {
  std::string found;
  for (const std::string& field : table.rows.empty() ? table.header : table.rows.front())
    found += (found.empty() ? "" : " ") + field;
  return found;
}

bool says_true(std::string_view cell) { return cell == "1" || cell == "true" || cell == "True" || cell == "TRUE"; }
bool says_false(std::string_view cell) { return cell == "0" || cell == "false" || cell == "False" || cell == "FALSE"; }

/// Whether each value of the column is 0 or 1.
bool is_one_hot(const Table& table, int64_t column) {
  const ColumnValues values = values_of(table.rows, static_cast<std::size_t>(column));
  return values.all_numbers() && values.missing == 0 && values.fractions == 0 && values.distinct <= 2 && values.least >= 0 &&
         values.most <= 1;
}

/// Whether a cell of the first rows is a number, or all are empty.
bool holds_numbers(const Table& table, int64_t column) {
  bool empty = true;
  for (std::size_t i = 0; i < std::min<std::size_t>(table.rows.size(), 50); ++i) {
    if (column >= static_cast<int64_t>(table.rows[i].size())) continue;
    const std::string& cell = table.rows[i][static_cast<std::size_t>(column)];
    if (is_number(cell)) return true;
    empty = empty && cell.empty();
  }
  return empty;
}

/// Where in a row of a table of nodes what stands, from 0; -1: there is none.
struct NodePlaces {
  int64_t node = -1;
  int64_t label = -1;
  int64_t part = -1;
};

/// Adds what the row says besides features.
void add_row(NodeRows& rows, const NodePlaces& places, const Table& table, const std::vector<std::string_view>& fields,
             int64_t line, Reading& reading) {
  const auto field = [&](int64_t column) { return fields[static_cast<std::size_t>(column)]; };
  if (places.node >= 0) add_node_id(rows.ids, table, line, field(places.node), reading);
  if (places.label >= 0) add_label(rows.labels, field(places.label), table.source.name(), line);
  if (places.part >= 0) rows.parts.push_back(part_number(field(places.part)));
  ++rows.rows;
}

/// The named column with parts in it, unless none of its cells is one.
int64_t find_part_column(const Table& table) {
  const int64_t column = find_named(table.header, part_columns);
  if (column < 0) return -1;
  const bool any = std::any_of(table.rows.begin(), table.rows.end(), [&](const std::vector<std::string>& row) {
    return column < static_cast<int64_t>(row.size()) && part_number(row[static_cast<std::size_t>(column)]) > 0;
  });
  return any ? column : -1;
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

Table open_node_table(TextSource source, const LoadOptions& options, Reading& reading, NodeTable kind) {
  Table table = open_table(std::move(source), {}, options.options, reading, is_node_header, &kind);
  settle_header(table, kind, options, reading);
  table.file.role = role_of(kind);
  table.file.format = "table";
  return table;
}

int64_t find_node_column(const Table& table, const LoadOptions& options, Reading& reading) {
  const int64_t asked = asked_column(table, options.columns.node, "node");
  if (asked >= 0 || table.columns() < 2) return asked;
  const int64_t named = find_named(table.header, node_names);
  if (named >= 0) return named;
  if (counts_rows(table, 0)) {
    if (table.header.empty()) {
      reading.note(NoteKind::columns, table.source.name(), table.body_line + 1,
                   "column 1 counts the rows: it is taken for the node ids");
    }
    return 0;
  }
  const ColumnValues first = values_of(table.rows, 0);
  const bool unique = first.filled() > 0 && first.missing == 0 && first.distinct == first.filled();
  if (!unique) return -1;
  if (!table.header.empty() && first.fractions == 0 && plain_name(table.header.front()).ends_with("id")) return 0;
  if (first.numbers > 0) return -1;
  reading.note(NoteKind::columns, table.source.name(), table.body_line + 1,
               text(table.column_text(0),
                    " holds words of which none comes twice: it is taken for the node ids; --node-column says "
                    "which column holds them"));
  return 0;
}

int8_t part_number(std::string_view name) {
  const std::string word = plain_name(name);
  if (word == "train" || word == "training") return 1;
  if (word == "val" || word == "valid" || word == "validation" || word == "dev") return 2;
  return word == "test" || word == "testing" ? 3 : 0;
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

namespace {

/// What to do with a text of many columns in place of edges: two other forms that graphs are written in look so.
std::string wide_table_remedy(const Table& table) {
  const std::string file = "'" + std::filesystem::path(table.source.name()).filename().string() + "'";
  const auto all_rows = [&](const auto& are) { return std::all_of(table.rows.begin(), table.rows.end(), are); };
  if (!all_rows([&](const auto& row) { return row.size() == table.rows.front().size(); })) {
    return text(
        "; lines of several lengths may be lists of neighbours: in Python, networkx.write_edgelist(networkx.read_adjlist(", file,
        "), 'edges.txt', data=False) writes edges that are read");
  }
  const bool numbers = all_rows([](const auto& row) { return std::all_of(row.begin(), row.end(), is_number); });
  if (table.header.empty() && numbers && table.rows.size() >= 4) {
    return text(
        "; as many numbers in each line may be an adjacency matrix: in Python, scipy.io.mmwrite('graph.mtx', "
        "scipy.sparse.coo_matrix(numpy.loadtxt(",
        file, table.dialect.separator == "," ? ", delimiter=','" : "", "))) writes one that is read");
  }
  return "; a header that names source, target and weight says which columns they are";
}

}  // namespace

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
    const auto are_words = [&](std::size_t column) { return values_of(table.rows, column).numbers == 0; };
    const bool numbered = table.columns() >= 3 && counts_rows(table, 0) &&
                          (values_of(table.rows, 1).all_numbers() || (are_words(1) && are_words(2)));
    const int64_t first = numbered ? 1 : 0;
    const int64_t rest = table.columns() - first;
    if (rest < 2 || rest > 3) {
      table.fail_at(line, "an edge has two node ids and maybe a weight, found ", in_quotes(first_row_text(table)),
                    wide_table_remedy(table));
    }
    places = {first, first + 1, weight >= 0 ? weight : rest == 3 ? first + 2 : -1};
    if (numbered) {
      reading.note(NoteKind::columns, table.source.name(), line, "column 1 counts the rows: it is no end of an edge");
    }
  }
  tell_columns(table, {{places.source, "source"}, {places.target, "target"}, {places.weight, "weight"}}, "");
  return places;
}

NodeRows parse_features(TextSource source, const LoadOptions& options, Reading& reading, bool labels) {
  NodeRows rows;
  Table table = open_node_table(std::move(source), options, reading, NodeTable::features);
  NodePlaces places{.node = find_node_column(table, options, reading)};
  places.part = find_part_column(table);
  if (labels) {
    places.label = asked_column(table, options.columns.label, "label");
    if (places.label < 0) places.label = find_named(table.header, certain_label_names);
  }
  std::vector<int64_t> columns;
  std::vector<std::pair<int64_t, const char*>> used{{places.node, "node"}, {places.label, "label"}, {places.part, "part"}};
  for (int64_t i = 0; i < table.columns(); ++i) {
    if (i == places.node || i == places.label || i == places.part) continue;
    if (table.header.empty() || holds_numbers(table, i)) {
      columns.push_back(i);
    } else {
      used.emplace_back(i, "");
      reading.note(NoteKind::columns, table.source.name(), table.body_line + 1,
                   text(table.column_text(i), " holds words: it is no feature"));
    }
  }
  if (columns.empty()) table.fail_at(table.body_line + 1, "no column holds numbers");
  rows.features.cols = static_cast<int64_t>(columns.size());
  tell_columns(table, used, "feature");
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    for (const int64_t i : columns) {
      const std::string_view field = fields[static_cast<std::size_t>(i)];
      if (field.empty()) table.fail_at(line, "column ", i + 1, " is empty");
      rows.features.values.push_back(parse_number(table, line, field, "value"));
    }
    add_row(rows, places, table, fields, line, reading);
  });
  rows.features.rows = rows.rows;
  require(rows.rows > 0, ErrorKind::bad_data, table.source.name(), " has no rows");
  reading.files.push_back(std::move(table.file));
  return rows;
}

NodeRows parse_labels(TextSource source, const LoadOptions& options, Reading& reading) {
  NodeRows rows;
  Table table = open_node_table(std::move(source), options, reading, NodeTable::labels);
  const int64_t columns = table.columns();
  NodePlaces places{.label = asked_column(table, options.columns.label, "label")};
  std::vector<std::pair<int64_t, const char*>> used;
  std::vector<int64_t> of_class;  // a column each, where labels are one-hot
  if (columns == 1) places.label = 0;
  if (columns > 1) {
    places.node = find_node_column(table, options, reading);
    places.part = find_part_column(table);
    if (places.label < 0) places.label = find_named(table.header, label_names);
    if (places.label < 0 && columns == 2 && places.node >= 0) places.label = 1 - places.node;
    if (places.label < 0) {
      for (int64_t i = 0; i < columns; ++i) {
        if (i != places.node && i != places.part) of_class.push_back(i);
      }
      const bool one_hot =
          of_class.size() > 1 && table.rows.size() > 1 &&
          std::all_of(of_class.begin(), of_class.end(), [&](int64_t column) { return is_one_hot(table, column); });
      if (!one_hot) of_class.clear();
    }
    if (places.label < 0 && of_class.empty() && columns == 2) {
      // Ids do not come again, classes do.
      const ColumnValues first = values_of(table.rows, 0), second = values_of(table.rows, 1);
      const auto differ = [](const ColumnValues& values) { return values.missing == 0 && values.distinct == values.filled(); };
      if (differ(first) != differ(second)) {
        places.node = differ(first) ? 0 : 1;
        places.label = 1 - places.node;
        reading.note(
            NoteKind::columns, table.source.name(), table.body_line + 1,
            text(table.column_text(places.node), " holds values of which none comes twice: it is taken for the node ids, ",
                 table.column_text(places.label), " for the label; --node-column and --label-column say which they are"));
      }
    }
    if (places.label < 0 && of_class.empty())
      table.fail_at(table.body_line + 1, "a line holds one label, found ", in_quotes(first_row_text(table)),
                    "; --label-column and --node-column say what the columns hold");
    if (!of_class.empty()) {
      reading.note(NoteKind::columns, table.source.name(), table.body_line + 1,
                   text(counted(of_class.size(), "column"), " of zeros and ones taken for one class each"));
    }
  }
  used.reserve(used.size() + of_class.size() + 3);
  for (const int64_t column : of_class) used.emplace_back(column, "label");
  used.emplace_back(places.node, "node");
  used.emplace_back(places.label, "label");
  used.emplace_back(places.part, "part");
  tell_columns(table, used, "");
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    add_row(rows, places, table, fields, line, reading);
    if (of_class.empty()) return;
    int64_t one = -1;
    for (std::size_t i = 0; i < of_class.size(); ++i) {
      const float value = parse_number(table, line, fields[static_cast<std::size_t>(of_class[i])], "value");
      if (value == 0) continue;
      if (value != 1 || one >= 0) table.fail_at(line, "the row is not one-hot; nodes with several labels are not read");
      one = static_cast<int64_t>(i);
    }
    if (one >= 0 && !table.header.empty()) {
      rows.labels.add_word(table.header[static_cast<std::size_t>(of_class[static_cast<std::size_t>(one)])]);
    } else {
      rows.labels.add_number(static_cast<int32_t>(one));
    }
  });
  require(rows.rows > 0, ErrorKind::bad_data, table.source.name(), " has no labels");
  reading.files.push_back(std::move(table.file));
  return rows;
}

std::vector<ListedId> parse_part(TextSource source, const LoadOptions& options, Reading& reading, const NodeNames& names,
                                 std::string_view part) {
  Table table = open_node_table(std::move(source), options, reading, NodeTable::split);
  table.file.part = part;
  const bool numbered = table.columns() == 2 && counts_rows(table, 0) && find_named(table.header, row_number_names) == 0;
  if (table.columns() > 1 && !numbered) {
    table.fail_at(table.body_line + 1, "a line holds one node id, found ", counted(table.columns(), "column"));
  }
  const std::size_t column = numbered ? 1 : 0;
  NumbersOrWords ids;
  std::vector<int64_t> lines;
  bool is_mask = names.nodes > 2;
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    const std::string_view field = fields[column];
    is_mask = is_mask && (says_true(field) || says_false(field));
    add_node_id(ids, table, line, field, reading);
    lines.push_back(line);
  });
  is_mask = is_mask && ids.size() == names.nodes;
  tell_columns(table, {{static_cast<int64_t>(column), is_mask ? "part" : "node"}}, "");
  std::vector<ListedId> listed;
  const NodeLookup node_at(names, ids);
  for (int64_t i = 0; i < ids.size(); ++i) {
    const int64_t line = lines[static_cast<std::size_t>(i)];
    if (is_mask) {
      if (says_true(ids.text_at(i))) listed.push_back({static_cast<int32_t>(i), line});
      continue;
    }
    const int32_t node = node_at(i);
    if (node < 0) {
      const std::string written = in_quotes(ids.text_at(i));
      if (names.names.size() > 0) table.fail_at(line, "node ", written, " is not among the nodes");
      if (!is_number(ids.text_at(i))) table.fail_at(line, "node id ", written, " is not a number");
      table.fail_at(line, "node id ", written, " is not between ", names.first, " and ", names.nodes - 1 + names.first);
    }
    listed.push_back({node, line});
  }
  std::sort(listed.begin(), listed.end(),
            [](const ListedId& a, const ListedId& b) { return a.id != b.id ? a.id < b.id : a.line < b.line; });
  const auto repeat =
      std::adjacent_find(listed.begin(), listed.end(), [](const ListedId& a, const ListedId& b) { return a.id == b.id; });
  if (repeat != listed.end()) {
    const std::string name = names.names.size() > 0 ? in_quotes(names.names[repeat->id]) : text(repeat->id + names.first);
    table.fail_at((repeat + 1)->line, "node ", name, " stands in line ", repeat->line, " already");
  }
  reading.files.push_back(std::move(table.file));
  return listed;
}

}  // namespace heddle::io::detail
