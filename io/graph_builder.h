#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/io.h"
#include "io/edges.h"

/// From what the graph formats of other programs have in common, nodes with names and attributes, to a data set.
namespace heddle::io::detail {

/// A named value of each node as text; empty: the node has none.
struct NodeAttribute {
  std::string name;
  std::vector<std::string> cells;  ///< at most one a node: behind its end there are none
};

/// Collects a graph of which a file tells nodes, edges and attributes.
class GraphBuilder {
 public:
  /// `file` names the file in sentences.
  explicit GraphBuilder(std::string file) : file_(std::move(file)), edge_file_(file_) {}
  /// The file that the edges stand in, where that is another, which does not say whether they have a direction.
  void set_edge_file(const std::string& file) {
    edge_file_ = file;
    declares_direction_ = false;
  }

  /// A node that the file declares; its number. `place`: its line, or its number in the file, from 1. Throws Error{bad_data}
  /// where it comes twice.
  int32_t declare(std::string_view id, int64_t place);
  /// The number of a node that an edge or another file names: declared, or, of a graph that declares none, made. -1: there is
  /// none.
  int32_t find(std::string_view id);
  /// The number of a node that was declared; -1: there is none.
  int32_t find_declared(std::string_view id) const { return ids_.find(id); }
  /// Throws Error{bad_data} where there is none. `place`: that of the edge.
  int32_t require_node(std::string_view id, int64_t place);
  /// `both_ways`: the file says that it has no direction.
  void add_edge(int32_t source, int32_t target, float weight, int64_t place, bool both_ways) {
    edges_.push_back({{source, target}, weight, both_ways, place});
  }
  void set_weighted() { weighted_ = true; }
  /// The place of the attribute of this name.
  std::size_t attribute(std::string_view name);
  void set(std::size_t attribute, int32_t node, std::string_view value);
  /// Gives the attribute to all nodes that have none of it.
  void fill(std::size_t attribute, std::string_view value);

  int64_t nodes() const { return ids_.size(); }
  int64_t edges() const { return static_cast<int64_t>(edges_.size()); }
  /// That nodes must be declared before edges name them; without, the nodes of edges are the nodes.
  void set_declared() { declared_ = true; }

  /// The data set, without a name: nodes in the order of their declaration, or by number where their ids are 0, 1, ...; edges
  /// undirected and each once, merged as `how` says; what attributes are labels, parts and features is told by its columns and by
  /// usual names. `told` is completed: its columns are the attributes.
  NodeDataset finish(const LoadOptions& how, FileReading& told, Reading& reading);

 private:
  std::vector<int32_t> numbers_by_id();

  std::string file_, edge_file_;
  IdTable ids_;
  std::vector<ListedEdge> edges_;
  std::vector<NodeAttribute> attributes_;
  bool declared_ = false;
  bool declares_direction_ = true;
  bool weighted_ = false;
};

/// Takes over labels and their number of classes: whole numbers stand for themselves, words are numbered in their order. Throws
/// Error{bad_data} that begins with `file` for too many.
void number_classes(NodeDataset& data, NumbersOrWords&& labels, std::string_view file);
/// The same of labels as text, each of which says nothing, or is a whole number, or else all are words.
void number_classes(NodeDataset& data, const std::vector<std::string>& labels, std::string_view file);

/// Sets labels, splits and features from attributes, whose cells stand in the order of the nodes.
void take_attributes(NodeDataset& data, const std::vector<NodeAttribute>& attributes, const NodeColumns& columns,
                     FileReading& told, Reading& reading);

/// The nodes of a part by its name ("train", "valid", ...), null: it is none.
std::vector<int32_t>* part_named(NodeDataset& data, std::string_view name);
/// Sorts the parts, and leaves out of them nodes without a label and those that stand in an earlier part, which notes about
/// `file` tell.
void check_parts(NodeDataset& data, std::string_view file, Reading& reading);

/// A FileReading with what every reader knows; `reading` holds it.
FileReading& tell_file(Reading& reading, const std::string& path, std::string role, std::string format, std::string why);

}  // namespace heddle::io::detail
