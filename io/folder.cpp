#include "io/folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <set>
#include <tuple>

#include "heddle/error.h"
#include "io/decompress.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/finite.h"
#include "io/graph_builder.h"
#include "io/graph_files.h"
#include "io/limits.h"
#include "io/listing.h"
#include "io/npy.h"
#include "io/npz_arrays.h"
#include "io/number_columns.h"
#include "io/shape.h"
#include "io/sparse_rows.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace fs = std::filesystem;

namespace {

bool is_edge_file(const std::string& name) {
  const std::string_view plain = without_packed_ending(name);
  return plain == "edges.txt" || plain == "edges.csv" || plain == "edges.tsv" || (plain.ends_with(".edges") && plain.size() > 6);
}

/// A matrix of the graph stands for a list of edges where there is none.
bool is_matrix_file(const std::string& name) { return without_packed_ending(name).ends_with(".mtx"); }

/// What the files beside the edges are called: a stem, a point and an ending.
using Names = std::initializer_list<std::string_view>;
const Names feature_endings = {"npy", "npz", "csv", "tsv", "txt", "svm", "libsvm", "svmlight"};
const Names label_endings = {"npy", "csv", "tsv", "txt"};
const Names part_endings = {"txt", "csv", "tsv", "npy"};
const Names part_stems[] = {
    {"train", "train_mask", "train_idx", "idx_train", "train_ids"},
    {"val", "valid", "validation", "dev", "val_mask", "valid_mask", "val_idx", "valid_idx", "idx_val", "val_ids"},
    {"test", "test_mask", "test_idx", "idx_test", "test_ids"}};

bool has(const Names& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// Whether the name, of a text maybe with the ending of a compressed one, is one of the stems with one of the endings.
bool is_called(std::string_view name, const Names& stems, const Names& endings) {
  const std::string_view plain = without_packed_ending(name);
  const std::size_t dot = plain.rfind('.');
  if (dot == std::string_view::npos || !has(stems, plain.substr(0, dot)) || !has(endings, plain.substr(dot + 1))) return false;
  return plain.size() == name.size() || !plain.substr(dot).starts_with(".np");
}

/// The only file of `names` for which `fits` holds, as a path; empty if there is none.
template <class Fits>
std::string find_one(const std::string& folder, const std::set<std::string>& names, const char* what, Fits fits) {
  std::string found;
  for (const std::string& name : names) {
    if (!fits(name)) continue;
    require(found.empty(), ErrorKind::bad_data, folder, " has two files with ", what, ": ", found, " and ", name);
    found = name;
  }
  return found.empty() ? "" : (fs::path(folder) / found).string();
}

std::string find_one(const std::string& folder, const std::set<std::string>& names, const char* what, const Names& stems,
                     const Names& endings) {
  return find_one(folder, names, what, [&](const std::string& name) { return is_called(name, stems, endings); });
}

void tell_array(const std::string& path, std::string_view role, int64_t rows, Reading& reading, std::string_view part = {}) {
  reading.files.push_back({.path = path,
                           .role = std::string(role),
                           .part = std::string(part),
                           .format = path.ends_with(".npz") ? "npz" : "npy",
                           .why = path.ends_with(".npz") ? "is named .npz" : "is named .npy",
                           .rows = rows});
}

HostMatrix read_feature_array(const std::string& path) {
  Array array = read_npy(path);
  require(array.shape.size() == 2 && array.shape[1] > 0, ErrorKind::bad_data, path, ": shape ", shape_text(array.shape),
          " is not (nodes, features)");
  HostMatrix matrix{array.shape[0], array.shape[1], {}};
  if (auto* floats = std::get_if<std::vector<float>>(&array.values)) {
    matrix.values = std::move(*floats);
  } else if (const auto* doubles = std::get_if<std::vector<double>>(&array.values)) {
    matrix.values.assign(doubles->begin(), doubles->end());
  } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&array.values)) {
    matrix.values.assign(integers->begin(), integers->end());
  } else {
    fail(ErrorKind::bad_data, path, ": features are text, not numbers");
  }
  if (const int64_t at = find_not_finite(matrix.values.data(), static_cast<int64_t>(matrix.values.size())); at >= 0) {
    fail(ErrorKind::bad_data, path, ": row ", at / matrix.cols, ", column ", at % matrix.cols, " is ",
         matrix.values[static_cast<std::size_t>(at)], " as float32");
  }
  return matrix;
}

/// A file with rows of nodes: what it says of them, and whether the file is there at all.
struct NodeFile {
  std::string path;
  NodeRows rows;
  HostCsr sparse_features = {};  ///< in place of rows.features, where those are written so
  bool is_sparse = false;

  explicit operator bool() const { return !path.empty(); }
};

void read_features(NodeFile& file, const LoadOptions& options, Reading& reading, bool labels) {
  if (file.path.ends_with(".npz")) {
    const ByteBuffer bytes = read_file(file.path);
    NpzArrays arrays(bytes.view(), file.path);
    NodeDataset taken;
    std::string key;
    file.rows.rows = take_npz_features(taken, arrays, true, key);
    require(file.rows.rows >= 0, ErrorKind::bad_data, file.path,
            " holds no features: neither a sparse matrix as SciPy's save_npz writes it nor an array x, features or arr_0");
    file.is_sparse = taken.features_are_sparse;
    file.sparse_features = std::move(taken.sparse_features);
    file.rows.features = std::move(taken.dense_features);
    return tell_array(file.path, "features", file.rows.rows, reading);
  }
  if (file.path.ends_with(".npy")) {
    file.rows.features = read_feature_array(file.path);
    file.rows.rows = file.rows.features.rows;
    return tell_array(file.path, "features", file.rows.rows, reading);
  }
  TextSource source(file.path, options.options);
  file.is_sparse = is_sparse_text(source.head());
  if (file.is_sparse) {
    file.rows = parse_sparse_rows(std::move(source), options, reading, labels, file.sparse_features);
  } else {
    file.rows = parse_features(std::move(source), options, reading, labels);
  }
}

void read_labels(NodeFile& file, const LoadOptions& options, Reading& reading) {
  if (!file.path.ends_with(".npy")) {
    file.rows = parse_labels(TextSource(file.path, options.options), options, reading);
    return;
  }
  file.rows.labels = labels_of_array(read_npy(file.path), file.path);
  file.rows.rows = file.rows.labels.size();
  tell_array(file.path, "labels", file.rows.rows, reading);
}

EdgeList read_edges(const std::string& path, const LoadOptions& options, CleaningReport& cleaning, Reading& reading) {
  if (!is_matrix_file(path)) return parse_edge_list(TextSource(path, options.options), options, reading);
  const NodeDataset graph = parse_matrix_graph(read_text_file(path).view(), path, options, reading);
  EdgeList list;
  list.listed = static_cast<int64_t>(graph.edges.size());
  for (const Edge& edge : graph.edges) {
    list.ends.add_number(edge.first);
    list.ends.add_number(edge.second);
  }
  list.weights = graph.edge_weights;
  list.lines.resize(list.weights.size(), 1);
  cleaning = graph.cleaning;
  list.largest_id = static_cast<int32_t>(graph.nodes - 1);
  list.largest_id_line = 1;  // the size stands above the entries
  return list;
}

/// A count of nodes and the file that says so.
struct NodeCount {
  int64_t nodes;
  std::string said_by;
};

/// Whether the ids are each number from 0, or from 1, once.
bool are_row_numbers(const NumbersOrWords& ids) {
  if (ids.are_words() || ids.empty()) return false;
  const int32_t first = *std::min_element(ids.values().begin(), ids.values().end()) == 1 ? 1 : 0;
  std::vector<bool> seen(static_cast<std::size_t>(ids.size()), false);
  for (const int32_t id : ids.values()) {
    if (id < first || id - first >= ids.size() || seen[static_cast<std::size_t>(id - first)]) return false;
    seen[static_cast<std::size_t>(id - first)] = true;
  }
  return true;
}

/// The ids as names, each once.
IdTable names_of(const NodeFile& file) {
  NumbersOrWords words = file.rows.ids;
  words.make_words();
  if (words.names().size() == words.size()) return words.names();
  IdTable seen;
  for (int64_t row = 0; row < words.size(); ++row) {
    const std::string id = words.text_at(row);
    if (seen.insert(id) != row)
      fail(ErrorKind::bad_data, file.path, ": node ", in_quotes(id), " stands in an earlier row already");
  }
  return seen;
}

/// The data set's nodes, told from its files.
class Naming {
 public:
  Naming(const std::string& edge_file, EdgeList& edges, const NodeFile& features, const NodeFile& labels, Reading& reading)
      : edge_file_(edge_file), edges_(edges), features_(features), labels_(labels), reading_(reading) {}

  NodeNames names() { return are_numbers() ? numbers() : words(); }
  /// The file that has all nodes, for sentences about others; empty: every node that a file names is one.
  const std::string& complete() const { return complete_; }

 private:
  /// Whether nodes are called by their numbers, from 0 or 1 with few gaps.
  bool are_numbers() const {
    const NumbersOrWords &of_features = features_.rows.ids, &of_labels = labels_.rows.ids;
    if (edges_.ends.are_words() || of_features.are_words() || of_labels.are_words()) return false;
    if (!of_features.empty()) return are_row_numbers(of_features);
    if (features_) return true;  // whose rows are the nodes
    if (of_labels.empty()) return labels_ || edges_.largest_id < max_nodes(edges_.listed);
    if (are_row_numbers(of_labels) && edges_.largest_id <= of_labels.size()) return true;
    // Labels of some nodes only. Where half of the numbers up to the largest are not used, they are names.
    std::vector<int32_t> used = edges_.ends.values();
    used.insert(used.end(), of_labels.values().begin(), of_labels.values().end());
    std::sort(used.begin(), used.end());
    const auto distinct = std::unique(used.begin(), used.end()) - used.begin();
    return used[static_cast<std::size_t>(distinct) - 1] < 2 * distinct;
  }

  NodeNames numbers() {
    const int64_t feature_rows = features_.rows.rows, label_rows = labels_.rows.rows;
    const bool some_labels = labels_ && !labels_.rows.ids.empty() && !are_row_numbers(labels_.rows.ids);
    int64_t largest = edges_.largest_id;
    if (some_labels)
      largest = std::max<int64_t>(largest, *std::max_element(labels_.rows.ids.values().begin(), labels_.rows.ids.values().end()));
    NodeCount count{max_nodes(edges_.listed), edge_file_ + " allows for"};
    if (some_labels) count = {largest + 1, labels_.path + " and the edges name"};
    if (labels_ && !some_labels) count = {label_rows, labels_.path + " has"};
    if (features_) count = {feature_rows, features_.path + " has"};
    require(count.nodes <= max_id, ErrorKind::bad_data, count.said_by, " ", counted(count.nodes, "node"), ", more than ", max_id);
    NodeNames names;
    // With a row for each node, an id more than there are rows and none that is 0: the file counts from 1.
    const bool rows = features_ || (labels_ && !some_labels);
    if (rows && edges_.smallest_id == 1 && edges_.largest_id == count.nodes) {
      names.first = 1;
      reading_.note(NoteKind::ids, edge_file_, edges_.largest_id_line,
                    text("the node ids run from 1 to ", count.nodes, ", as many as ", count.said_by,
                         ": they are taken for the rows in their order, here and in the split files"));
    }
    require(edges_.largest_id - names.first < count.nodes, ErrorKind::bad_data, edge_file_, ":", edges_.largest_id_line,
            ": node id ", edges_.largest_id, " is too large, ", count.said_by, " ", counted(count.nodes, "node"));
    names.nodes = rows ? count.nodes : largest + 1;
    return names;
  }

  NodeNames words() {
    NodeNames names;
    if (!features_.rows.ids.empty()) {
      names.names = names_of(features_);
      complete_ = features_.path;
    } else if (!labels_.rows.ids.empty() && (!features_ || features_.rows.rows == labels_.rows.rows)) {
      names.names = names_of(labels_);
      if (features_) {
        complete_ = labels_.path;
        reading_.note(
            NoteKind::ids, features_.path, 1,
            text("its rows have no node ids: they are taken in the order of ", fs::path(labels_.path).filename().string()));
      } else {
        edges_.ends.make_words();
        for (const std::string& name : edges_.ends.names().ids()) names.names.insert(name);
      }
    } else {
      const std::string& rows = features_ ? features_.path : labels_.path;
      require(rows.empty(), ErrorKind::bad_data, rows, " has rows without node ids, and ", edge_file_,
              " calls nodes by names such as ", in_quotes(edges_.ends.text_at(0)),
              ": which row is which node is not told; give it a column of node ids (--node-column)");
      edges_.ends.make_words();
      names.names = edges_.ends.names();
    }
    names.nodes = names.names.size();
    return names;
  }

  const std::string& edge_file_;
  EdgeList& edges_;
  const NodeFile& features_;
  const NodeFile& labels_;
  Reading& reading_;
  std::string complete_;
};

/// The node of each row; -1: there is none. Empty: the rows are the nodes in their order.
std::vector<int32_t> nodes_of_rows(const NodeFile& file, const NodeNames& names, const Naming& naming, Reading& reading) {
  const NumbersOrWords& ids = file.rows.ids;
  if (ids.empty()) return {};
  // A table that counts its rows from 1 may stand beside edges that count from 0.
  NodeNames own = names;
  if (names.names.size() == 0) {
    const auto [least, most] = std::minmax_element(ids.values().begin(), ids.values().end());
    if (*least == 1 && *most == names.nodes) own.first = 1;
    if (*least == 0) own.first = 0;
  }
  const NodeLookup node_at(own, ids);
  std::vector<int32_t> nodes;
  std::vector<bool> seen(static_cast<std::size_t>(names.nodes), false);
  int64_t strangers = 0;
  for (int64_t row = 0; row < ids.size(); ++row) {
    const int32_t node = node_at(row);
    nodes.push_back(node);
    strangers += node < 0;
    if (node < 0) continue;
    require(!seen[static_cast<std::size_t>(node)], ErrorKind::bad_data, file.path, ": node ", in_quotes(ids.text_at(row)),
            " stands in an earlier row already");
    seen[static_cast<std::size_t>(node)] = true;
  }
  require(strangers < ids.size(), ErrorKind::bad_data, file.path, ": none of its node ids, such as ", in_quotes(ids.text_at(0)),
          ", is a node of ", naming.complete().empty() ? "the edges" : naming.complete());
  if (strangers > 0)
    reading.leave_out(file.path, text("a node that ", fs::path(naming.complete()).filename().string(), " does not have"), 1,
                      strangers);
  return nodes;
}

void place_features(NodeDataset& data, NodeFile& file, const std::vector<int32_t>& nodes) {
  data.features_are_sparse = file.is_sparse;
  if (nodes.empty()) {
    data.dense_features = std::move(file.rows.features);
    data.sparse_features = std::move(file.sparse_features);
    return;
  }
  std::vector<int64_t> row_of(static_cast<std::size_t>(data.nodes), -1);
  for (std::size_t row = 0; row < nodes.size(); ++row) {
    if (nodes[row] >= 0) row_of[static_cast<std::size_t>(nodes[row])] = static_cast<int64_t>(row);
  }
  if (file.is_sparse) {
    data.sparse_features.cols = file.sparse_features.cols;
    for (const int64_t row : row_of)
      data.sparse_features.append_row(file.sparse_features.row(row), file.sparse_features.row_values(row));
    return;
  }
  const HostMatrix& rows = file.rows.features;
  data.dense_features = {data.nodes, rows.cols, std::vector<float>(static_cast<std::size_t>(data.nodes * rows.cols))};
  for (int64_t node = 0; node < data.nodes; ++node) {
    const int64_t row = row_of[static_cast<std::size_t>(node)];
    if (row >= 0)
      std::copy_n(rows.values.begin() + row * rows.cols, rows.cols, data.dense_features.values.begin() + node * rows.cols);
  }
}

/// Labels and parts of the file's rows.
void place_labels(NodeDataset& data, NodeFile& file, const std::vector<int32_t>& nodes, Reading& reading) {
  if (!file.rows.labels.empty()) {
    number_classes(data, std::move(file.rows.labels), file.path);
    if (!nodes.empty()) {
      std::vector<int32_t> placed(static_cast<std::size_t>(data.nodes), -1);
      for (std::size_t row = 0; row < nodes.size(); ++row) {
        if (nodes[row] >= 0) placed[static_cast<std::size_t>(nodes[row])] = data.labels[row];
      }
      data.labels = std::move(placed);
    }
  }
  if (file.rows.parts.empty()) return;
  std::vector<int32_t>* const parts[] = {&data.train, &data.val, &data.test};
  for (std::size_t row = 0; row < file.rows.parts.size(); ++row) {
    const int32_t node = nodes.empty() ? static_cast<int32_t>(row) : nodes[row];
    if (file.rows.parts[row] > 0 && node >= 0) parts[file.rows.parts[row] - 1]->push_back(node);
  }
  check_parts(data, file.path, reading);
}

constexpr const char* part_names[] = {"train", "val", "test"};

std::vector<ListedId> read_part(const std::string& path, const LoadOptions& options, const NodeNames& names, const char* part,
                                Reading& reading) {
  if (!path.ends_with(".npy")) return parse_part(TextSource(path, options.options), options, reading, names, part);
  const Array array = read_npy(path);
  const auto* const values = std::get_if<std::vector<int64_t>>(&array.values);
  require(values != nullptr, ErrorKind::bad_data, path, ": a split is a mask or holds whole numbers, found shape ",
          shape_text(array.shape), " of another type");
  const bool zeros_and_ones = std::all_of(values->begin(), values->end(), [](int64_t value) { return value == 0 || value == 1; });
  const bool is_mask = fs::path(path).filename().string().find("mask") != std::string::npos ||
                       (zeros_and_ones && names.nodes > 2 && static_cast<int64_t>(values->size()) == names.nodes);
  std::vector<ListedId> listed;
  for (const int32_t node : part_of_array(*values, array.shape, is_mask, names.nodes, path, path, &reading))
    listed.push_back({node, 0});
  std::sort(listed.begin(), listed.end(), [](const ListedId& a, const ListedId& b) { return a.id < b.id; });
  const auto repeat =
      std::adjacent_find(listed.begin(), listed.end(), [](const ListedId& a, const ListedId& b) { return a.id == b.id; });
  require(repeat == listed.end(), ErrorKind::bad_data, path, ": a node comes twice");
  tell_array(path, "split", static_cast<int64_t>(values->size()), reading, part);
  return listed;
}

/// Whether the text is a table of nodes, and not the ids or the mask of a part.
bool is_table(const std::string& path, const LoadOptions& options) {
  if (path.empty() || path.ends_with(".npy")) return false;
  Reading ignored;
  const Table table = open_node_table(TextSource(path, options.options), options, ignored, NodeTable::features);
  return table.columns() > 2 && !table.header.empty();
}

/// Tables of the nodes of each part as one, in the order train, val, test.
NodeFile read_part_tables(const std::array<std::string, 3>& files, const LoadOptions& options, Reading& reading) {
  NodeFile all;
  for (std::size_t part = 0; part < files.size(); ++part) {
    if (files[part].empty()) continue;
    NodeRows rows = parse_features(TextSource(files[part], options.options), options, reading, true);
    reading.files.back().part = part_names[part];
    require(!rows.ids.empty(), ErrorKind::bad_data, files[part], " has no column of node ids; --node-column names it");
    if (all.path.empty()) {
      all.rows.features.cols = rows.features.cols;
      all.path = files[part];
    }
    require(rows.features.cols == all.rows.features.cols, ErrorKind::bad_data, files[part], " has ",
            counted(rows.features.cols, "feature"), ", ", all.path, " has ", all.rows.features.cols);
    if (rows.ids.are_words()) all.rows.ids.make_words();
    if (rows.labels.are_words()) all.rows.labels.make_words();
    for (int64_t row = 0; row < rows.rows; ++row) {
      if (all.rows.ids.are_words()) {
        all.rows.ids.add_word(rows.ids.text_at(row));
      } else {
        all.rows.ids.add_number(rows.ids.values()[static_cast<std::size_t>(row)]);
      }
      const std::string label = rows.labels.empty() ? "" : rows.labels.text_at(row);
      if (label.empty()) {
        all.rows.labels.add_number(-1);
      } else {
        add_label(all.rows.labels, label, files[part], 0);
      }
      all.rows.parts.push_back(static_cast<int8_t>(part + 1));
    }
    all.rows.features.values.insert(all.rows.features.values.end(), rows.features.values.begin(), rows.features.values.end());
    all.rows.rows += rows.rows;
  }
  all.rows.features.rows = all.rows.rows;
  return all;
}

}  // namespace

bool is_folder_file(std::string_view name) {
  const std::string plain(without_packed_ending(name));
  return is_edge_file(plain) || is_matrix_file(plain) || is_called(plain, {"features"}, feature_endings) ||
         is_called(plain, {"labels"}, label_endings) ||
         std::any_of(std::begin(part_stems), std::end(part_stems),
                     [&](const Names& stems) { return is_called(plain, stems, part_endings); });
}

bool is_dataset_folder(const std::string& path) {
  const std::set<std::string> names = names_in(path);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return is_edge_file(name) || is_matrix_file(name); });
}

NodeDataset read_dataset_folder(const std::string& path, const LoadOptions& options, Reading& reading) {
  const std::set<std::string> names = names_in(path);
  std::string edge_file = find_one(path, names, "edges", is_edge_file);
  if (edge_file.empty()) edge_file = find_one(path, names, "edges", is_matrix_file);
  NodeFile features{.path = find_one(path, names, "features", {"features"}, feature_endings), .rows = {}},
      labels{.path = find_one(path, names, "labels", {"labels"}, label_endings), .rows = {}};
  require(!edge_file.empty(), ErrorKind::io, path,
          " has no edge list: looked for edges.txt, edges.csv, edges.tsv, NAME.edges, NAME.mtx");

  NodeDataset data;
  const fs::path folder = fs::path(path).lexically_normal();  // "data/x/" names the same as "data/x"
  data.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  std::array<std::string, 3> part_files;
  for (std::size_t part = 0; part < 3; ++part)
    part_files[part] = find_one(path, names, "one split", part_stems[part], part_endings);
  const double edges_share = first_share(edge_file, features.path);
  EdgeList list = read_edges(edge_file, part_options(options, 0, edges_share), data.cleaning, reading);
  const LoadOptions of_features = part_options(options, edges_share, 1), of_others = part_options(options, 1, 1);
  const bool part_tables = !features && !labels && is_table(part_files[0], options);
  if (part_tables) {
    features = read_part_tables(part_files, of_features, reading);
  } else if (features) {
    read_features(features, of_features, reading, !labels);
  }
  if (labels) read_labels(labels, of_others, reading);
  if (features && labels && features.rows.ids.empty() && labels.rows.ids.empty()) {
    require(features.rows.rows == labels.rows.rows, ErrorKind::bad_data, features.path, " has ",
            counted(features.rows.rows, "row"), ", ", labels.path, " has ", labels.rows.rows);
  }

  Naming naming(edge_file, list, features, labels, reading);
  NodeNames nodes = naming.names();
  data.nodes = nodes.nodes;
  const std::string unknown = text("a node that ", fs::path(naming.complete()).filename().string(), " does not have");
  take_edges(data, std::move(list), nodes, unknown, options, edge_file, reading);
  const std::vector<int32_t> of_feature_rows = nodes_of_rows(features, nodes, naming, reading),
                             of_label_rows = nodes_of_rows(labels, nodes, naming, reading);
  for (const NodeFile* const file : {&features, &labels}) {
    require(!*file || !file->rows.ids.empty() || file->rows.rows == nodes.nodes, ErrorKind::bad_data, file->path, " has ",
            counted(file->rows.rows, "row"), " without node ids, and ", there_are(nodes.nodes, "node"));
  }
  data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  if (features) {
    place_features(data, features, of_feature_rows);
    if (!labels) place_labels(data, features, of_feature_rows, reading);
  }
  if (labels) place_labels(data, labels, of_label_rows, reading);

  std::vector<std::string> split_of(static_cast<std::size_t>(data.nodes));
  std::vector<int32_t>* const parts[] = {&data.train, &data.val, &data.test};
  for (std::size_t part = 0; part < 3 && !part_tables; ++part) {
    if (part_files[part].empty()) continue;
    const std::string file = fs::path(part_files[part]).filename().string();
    parts[part]->clear();
    for (const auto& [id, line] : read_part(part_files[part], of_others, nodes, part_names[part], reading)) {
      const std::string where = line > 0 ? text(part_files[part], ":", line) : part_files[part];
      const std::string node = nodes.names.size() > 0 ? in_quotes(nodes.names[id]) : text(id + nodes.first);
      require(data.labels[static_cast<std::size_t>(id)] >= 0, ErrorKind::bad_data, where, ": node ", node, " has no label");
      std::string& owner = split_of[static_cast<std::size_t>(id)];
      require(owner.empty(), ErrorKind::bad_data, where, ": node ", node, " stands in ", owner, " too");
      owner = file;
      parts[part]->push_back(id);
    }
  }
  data.node_ids = std::move(nodes.names);
  return data;
}

}  // namespace heddle::io::detail
