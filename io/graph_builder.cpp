#include "io/graph_builder.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "heddle/error.h"
#include "io/limits.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// The id as a number if it is written as one in the only way; -1 otherwise.
int64_t plain_id(std::string_view id) {
  if (id.empty() || id.size() > 10 || (id[0] == '0' && id.size() > 1)) return -1;
  int64_t value = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value <= max_id ? value : -1;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

/// A whole number, maybe written with a fraction of zero, as pandas does where some are missing; -1: none.
int64_t whole_number(std::string_view cell) {
  double value = -1;
  const auto [end, status] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (status != std::errc() || end != cell.data() + cell.size()) return -1;
  return value >= 0 && value <= static_cast<double>(max_id) && value == std::floor(value) ? static_cast<int64_t>(value) : -1;
}

std::string cell_of(const NodeAttribute& attribute, int64_t node) {
  return node < static_cast<int64_t>(attribute.cells.size()) ? attribute.cells[static_cast<std::size_t>(node)] : std::string();
}

/// "feat_12" is feature 12 of "feat_"; -1: the name has no number at its end.
int64_t number_at_end(std::string_view name, std::string_view& stem) {
  std::size_t begin = name.size();
  while (begin > 0 && name[begin - 1] >= '0' && name[begin - 1] <= '9') --begin;
  stem = name.substr(0, begin);
  int64_t number = -1;
  std::from_chars(name.data() + begin, name.data() + name.size(), number);
  return number;
}

/// Appends the numbers of a cell: one, or several with commas, semicolons or blanks between and brackets around.
void append_numbers(std::vector<float>& row, std::string_view cell, std::string_view file, const std::string& what) {
  while (!cell.empty()) {
    const std::size_t begin = cell.find_first_not_of("[](){},;| \t\r\n\"'");
    if (begin == std::string_view::npos) return;
    const std::size_t end = std::min(cell.find_first_of("[](){},;| \t\r\n\"'", begin), cell.size());
    const std::string_view field = cell.substr(begin, end - begin);
    double value = 0;
    const auto [stop, status] = std::from_chars(field.data(), field.data() + field.size(), value);
    const auto number = static_cast<float>(field == "true" || field == "True"     ? 1
                                           : field == "false" || field == "False" ? 0
                                                                                  : value);
    const bool truth = field == "true" || field == "True" || field == "false" || field == "False";
    require(truth || (status == std::errc() && stop == field.data() + field.size() && std::isfinite(number)), ErrorKind::bad_data,
            file, ": ", what, " is ", in_quotes(field), ", not a finite float32 number");
    row.push_back(number);
    cell.remove_prefix(end);
  }
}

constexpr std::string_view usual_label_names[] = {"label",  "class",      "y",     "category",
                                                  "target", "node_label", "group", "community"};
constexpr std::string_view usual_vector_names[] = {"feat", "feature", "features", "x", "attr", "attributes", "node_features"};

template <std::size_t n>
bool is_one_of(std::string_view name, const std::string_view (&names)[n]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Fewer values than nodes: a class, and not a name.
bool repeats(const NodeAttribute& attribute) {
  std::set<std::string> values;
  std::size_t filled = 0;
  for (const std::string& cell : attribute.cells) {
    if (says_no_label(cell)) continue;
    ++filled;
    values.insert(cell);
  }
  return filled > 0 && (2 * values.size() <= filled || filled < 10);
}

/// The attribute with the classes; -1: none.
int64_t label_attribute(const std::vector<NodeAttribute>& attributes, const NodeColumns& columns, std::string_view file,
                        bool& named) {
  named = !columns.label.empty();
  if (named) {
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (attributes[i].name == columns.label) return static_cast<int64_t>(i);
    }
    std::string known;
    for (const NodeAttribute& attribute : attributes) known += (known.empty() ? "" : ", ") + in_quotes(attribute.name);
    fail(ErrorKind::bad_data, file, ": the nodes have no attribute ", in_quotes(columns.label), " for the label",
         known.empty() ? "" : "; they have ", known);
  }
  for (const std::string_view usual : usual_label_names) {
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (lower(attributes[i].name) == usual && repeats(attributes[i])) return static_cast<int64_t>(i);
    }
  }
  return -1;
}

bool says_true(std::string_view cell) {
  const std::string word = lower(cell);
  return word == "true" || word == "1" || word == "1.0" || word == "yes" || word == "t";
}

bool says_false(std::string_view cell) {
  const std::string word = lower(cell);
  return word.empty() || word == "false" || word == "0" || word == "0.0" || word == "no" || word == "f";
}

}  // namespace

int32_t GraphBuilder::declare(std::string_view id, int64_t place) {
  declared_ = true;
  require(!id.empty(), ErrorKind::bad_data, file_, ": node ", place, " has no id");
  const int64_t before = ids_.size();
  const int32_t number = ids_.insert(id);
  require(ids_.size() > before, ErrorKind::bad_data, file_, ": node ", in_quotes(id), " comes twice");
  return number;
}

int32_t GraphBuilder::find(std::string_view id) { return declared_ ? ids_.find(id) : ids_.insert(id); }

int32_t GraphBuilder::require_node(std::string_view id, int64_t place) {
  require(!id.empty(), ErrorKind::bad_data, file_, ": edge ", place, " names no node at one of its ends");
  const int32_t number = find(id);
  require(number >= 0, ErrorKind::bad_data, file_, ": edge ", place, " names node ", in_quotes(id),
          ", which is not among the nodes");
  return number;
}

std::size_t GraphBuilder::attribute(std::string_view name) {
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    if (attributes_[i].name == name) return i;
  }
  attributes_.push_back({std::string(name), {}});
  return attributes_.size() - 1;
}

void GraphBuilder::set(std::size_t attribute, int32_t node, std::string_view value) {
  std::vector<std::string>& cells = attributes_[attribute].cells;
  if (static_cast<std::size_t>(node) >= cells.size()) cells.resize(static_cast<std::size_t>(node) + 1);
  cells[static_cast<std::size_t>(node)] = value;
}

void GraphBuilder::fill(std::size_t attribute, std::string_view value) {
  std::vector<std::string>& cells = attributes_[attribute].cells;
  cells.resize(static_cast<std::size_t>(ids_.size()));
  for (std::string& cell : cells) {
    if (cell.empty()) cell = value;
  }
}

/// The number of each node: that which its id is, where the ids are 0, 1, ..., or, of a graph without declarations, could be with
/// few nodes between that have no edge; else the place.
std::vector<int32_t> GraphBuilder::numbers_by_id() {
  std::vector<int64_t> values;
  int64_t most = -1;
  for (const std::string& id : ids_.ids()) {
    values.push_back(plain_id(id));
    if (values.back() < 0) {
      most = -1;
      break;
    }
    most = std::max(most, values.back());
  }
  const int64_t allowed = declared_ ? ids_.size() : max_nodes(static_cast<int64_t>(edges_.size()));
  std::vector<int32_t> number(static_cast<std::size_t>(ids_.size()));
  const bool by_value = most >= 0 && most < allowed;
  for (std::size_t i = 0; i < number.size(); ++i)
    number[i] = by_value ? static_cast<int32_t>(values[i]) : static_cast<int32_t>(i);
  return number;
}

NodeDataset GraphBuilder::finish(const LoadOptions& how, FileReading& told, Reading& reading) {
  require(ids_.size() > 0, ErrorKind::bad_data, file_, " has no nodes");
  require(!edges_.empty(), ErrorKind::bad_data, file_, " has no edges");
  NodeDataset data;
  const std::vector<int32_t> number = numbers_by_id();
  data.nodes = int64_t{*std::max_element(number.begin(), number.end())} + 1;
  bool by_number = true;
  for (std::size_t i = 0; i < number.size(); ++i) by_number = by_number && plain_id(ids_[static_cast<int32_t>(i)]) == number[i];
  for (NodeAttribute& attribute : attributes_) {
    std::vector<std::string> cells(static_cast<std::size_t>(data.nodes));
    for (std::size_t i = 0; i < attribute.cells.size(); ++i)
      cells[static_cast<std::size_t>(number[i])] = std::move(attribute.cells[i]);
    attribute.cells = std::move(cells);
  }
  told.rows = edges();
  for (ListedEdge& edge : edges_) {
    edge.edge = {number[static_cast<std::size_t>(edge.edge.first)], number[static_cast<std::size_t>(edge.edge.second)]};
  }
  if (how.directed) {
    const std::size_t listed = edges_.size();
    for (std::size_t i = 0; i < listed; ++i) {
      if (!edges_[i].backwards || edges_[i].edge.first == edges_[i].edge.second) continue;
      edges_.push_back(edges_[i]);
      std::swap(edges_.back().edge.first, edges_.back().edge.second);
    }
  }
  take_listed_edges(data, std::move(edges_), weighted_, how, declares_direction_, edge_file_, reading);
  data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  if (!by_number) data.node_ids = std::move(ids_);
  take_attributes(data, attributes_, how.columns, told, reading);
  return data;
}

void number_classes(NodeDataset& data, NumbersOrWords&& labels, std::string_view file) {
  data.class_names.clear();
  data.classes = 0;
  std::vector<int32_t> place;
  if (labels.are_words()) {
    const std::vector<std::string>& names = labels.names().ids();
    require(static_cast<int64_t>(names.size()) <= max_classes, ErrorKind::bad_data, file, ": ",
            counted(names.size(), "class", "classes"), " are more than ", max_classes);
    data.class_names = names;
    std::sort(data.class_names.begin(), data.class_names.end());
    for (const std::string& name : names) {
      place.push_back(static_cast<int32_t>(std::lower_bound(data.class_names.begin(), data.class_names.end(), name) -
                                           data.class_names.begin()));
    }
  }
  data.labels = labels.take_values();
  for (int32_t& label : data.labels) {
    if (label >= 0 && !place.empty()) label = place[static_cast<std::size_t>(label)];
    data.classes = std::max(data.classes, label + 1);
  }
}

void number_classes(NodeDataset& data, const std::vector<std::string>& labels, std::string_view file) {
  NumbersOrWords numbered;
  const bool numbers = std::all_of(labels.begin(), labels.end(),
                                   [](const std::string& label) { return says_no_label(label) || whole_number(label) >= 0; });
  if (!numbers) numbered.make_words();
  for (const std::string& label : labels) add_label(numbered, label, file, 0);
  number_classes(data, std::move(numbered), file);
}

std::vector<int32_t>* part_named(NodeDataset& data, std::string_view name) {
  const std::string word = lower(name);
  if (word == "train" || word == "training") return &data.train;
  if (word == "val" || word == "valid" || word == "validation" || word == "dev") return &data.val;
  if (word == "test" || word == "testing") return &data.test;
  return nullptr;
}

void check_parts(NodeDataset& data, std::string_view file, Reading& reading) {
  std::vector<const char*> part_of(static_cast<std::size_t>(data.nodes), nullptr);
  int64_t repeated = 0, unlabelled = 0;
  for (const auto& [name, part] : {std::pair("train", &data.train), {"val", &data.val}, {"test", &data.test}}) {
    std::sort(part->begin(), part->end());
    std::vector<int32_t> kept;
    for (const int32_t node : *part) {
      const char*& owner = part_of[static_cast<std::size_t>(node)];
      if (owner != nullptr) {
        ++repeated;
        continue;
      }
      owner = name;
      if (data.labels[static_cast<std::size_t>(node)] >= 0) {
        kept.push_back(node);
      } else {
        ++unlabelled;
      }
    }
    *part = std::move(kept);
  }
  data.cleaning.unlabelled_left_out += unlabelled;
  if (repeated > 0) {
    reading.note(
        NoteKind::split, file, 0,
        text(counted(repeated, "node"), " of a part in an earlier one too (train, val, test), and left out of the later"));
  }
  if (unlabelled > 0) {
    reading.note(NoteKind::split, file, 0,
                 text(counted(unlabelled, "node"), " of the parts without a label, and left out of them"));
  }
}

void take_attributes(NodeDataset& data, const std::vector<NodeAttribute>& attributes, const NodeColumns& columns,
                     FileReading& told, Reading& reading) {
  const std::string file = told.path;
  std::vector<std::string> used(attributes.size()), why(attributes.size());
  bool named = false;
  const int64_t label = label_attribute(attributes, columns, file, named);
  if (label >= 0) {
    std::vector<std::string> labels;
    for (int64_t node = 0; node < data.nodes; ++node)
      labels.push_back(cell_of(attributes[static_cast<std::size_t>(label)], node));
    number_classes(data, labels, file);
    used[static_cast<std::size_t>(label)] = "label";
    why[static_cast<std::size_t>(label)] = named ? "named" : "usual name";
  }
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (!used[i].empty()) continue;
    const std::string name = lower(attributes[i].name);
    std::string_view part_name = name;
    const bool mask = name.ends_with("_mask") || name.ends_with("mask");
    if (mask) part_name.remove_suffix(name.ends_with("_mask") ? 5 : 4);
    std::vector<int32_t>* const masked = mask ? part_named(data, part_name) : nullptr;
    const bool split = name == "split" || name == "part" || name == "set" || name == "subset";
    if (masked == nullptr && !split) continue;
    bool fits = false;
    for (int64_t node = 0; node < data.nodes; ++node) {
      const std::string cell = cell_of(attributes[i], node);
      std::vector<int32_t>* const part = masked != nullptr ? (says_true(cell) ? masked : nullptr) : part_named(data, cell);
      if (masked != nullptr) {
        require(says_true(cell) || says_false(cell), ErrorKind::bad_data, file, ": ", in_quotes(attributes[i].name), " of node ",
                node, " is ", in_quotes(cell), ", neither true nor false");
      }
      if (part == nullptr) continue;
      fits = true;
      part->push_back(static_cast<int32_t>(node));
    }
    if (masked != nullptr || fits) {
      used[i] = "part";
      why[i] = "usual name";
    }
  }
  // Features: a list of numbers under a usual name, or else numbers under names that are numbered.
  std::vector<std::pair<int64_t, std::size_t>> features;
  for (std::size_t i = 0; i < attributes.size() && features.empty(); ++i) {
    if (used[i].empty() && is_one_of(lower(attributes[i].name), usual_vector_names)) features.emplace_back(0, i);
  }
  if (features.empty()) {
    std::string_view stem;
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      std::string_view of;
      const int64_t number = used[i].empty() ? number_at_end(attributes[i].name, of) : -1;
      if (number < 0 || (!features.empty() && of != stem)) continue;
      stem = of;
      features.emplace_back(number, i);
    }
    if (features.size() < 2) features.clear();
    std::sort(features.begin(), features.end());
  }
  if (!features.empty()) {
    HostMatrix matrix;
    std::vector<float> row;
    for (int64_t node = 0; node < data.nodes; ++node) {
      row.clear();
      for (const auto& [number, i] : features) {
        const std::size_t before = row.size();
        const std::string what = text(in_quotes(attributes[i].name), " of node ", node);
        append_numbers(row, cell_of(attributes[i], node), file, what);
        require(row.size() > before, ErrorKind::bad_data, file, ": ", what, " is missing, and it is a feature");
        require(features.size() == 1 || row.size() == before + 1, ErrorKind::bad_data, file, ": ", what, " is not one number");
      }
      if (node == 0) matrix.cols = static_cast<int64_t>(row.size());
      require(static_cast<int64_t>(row.size()) == matrix.cols, ErrorKind::bad_data, file, ": node ", node, " has ",
              counted(row.size(), "feature"), ", node 0 has ", matrix.cols);
      matrix.values.insert(matrix.values.end(), row.begin(), row.end());
    }
    matrix.rows = data.nodes;
    data.dense_features = std::move(matrix);
    for (const auto& [number, i] : features) {
      used[i] = "feature";
      why[i] = "usual name";
    }
  }
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    ColumnReading column;
    column.name = attributes[i].name;
    column.number = static_cast<int64_t>(i) + 1;
    column.used_for = used[i];
    column.why = why[i];
    told.columns.push_back(std::move(column));
  }
  check_parts(data, file, reading);
}

FileReading& tell_file(Reading& reading, const std::string& path, std::string role, std::string format, std::string why) {
  FileReading& told = reading.files.emplace_back();
  told.path = path;
  told.role = std::move(role);
  told.format = std::move(format);
  told.why = std::move(why);
  return told;
}

}  // namespace heddle::io::detail
