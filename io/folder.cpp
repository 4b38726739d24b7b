#include "io/folder.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <set>

#include "heddle/error.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/finite.h"
#include "io/limits.h"
#include "io/listing.h"
#include "io/npy.h"
#include "io/number_columns.h"
#include "io/reading_progress.h"
#include "io/shape.h"

namespace heddle::io::detail {

namespace fs = std::filesystem;

namespace {

bool is_edge_file(const std::string& name) {
  const std::string plain = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
  return plain == "edges.txt" || plain == "edges.csv" || plain == "edges.tsv" || (plain.ends_with(".edges") && plain.size() > 6);
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

std::string find_one(const std::string& folder, const std::set<std::string>& names, const char* what,
                     std::initializer_list<const char*> stems) {
  return find_one(folder, names, what, [&](const std::string& name) {
    return std::any_of(stems.begin(), stems.end(), [&](const std::string& stem) {
      return name == stem || (!stem.ends_with(".npy") && name == stem + ".gz");
    });
  });
}

HostMatrix read_features(const std::string& path, const ProgressCallback& progress) {
  if (!path.ends_with(".npy")) return parse_matrix(read_text_file(path).view(), path, progress);
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
  return matrix;
}

std::vector<int32_t> read_labels(const std::string& path) {
  if (!path.ends_with(".npy")) return parse_labels(read_text_file(path).view(), path);
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
  return labels;
}

/// Bytes of a file; 0 where there is none.
double size_of(const std::string& path) {
  std::error_code none;
  const std::uintmax_t bytes = path.empty() ? 0 : fs::file_size(path, none);
  return none ? 0 : static_cast<double>(bytes);
}

/// A count of nodes and the file that says so.
struct NodeCount {
  int64_t nodes;
  std::string said_by;
};

}  // namespace

bool is_dataset_folder(const std::string& path) {
  const std::set<std::string> names = names_in(path);
  return std::any_of(names.begin(), names.end(), is_edge_file);
}

NodeDataset read_dataset_folder(const std::string& path, const ProgressCallback& progress) {
  const std::set<std::string> names = names_in(path);
  const std::string edge_file = find_one(path, names, "edges", is_edge_file);
  const std::string feature_file = find_one(path, names, "features", {"features.npy", "features.csv"});
  const std::string label_file = find_one(path, names, "labels", {"labels.npy", "labels.csv", "labels.txt"});
  require(!edge_file.empty(), ErrorKind::io, path, " has no edge list: looked for edges.txt, edges.csv, edges.tsv, NAME.edges");

  NodeDataset data;
  const fs::path folder = fs::path(path).lexically_normal();  // "data/x/" names the same as "data/x"
  data.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  const double edge_bytes = size_of(edge_file), edges_share = edge_bytes / std::max(edge_bytes + size_of(feature_file), 1.0);
  EdgeList list = parse_edge_list(read_text_file(edge_file).view(), edge_file, part_of(progress, 0, edges_share));
  if (!feature_file.empty()) data.dense_features = read_features(feature_file, part_of(progress, edges_share, 1));
  if (!label_file.empty()) data.labels = read_labels(label_file);

  const int64_t label_rows = static_cast<int64_t>(data.labels.size());
  if (!feature_file.empty() && !label_file.empty()) {
    require(data.dense_features.rows == label_rows, ErrorKind::bad_data, feature_file, " has ",
            counted(data.dense_features.rows, "row"), ", ", label_file, " has ", label_rows);
  }
  NodeCount count{max_nodes(list.listed), edge_file + " allows for"};
  if (!label_file.empty()) count = {label_rows, label_file + " has"};
  if (!feature_file.empty()) count = {data.dense_features.rows, feature_file + " has"};
  require(count.nodes <= max_id, ErrorKind::bad_data, count.said_by, " ", counted(count.nodes, "node"), ", more than ", max_id);
  require(list.nodes <= count.nodes, ErrorKind::bad_data, edge_file, ":", list.largest_id_line, ": node id ", list.nodes - 1,
          " is too large, ", count.said_by, " ", counted(count.nodes, "node"));
  data.nodes = feature_file.empty() && label_file.empty() ? list.nodes : count.nodes;
  take_edges(data, std::move(list));
  if (label_file.empty()) data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  for (const int32_t label : data.labels) data.classes = std::max(data.classes, label + 1);

  std::vector<const char*> split_of(static_cast<std::size_t>(data.nodes), nullptr);
  const auto read_split = [&](const char* file, std::vector<int32_t>& split) {
    const std::string split_file = find_one(path, names, "one split", {file});
    if (split_file.empty()) return;
    for (const auto& [id, line] : parse_ids(read_text_file(split_file).view(), split_file, data.nodes)) {
      require(data.labels[static_cast<std::size_t>(id)] >= 0, ErrorKind::bad_data, split_file, ":", line, ": node ", id,
              " has no label");
      const char*& owner = split_of[static_cast<std::size_t>(id)];
      require(owner == nullptr, ErrorKind::bad_data, split_file, ":", line, ": node ", id, " stands in ", owner, " too");
      owner = file;
      split.push_back(id);
    }
  };
  read_split("train.txt", data.train);
  read_split("val.txt", data.val);
  read_split("test.txt", data.test);
  return data;
}

}  // namespace heddle::io::detail
