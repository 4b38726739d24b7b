#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "heddle/error.h"
#include "io/graph_builder.h"
#include "io/graph_files.h"
#include "io/text.h"
#include "io/xml_document.h"

namespace heddle::io::detail {

namespace {

float xml_weight(const XmlDocument& xml, std::string_view written) {
  double value = 0;
  const auto [end, status] = std::from_chars(written.data(), written.data() + written.size(), value);
  const auto weight = static_cast<float>(value);
  if (status != std::errc() || end != written.data() + written.size() || !std::isfinite(weight))
    xml.fail(text("the weight ", in_quotes(written), " is not a finite float32 number"));
  return weight;
}

/// An attribute that elements of a kind have: what the file calls it, and what it has where nothing is said.
struct DeclaredAttribute {
  std::string name;
  std::string otherwise;
};

/// An edge before it is known which nodes there are: edges may stand before them.
struct XmlEdge {
  std::string source, target;
  bool directed = false;
  float weight = 1;
};

void add_edges(GraphBuilder& graph, const std::vector<XmlEdge>& edges) {
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto place = static_cast<int64_t>(i) + 1;
    const int32_t source = graph.require_node(edges[i].source, place);
    graph.add_edge(source, graph.require_node(edges[i].target, place), edges[i].weight, place, !edges[i].directed);
  }
}

/// Declared attributes of nodes are columns even where no node has a value, and their defaults are values.
void add_declared(GraphBuilder& graph, const std::map<std::string, DeclaredAttribute>& keys) {
  for (const auto& [id, key] : keys) {
    const std::size_t attribute = graph.attribute(key.name);
    if (!key.otherwise.empty()) graph.fill(attribute, key.otherwise);
  }
}

/// The element's text, up to its end; what is inside of it is passed over.
std::string text_of(XmlDocument& xml) {
  std::string text;
  for (int64_t depth = 1; depth > 0;) {
    switch (xml.next()) {
      case XmlDocument::Part::begin: ++depth; break;
      case XmlDocument::Part::end: --depth; break;
      case XmlDocument::Part::text: text += xml.text(); break;
      case XmlDocument::Part::nothing: return text;
    }
  }
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

void note_directed(const std::vector<XmlEdge>& edges, const LoadOptions& how, Reading& reading, const std::string& name) {
  const auto directed = std::count_if(edges.begin(), edges.end(), [](const XmlEdge& edge) { return edge.directed; });
  if (directed == 0 || how.directed) return;
  const bool all = directed == static_cast<std::ptrdiff_t>(edges.size());
  reading.note(NoteKind::graph, name, 0,
               text(all ? "its edges" : text(counted(directed, "edge")), !all && directed == 1 ? " is" : " are",
                    " directed: they are read as undirected ones", directed_remedy));
}

}  // namespace

NodeDataset parse_graphml(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading) {
  XmlDocument xml(content, name);
  GraphBuilder graph(name);
  std::map<std::string, DeclaredAttribute> node_keys, edge_keys;
  const std::string weight_name = how.columns.weight.empty() ? "weight" : how.columns.weight;
  int64_t graphs = 0, nodes = 0;
  bool directed = false, weighted = false;
  std::vector<XmlEdge> edges;
  for (XmlDocument::Part part = xml.next(); part != XmlDocument::Part::nothing; part = xml.next()) {
    if (part != XmlDocument::Part::begin) continue;
    const std::string element(xml.element());
    if (element == "key") {
      const std::string id = xml.attribute("id"), whose = xml.attribute("for");
      DeclaredAttribute key{xml.attribute("attr.name"), ""};
      if (key.name.empty()) key.name = id;
      for (XmlDocument::Part inner = xml.next(); inner != XmlDocument::Part::end; inner = xml.next()) {
        if (inner == XmlDocument::Part::nothing) break;
        if (inner != XmlDocument::Part::begin) continue;
        const bool otherwise = xml.element() == "default";
        const std::string value = text_of(xml);
        if (otherwise) key.otherwise = value;
      }
      if (whose == "node" || whose == "all" || whose.empty()) node_keys[id] = key;
      if (whose == "edge" || whose == "all" || whose.empty()) edge_keys[id] = key;
    } else if (element == "graph") {
      if (++graphs > 1) xml.fail("there is a second graph, or one inside another; a file of one is read");
      directed = xml.attribute("edgedefault") == "directed";
    } else if (element == "node") {
      const int32_t node = graph.declare(xml.attribute("id"), ++nodes);
      for (XmlDocument::Part inner = xml.next(); inner != XmlDocument::Part::end; inner = xml.next()) {
        if (inner == XmlDocument::Part::nothing) break;
        if (inner != XmlDocument::Part::begin) continue;
        if (xml.element() == "graph") xml.fail("a node holds a graph of its own, which is not read");
        const bool data = xml.element() == "data";
        const std::string key = data ? xml.attribute("key") : "";
        const std::string value = text_of(xml);
        if (!data) continue;
        const auto known = node_keys.find(key);
        graph.set(graph.attribute(known != node_keys.end() ? known->second.name : key), node, value);
      }
    } else if (element == "edge") {
      const std::string direction = xml.attribute("directed");
      XmlEdge edge{xml.attribute("source"), xml.attribute("target"), direction.empty() ? directed : direction == "true"};
      for (const auto& [id, key] : edge_keys) {
        if (key.name != weight_name || key.otherwise.empty()) continue;
        edge.weight = xml_weight(xml, key.otherwise);
        weighted = true;
      }
      for (XmlDocument::Part inner = xml.next(); inner != XmlDocument::Part::end; inner = xml.next()) {
        if (inner == XmlDocument::Part::nothing) break;
        if (inner != XmlDocument::Part::begin) continue;
        const bool data = xml.element() == "data";
        const std::string key = data ? xml.attribute("key") : "";
        const std::string value = text_of(xml);
        const auto known = edge_keys.find(key);
        if (!data || (known != edge_keys.end() ? known->second.name : key) != weight_name) continue;
        edge.weight = xml_weight(xml, value);
        weighted = true;
      }
      edges.push_back(std::move(edge));
    } else if (element == "hyperedge") {
      xml.fail("it has hyperedges, which are not read");
    }
  }
  require(graphs == 1, ErrorKind::bad_data, name, " has no element graph");
  add_declared(graph, node_keys);
  add_edges(graph, edges);
  if (weighted) graph.set_weighted();
  note_directed(edges, how, reading, name);
  FileReading& told = tell_file(reading, name, "graph", "graphml", "begins as GraphML");
  return graph.finish(how, told, reading);
}

NodeDataset parse_gexf(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading) {
  XmlDocument xml(content, name);
  GraphBuilder graph(name);
  std::map<std::string, DeclaredAttribute> node_keys, edge_keys;
  int64_t graphs = 0, nodes = 0;
  bool directed = false, weighted = false;
  std::string attributes_of;         // the class of the open <attributes>
  std::string open_attribute;        // the id of the open <attribute>
  int32_t open_node = -1;            // the innermost open <node>
  std::vector<int32_t> outer_nodes;  // those around it
  bool in_edge = false;
  std::vector<XmlEdge> edges;
  for (XmlDocument::Part part = xml.next(); part != XmlDocument::Part::nothing; part = xml.next()) {
    const std::string element(xml.element());
    if (part == XmlDocument::Part::end) {
      if (element == "attributes") attributes_of.clear();
      if (element == "node" && !outer_nodes.empty()) {
        open_node = outer_nodes.back();
        outer_nodes.pop_back();
      }
      if (element == "edge") in_edge = false;
      continue;
    }
    if (part != XmlDocument::Part::begin) continue;
    if (element == "graph") {
      if (++graphs > 1) xml.fail("there is a second graph; a file of one is read");
      directed = xml.attribute("defaultedgetype") == "directed";
    } else if (element == "attributes") {
      attributes_of = xml.attribute("class");
    } else if (element == "attribute") {
      open_attribute = xml.attribute("id");
      DeclaredAttribute key{xml.attribute("title"), ""};
      if (key.name.empty()) key.name = open_attribute;
      (attributes_of == "edge" ? edge_keys : node_keys)[open_attribute] = key;
    } else if (element == "default") {
      const std::string value = text_of(xml);
      auto& keys = attributes_of == "edge" ? edge_keys : node_keys;
      if (const auto known = keys.find(open_attribute); known != keys.end()) known->second.otherwise = value;
    } else if (element == "node") {
      outer_nodes.push_back(open_node);
      open_node = graph.declare(xml.attribute("id"), ++nodes);  // what GEXF calls its label is a name for people
    } else if (element == "attvalue" && open_node >= 0 && !in_edge) {
      std::string key = xml.attribute("for");
      if (key.empty()) key = xml.attribute("id");  // GEXF 1.1
      const auto known = node_keys.find(key);
      graph.set(graph.attribute(known != node_keys.end() ? known->second.name : key), open_node, xml.attribute("value"));
    } else if (element == "edge") {
      in_edge = true;
      const std::string type = xml.attribute("type");
      XmlEdge edge{xml.attribute("source"), xml.attribute("target"), type.empty() ? directed : type == "directed"};
      if (const std::string written = xml.attribute("weight"); !written.empty() && how.columns.weight.empty()) {
        edge.weight = xml_weight(xml, written);
        weighted = true;
      }
      edges.push_back(std::move(edge));
    } else if (element == "attvalue" && in_edge && !how.columns.weight.empty()) {
      std::string key = xml.attribute("for");
      const auto known = edge_keys.find(key);
      if ((known != edge_keys.end() ? known->second.name : key) != how.columns.weight) continue;
      edges.back().weight = xml_weight(xml, xml.attribute("value"));
      weighted = true;
    }
  }
  require(graphs == 1, ErrorKind::bad_data, name, " has no element graph");
  add_declared(graph, node_keys);
  add_edges(graph, edges);
  if (weighted) graph.set_weighted();
  note_directed(edges, how, reading, name);
  FileReading& told = tell_file(reading, name, "graph", "gexf", "begins as GEXF");
  return graph.finish(how, told, reading);
}

}  // namespace heddle::io::detail
