#include <algorithm>
#include <bit>
#include <filesystem>
#include <limits>
#include <utility>

#include "heddle/error.h"
#include "io/edges.h"
#include "io/limits.h"
#include "io/number_columns.h"
#include "io/table.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// Marks the larger end of an edge that is listed from it, in a bit that no id has: sorted by `order`, the listings of an edge
/// stand together, those of one direction behind those of the other.
constexpr int32_t backwards_mark = std::numeric_limits<int32_t>::min();

uint64_t order(const Edge& marked) {
  return uint64_t{static_cast<uint32_t>(marked.first)} << 32 | std::rotl(static_cast<uint32_t>(marked.second), 1);
}

Edge without_mark(const Edge& marked) { return {marked.first, marked.second & ~backwards_mark}; }

void tell_one_way(int64_t edges, int64_t both_ways, std::string_view file, Reading& reading) {
  if (both_ways == 0 || both_ways == edges) return;
  reading.note(NoteKind::graph, file, 0,
               text(counted(both_ways, "edge"), " listed in both directions, ", edges - both_ways,
                    " in one: all of them are read as undirected", directed_remedy));
}

/// Makes `listed` the edges of `data` and tells what was merged.
void take_weighted(NodeDataset& data, std::vector<ListedEdge>& listed, RepeatedEdges repeated, bool declared,
                   const std::string& file, Reading& reading) {
  MergedEdges merged = merge_listed(listed, repeated, [&](float kept, const ListedEdge& next) {
    fail(ErrorKind::bad_data, file, ":", next.place, ": edge ", next.edge.first, " - ", next.edge.second, " has weight ",
         next.weight, " here and ", kept, " in an earlier place; --merge-edges mean, sum or max makes one of them");
  });
  data.edges = std::move(merged.edges);
  data.edge_weights = std::move(merged.weights);
  data.cleaning.duplicate_edges += merged.repeats;
  if (merged.differing > 0 && repeated == RepeatedEdges::mean) {
    reading.note(NoteKind::graph, file, merged.first_differing,
                 text(counted(merged.differing, "edge"),
                      " listed more than once with different weights (in both directions, or repeated): the mean is taken; "
                      "--merge-edges says what else"));
  }
  if (!declared) tell_one_way(static_cast<int64_t>(data.edges.size()), merged.both_ways, file, reading);
}

}  // namespace

EdgeList parse_edge_list(TextSource source, const LoadOptions& options, Reading& reading) {
  EdgeList list;
  const std::string name = source.name();
  // Its ids start at 1 and its first line holds sizes: read as an edge list it would be a wrong graph without an error.
  require(!source.head().starts_with("%%MatrixMarket"), ErrorKind::bad_data, name, " is a Matrix Market file, not an edge list");
  Table table = open_node_table(std::move(source), options, reading, NodeTable::edges);
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
    for (const int64_t column : {columns.source, columns.target}) {
      add_node_id(list.ends, table, line, field(column), reading);
      if (list.ends.are_words()) {
        list.name_line.resize(static_cast<std::size_t>(list.ends.names().size() - 1));
        list.name_line.push_back(line);
        continue;
      }
      const int32_t id = list.ends.values().back();
      list.smallest_id = std::min(list.smallest_id, id);
      if (id <= list.largest_id) continue;
      list.largest_id = id;
      list.largest_id_line = line;
    }
    if (has_weights) {
      list.weights.push_back(parse_number(table, line, field(columns.weight), "weight"));
      list.lines.push_back(line);
    }
    ++list.listed;
  });
  reading.files.push_back(std::move(table.file));
  require(list.listed > 0, ErrorKind::bad_data, name, " has no edges");
  return list;
}

void take_edges(NodeDataset& data, EdgeList&& list, const NodeNames& names, const std::string& unknown, const LoadOptions& how,
                const std::string& file, Reading& reading) {
  EdgeList taken = std::move(list);
  const NodeLookup node_at(names, taken.ends);
  const bool weighted = !taken.weights.empty(), counts = !weighted && how.merge_edges == RepeatedEdges::sum;
  std::vector<ListedEdge> with_weights;
  std::vector<Edge>& edges = data.edges;
  if (weighted || counts) {
    with_weights.reserve(static_cast<std::size_t>(taken.listed));
  } else {
    edges.reserve(static_cast<std::size_t>(taken.listed));
  }
  int64_t left_out = 0, first_left_out = 0;
  std::string stranger;
  for (int64_t i = 0; i < taken.listed; ++i) {
    const int32_t u = node_at(2 * i), v = node_at(2 * i + 1);
    const auto [low, high] = how.directed ? Edge(u, v) : Edge(std::minmax(u, v));
    const bool backwards = low != u;
    const auto at = static_cast<std::size_t>(i);
    if (std::min(u, v) < 0) {
      const int64_t end = 2 * i + (u < 0 ? 0 : 1);
      const auto name = static_cast<std::size_t>(taken.ends.values()[static_cast<std::size_t>(end)]);
      if (first_left_out == 0 && name < taken.name_line.size()) first_left_out = taken.name_line[name];
      if (left_out++ == 0) stranger = taken.ends.text_at(end);
    } else if (low == high) {
      ++data.cleaning.self_loops;
    } else if (weighted || counts) {
      with_weights.push_back({{low, high}, weighted ? taken.weights[at] : 1.0f, backwards, weighted ? taken.lines[at] : i + 1});
    } else {
      edges.emplace_back(low, backwards ? high | backwards_mark : high);
    }
  }
  if (left_out > 0) {
    require(left_out < taken.listed, ErrorKind::bad_data, file,
            ": none of its edges is between nodes that the data have; the first names ", in_quotes(stranger));
    reading.leave_out(file, unknown, std::max<int64_t>(first_left_out, 1), left_out);
  }
  taken = {};
  if (weighted || counts) return take_weighted(data, with_weights, how.merge_edges, how.directed, file, reading);
  const auto before = [](const Edge& a, const Edge& b) { return order(a) < order(b); };
  if (!std::is_sorted(edges.begin(), edges.end(), before)) std::sort(edges.begin(), edges.end(), before);
  int64_t both_ways = 0;
  std::size_t kept = 0;
  Edge last = {-1, -1};
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const Edge marked = edges[i];
    both_ways += without_mark(marked) == without_mark(last) && marked != last;
    if (without_mark(marked) != without_mark(last)) edges[kept++] = without_mark(marked);
    last = marked;
  }
  data.cleaning.duplicate_edges += static_cast<int64_t>(edges.size() - kept);
  edges.resize(kept);
  if (!how.directed) tell_one_way(static_cast<int64_t>(kept), both_ways, file, reading);
}

void take_listed_edges(NodeDataset& data, std::vector<ListedEdge> listed, bool weighted, const LoadOptions& how, bool declared,
                       const std::string& file, Reading& reading) {
  for (ListedEdge& edge : listed) {
    edge.backwards = !how.directed && edge.edge.first > edge.edge.second;
    if (edge.backwards) std::swap(edge.edge.first, edge.edge.second);
    if (!weighted) edge.weight = 1;
  }
  data.cleaning.self_loops +=
      static_cast<int64_t>(std::erase_if(listed, [](const ListedEdge& edge) { return edge.edge.first == edge.edge.second; }));
  take_weighted(data, listed, how.merge_edges, declared || how.directed, file, reading);
  const bool all_one = std::all_of(data.edge_weights.begin(), data.edge_weights.end(), [](float weight) { return weight == 1; });
  if (all_one) data.edge_weights = {};
}

NodeDataset read_edge_list(const std::string& path, const LoadOptions& options, Reading& reading) {
  NodeDataset data;
  EdgeList list = parse_edge_list(TextSource(path, options.options), options, reading);
  NodeNames names;
  if (list.ends.are_words() || list.largest_id >= max_nodes(list.listed)) {
    list.ends.make_words();
    names.names = list.ends.names();
    names.nodes = names.names.size();
  } else {
    names.nodes = int64_t{list.largest_id} + 1;
  }
  const std::string file = std::filesystem::path(path).filename().string();
  data.name = file.substr(0, file.find('.', 1));
  data.nodes = names.nodes;
  data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  take_edges(data, std::move(list), names, "", options, path, reading);
  data.node_ids = std::move(names.names);
  return data;
}

}  // namespace heddle::io::detail
