#include <algorithm>
#include <filesystem>
#include <utility>

#include "heddle/error.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/limits.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace heddle::io::detail {

int64_t sort_unique(std::vector<Edge>& edges) {
  if (!std::is_sorted(edges.begin(), edges.end())) std::sort(edges.begin(), edges.end());
  const auto end = std::unique(edges.begin(), edges.end());
  const int64_t removed = edges.end() - end;
  edges.erase(end, edges.end());
  return removed;
}

EdgeList parse_edge_list(std::string_view content, std::string_view name, const ProgressCallback& progress) {
  EdgeList list;
  std::vector<ListedEdge> weighted;
  int64_t columns = 0;  // of the first edge line; the others must agree
  // Its ids start at 1 and its first line holds sizes: read as an edge list it would be a wrong graph without an error.
  require(!content.starts_with("%%MatrixMarket"), ErrorKind::bad_data, name, " is a Matrix Market file, not an edge list");
  Lines lines(content, name);
  ReadingProgress told(progress, content.size());
  bool first = true;
  while (lines.next()) {
    told.record(lines.left());
    if (std::exchange(first, false) && is_header(lines)) continue;
    Fields fields(lines);
    std::string_view field[4];
    int64_t count = 0;
    while (count < 4 && fields.next(field[count])) ++count;
    if (count < 2 || count > 3) lines.fail("an edge has two node ids and maybe a weight, found ", in_quotes(lines.line()));
    if (columns == 0) columns = count;
    if (count != columns) lines.fail("found ", counted(count, "column"), ", the first edge has ", columns);
    const auto u = static_cast<int32_t>(parse_integer(lines, field[0], "node id", 0, max_id));
    const auto v = static_cast<int32_t>(parse_integer(lines, field[1], "node id", 0, max_id));
    const float weight = count == 3 ? parse_float(lines, field[2], "weight") : 1.0f;
    const auto [low, high] = std::minmax(u, v);
    ++list.listed;
    if (high >= list.nodes) {
      list.nodes = int64_t{high} + 1;
      list.largest_id_line = lines.number();
    }
    if (low == high) {
      ++list.cleaning.self_loops;
    } else if (columns == 3) {
      weighted.push_back({{low, high}, weight, lines.number()});
    } else {
      list.edges.emplace_back(low, high);
    }
  }
  require(list.listed > 0, ErrorKind::bad_data, name, " has no edges");
  if (columns == 3) {
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

NodeDataset read_edge_list(const std::string& path, const ProgressCallback& progress) {
  NodeDataset data;
  EdgeList list = parse_edge_list(read_text_file(path).view(), path, progress);
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
