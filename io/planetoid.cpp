#include "io/planetoid.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "heddle/error.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/limits.h"
#include "io/listing.h"
#include "io/pickle.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

constexpr int64_t validation_nodes = 500;

/// One label a row: the place of the largest entry, or -1 for a row of zeros.
std::vector<int32_t> unpickle_labels(const NamedBytes& part, int64_t& classes) {
  const PickledArray one_hot = unpickle_matrix(part.bytes, part.name);
  const int64_t rows = one_hot.shape[0];
  const int64_t cols = one_hot.shape[1];
  require(cols <= max_classes, ErrorKind::bad_data, part.name, ": ", counted(cols, "class", "classes"), " are more than ",
          max_classes);
  require(classes == 0 || classes == cols, ErrorKind::bad_data, part.name, ": ", counted(cols, "class", "classes"),
          ", but the files before have ", classes);
  classes = cols;
  std::vector<int32_t> labels(static_cast<std::size_t>(rows), -1);
  for (int64_t row = 0; row < rows; ++row) {
    double largest = 0;
    for (int64_t col = 0; col < cols; ++col) {
      const double entry = one_hot.real(one_hot.fortran_order ? col * rows + row : row * cols + col);
      require(entry >= 0, ErrorKind::bad_data, part.name, ": row ", row, ", column ", col, " is ", entry,
              ", not an entry of a one-hot row");  // NaN fails too
      if (entry > largest) {
        largest = entry;
        labels[static_cast<std::size_t>(row)] = static_cast<int32_t>(col);
      }
    }
  }
  return labels;
}

/// test.index in file order, checked against the rows that it assigns.
std::vector<int32_t> parse_test_index(const NamedBytes& part, int64_t first, int64_t count) {
  Lines lines(part.bytes, part.name);
  std::vector<int32_t> ids;
  std::set<int32_t> seen;
  while (lines.next()) {
    const auto id = static_cast<int32_t>(parse_integer(lines, lines.line(), "node id", first, max_id));
    if (!seen.insert(id).second) lines.fail("node ", id, " stands in an earlier line already");
    ids.push_back(id);
  }
  require(static_cast<int64_t>(ids.size()) == count, ErrorKind::bad_data, part.name, " has ", counted(ids.size(), "id"),
          ", tx has ", counted(count, "row"));
  if (ids.empty()) return ids;
  require(*seen.begin() == first, ErrorKind::bad_data, part.name, ": the smallest id is ", *seen.begin(), ", but allx has ",
          counted(first, "row"), " and the test nodes follow them");
  require(*seen.rbegin() - first < max_nodes(count), ErrorKind::bad_data, part.name, ": the ", counted(count, "id"),
          " run up to ", *seen.rbegin(), ", which leaves too many out");
  return ids;
}

/// Sorted, without self-loops; counts in data.cleaning. Nodes list their neighbours: the edges go from them, or have no
/// direction.
void take_graph(NodeDataset& data, const NamedBytes& part, bool directed) {
  const AdjacencyLists adjacency = unpickle_adjacency(part.bytes, part.name);
  std::vector<Edge> listed;
  listed.reserve(adjacency.entries.size());
  for (const auto& [node, neighbour] : adjacency.entries) {
    for (const int64_t id : {node, neighbour}) {
      require(id >= 0 && id < data.nodes, ErrorKind::bad_data, part.name, ": node ", node, " lists ", neighbour, ", but ",
              there_are(data.nodes, "node"));
    }
    if (node == neighbour) {
      ++data.cleaning.self_loops;
    } else {
      listed.emplace_back(static_cast<int32_t>(node), static_cast<int32_t>(neighbour));
    }
  }
  require(!adjacency.entries.empty(), ErrorKind::bad_data, part.name, " has no edges");
  data.cleaning.duplicate_edges = sort_unique(listed);
  if (!directed) {
    for (auto& [low, high] : listed) {
      if (low > high) std::swap(low, high);
    }
    sort_unique(listed);
  }
  data.edges = std::move(listed);
}

/// Tells a callback (or none) how many bytes of the parts have been read.
class PartsProgress {
 public:
  PartsProgress(const ProgressCallback& callback, const PlanetoidParts& parts) : callback_(callback), parts_(parts) {
    for (const NamedBytes& part : parts) all_ += static_cast<double>(part.bytes.size());
  }

  /// The part that is to be read next.
  const NamedBytes& part(PlanetoidPart which) {
    const NamedBytes& part = parts_[which];
    const bool wanted =
        !callback_ || callback_({.phase = "reading the data", .share = all_ > 0 ? before_ / all_ : 0, .figures = {}});
    require(wanted, ErrorKind::interrupted, "interrupted while the data were read");
    before_ += static_cast<double>(part.bytes.size());
    return part;
  }

 private:
  const ProgressCallback& callback_;
  const PlanetoidParts& parts_;
  double all_ = 0, before_ = 0;
};

}  // namespace

NodeDataset parse_planetoid(const PlanetoidParts& parts, std::string name, const ProgressCallback& progress, bool directed) {
  NodeDataset data;
  data.name = std::move(name);
  PartsProgress told(progress, parts);

  const HostCsr x = unpickle_csr(told.part(part_x).bytes, parts[part_x].name);
  HostCsr allx = unpickle_csr(told.part(part_allx).bytes, parts[part_allx].name);
  const HostCsr tx = unpickle_csr(told.part(part_tx).bytes, parts[part_tx].name);
  for (const auto& [part, matrix] : {std::pair(part_x, &x), std::pair(part_tx, &tx)}) {
    require(matrix->cols == allx.cols, ErrorKind::bad_data, parts[part].name, " has ", counted(matrix->cols, "column"), ", ",
            parts[part_allx].name, " has ", allx.cols);
  }
  int64_t classes = 0;
  const std::vector<int32_t> y = unpickle_labels(told.part(part_y), classes);
  const std::vector<int32_t> ally = unpickle_labels(told.part(part_ally), classes);
  const std::vector<int32_t> ty = unpickle_labels(told.part(part_ty), classes);
  const auto check_rows = [&](PlanetoidPart labels, std::size_t label_rows, PlanetoidPart features, int64_t feature_rows) {
    require(static_cast<int64_t>(label_rows) == feature_rows, ErrorKind::bad_data, parts[labels].name, " has ",
            counted(label_rows, "row"), ", ", parts[features].name, " has ", feature_rows);
  };
  check_rows(part_y, y.size(), part_x, x.rows);
  check_rows(part_ally, ally.size(), part_allx, allx.rows);
  check_rows(part_ty, ty.size(), part_tx, tx.rows);
  require(x.rows <= allx.rows, ErrorKind::bad_data, parts[part_x].name, " has ", counted(x.rows, "row"), ", more than allx with ",
          allx.rows);

  const std::vector<int32_t> test_index = parse_test_index(told.part(part_test_index), allx.rows, tx.rows);
  const int64_t test_begin = allx.rows;
  data.nodes = test_index.empty() ? test_begin : int64_t{*std::max_element(test_index.begin(), test_index.end())} + 1;
  data.classes = static_cast<int32_t>(classes);

  constexpr int64_t no_row = -1;
  std::vector<int64_t> row_of_test(static_cast<std::size_t>(data.nodes - test_begin), no_row);
  for (std::size_t i = 0; i < test_index.size(); ++i) {
    row_of_test[static_cast<std::size_t>(test_index[i] - test_begin)] = static_cast<int64_t>(i);
  }
  data.labels = ally;
  data.features_are_sparse = true;
  HostCsr& features = data.sparse_features = std::move(allx);
  for (const int64_t row : row_of_test) {
    if (row == no_row) {
      ++data.cleaning.isolated_rows_added;
      features.append_row({});
      data.labels.push_back(-1);
    } else {
      features.append_row(tx.row(row), tx.row_values(row));
      data.labels.push_back(ty[static_cast<std::size_t>(row)]);
    }
  }
  features.rows = data.nodes;

  const auto put = [&](std::vector<int32_t>& split, int64_t node) {
    if (data.labels[static_cast<std::size_t>(node)] >= 0) {
      split.push_back(static_cast<int32_t>(node));
    } else {
      ++data.cleaning.unlabelled_left_out;
    }
  };
  for (int64_t node = 0; node < x.rows; ++node) put(data.train, node);
  for (int64_t node = x.rows; node < std::min(x.rows + validation_nodes, test_begin); ++node) put(data.val, node);
  for (std::size_t i = 0; i < row_of_test.size(); ++i) {
    if (row_of_test[i] != no_row) put(data.test, test_begin + static_cast<int64_t>(i));
  }
  take_graph(data, told.part(part_graph), directed);
  return data;
}

std::string planetoid_prefix(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;  // what cannot be looked at is not Planetoid; its reader says why it cannot be read
  const fs::path given(path);
  std::string file = given.filename().string();
  if (file.starts_with("ind.")) {  // one of the eight files stands for all
    file.erase(0, 4);
    for (const std::string_view part : planetoid_part_names) {
      if (file.size() > part.size() && file.ends_with(part) && file[file.size() - part.size() - 1] == '.') {
        file.resize(file.size() - part.size() - 1);
        break;
      }
    }
  }
  if (!file.empty()) {
    std::string prefix = (given.parent_path() / ("ind." + file + ".")).string();
    for (const std::string_view part : planetoid_part_names) {
      if (fs::exists(prefix + std::string(part), ignored)) return prefix;
    }
  }
  std::set<std::string> found;
  for (const std::string& name : names_in(path)) {
    constexpr std::string_view name_head = "ind.", name_tail = ".allx";
    if (name.size() > name_head.size() + name_tail.size() && name.starts_with(name_head) && name.ends_with(name_tail)) {
      found.insert((given / name.substr(0, name.size() - name_tail.size() + 1)).string());
    }
  }
  if (found.empty()) return "";
  if (found.size() > 1) {
    std::string names;
    for (const std::string& prefix : found) names += (names.empty() ? "" : ", ") + prefix;
    fail(ErrorKind::usage, path, " holds several data sets (", names, "...): name one, as in ", (given / "NAME").string());
  }
  return *found.begin();
}

NodeDataset read_planetoid(const std::string& path, const LoadOptions& options, Reading& reading) {
  const std::string prefix = planetoid_prefix(path);
  require(!prefix.empty(), ErrorKind::io, path, " is not a Planetoid data set: there is no ", path, "/ind.*.allx, nor ind.",
          std::filesystem::path(path).filename().string(), ".allx beside it");
  std::array<ByteBuffer, planetoid_part_names.size()> contents;
  PlanetoidParts parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string file = prefix + std::string(planetoid_part_names[i]);
    contents[i] = read_text_file(file);
    reading.files.push_back(
        {.path = file, .role = std::string(planetoid_part_names[i]), .format = "planetoid", .why = "is named ind.NAME.PART"});
    parts[i] = {contents[i].view(), file};
  }
  const std::string stem = std::filesystem::path(prefix).filename().string();  // "ind.NAME."
  return parse_planetoid(parts, stem.substr(4, stem.size() - 5), options.options.progress, options.directed);
}

}  // namespace heddle::io::detail
