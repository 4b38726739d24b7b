#include "io/folder.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <set>

#include "heddle/error.h"
#include "io/decompress.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/finite.h"
#include "io/graph_files.h"
#include "io/limits.h"
#include "io/listing.h"
#include "io/npy.h"
#include "io/number_columns.h"
#include "io/shape.h"

namespace heddle::io::detail {

namespace fs = std::filesystem;

namespace {

bool is_edge_file(const std::string& name) {
  const std::string_view plain = without_packed_ending(name);
  return plain == "edges.txt" || plain == "edges.csv" || plain == "edges.tsv" || (plain.ends_with(".edges") && plain.size() > 6);
}

/// A matrix of the graph stands for a list of edges where there is none.
bool is_matrix_file(const std::string& name) { return without_packed_ending(name).ends_with(".mtx"); }

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

std::string find_one(const std::string& folder, const std::set<std::string>& names, const char* what,
                     std::initializer_list<const char*> stems) {
  return find_one(folder, names, what, [&](const std::string& name) {
    return std::any_of(stems.begin(), stems.end(), [&](const std::string& stem) {
      return name == stem || (!stem.ends_with(".npy") && without_packed_ending(name) == stem);
    });
  });
}

void tell_array(const std::string& path, std::string_view role, int64_t rows, Reading& reading) {
  reading.files.push_back({.path = path, .role = std::string(role), .format = "npy", .why = "is named .npy", .rows = rows});
}

HostMatrix read_features(const std::string& path, const LoadOptions& options, Reading& reading) {
  RowIds ids;
  if (!path.ends_with(".npy")) return parse_matrix(TextSource(path, options.options), options, reading, ids);
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
    fail(ErrorKind::bad_data, path, ": features are byte strings, not numbers");
  }
  if (const int64_t at = find_not_finite(matrix.values.data(), static_cast<int64_t>(matrix.values.size())); at >= 0) {
    fail(ErrorKind::bad_data, path, ": row ", at / matrix.cols, ", column ", at % matrix.cols, " is ",
         matrix.values[static_cast<std::size_t>(at)], " as float32");
  }
  tell_array(path, "features", matrix.rows, reading);
  return matrix;
}

std::vector<int32_t> read_labels(const std::string& path, const LoadOptions& options, Reading& reading) {
  RowIds ids;
  if (!path.ends_with(".npy")) return parse_labels(TextSource(path, options.options), options, reading, ids);
  const Array array = read_npy(path);
  const auto* integers = std::get_if<std::vector<int64_t>>(&array.values);
  require(integers != nullptr && array.shape.size() == 1, ErrorKind::bad_data, path,
          ": labels are one dimension of integers, found shape ", shape_text(array.shape), integers ? "" : " of another type");
  std::vector<int32_t> labels(integers->size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const int64_t label = (*integers)[i];
    require(label >= -1 && label < max_classes, ErrorKind::bad_data, path, ": label ", label, " of node ", i,
            " is not between -1 and ", max_classes - 1);
    labels[i] = static_cast<int32_t>(label);
  }
  tell_array(path, "labels", static_cast<int64_t>(labels.size()), reading);
  return labels;
}

EdgeList read_edges(const std::string& path, const LoadOptions& options, Reading& reading) {
  if (!is_matrix_file(path)) return parse_edge_list(TextSource(path, options.options), options, reading);
  NodeDataset graph = parse_matrix_graph(read_text_file(path).view(), path, reading);
  EdgeList list;
  list.listed = static_cast<int64_t>(graph.edges.size());
  list.edges = std::move(graph.edges);
  list.weights = std::move(graph.edge_weights);
  list.cleaning = graph.cleaning;
  list.nodes = graph.nodes;
  list.largest_id_line = 1;  // the size stands above the entries
  return list;
}

/// A count of nodes and the file that says so.
struct NodeCount {
  int64_t nodes;
  std::string said_by;
};

}  // namespace

bool is_dataset_folder(const std::string& path) {
  const std::set<std::string> names = names_in(path);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return is_edge_file(name) || is_matrix_file(name); });
}

NodeDataset read_dataset_folder(const std::string& path, const LoadOptions& options, Reading& reading) {
  const std::set<std::string> names = names_in(path);
  std::string edge_file = find_one(path, names, "edges", is_edge_file);
  if (edge_file.empty()) edge_file = find_one(path, names, "edges", is_matrix_file);
  const std::string feature_file = find_one(path, names, "features", {"features.npy", "features.csv"});
  const std::string label_file = find_one(path, names, "labels", {"labels.npy", "labels.csv", "labels.txt"});
  require(!edge_file.empty(), ErrorKind::io, path,
          " has no edge list: looked for edges.txt, edges.csv, edges.tsv, NAME.edges, NAME.mtx");

  NodeDataset data;
  const fs::path folder = fs::path(path).lexically_normal();  // "data/x/" names the same as "data/x"
  data.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  const double edges_share = first_share(edge_file, feature_file);
  EdgeList list = read_edges(edge_file, part_options(options, 0, edges_share), reading);
  if (!feature_file.empty()) data.dense_features = read_features(feature_file, part_options(options, edges_share, 1), reading);
  if (!label_file.empty()) data.labels = read_labels(label_file, part_options(options, 1, 1), reading);

  const int64_t label_rows = static_cast<int64_t>(data.labels.size());
  if (!feature_file.empty() && !label_file.empty()) {
    require(data.dense_features.rows == label_rows, ErrorKind::bad_data, feature_file, " has ",
            counted(data.dense_features.rows, "row"), ", ", label_file, " has ", label_rows);
  }
  NodeCount count{max_nodes(list.listed), edge_file + " allows for"};
  if (!label_file.empty()) count = {label_rows, label_file + " has"};
  if (!feature_file.empty()) count = {data.dense_features.rows, feature_file + " has"};
  require(count.nodes <= max_id, ErrorKind::bad_data, count.said_by, " ", counted(count.nodes, "node"), ", more than ", max_id);
  // With a row for each node, an id more than there are rows and none that is 0: the file counts from 1.
  const bool from_one = (!feature_file.empty() || !label_file.empty()) && list.smallest_id == 1 && list.nodes == count.nodes + 1;
  if (from_one) {
    --list.nodes;
    for (Edge& edge : list.edges) edge = {edge.first - 1, edge.second - 1};
    reading.note(NoteKind::ids, edge_file, list.largest_id_line,
                 text("the node ids run from 1 to ", count.nodes, ", as many as ", count.said_by,
                      ": they are taken for the rows in their order, here and in the split files"));
  }
  require(list.nodes <= count.nodes, ErrorKind::bad_data, edge_file, ":", list.largest_id_line, ": node id ", list.nodes - 1,
          " is too large, ", count.said_by, " ", counted(count.nodes, "node"));
  data.nodes = feature_file.empty() && label_file.empty() ? list.nodes : count.nodes;
  take_edges(data, std::move(list));
  if (label_file.empty()) data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  for (const int32_t label : data.labels) data.classes = std::max(data.classes, label + 1);

  std::vector<std::string> split_of(static_cast<std::size_t>(data.nodes));
  const auto read_split = [&](const char* part, std::initializer_list<const char*> files, std::vector<int32_t>& split) {
    const std::string split_file = find_one(path, names, "one split", files);
    if (split_file.empty()) return;
    const std::string file = fs::path(split_file).filename().string();
    for (const auto& [listed, line] :
         parse_ids(TextSource(split_file, options.options), part_options(options, 1, 1), reading, data.nodes + from_one, part)) {
      const int32_t id = listed - from_one;
      require(id >= 0, ErrorKind::bad_data, split_file, ":", line, ": node id 0, and the edges count from 1");
      require(data.labels[static_cast<std::size_t>(id)] >= 0, ErrorKind::bad_data, split_file, ":", line, ": node ", id,
              " has no label");
      std::string& owner = split_of[static_cast<std::size_t>(id)];
      require(owner.empty(), ErrorKind::bad_data, split_file, ":", line, ": node ", id, " stands in ", owner, " too");
      owner = file;
      split.push_back(id);
    }
  };
  read_split("train", {"train.txt"}, data.train);
  read_split("val", {"val.txt", "valid.txt", "validation.txt", "dev.txt"}, data.val);
  read_split("test", {"test.txt"}, data.test);
  return data;
}

}  // namespace heddle::io::detail
