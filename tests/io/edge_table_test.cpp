#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "heddle/error.h"
#include "heddle/io.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

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

TEST_CASE("edge_table / a gexf file has the nodes with their labels, the edges with their mean, and safe names") {
  const TempDir folder;
  const std::string path = folder.file("edges.gexf");
  io::write_edge_table(path, two_edges(), {4, -1, 0});
  const std::string text = written(path);
  for (const char* part :
       {"<graph defaultedgetype=\"directed\">", "title=\"b&lt;&amp;&quot;\"",
        "<node id=\"0\" label=\"0\"><attvalues><attvalue for=\"0\" value=\"4\"/></attvalues></node>",
        "<node id=\"1\" label=\"1\"/>",
        "<edge id=\"0\" source=\"0\" target=\"1\" weight=\"0.5\"><attvalues><attvalue for=\"0\" value=\"0.25\"/><attvalue "
        "for=\"1\" value=\"0.75\"/></attvalues></edge>"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.ends_with("</edges>\n</graph>\n</gexf>\n"));
}

TEST_CASE("edge_table / other names, sizes that do not fit and folders that are not there are refused") {
  const TempDir folder;
  CHECK(error_mismatch(ErrorKind::usage, "must end in .csv or .gexf",
                       [&] { io::write_edge_table(folder.file("x.txt"), two_edges()); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "must end in .csv or .gexf", [] { io::check_edge_table_path("table"); }) == "");
  EdgeTable table = two_edges();
  table.targets.pop_back();
  CHECK(error_mismatch(ErrorKind::usage, "2 sources, 1 targets", [&] { io::write_edge_table(folder.file("x.csv"), table); }) ==
        "");
  CHECK(error_mismatch(ErrorKind::usage, "1 labels for 3 nodes",
                       [&] { io::write_edge_table(folder.file("x.csv"), two_edges(), {1}); }) == "");
  CHECK(error_mismatch(ErrorKind::io, "x.csv", [&] { io::write_edge_table(folder.file("none/x.csv"), two_edges()); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
