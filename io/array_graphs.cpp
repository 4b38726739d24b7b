#include <algorithm>
#include <utility>

#include "heddle/error.h"
#include "io/decompress.h"
#include "io/graph_builder.h"
#include "io/graph_files.h"
#include "io/interactions.h"
#include "io/limits.h"
#include "io/matrix_market.h"
#include "io/npz_arrays.h"
#include "io/shape.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// The matrix as a graph: entry (i, j) is the edge between i and j.
void take_matrix(NodeDataset& data, const CoordinateMatrix& matrix, const LoadOptions& how, const std::string& file,
                 Reading& reading) {
  require(matrix.rows == matrix.cols, ErrorKind::bad_data, file, ": the matrix is ", matrix.rows, " x ", matrix.cols,
          ", and a graph's is square; users x items are read by the commands for recommenders");
  require(!matrix.row.empty(), ErrorKind::bad_data, file, " has no edges");
  const auto listed_entries = static_cast<int64_t>(matrix.row.size());
  require(matrix.rows <= max_nodes(listed_entries), ErrorKind::bad_data, file, ": a matrix of ", counted(matrix.rows, "row"),
          " has only ", counted(listed_entries, "entry", "entries"), "; at most ", counted(max_nodes(listed_entries), "node"),
          " are read of as many");
  data.nodes = matrix.rows;
  std::vector<ListedEdge> listed;
  listed.reserve(matrix.row.size());
  for (std::size_t i = 0; i < matrix.row.size(); ++i) {
    listed.push_back(
        {{matrix.row[i], matrix.col[i]}, matrix.values.empty() ? 1.0f : matrix.values[i], false, static_cast<int64_t>(i) + 1});
    if (!how.directed || !matrix.symmetric || matrix.row[i] == matrix.col[i]) continue;
    listed.push_back(listed.back());
    std::swap(listed.back().edge.first, listed.back().edge.second);
  }
  const auto notes = static_cast<std::ptrdiff_t>(reading.notes.size());
  take_listed_edges(data, std::move(listed), !matrix.values.empty(), how, false, file, reading);
  const bool one_way =
      !matrix.symmetric && listed_entries - data.cleaning.self_loops != 2 * static_cast<int64_t>(data.edges.size());
  const bool told = std::any_of(reading.notes.begin() + notes, reading.notes.end(), [](const ReadingNote& note) {
    return note.sentence.find("read as undirected") != std::string::npos;
  });
  if (one_way && !told && !how.directed) {
    reading.note(NoteKind::graph, file, 0,
                 text("the matrix is not symmetric: its entries are read as undirected edges", directed_remedy));
  }
  data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
}

/// Edges as pairs: (edges, 2), or (2, edges) as PyTorch Geometric has them.
void take_pairs(NodeDataset& data, NpzArrays& arrays, const std::string& key, int64_t nodes, const LoadOptions& how,
                Reading& reading) {
  std::vector<int64_t> shape;
  const std::vector<int64_t> ends = arrays.integers(key, &shape);
  const bool columns = shape.size() == 2 && shape[0] == 2 && (shape[1] != 2 || key == "edge_index");
  require(columns || (shape.size() == 2 && shape[1] == 2), ErrorKind::bad_data, arrays.name(), ": ", in_quotes(key), " of shape ",
          shape_text(shape), " does not hold pairs of nodes");
  const int64_t count = columns ? shape[1] : shape[0];
  require(count > 0, ErrorKind::bad_data, arrays.name(), " has no edges");
  const auto end_at = [&](int64_t edge, int64_t end) {
    return ends[static_cast<std::size_t>(columns ? end * count + edge : 2 * edge + end)];
  };
  int64_t most = -1;
  std::vector<ListedEdge> listed;
  listed.reserve(static_cast<std::size_t>(count));
  const int64_t limit = nodes >= 0 ? nodes : max_nodes(count);
  for (int64_t edge = 0; edge < count; ++edge) {
    for (const int64_t end : {end_at(edge, 0), end_at(edge, 1)}) {
      require(end >= 0 && end < limit, ErrorKind::bad_data, arrays.name(), ": edge ", edge, " of ", in_quotes(key),
              " names node ", end, ", and ",
              nodes >= 0 ? text(there_are(nodes, "node")) : text("ids must run from 0 with few gaps"));
      most = std::max(most, end);
    }
    listed.push_back({{static_cast<int32_t>(end_at(edge, 0)), static_cast<int32_t>(end_at(edge, 1))}, 1, false, edge + 1});
  }
  data.nodes = nodes >= 0 ? nodes : most + 1;
  take_listed_edges(data, std::move(listed), false, how, false, arrays.name(), reading);
}

}  // namespace

int64_t take_npz_features(NodeDataset& data, NpzArrays& arrays, bool alone, std::string& key) {
  std::vector<const char*> prefixes = {"attr_", "attr_matrix.", "attr_matrix_"};
  std::vector<const char*> keys = {"node_features", "x", "features", "feature", "feat", "attr_matrix"};
  if (alone) {
    prefixes.push_back("");
    keys.insert(keys.end(), {"arr_0", "data"});
  }
  for (const char* prefix : prefixes) {
    if (!has_sparse(arrays, prefix)) continue;
    key = std::string(prefix) + "data";
    const CoordinateMatrix matrix = read_sparse(arrays, prefix);
    HostCsr csr;
    csr.cols = matrix.cols;
    std::vector<std::pair<int32_t, float>> row;
    for (std::size_t at = 0, r = 0; r < static_cast<std::size_t>(matrix.rows); ++r) {
      row.clear();
      for (; at < matrix.row.size() && matrix.row[at] == static_cast<int32_t>(r); ++at)
        row.emplace_back(matrix.col[at], matrix.values[at]);
      std::stable_sort(row.begin(), row.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t i = 0; i < row.size(); ++i) {
        const bool repeated = i > 0 && row[i].first == row[i - 1].first;
        require(!repeated, ErrorKind::bad_data, arrays.name(), ": feature ", row[i].first, " of node ", r, " comes twice");
        if (row[i].second == 0) continue;
        csr.col_indices.push_back(row[i].first);
        csr.values.push_back(row[i].second);
      }
      csr.row_offsets.push_back(csr.nnz());
      ++csr.rows;
    }
    data.sparse_features = std::move(csr);
    data.features_are_sparse = true;
    return data.sparse_features.rows;
  }
  key = arrays.first_of(keys);
  if (key.empty()) return -1;
  std::vector<int64_t> shape;
  std::vector<float> values = arrays.floats(key, &shape);
  require(shape.size() == 2 && shape[1] > 0, ErrorKind::bad_data, arrays.name(), ": ", in_quotes(key), " of shape ",
          shape_text(shape), " is not (nodes, features)");
  data.dense_features = {shape[0], shape[1], std::move(values)};
  return shape[0];
}

NumbersOrWords labels_of_array(const Array& array, const std::string& where) {
  NumbersOrWords labels;
  const bool column = array.shape.size() == 2 && array.shape[1] == 1;
  const bool one_each = array.shape.size() == 1 || column;
  if (const auto* const words = std::get_if<std::vector<std::string>>(&array.values); words != nullptr && one_each) {
    for (const std::string& word : *words) add_label(labels, word, where, 0);
    return labels;
  }
  require(one_each || array.shape.size() == 2, ErrorKind::bad_data, where, " of shape ", shape_text(array.shape),
          " does not hold a label a node");
  const auto number_at = [&](std::size_t at) {
    if (const auto* const integers = std::get_if<std::vector<int64_t>>(&array.values))
      return static_cast<double>((*integers)[at]);
    if (const auto* const floats = std::get_if<std::vector<float>>(&array.values)) return static_cast<double>((*floats)[at]);
    const auto* const doubles = std::get_if<std::vector<double>>(&array.values);
    require(doubles != nullptr, ErrorKind::bad_data, where, " does not hold numbers");
    return (*doubles)[at];
  };
  const auto rows = static_cast<std::size_t>(array.shape[0]);
  const std::size_t cols = array.shape.size() == 2 ? static_cast<std::size_t>(array.shape[1]) : 1;
  for (std::size_t row = 0; row < rows; ++row) {
    if (one_each) {
      const double value = number_at(row);
      const bool none = value != value || value == -1;
      require(none || (value >= 0 && value < max_classes && value == static_cast<double>(static_cast<int64_t>(value))),
              ErrorKind::bad_data, where, ": label ", value, " of node ", row, " is not a whole number between -1 and ",
              max_classes - 1);
      labels.add_number(none ? -1 : static_cast<int32_t>(value));
      continue;
    }
    int64_t one = -1;
    for (std::size_t col = 0; col < cols; ++col) {
      const double value = number_at(row * cols + col);
      require(value == 0 || (value == 1 && one < 0), ErrorKind::bad_data, where, ": row ", row,
              " is not one-hot; nodes with several labels are not read");
      if (value == 1) one = static_cast<int64_t>(col);
    }
    require(one < max_classes, ErrorKind::bad_data, where, ": class ", one, " is not below ", max_classes);
    labels.add_number(static_cast<int32_t>(one));
  }
  return labels;
}

std::vector<int32_t> part_of_array(const std::vector<int64_t>& values, const std::vector<int64_t>& shape, bool mask,
                                   int64_t nodes, const std::string& file, const std::string& where, Reading* reading) {
  std::vector<int32_t> part;
  if (!mask) {
    for (const int64_t node : values) {
      require(node >= 0 && node < nodes, ErrorKind::bad_data, where, " names node ", node, ", and ", there_are(nodes, "node"));
      part.push_back(static_cast<int32_t>(node));
    }
    return part;
  }
  const bool splits_first = shape.size() == 2 && shape[1] == nodes;
  const bool nodes_first = !splits_first && shape.size() == 2 && shape[0] == nodes;
  require((shape.size() == 1 && shape[0] == nodes) || ((splits_first || nodes_first) && !values.empty()), ErrorKind::bad_data,
          where, " of shape ", shape_text(shape), " is not a mask of ", counted(nodes, "node"));
  const int64_t splits = shape.size() == 1 ? 1 : splits_first ? shape[0] : shape[1];
  if (splits > 1 && reading != nullptr) {
    const std::string what = where == file ? "it" : where.substr(file.size() + 2);
    reading->note(NoteKind::split, file, 0, text(what, " holds ", counted(splits, "split"), ": the first is taken"));
  }
  const int64_t stride = nodes_first ? splits : 1;
  for (int64_t node = 0; node < nodes; ++node) {
    if (values[static_cast<std::size_t>(node * stride)] != 0) part.push_back(static_cast<int32_t>(node));
  }
  return part;
}

NodeDataset parse_matrix_graph(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading) {
  const CoordinateMatrix matrix = parse_matrix_market(content, name);
  FileReading& told = tell_file(reading, name, "graph", "matrix_market", "begins with Matrix Market's banner");
  told.rows = static_cast<int64_t>(matrix.row.size());
  NodeDataset data;
  take_matrix(data, matrix, how, name, reading);
  return data;
}

NodeDataset parse_npz_graph(std::string_view bytes, const std::string& name, const LoadOptions& how, Reading& reading) {
  NpzArrays arrays(bytes, name);
  NodeDataset data;
  std::vector<std::pair<std::string, std::string>> used;
  std::string key;
  const int64_t feature_rows = take_npz_features(data, arrays, false, key);
  if (feature_rows >= 0) used.emplace_back(key, "feature");
  std::string label_key = how.columns.label;
  if (label_key.empty()) label_key = arrays.first_of({"labels", "node_labels", "label", "y", "target", "targets"});
  NumbersOrWords labels;
  if (!label_key.empty()) {
    labels = labels_of_array(arrays.read(label_key), name + ": " + in_quotes(label_key));
    used.emplace_back(label_key, "label");
  }
  const int64_t label_rows = labels.size();
  require(feature_rows < 0 || label_key.empty() || feature_rows == label_rows, ErrorKind::bad_data, name, " has ",
          counted(feature_rows, "row"), " of features and ", counted(label_rows, "label"));
  const int64_t nodes = feature_rows >= 0 ? feature_rows : label_key.empty() ? -1 : label_rows;
  std::string matrix_prefix;
  bool is_matrix = false;
  for (const char* prefix : {"adj_", "adj_matrix.", "adj_matrix_", ""}) {
    if (is_matrix || !has_sparse(arrays, prefix)) continue;
    is_matrix = true;
    matrix_prefix = prefix;
  }
  const std::string pairs = arrays.first_of({"edge_index", "edges", "edge_list"});
  require(is_matrix || !pairs.empty(), ErrorKind::bad_data, name,
          " has neither an adjacency matrix (adj_data, adj_indices, adj_indptr, adj_shape, or a SciPy matrix) nor edges (edges, "
          "edge_index)");
  int64_t listed = 0;
  if (is_matrix) {
    const CoordinateMatrix matrix = read_sparse(arrays, matrix_prefix);
    require(nodes < 0 || matrix.rows == nodes, ErrorKind::bad_data, name, ": the adjacency matrix has ",
            counted(matrix.rows, "row"), ", and ", there_are(nodes, "node"));
    take_matrix(data, matrix, how, name, reading);
    listed = static_cast<int64_t>(matrix.row.size());
    used.emplace_back(matrix_prefix + "data", "weight");
  } else {
    take_pairs(data, arrays, pairs, nodes, how, reading);
    listed = static_cast<int64_t>(data.edges.size()) + data.cleaning.duplicate_edges + data.cleaning.self_loops;
    used.emplace_back(pairs, "edge");
  }
  if (!label_key.empty()) {
    number_classes(data, std::move(labels), name);
  } else {
    data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  }
  for (const auto& [part, keys] :
       {std::pair(&data.train, std::vector<const char*>{"train_mask", "train_masks", "train_idx", "idx_train"}),
        {&data.val, {"val_mask", "val_masks", "valid_mask", "valid_masks", "val_idx", "valid_idx", "idx_val"}},
        {&data.test, {"test_mask", "test_masks", "test_idx", "idx_test"}}}) {
    const std::string found = arrays.first_of(keys);
    if (found.empty()) continue;
    std::vector<int64_t> shape;
    const std::vector<int64_t> values = arrays.integers(found, &shape);
    *part = part_of_array(values, shape, found.find("mask") != std::string::npos, data.nodes, name,
                          name + ": " + in_quotes(found), part == &data.train ? &reading : nullptr);
    used.emplace_back(found, "part");
  }
  FileReading& told = tell_file(reading, name, "graph", "npz", is_matrix ? "holds an adjacency matrix" : "holds edges");
  told.rows = listed;
  for (const auto& [column, use] : used)
    told.columns.push_back({column, static_cast<int64_t>(told.columns.size()) + 1, 1, use, "usual name"});
  for (const std::string& column : arrays.unread()) {
    const bool of_matrix = column.ends_with("indices") || column.ends_with("indptr") || column.ends_with("shape");
    if (!of_matrix) told.columns.push_back({column, static_cast<int64_t>(told.columns.size()) + 1, 1, "", ""});
  }
  check_parts(data, name, reading);
  return data;
}

NodeDataset read_graph_file(const std::string& path, std::string_view format, const LoadOptions& how, Reading& reading) {
  NodeDataset data;
  if (format == "npz") {
    const ByteBuffer bytes = read_file(path);
    data = parse_npz_graph(bytes.view(), path, how, reading);
  } else {
    const ByteBuffer bytes = read_text_file(path);
    if (format == "matrix_market") data = parse_matrix_graph(bytes.view(), path, how, reading);
    if (format == "graphml") data = parse_graphml(bytes.view(), path, how, reading);
    if (format == "gexf") data = parse_gexf(bytes.view(), path, how, reading);
    if (format == "node_link") data = parse_node_link(bytes.view(), path, how, reading);
  }
  data.name = data_name(path);
  return data;
}

}  // namespace heddle::io::detail
