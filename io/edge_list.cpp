#include <algorithm>
#include <filesystem>
#include <utility>

#include "heddle/error.h"
#include "io/edges.h"
#include "io/limits.h"
#include "io/number_columns.h"
#include "io/table.h"

namespace heddle::io::detail {

int64_t sort_unique(std::vector<Edge>& edges) {
  if (!std::is_sorted(edges.begin(), edges.end())) std::sort(edges.begin(), edges.end());
  const auto end = std::unique(edges.begin(), edges.end());
  const int64_t removed = edges.end() - end;
  edges.erase(end, edges.end());
  return removed;
}

EdgeList parse_edge_list(TextSource source, const LoadOptions& options, Reading& reading) {
  EdgeList list;
  std::vector<ListedEdge> weighted;
  const std::string name = source.name();
  // Its ids start at 1 and its first line holds sizes: read as an edge list it would be a wrong graph without an error.
  require(!source.head().starts_with("%%MatrixMarket"), ErrorKind::bad_data, name, " is a Matrix Market file, not an edge list");
  Table table = open_node_table(std::move(source), options, reading, "edges");
  const EdgeColumns columns = find_edge_columns(table, options, reading);
  const bool has_weights = columns.weight >= 0;
  const bool keeps = options.options.missing == MissingFields::error;
  list.smallest_id = max_id;
  for_each_row(table, options.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    const auto field = [&](int64_t column) { return fields[static_cast<std::size_t>(column)]; };
    const char* const missing = is_missing(field(columns.source))                  ? "no source"
                                : is_missing(field(columns.target))                ? "no target"
                                : has_weights && is_missing(field(columns.weight)) ? "no weight"
                                                                                   : nullptr;
    if (missing != nullptr) {
      if (keeps) table.fail_at(line, "the edge has ", missing, "; --missing skip leaves such rows out");
      reading.leave_out(name, missing, line);
      return;
    }
    const int32_t u = parse_node_id(table, line, field(columns.source), max_id);
    const int32_t v = parse_node_id(table, line, field(columns.target), max_id);
    const float weight = has_weights ? parse_number(table, line, field(columns.weight), "weight") : 1.0f;
    const auto [low, high] = std::minmax(u, v);
    ++list.listed;
    list.smallest_id = std::min<int64_t>(list.smallest_id, low);
    if (high >= list.nodes) {
      list.nodes = int64_t{high} + 1;
      list.largest_id_line = line;
    }
    if (low == high) {
      ++list.cleaning.self_loops;
    } else if (has_weights) {
      weighted.push_back({{low, high}, weight, line});
    } else {
      list.edges.emplace_back(low, high);
    }
  });
  reading.files.push_back(std::move(table.file));
  require(list.listed > 0, ErrorKind::bad_data, name, " has no edges");
  if (has_weights) {
    list.cleaning.duplicate_edges = sort_unique(weighted, list.edges, list.weights, [&](float kept, const ListedEdge& next) {
      require(kept == next.weight, ErrorKind::bad_data, name, ":", next.place, ": edge ", next.edge.first, " - ",
              next.edge.second, " has weight ", next.weight, " here and ", kept, " in an earlier line");
      return kept;
    });
  } else {
    list.cleaning.duplicate_edges = sort_unique(list.edges);
  }
  return list;
}

void take_edges(NodeDataset& data, EdgeList&& list) {
  data.edges = std::move(list.edges);
  data.edge_weights = std::move(list.weights);
  data.cleaning = list.cleaning;
}

NodeDataset read_edge_list(const std::string& path, const LoadOptions& options, Reading& reading) {
  NodeDataset data;
  EdgeList list = parse_edge_list(TextSource(path, options.options), options, reading);
  require(list.nodes <= max_nodes(list.listed), ErrorKind::bad_data, path, ":", list.largest_id_line, ": node id ",
          list.nodes - 1, " makes ", counted(list.nodes, "node"), " of ", counted(list.listed, "edge"),
          "; ids must run from 0 with few gaps (at most ", counted(max_nodes(list.listed), "node"), " here)");
  const std::string file = std::filesystem::path(path).filename().string();
  data.name = file.substr(0, file.find('.', 1));
  data.nodes = list.nodes;
  data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  take_edges(data, std::move(list));
  return data;
}

}  // namespace heddle::io::detail
