#include "io/load.h"

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "io/content_kind.h"
#include "io/edges.h"
#include "io/folder.h"
#include "io/graph_files.h"
#include "io/graph_folders.h"
#include "io/interaction_files.h"
#include "io/interactions.h"
#include "io/listing.h"
#include "io/planetoid.h"
#include "io/read_options.h"
#include "io/readable_path.h"

namespace heddle::io {

namespace detail {

namespace {

bool is_planetoid(const std::string& path) { return !planetoid_prefix(path).empty(); }

/// Any text may be meant as an edge list, and its reader says which line is not one, but for texts that are known to be something
/// else.
bool is_text_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const ContentKind kind = kind_at(path);
  return kind.remedy.empty() && kind.format.empty() && kind.kind != ContentKind::unknown && kind.kind != ContentKind::gzip;
}

/// The formats of one file, told by its first bytes: NAME is that of ContentKind::format.
bool is_npz(const std::string& path) { return kind_at(path).format == "npz"; }
bool is_matrix(const std::string& path) { return kind_at(path).format == "matrix_market"; }
bool is_graphml(const std::string& path) { return kind_at(path).format == "graphml"; }
bool is_gexf(const std::string& path) { return kind_at(path).format == "gexf"; }
bool is_node_link(const std::string& path) { return kind_at(path).format == "node_link"; }
NodeDataset read_npz_file(const std::string& path, const LoadOptions& how, Reading& reading) {
  return read_graph_file(path, "npz", how, reading);
}
NodeDataset read_matrix_file(const std::string& path, const LoadOptions& how, Reading& reading) {
  return read_graph_file(path, "matrix_market", how, reading);
}
NodeDataset read_graphml_file(const std::string& path, const LoadOptions& how, Reading& reading) {
  return read_graph_file(path, "graphml", how, reading);
}
NodeDataset read_gexf_file(const std::string& path, const LoadOptions& how, Reading& reading) {
  return read_graph_file(path, "gexf", how, reading);
}
NodeDataset read_node_link_file(const std::string& path, const LoadOptions& how, Reading& reading) {
  return read_graph_file(path, "node_link", how, reading);
}

constexpr NodeFormatEntry node_format_table[] = {
    {NodeFormat::planetoid, "planetoid", "DIR/NAME where DIR holds Planetoid's ind.NAME.{x,tx,allx,y,ty,ally,graph,test.index}",
     is_planetoid, read_planetoid},
    {NodeFormat::content, "content", "NAME.content with NAME.cites beside it, or a folder with both", is_citations,
     read_citations},
    {NodeFormat::ogb, "ogb", "a folder with raw/edge.csv and raw/num-node-list.csv", is_ogb, read_ogb},
    {NodeFormat::dgl, "dgl", "a folder with nodes.csv and edges.csv", is_dgl, read_dgl},
    {NodeFormat::folder, "folder", "a folder with edges.txt, edges.csv, edges.tsv or NAME.edges", is_dataset_folder,
     read_dataset_folder},
    {NodeFormat::npz, "npz", "a .npz with a graph", is_npz, read_npz_file},
    {NodeFormat::matrix_market, "matrix_market", "a Matrix Market file (.mtx)", is_matrix, read_matrix_file},
    {NodeFormat::graphml, "graphml", "a GraphML file", is_graphml, read_graphml_file},
    {NodeFormat::gexf, "gexf", "a GEXF file", is_gexf, read_gexf_file},
    {NodeFormat::node_link, "node_link", "a graph as node-link JSON", is_node_link, read_node_link_file},
    {NodeFormat::edge_list, "edge_list", "a text file with two node ids a line", is_text_file, read_edge_list},
};

}  // namespace

std::span<const NodeFormatEntry> node_formats() { return node_format_table; }

std::string graph_format_at(const std::string& path) {
  for (const NodeFormatEntry& entry : node_formats()) {
    if (entry.format != NodeFormat::edge_list && entry.recognise(path)) return std::string(entry.name);
  }
  return "";
}

namespace {

NodeDataset read_nodes(const std::string& path, const LoadOptions& how, Reading& reading) {
  std::error_code ignored;
  const bool exists = std::filesystem::exists(path, ignored);
  const ContentKind kind = kind_at(path);
  std::string looked_for;
  for (const NodeFormatEntry& entry : node_formats()) {
    const bool asked_for = how.format == entry.format;
    if (asked_for || (how.format == NodeFormat::automatic && entry.recognise(path))) {
      NodeDataset data = entry.read(path, how, reading);
      list_unread(path, reading);
      return data;
    }
    looked_for += text(looked_for.empty() ? "" : "; ", entry.looks_like);
  }
  const std::string refused = refusal(path, kind, "a graph", {"npz", "matrix_market", "graphml", "gexf", "node_link", "zip"});
  require(refused.empty(), ErrorKind::bad_data, refused);
  require(exists, ErrorKind::io, path, " does not exist", what_is_there(path));
  fail(ErrorKind::bad_data, path, " is not a data set; looked for: ", looked_for);
}

}  // namespace

}  // namespace detail

namespace {

SettingOf<LoadOptions> node_column_setting(const char* name, std::string NodeColumns::*column, const char* what) {
  return custom_setting<LoadOptions>(
      name, "COLUMN", text("the column with ", what, ", by name or number from 1 [by usual names]"),
      [column](LoadOptions& options, const std::string&, const std::string& written) { options.columns.*column = written; },
      [column](const LoadOptions& options) { return options.columns.*column; });
}

std::vector<SettingOf<LoadOptions>> load_rows() {
  std::vector<std::pair<std::string, NodeFormat>> names{{"auto", NodeFormat::automatic}};
  std::string meaning = "format of the data: auto (by its content)";
  const std::span<const detail::NodeFormatEntry> formats = detail::node_formats();
  for (const detail::NodeFormatEntry& entry : formats) {
    names.emplace_back(entry.name, entry.format);
    meaning += text(&entry == &formats.back() ? " or " : ", ", entry.name);
  }
  std::vector<SettingOf<LoadOptions>> rows = {
      setting("format", &LoadOptions::format, std::move(names), meaning),
      node_column_setting("source_column", &NodeColumns::source, "an edge's beginning"),
      node_column_setting("target_column", &NodeColumns::target, "an edge's end"),
      node_column_setting("weight_column", &NodeColumns::weight, "an edge's weight"),
      node_column_setting("node_column", &NodeColumns::node, "the node's id"),
      node_column_setting("label_column", &NodeColumns::label, "the node's class"),
      setting("merge_edges", &LoadOptions::merge_edges,
              {{"mean", RepeatedEdges::mean},
               {"sum", RepeatedEdges::sum},
               {"max", RepeatedEdges::largest},
               {"error", RepeatedEdges::same}},
              "an edge that is listed with several weights, in both directions or "
              "repeatedly, gets their mean (and a note), sum or max, or is an error"),
      setting("directed", &LoadOptions::directed, "edges keep the direction in which they are listed; without, they have none")};
  for (SettingOf<ReadOptions>& row : detail::read_option_rows()) {
    if (row.told.name == "dates") continue;  // no reader of nodes reads times
    rows.push_back(detail::setting_within(&LoadOptions::options, std::move(row)));
  }
  return rows;
}

}  // namespace

const SettingTable<LoadOptions>& load_settings() try {
  static const SettingTable<LoadOptions> table("reading", load_rows());
  return table;
} catch (...) {
  rethrow_as_error();
}

NodeDataset load(const std::string& path, const LoadOptions& options, Reading* told) try {
  return detail::read_and_tell(path, options.options, told, [&](const detail::ReadablePath& readable, Reading& reading) {
    NodeDataset data = detail::read_nodes(readable.path(), options, reading);
    if (readable.is_copy()) data.name = detail::data_name(readable.name());
    data.options = load_settings().changed(options);
    data.directed = options.directed;
    return data;
  });
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
