#include "io/graph_folders.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "io/decompress.h"
#include "io/edges.h"
#include "io/file.h"
#include "io/graph_builder.h"
#include "io/interactions.h"
#include "io/limits.h"
#include "io/listing.h"
#include "io/number_columns.h"
#include "io/table.h"
#include "io/text.h"
#include "io/text_source.h"

namespace heddle::io::detail {

namespace fs = std::filesystem;

namespace {

bool is_a_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The fields of a line between tabs, or, where it has none, between blanks.
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  const std::string_view separators = line.find('\t') != std::string_view::npos ? "\t" : " ";
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(separators), line.size());
    if (end > 0) fields.push_back(line.substr(0, end));
    line.remove_prefix(std::min(line.size(), end + 1));
  }
  return fields;
}

/// Files of a folder in the folder that nothing was read from.
void list_others(const std::string& folder, const std::string& below, Reading& reading) {
  for (const std::string& name : names_in((fs::path(folder) / below).string())) {
    const std::string path = (fs::path(folder) / below / name).string();
    const bool read =
        std::any_of(reading.files.begin(), reading.files.end(), [&](const FileReading& file) { return file.path == path; });
    if (read || name.starts_with('.') || is_a_folder(path)) continue;
    reading.files_not_read.push_back(text(below, "/", name));
  }
}

std::string folder_name(const std::string& path) {
  const fs::path folder = fs::path(path).lexically_normal();
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

/// NAME.content and NAME.cites; empty: they are not there.
std::pair<std::string, std::string> citation_files(const std::string& path) {
  std::vector<std::string> contents;
  if (is_a_folder(path)) {
    for (const std::string& name : names_in(path)) {
      if (without_packed_ending(name).ends_with(".content")) contents.push_back((fs::path(path) / name).string());
    }
  } else {
    const std::string plain(without_packed_ending(path));
    if (plain.ends_with(".content")) contents.push_back(path);
    if (plain.ends_with(".cites")) {
      const fs::path stem = plain.substr(0, plain.size() - 6) + ".content";
      const std::string found =
          find_file(stem.parent_path().empty() ? "." : stem.parent_path().string(), stem.filename().string());
      if (!found.empty()) contents.push_back(stem.parent_path().empty() ? fs::path(found).filename().string() : found);
    }
  }
  if (contents.empty()) return {};
  require(contents.size() == 1, ErrorKind::usage, path, " holds several data sets (", contents.front(), ", ", contents.back(),
          "): name one of them");
  const std::string plain(without_packed_ending(contents.front()));
  const fs::path cites = plain.substr(0, plain.size() - 8) + ".cites";
  return {contents.front(),
          find_file(cites.parent_path().empty() ? "." : cites.parent_path().string(), cites.filename().string())};
}

}  // namespace

NodeDataset parse_citations(std::string_view content, const std::string& content_name, std::string_view cites,
                            const std::string& cites_name, const LoadOptions& how, Reading& reading) {
  NodeDataset data;
  IdTable ids;
  std::vector<std::string> labels;
  HostCsr& features = data.sparse_features;
  data.features_are_sparse = true;
  Lines lines(content, content_name);
  while (lines.next()) {
    const std::vector<std::string_view> fields = fields_of(lines.line());
    if (fields.size() < 3) lines.fail("a paper has an id, words and a class, found ", in_quotes(lines.line()));
    const auto words = static_cast<int64_t>(fields.size()) - 2;
    if (ids.size() == 0) features.cols = words;
    if (words != features.cols) lines.fail("found ", counted(words, "word"), ", the first paper has ", features.cols);
    const int64_t before = ids.size();
    ids.insert(fields.front());
    if (ids.size() == before) lines.fail("paper ", in_quotes(fields.front()), " stands in an earlier line already");
    labels.emplace_back(fields.back());
    for (int64_t word = 0; word < words; ++word) {
      const float value = parse_float(lines, fields[static_cast<std::size_t>(word) + 1], "word");
      if (value == 0) continue;
      features.col_indices.push_back(static_cast<int32_t>(word));
      features.values.push_back(value);
    }
    features.row_offsets.push_back(features.nnz());
    ++features.rows;
  }
  require(ids.size() > 0, ErrorKind::bad_data, content_name, " has no papers");
  data.nodes = ids.size();
  number_classes(data, labels, content_name);
  FileReading& told = tell_file(reading, content_name, "nodes", "content", "is named NAME.content");
  told.rows = data.nodes;
  told.columns = {
      {"", 1, 1, "node", "place"}, {"", 2, features.cols, "feature", "place"}, {"", features.cols + 2, 1, "label", "place"}};

  std::vector<ListedEdge> listed;
  Lines edges(cites, cites_name);
  int64_t rows = 0;
  while (edges.next()) {
    const std::vector<std::string_view> fields = fields_of(edges.line());
    if (fields.size() != 2) edges.fail("a citation has the ids of two papers, found ", in_quotes(edges.line()));
    ++rows;
    const int32_t cited = ids.find(fields[0]), citing = ids.find(fields[1]);
    if (cited < 0 || citing < 0) {
      reading.leave_out(cites_name, text("a paper that ", fs::path(content_name).filename().string(), " does not have"),
                        edges.number());
      continue;
    }
    listed.push_back({{citing, cited}, 1, false, edges.number()});
  }
  require(!listed.empty(), ErrorKind::bad_data, cites_name, " has no edges between papers of ", content_name);
  take_listed_edges(data, std::move(listed), false, how, false, cites_name, reading);
  FileReading& told_edges = tell_file(reading, cites_name, "edges", "content", "is named NAME.cites");
  told_edges.rows = rows;
  told_edges.columns = {{"", 1, 1, "target", "place"}, {"", 2, 1, "source", "place"}};  // the second cites the first
  data.node_ids = std::move(ids);
  return data;
}

bool is_citations(const std::string& path) { return !citation_files(path).second.empty(); }

NodeDataset read_citations(const std::string& path, const LoadOptions& how, Reading& reading) {
  const auto [content_file, cites_file] = citation_files(path);
  require(!content_file.empty(), ErrorKind::bad_data, path, " is not named NAME.content, and no such file is in it");
  require(!cites_file.empty(), ErrorKind::bad_data, content_file, " has no NAME.cites beside it");
  const ByteBuffer content = read_text_file(content_file), cites = read_text_file(cites_file);
  NodeDataset data = parse_citations(content.view(), content_file, cites.view(), cites_file, how, reading);
  data.name = data_name(content_file);
  return data;
}

bool is_ogb(const std::string& path) {
  const std::string raw = (fs::path(path) / "raw").string();
  return is_a_folder(raw) && !find_file(raw, "edge.csv").empty() && !find_file(raw, "num-node-list.csv").empty();
}

NodeDataset read_ogb(const std::string& path, const LoadOptions& how, Reading& reading) {
  require(is_ogb(path), ErrorKind::bad_data, path, " has no raw/edge.csv and raw/num-node-list.csv, as data sets of OGB's have");
  const std::string raw = (fs::path(path) / "raw").string();
  const std::string edge_file = find_file(raw, "edge.csv"), count_file = find_file(raw, "num-node-list.csv");
  const std::string feature_file = find_file(raw, "node-feat.csv"), label_file = find_file(raw, "node-label.csv");
  const auto tell = [&](const std::string& file, const char* role, const char* part, int64_t rows) {
    FileReading& told = tell_file(reading, file, role, "ogb", "is named as OGB names it");
    told.part = part;
    told.rows = rows;
  };
  NodeDataset data;
  data.name = folder_name(path);
  data.nodes = -1;
  const ByteBuffer counts = read_text_file(count_file);
  Lines lines(counts.view(), count_file);
  int64_t graphs = 0;
  while (lines.next()) {
    if (++graphs == 1) data.nodes = parse_integer(lines, lines.line(), "number of nodes", 1, max_id);
  }
  require(graphs == 1, ErrorKind::bad_data, count_file, " tells of ", counted(graphs, "graph"),
          "; a data set of one graph is read");
  tell(count_file, "nodes", "", graphs);

  LoadOptions plain = how;
  plain.columns = {};
  plain.options.header = HeaderLine::absent;  // OGB writes none
  const double edges_share = first_share(edge_file, feature_file);
  const LoadOptions of_edges = part_options(plain, 0, edges_share), of_features = part_options(plain, edges_share, 1),
                    of_parts = part_options(plain, 1, 1);
  EdgeList list = parse_edge_list(TextSource(edge_file, plain.options), of_edges, reading);
  require(!list.ends.are_words(), ErrorKind::bad_data, edge_file, " calls nodes by other names than numbers");
  require(list.largest_id < data.nodes, ErrorKind::bad_data, edge_file, ":", list.largest_id_line, ": node id ", list.largest_id,
          " is too large, ", count_file, " says ", counted(data.nodes, "node"));
  const int64_t listed = list.listed;
  NodeNames names;
  names.nodes = data.nodes;
  take_edges(data, std::move(list), names, "", how, edge_file, reading);
  if (!feature_file.empty()) {
    NodeRows rows = parse_features(TextSource(feature_file, plain.options), of_features, reading, false);
    require(rows.ids.empty(), ErrorKind::bad_data, feature_file, " has a column of node ids, and OGB's features have none");
    data.dense_features = std::move(rows.features);
    require(data.dense_features.rows == data.nodes, ErrorKind::bad_data, feature_file, " has ",
            counted(data.dense_features.rows, "row"), ", ", count_file, " says ", counted(data.nodes, "node"));
  }
  if (!label_file.empty()) {
    const ByteBuffer content = read_text_file(label_file);
    std::vector<std::string> labels;
    Lines rows(content.view(), label_file);
    while (rows.next()) {
      require(rows.line().find(',') == std::string_view::npos, ErrorKind::bad_data, label_file, ":", rows.number(), ": ",
              in_quotes(rows.line()), " is several labels of a node; one is read");
      labels.emplace_back(rows.line());
    }
    require(static_cast<int64_t>(labels.size()) == data.nodes, ErrorKind::bad_data, label_file, " has ",
            counted(labels.size(), "label"), ", ", count_file, " says ", counted(data.nodes, "node"));
    number_classes(data, labels, label_file);
    tell(label_file, "labels", "", data.nodes);
  } else {
    require(!feature_file.empty() || data.nodes <= max_nodes(listed), ErrorKind::bad_data, count_file, " says ",
            counted(data.nodes, "node"), ", too many for ", counted(listed, "edge"));
    data.labels.assign(static_cast<std::size_t>(data.nodes), -1);
  }

  std::vector<std::string> splits;
  const std::string split_folder = (fs::path(path) / "split").string();
  for (const std::string& name : names_in(split_folder)) {
    if (is_a_folder((fs::path(split_folder) / name).string())) splits.push_back(name);
  }
  require(splits.size() <= 1, ErrorKind::bad_data, split_folder, " holds several splits (", splits.empty() ? "" : splits.front(),
          ", ", splits.empty() ? "" : splits.back(), "); leave one there");
  if (!splits.empty()) {
    const std::string folder = (fs::path(split_folder) / splits.front()).string();
    for (const auto& [name, part, told] :
         {std::tuple("train.csv", &data.train, "train"), {"valid.csv", &data.val, "val"}, {"test.csv", &data.test, "test"}}) {
      const std::string file = find_file(folder, name);
      if (file.empty()) continue;
      for (const ListedId& id : parse_part(TextSource(file, plain.options), of_parts, reading, names, told))
        part->push_back(id.id);
    }
    check_parts(data, folder, reading);
    list_others(path, "split/" + splits.front(), reading);
  }
  list_others(path, "raw", reading);
  return data;
}

namespace {

/// nodes.csv, nodes.tsv or nodes.txt, and the same of edges; empty: it is not there.
std::string find_table(const std::string& folder, const std::string& stem) {
  for (const char* ending : {".csv", ".tsv", ".txt"}) {
    if (std::string found = find_file(folder, stem + ending); !found.empty()) return found;
  }
  return "";
}

}  // namespace

std::pair<std::string, std::string> dgl_files(const std::string& path) {
  if (!is_a_folder(path)) return {};
  std::string nodes, edges;
  const std::string meta = find_file(path, "meta.yaml");
  if (!meta.empty()) {
    const ByteBuffer content = read_text_file(meta);
    std::string* section = nullptr;
    int64_t in_section = 0;
    std::string_view rest = content.view();
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(rest.size(), end + 1));
      if (line.starts_with("node_data")) section = &nodes, in_section = 0;
      if (line.starts_with("edge_data")) section = &edges, in_section = 0;
      const std::size_t at = line.find("file_name:");
      if (section == nullptr || at == std::string_view::npos) continue;
      require(++in_section == 1, ErrorKind::bad_data, meta, " names several files of ", section == &nodes ? "nodes" : "edges",
              ": a graph with nodes and edges of one kind is read");
      line.remove_prefix(at + 10);
      const std::size_t begin = std::min(line.find_first_not_of(" '\""), line.size());
      const std::size_t last = line.find_last_not_of(" '\"\r");
      *section = begin == line.size() ? "" : std::string(line.substr(begin, last - begin + 1));
      require(section->find('/') == std::string::npos, ErrorKind::bad_data, meta,
              " names a file in another folder: ", in_quotes(*section));
    }
  }
  return {nodes.empty() ? find_table(path, "nodes") : find_file(path, nodes),
          edges.empty() ? find_table(path, "edges") : find_file(path, edges)};
}

NodeDataset parse_dgl(TextSource nodes, TextSource edges, const LoadOptions& how, Reading& reading, double nodes_share) {
  const LoadOptions of_nodes = part_options(how, 0, nodes_share), of_edges = part_options(how, nodes_share, 1);
  const NodeColumns& columns = how.columns;
  const std::string nodes_name = nodes.name(), edges_name = edges.name();
  GraphBuilder graph(nodes_name);
  graph.set_edge_file(edges_name);
  Table node_table = open_node_table(std::move(nodes), how, reading, NodeTable::nodes);
  const int64_t id = node_table.columns() == 1 ? 0 : find_node_column(node_table, how, reading);
  if (id < 0) node_table.fail_at(1, "no column holds node ids; --node-column says which does");
  const auto graph_column = std::find(node_table.header.begin(), node_table.header.end(), "graph_id");
  const int64_t of_graph = graph_column == node_table.header.end() ? -1 : graph_column - node_table.header.begin();
  std::string first_graph;
  std::vector<std::size_t> attributes;
  for (const std::string& name : node_table.header) {
    attributes.push_back(graph.attribute(name));
    if (attributes.back() + 1 != attributes.size()) node_table.fail_at(1, "two columns have the name ", in_quotes(name));
  }
  int64_t rows = 0;
  for_each_row(node_table, of_nodes.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    const std::string_view name = fields[static_cast<std::size_t>(id)];
    if (name.empty()) {
      if (how.options.missing == MissingFields::error) node_table.fail_at(line, "the node id is empty");
      return reading.leave_out(nodes_name, "no node id", line);
    }
    if (graph.find_declared(name) >= 0) node_table.fail_at(line, "node ", in_quotes(name), " stands in an earlier line already");
    const int32_t node = graph.declare(name, ++rows);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (static_cast<int64_t>(i) != id) graph.set(attributes[i], node, fields[i]);
    }
    if (of_graph < 0) return;
    const std::string_view named = fields[static_cast<std::size_t>(of_graph)];
    if (rows == 1) first_graph = named;
    if (named != first_graph) node_table.fail_at(line, "a second graph begins; a data set of one graph is read");
  });
  require(rows > 0, ErrorKind::bad_data, nodes_name, " has no nodes");

  Table edge_table = open_node_table(std::move(edges), how, reading, NodeTable::edges);
  const EdgeColumns places = find_edge_columns(edge_table, how, reading);
  const int64_t source = places.source, target = places.target, weight = places.weight;
  int64_t listed = 0;
  for_each_row(edge_table, of_edges.options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    ++listed;
    int32_t ends[2];
    for (int end = 0; end < 2; ++end) {
      const std::string_view written = fields[static_cast<std::size_t>(end == 0 ? source : target)];
      ends[end] = written.empty() ? -1 : graph.find(written);
      if (ends[end] < 0) edge_table.fail_at(line, "node ", in_quotes(written), " is not among the nodes of ", nodes_name);
    }
    const float value = weight < 0 ? 1 : parse_number(edge_table, line, fields[static_cast<std::size_t>(weight)], "weight");
    graph.add_edge(ends[0], ends[1], value, line, false);
  });
  require(listed > 0, ErrorKind::bad_data, edges_name, " has no edges");
  if (weight >= 0) graph.set_weighted();
  FileReading told_edges = std::move(edge_table.file);
  told_edges.format = "dgl";
  told_edges.why = "is named as DGL names it";
  told_edges.columns.clear();
  for (const std::string& name : edge_table.header) {
    const auto place = static_cast<int64_t>(told_edges.columns.size());
    const char* const use = place == source ? "source" : place == target ? "target" : place == weight ? "weight" : "";
    told_edges.columns.push_back({name, place + 1, 1, use, *use == '\0' ? "" : "usual name"});
  }
  FileReading told = std::move(node_table.file);
  told.format = "dgl";
  told.why = "is named as DGL names it";
  told.columns.clear();
  NodeDataset data = graph.finish(how, told, reading);
  told.rows = rows;
  told.columns[static_cast<std::size_t>(id)].used_for = "node";
  told.columns[static_cast<std::size_t>(id)].why = columns.node.empty() ? "usual name" : "named";
  reading.files.push_back(std::move(told));
  reading.files.push_back(std::move(told_edges));
  return data;
}

bool is_dgl(const std::string& path) {
  const auto [nodes, edges] = dgl_files(path);
  return !nodes.empty() && !edges.empty();
}

NodeDataset read_dgl(const std::string& path, const LoadOptions& how, Reading& reading) {
  const auto [node_file, edge_file] = dgl_files(path);
  require(!node_file.empty() && !edge_file.empty(), ErrorKind::bad_data, path,
          " has no nodes.csv and edges.csv, nor a meta.yaml that names such");
  NodeDataset data = parse_dgl(TextSource(node_file, how.options), TextSource(edge_file, how.options), how, reading,
                               first_share(node_file, edge_file));
  data.name = folder_name(path);
  if (const std::string meta = find_file(path, "meta.yaml"); !meta.empty())
    tell_file(reading, meta, "names of files", "dgl", "is named as DGL names it");
  return data;
}

}  // namespace heddle::io::detail
