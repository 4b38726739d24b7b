#include "bench/lab_graphs.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "io/file.h"
#include "io/input_files.h"
#include "io/matrix_market.h"
#include "io/near_matches.h"
#include "io/text.h"

namespace heddle::bench {

namespace {

using Entries = std::vector<std::pair<int32_t, int32_t>>;

/// Repeats merged, columns ascending, each row's values 1 / its degree.
HostCsr matrix_of(int64_t nodes, Entries entries) {
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  HostCsr matrix;
  matrix.rows = matrix.cols = nodes;
  matrix.row_offsets.assign(static_cast<std::size_t>(nodes) + 1, 0);
  for (const auto& [row, column] : entries) {
    ++matrix.row_offsets[static_cast<std::size_t>(row) + 1];
    matrix.col_indices.push_back(column);
  }
  for (std::size_t r = 0; r < static_cast<std::size_t>(nodes); ++r) {
    const int64_t degree = matrix.row_offsets[r + 1];
    matrix.values.insert(matrix.values.end(), static_cast<std::size_t>(degree), 1.0f / static_cast<float>(degree));
    matrix.row_offsets[r + 1] += matrix.row_offsets[r];
  }
  return matrix;
}

/// The whole numbers of "name:a,b", each from 1 to its limit. Throws Error{usage} with all of them for anything else.
std::vector<int64_t> numbers(const std::string& name, const std::vector<std::pair<const char*, int64_t>>& parts) {
  const char* at = name.data() + name.find(':') + 1;
  const char* const end = name.data() + name.size();
  std::vector<int64_t> result;
  for (const auto& [part, limit] : parts) {
    int64_t value = 0;
    const auto [stopped, status] = std::from_chars(at, end, value);
    const bool last = result.size() + 1 == parts.size();
    const bool separated = last ? stopped == end : stopped != end && *stopped == ',';
    if (status != std::errc() || !separated || value < 1 || value > limit) {
      std::string form, limits;
      for (const auto& [each, most] : parts) {
        form += text(form.empty() ? "" : ",", each);
        limits += text(limits.empty() ? "" : " and ", each, " from 1 to ", most);
      }
      fail(ErrorKind::usage, "the graph '", name, "' must be ", name.substr(0, name.find(':') + 1), form, ", with ", limits);
    }
    result.push_back(value);
    at = last ? stopped : stopped + 1;
  }
  return result;
}

/// The sizes of a graph that is made; none for one that is read.
std::optional<std::vector<int64_t>> sizes_of(const std::string& name) {
  constexpr int64_t most_nodes = int64_t{1} << 26;
  if (name.starts_with("uniform:")) return numbers(name, {{"N", most_nodes}, {"DEGREE", 4096}});
  if (name.starts_with("rmat:")) return numbers(name, {{"SCALE", 26}, {"EDGEFACTOR", 4096}});
  if (name.starts_with("star:")) return numbers(name, {{"N", most_nodes}});
  return std::nullopt;
}

HostCsr uniform(int64_t nodes, int64_t degree) {
  Draws draws(1);
  Entries entries;
  for (int64_t r = 0; r < nodes; ++r) {
    for (int64_t k = 0; k < degree; ++k) entries.emplace_back(static_cast<int32_t>(r), static_cast<int32_t>(draws.below(nodes)));
  }
  return matrix_of(nodes, std::move(entries));
}

HostCsr rmat(int64_t scale, int64_t edge_factor) {
  Draws draws(2);
  const int64_t nodes = int64_t{1} << scale;
  Entries entries;
  for (int64_t e = 0; e < edge_factor * nodes; ++e) {
    int32_t row = 0, column = 0;
    for (int64_t bit = 0; bit < scale; ++bit) {
      const double u = draws.uniform();
      row = 2 * row + (u >= 0.76 ? 1 : 0);
      column = 2 * column + ((u >= 0.57 && u < 0.76) || u >= 0.95 ? 1 : 0);
    }
    entries.emplace_back(row, column);
  }
  return matrix_of(nodes, std::move(entries));
}

HostCsr star(int64_t nodes) {
  Entries entries;
  for (int64_t r = 1; r < nodes; ++r) {
    entries.emplace_back(0, static_cast<int32_t>(r));
    entries.emplace_back(static_cast<int32_t>(r), 0);
  }
  return matrix_of(nodes, std::move(entries));
}

HostCsr of_interactions(const std::string& path) {
  const HostCsr train = prepare(io::load_interactions(path)).train;
  Entries entries;
  for (int64_t user = 0; user < train.rows; ++user) {
    for (const int32_t column : train.row(user)) {
      const auto item = static_cast<int32_t>(train.rows + column);
      entries.emplace_back(static_cast<int32_t>(user), item);
      entries.emplace_back(item, static_cast<int32_t>(user));
    }
  }
  return matrix_of(train.rows + train.cols, std::move(entries));
}

HostCsr of_nodes(const NodeDataset& data) {
  Entries entries;
  for (int64_t r = 0; r < data.nodes; ++r) entries.emplace_back(static_cast<int32_t>(r), static_cast<int32_t>(r));
  for (const auto& [first, second] : data.edges) {
    entries.emplace_back(first, second);
    entries.emplace_back(second, first);
  }
  return matrix_of(data.nodes, std::move(entries));
}

constexpr const char* users_and_items = "users and items, joined both ways";
constexpr const char* undirected = "undirected, with self-loops";

/// A Matrix Market file as it is, or as a graph that models multiply by.
LabGraph of_matrix_market(const std::string& path, bool symmetric) {
  const io::detail::ByteBuffer file = io::detail::read_text_file(path);
  const io::detail::CoordinateMatrix listed = io::detail::parse_matrix_market(file.view(), path);
  if (symmetric) {
    require(listed.rows == listed.cols, ErrorKind::bad_data, path, ": the matrix is ", listed.rows, " x ", listed.cols,
            ", and only a square one can be made symmetric");
    Entries entries;
    for (int64_t r = 0; r < listed.rows; ++r) entries.emplace_back(static_cast<int32_t>(r), static_cast<int32_t>(r));
    for (std::size_t i = 0; i < listed.row.size(); ++i) {
      entries.emplace_back(listed.row[i], listed.col[i]);
      entries.emplace_back(listed.col[i], listed.row[i]);
    }
    return {"", matrix_of(listed.rows, std::move(entries)), undirected};
  }
  struct Entry {
    int32_t row, col;
    float value;
  };
  std::vector<Entry> entries;
  entries.reserve(listed.row.size());
  for (std::size_t i = 0; i < listed.row.size(); ++i) {
    const float value = listed.values.empty() ? 1.0f : listed.values[i];
    entries.push_back({listed.row[i], listed.col[i], value});
    if (listed.symmetric && listed.row[i] != listed.col[i]) entries.push_back({listed.col[i], listed.row[i], value});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return std::pair(a.row, a.col) < std::pair(b.row, b.col); });
  HostCsr matrix;
  matrix.rows = listed.rows;
  matrix.cols = listed.cols;
  matrix.row_offsets.assign(static_cast<std::size_t>(listed.rows) + 1, 0);
  for (std::size_t i = 0; i < entries.size();) {
    const std::size_t first = i;
    float sum = 0;
    for (; i < entries.size() && entries[i].row == entries[first].row && entries[i].col == entries[first].col; ++i)
      sum += entries[i].value;
    if (sum == 0) continue;
    ++matrix.row_offsets[static_cast<std::size_t>(entries[first].row) + 1];
    matrix.col_indices.push_back(entries[first].col);
    matrix.values.push_back(sum);
  }
  std::partial_sum(matrix.row_offsets.begin(), matrix.row_offsets.end(), matrix.row_offsets.begin());
  return {"", std::move(matrix), listed.symmetric ? "as the file has it, which is symmetric" : "as the file has it"};
}

/// Data sets of the standard set, below HEDDLE_DATA; `sign` is a file that tells that one is there.
struct PublicGraph {
  const char* name;
  const char* path;
  const char* sign;
  bool interactions;
};
constexpr PublicGraph public_graphs[] = {{"cora", "planetoid/cora", "planetoid/ind.cora.x", false},
                                         {"gowalla", "gowalla", "gowalla/train.txt", true},
                                         {"epinions", "snap/soc-Epinions1.txt.gz", "snap/soc-Epinions1.txt.gz", false},
                                         {"enron", "snap/email-Enron.txt.gz", "snap/email-Enron.txt.gz", false},
                                         {"condmat", "snap/ca-CondMat.mtx", "snap/ca-CondMat.mtx", false}};

LabGraph of_file(const std::string& path, bool symmetric) {
  std::error_code ignored;
  const bool file = std::filesystem::is_regular_file(path, ignored);
  if (file && (io::content_kind_of(path).format == "matrix_market" || path.ends_with(".mtx") || path.ends_with(".mtx.gz")))
    return of_matrix_market(path, symmetric);
  try {
    return {"", of_nodes(io::load(path)), undirected};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_data) throw;
  }
  return {"", of_interactions(path), users_and_items};
}

}  // namespace

DegreeSpread degree_spread(const HostCsr& matrix) {
  DegreeSpread spread;
  if (matrix.rows == 0) return spread;
  spread.mean = static_cast<double>(matrix.nnz()) / static_cast<double>(matrix.rows);
  double squares = 0;
  for (int64_t r = 0; r < matrix.rows; ++r) {
    const auto degree = static_cast<int64_t>(matrix.row(r).size());
    spread.most = std::max(spread.most, degree);
    squares += (static_cast<double>(degree) - spread.mean) * (static_cast<double>(degree) - spread.mean);
  }
  if (spread.mean > 0) spread.variation = std::sqrt(squares / static_cast<double>(matrix.rows)) / spread.mean;
  return spread;
}

std::string lab_graph_path(const std::string& name) {
  for (const char* made : {"uniform:", "rmat:", "star:"}) {
    if (name.starts_with(made)) return "";
  }
  for (const PublicGraph& graph : public_graphs) {
    if (name != graph.name) continue;
    const std::string folder = data_folder();
    return folder.empty() ? "" : text(folder, "/", graph.path);
  }
  return name;
}

void check_data_folder() {
  const std::string folder = data_folder();
  std::error_code ignored;
  require(folder.empty() || std::filesystem::is_directory(folder, ignored), ErrorKind::usage, "HEDDLE_DATA is '", folder,
          "', it must be the folder of the public data sets");
}

void check_lab_graph(const std::string& name) {
  if (sizes_of(name)) return;
  std::string names;
  std::vector<std::string> known;
  for (const PublicGraph& graph : public_graphs) {
    names += text(graph.name, ", ");
    known.emplace_back(graph.name);
    if (name != graph.name) continue;
    require(!lab_graph_path(name).empty(), ErrorKind::usage, "the graph '", name, "' is read from HEDDLE_DATA, which is not set");
    require(!io::detail::input_files(lab_graph_path(name)).empty(), ErrorKind::io, "the graph '", name,
            "' is read from HEDDLE_DATA, and ", lab_graph_path(name), " holds no data");
  }
  const std::string path = lab_graph_path(name);
  if (!io::detail::input_files(path).empty()) return;
  // What is written like a file's name is one that cannot be read; a word alone is a name that cannot be meant.
  const bool file = path.find_first_of("/.") != std::string::npos;
  const std::vector<std::string> near = io::detail::near_matches(name, known, 1);
  fail(file ? ErrorKind::io : ErrorKind::usage, "the graph '", name, "' is neither one of ", names,
       "rmat:SCALE,EDGEFACTOR, uniform:N,DEGREE, star:N, nor a file or a folder: ", path, " holds no data",
       near.empty() ? "" : text("; did you mean ", near.front(), "?"));
}

LabGraph lab_graph(const std::string& name, bool symmetric) {
  if (const auto sizes = sizes_of(name)) {
    if (name.starts_with("uniform:")) return {name, uniform((*sizes)[0], (*sizes)[1])};
    if (name.starts_with("rmat:")) return {name, rmat((*sizes)[0], (*sizes)[1])};
    return {name, star((*sizes)[0])};
  }
  for (const PublicGraph& graph : public_graphs) {
    if (name != graph.name) continue;
    const std::string path = lab_graph_path(name);
    require(!path.empty(), ErrorKind::usage, "the graph '", name, "' is read from HEDDLE_DATA, which is not set");
    // Of these all are graphs that models multiply by.
    LabGraph read = graph.interactions ? LabGraph{"", of_interactions(path), users_and_items} : of_file(path, true);
    read.name = name;
    return read;
  }
  LabGraph read = of_file(name, symmetric);
  read.name = name;
  return read;
}

std::vector<std::string> standard_graphs(std::vector<std::string>& absent) {
  std::vector<std::string> names;
  const std::string folder = data_folder();
  for (const PublicGraph& graph : public_graphs) {
    const bool there = !folder.empty() && std::filesystem::exists(text(folder, "/", graph.sign));
    (there ? names : absent).emplace_back(graph.name);
  }
  names.insert(names.end(), {"rmat:16,16", "uniform:65536,16", "star:65536"});
  return names;
}

}  // namespace heddle::bench
