#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "heddle/io.h"
#include "io/node_names.h"
#include "io/npz_arrays.h"

/// Graphs in one file, as other programs write them. Each format has a reader of bytes, and one of a path, which `load` calls.
/// All throw Error{bad_data} that begins with the file's name.
namespace heddle::io::detail {

/// GraphML: nodes, edges and data under declared keys. A second graph, one inside a node and hyperedges are errors.
NodeDataset parse_graphml(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading);
/// GEXF 1.1 to 1.3.
NodeDataset parse_gexf(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading);
/// networkx's node-link JSON, and d3's: "nodes", and "links" or "edges" whose ends are ids or, as older versions wrote them,
/// places.
NodeDataset parse_node_link(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading);
/// A square matrix in Matrix Market's coordinate form: entry (i, j) is the edge between nodes i - 1 and j - 1.
NodeDataset parse_matrix_graph(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading);
/// A .npz with a graph: edges as pairs or as an adjacency matrix, features, labels, masks (docs/formats.md).
NodeDataset parse_npz_graph(std::string_view bytes, const std::string& name, const LoadOptions& how, Reading& reading);

/// Takes the features of an archive, sparse or dense, `alone` where it holds nothing else; `key` is told the array. Returns their
/// rows; -1: there are none.
int64_t take_npz_features(NodeDataset& data, NpzArrays& arrays, bool alone, std::string& key);
/// Labels of an array: a number or a word a node, or one-hot rows, read as the place of the one. `where` begins the sentences.
NumbersOrWords labels_of_array(const Array& array, const std::string& where);
/// A part from a mask (nodes), masks (splits, nodes) or (nodes, splits), of which the first is taken and a note tells it, or from
/// the numbers of its nodes.
std::vector<int32_t> part_of_array(const std::vector<int64_t>& values, const std::vector<int64_t>& shape, bool mask,
                                   int64_t nodes, const std::string& file, const std::string& where, Reading* reading);

/// Reads a file by what it is; `format` is ContentKind::format.
NodeDataset read_graph_file(const std::string& path, std::string_view format, const LoadOptions& how, Reading& reading);

}  // namespace heddle::io::detail
