#include <cmath>
#include <nlohmann/json.hpp>

#include "heddle/error.h"
#include "io/graph_builder.h"
#include "io/graph_files.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

using Json = nlohmann::json;

/// A value as an id, or as the text of an attribute.
std::string text_of_json(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

NodeDataset parse_node_link(std::string_view content, const std::string& name, const LoadOptions& how, Reading& reading) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  Json root;
  try {
    root = Json::parse(content);
  } catch (const Json::exception& error) {
    const auto* const place = dynamic_cast<const Json::parse_error*>(&error);
    fail(ErrorKind::bad_data, name, ": ", place != nullptr ? text("byte ", place->byte, ": ") : "", "it is not whole JSON");
  }
  const Json* const nodes = root.is_object() ? member(root, "nodes") : nullptr;
  const Json* links = root.is_object() ? member(root, "links") : nullptr;
  if (links == nullptr && root.is_object()) links = member(root, "edges");
  require(nodes != nullptr && nodes->is_array() && links != nullptr && links->is_array(), ErrorKind::bad_data, name,
          ": a graph as JSON has a list of nodes, and a list of links or edges; networkx.node_link_data writes such");
  GraphBuilder graph(name);
  bool with_ids = false, numbers = true;
  for (const Json& node : *nodes) {
    require(node.is_object(), ErrorKind::bad_data, name, ": node ", in_quotes(text_of_json(node)),
            " is not an object with an id");
    const Json* const id = member(node, "id");
    with_ids = with_ids || id != nullptr;
    numbers = numbers && id != nullptr && id->is_number();
  }
  int64_t place = 0;
  for (const Json& node : *nodes) {
    const Json* const id = member(node, "id");
    require(id != nullptr || !with_ids, ErrorKind::bad_data, name, ": node ", place + 1, " has no id, and others have one");
    const int32_t number = graph.declare(id != nullptr ? text_of_json(*id) : text(place), place + 1);
    ++place;
    for (const auto& [key, value] : node.items()) {
      if (key != "id") graph.set(graph.attribute(key), number, text_of_json(value));
    }
  }
  const std::string weight_name = how.columns.weight.empty() ? "weight" : how.columns.weight;
  const Json* const says_directed = member(root, "directed");
  const bool directed = says_directed != nullptr && says_directed->is_boolean() && says_directed->get<bool>();
  bool weighted = false, by_place = false;
  int64_t edge = 0;
  for (const Json& link : *links) {
    ++edge;
    require(link.is_object(), ErrorKind::bad_data, name, ": edge ", edge, " is not an object with source and target");
    int32_t ends[2];
    for (int end = 0; end < 2; ++end) {
      const char* const which = end == 0 ? "source" : "target";
      const Json* const written = member(link, which);
      require(written != nullptr && !written->is_null(), ErrorKind::bad_data, name, ": edge ", edge, " has no ", which);
      ends[end] = graph.find(text_of_json(*written));
      // networkx before version 2, and d3, write the place in the list of nodes where these have names.
      if (ends[end] < 0 && !numbers && written->is_number_integer()) {
        const auto at = written->get<int64_t>();
        if (at >= 0 && at < graph.nodes()) {
          ends[end] = static_cast<int32_t>(at);
          by_place = true;
        }
      }
      if (ends[end] < 0) ends[end] = graph.require_node(text_of_json(*written), edge);
    }
    float weight = 1;
    if (const Json* const written = member(link, weight_name.c_str()); written != nullptr && !written->is_null()) {
      require(written->is_number(), ErrorKind::bad_data, name, ": edge ", edge, ": weight ", in_quotes(text_of_json(*written)),
              " is not a number");
      weight = static_cast<float>(written->get<double>());
      require(std::isfinite(weight), ErrorKind::bad_data, name, ": edge ", edge, ": weight ", in_quotes(text_of_json(*written)),
              " is not a finite float32 number");
      weighted = true;
    }
    graph.add_edge(ends[0], ends[1], weight, edge, !directed);
  }
  if (weighted) graph.set_weighted();
  if (directed && !how.directed)
    reading.note(NoteKind::graph, name, 0, text("its edges are directed: they are read as undirected ones", directed_remedy));
  if (by_place)
    reading.note(
        NoteKind::graph, name, 0,
        "its edges name nodes by numbers, which no node has for its id: they are taken as places in the list of nodes, from 0");
  FileReading& told = tell_file(reading, name, "graph", "node_link", "is a JSON object with nodes and links");
  return graph.finish(how, told, reading);
}

}  // namespace heddle::io::detail
