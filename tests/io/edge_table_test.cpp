#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "heddle/error.h"
#include "heddle/io.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"
#include "tests/support/xml.h"

namespace heddle::test {

namespace {

EdgeTable two_edges() {
  return {
      .nodes = 3, .sources = {0, 2}, .targets = {1, 1}, .columns = {"a", "b<&\""}, .values = {2, 2, {0.25f, 0.75f, 1e-7f, 3}}};
}

std::string written(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_SUITE_BEGIN("io");

TEST_CASE("edge_table / a csv holds every number as it reads back") {
  const TempDir folder;
  const std::string path = folder.file("edges.csv");
  io::write_edge_table(path, two_edges());
  CHECK(written(path) == "source,target,a,b<&\"\n0,1,0.25,0.75\n2,1,1e-07,3\n");
}

/// The attributes of the nodes of a GEXF document by title, [title][node]; nodes without one are missing.
std::map<std::string, std::map<std::string, std::string>> node_attributes(const XmlElement& graph) {
  std::map<std::string, std::map<std::string, std::string>> found;
  for (const XmlElement* declared : graph.all("attributes")) {
    if (declared->attributes.at("class") != "node") continue;
    for (const XmlElement* attribute : declared->all("attribute")) {
      auto& values = found[attribute->attributes.at("title")];
      for (const XmlElement* node : graph.one("nodes").all("node")) {
        for (const XmlElement* value : node->one("attvalues").all("attvalue")) {
          if (value->attributes.at("for") == attribute->attributes.at("id"))
            values[node->attributes.at("id")] = value->attributes.at("value");
        }
      }
    }
  }
  return found;
}

TEST_CASE("edge_table / a gexf file has the nodes with their classes, the edges with their mean, and safe names") {
  const TempDir folder;
  const std::string path = folder.file("edges.gexf");
  io::write_edge_table(path, two_edges(), {.classes = {4, -1, 0}, .predicted = {4, 4, 2}});
  const std::string text = written(path);
  CHECK(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
  const XmlElement root = XmlReader(text).document();
  CHECK(root.name == "gexf");
  CHECK(root.attributes.at("version") == "1.3");
  const XmlElement& graph = root.one("graph");
  CHECK(graph.attributes.at("defaultedgetype") == "directed");
  // A title "label" would be taken for the nodes' names.
  CHECK(node_attributes(graph) == std::map<std::string, std::map<std::string, std::string>>{
                                      {"class", {{"0", "4"}, {"2", "0"}}}, {"predicted", {{"0", "4"}, {"1", "4"}, {"2", "2"}}}});
  for (const XmlElement* node : graph.one("nodes").all("node")) CHECK(node->attributes.at("label") == node->attributes.at("id"));
  const auto edges = graph.one("edges").all("edge");
  REQUIRE(edges.size() == 2);
  CHECK(edges[0]->attributes ==
        std::map<std::string, std::string>{{"id", "0"}, {"source", "0"}, {"target", "1"}, {"weight", "0.5"}});
  CHECK(edges[0]->one("attvalues").all("attvalue")[1]->attributes.at("value") == "0.75");
  for (const XmlElement* declared : graph.all("attributes")) {
    if (declared->attributes.at("class") == "edge") CHECK(declared->all("attribute")[1]->attributes.at("title") == "b<&\"");
  }
  io::write_edge_table(path, two_edges());
  CHECK(node_attributes(XmlReader(written(path)).document().one("graph")).empty());
}

TEST_CASE("edge_table / self-loops are left out where that is asked for, in both forms") {
  const TempDir folder;
  EdgeTable table = two_edges();
  table.sources[1] = 1;  // 1 -> 1
  io::write_edge_table(folder.file("all.csv"), table);
  CHECK(written(folder.file("all.csv")) == "source,target,a,b<&\"\n0,1,0.25,0.75\n1,1,1e-07,3\n");
  io::write_edge_table(folder.file("some.csv"), table, {.classes = {}, .predicted = {}, .self_loops = false});
  CHECK(written(folder.file("some.csv")) == "source,target,a,b<&\"\n0,1,0.25,0.75\n");
  io::write_edge_table(folder.file("some.gexf"), table, {.classes = {}, .predicted = {}, .self_loops = false});
  const XmlElement root = XmlReader(written(folder.file("some.gexf"))).document();
  CHECK(root.one("graph").one("edges").all("edge").size() == 1);
  CHECK(root.one("graph").one("nodes").all("node").size() == 3);
}

TEST_CASE("edge_table / other names, sizes that do not fit and folders that are not there are refused") {
  const TempDir folder;
  CHECK(error_mismatch(ErrorKind::usage, "must end in .csv or .gexf",
                       [&] { io::write_edge_table(folder.file("x.txt"), two_edges()); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "must end in .csv or .gexf", [] { io::check_edge_table_path("table"); }) == "");
  EdgeTable table = two_edges();
  table.targets.pop_back();
  CHECK(error_mismatch(ErrorKind::usage, "2 sources, 1 target", [&] { io::write_edge_table(folder.file("x.csv"), table); }) ==
        "");
  CHECK(error_mismatch(ErrorKind::usage, "1 class for 3 nodes", [&] {
          io::write_edge_table(folder.file("x.csv"), two_edges(), {.classes = {1}, .predicted = {}});
        }) == "");
  CHECK(error_mismatch(ErrorKind::io, "x.csv", [&] { io::write_edge_table(folder.file("none/x.csv"), two_edges()); }) == "");
}

TEST_CASE("edge_table / nodes and classes are called as the data call them") {
  const TempDir folder;
  const IdTable ids(std::vector<std::string>{"a, b", "<c>", "d"});
  const std::vector<std::string> classes{"red", "x&y"};
  const io::EdgeTableOptions options{
      .classes = {1, -1, 0}, .predicted = {1, 0, 0}, .self_loops = true, .node_ids = &ids, .class_names = &classes};
  io::write_edge_table(folder.file("e.csv"), two_edges(), options);
  CHECK(written(folder.file("e.csv")) == "source,target,a,b<&\"\n\"a, b\",<c>,0.25,0.75\nd,<c>,1e-07,3\n");
  io::write_edge_table(folder.file("e.gexf"), two_edges(), options);
  const NodeDataset read = io::load(folder.file("e.gexf"));
  CHECK(read.node_ids.ids() == ids.ids());
  CHECK(read.class_names == classes);
  CHECK(read.labels == std::vector<int32_t>{1, -1, 0});
  const IdTable few(std::vector<std::string>{"a"});
  CHECK(error_mismatch(ErrorKind::usage, "1 id for 3 nodes", [&] {
          io::write_edge_table(folder.file("f.csv"), two_edges(), {.classes = {}, .predicted = {}, .node_ids = &few});
        }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
