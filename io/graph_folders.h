#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "heddle/io.h"
#include "io/text_source.h"

/// Published layouts of graphs in several files.
namespace heddle::io::detail {

/// Cora and Citeseer as they were first published: NAME.content, a line a paper with its id, its words (0 or 1, or weights) and
/// its class, and NAME.cites, a line a citation with the ids of two papers. Citations of papers that NAME.content has not are
/// left out, and counted.
NodeDataset parse_citations(std::string_view content, const std::string& content_name, std::string_view cites,
                            const std::string& cites_name, const LoadOptions& how, Reading& reading);
/// A folder with one NAME.content and its NAME.cites, or one of these files.
bool is_citations(const std::string& path);
NodeDataset read_citations(const std::string& path, const LoadOptions& how, Reading& reading);

/// Open Graph Benchmark's folder of a node data set: raw/edge.csv, raw/num-node-list.csv, and, where there are such,
/// raw/node-feat.csv, raw/node-label.csv and split/NAME/{train,valid,test}.csv; compressed or not.
bool is_ogb(const std::string& path);
NodeDataset read_ogb(const std::string& path, const LoadOptions& how, Reading& reading);

/// DGL's CSVDataset: nodes.csv (node_id, and label, feat, train_mask, val_mask, test_mask where there are such) and edges.csv
/// (src_id, dst_id, weight). meta.yaml may name them otherwise.
NodeDataset parse_dgl(TextSource nodes, TextSource edges, const LoadOptions& how, Reading& reading, double nodes_share = 0.5);
/// nodes.csv and edges.csv of a folder, or what meta.yaml names in their place; empty: they are not there.
std::pair<std::string, std::string> dgl_files(const std::string& path);
bool is_dgl(const std::string& path);
NodeDataset read_dgl(const std::string& path, const LoadOptions& how, Reading& reading);

}  // namespace heddle::io::detail
