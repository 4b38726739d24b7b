#include <doctest/doctest.h>

#include <algorithm>

#include "heddle/io.h"
#include "tests/io/samples.h"
#include "tests/support/data.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;
namespace {

NodeDataset edges_of(const std::string& content, RepeatedEdges merge = RepeatedEdges::mean) {
  const TempDir folder;
  return io::load(folder.write("e.txt", content), {.merge_edges = merge});
}

}  // namespace

using Edges = std::vector<std::pair<int32_t, int32_t>>;

TEST_CASE("io / edge list: lists of neighbours and a dense matrix are named, with the way to edges") {
  const TempDir folder;
  const std::string lists = folder.write("g.adjlist", "0 5 6 7 8\n1 2 3\n2 4 5 6\n3\n"),
                    matrix = folder.write("m.csv", "0,1,0,0,1\n1,0,0,0,0\n0,0,0,1,0\n0,0,1,0,0\n1,0,0,0,0\n");
  CHECK_THROWS_WITH_AS(io::load(lists), doctest::Contains("networkx.read_adjlist('g.adjlist')"), Error);
  CHECK_THROWS_WITH_AS(io::load(matrix), doctest::Contains("numpy.loadtxt('m.csv', delimiter=',')"), Error);
  CHECK_THROWS_WITH_AS(io::load(folder.write("t.csv", "a,b,c,d\n1,2,3,4\n")),
                       doctest::Contains("a header that names source, target and weight"), Error);
}

TEST_CASE("io / edge list: blanks, tabs, commas, comments, a header, CRLF and a byte order mark") {
  for (const char* content : {"0 1\n2 1\n", "0\t1\r\n2\t1\r\n", "0,1\n2,1", "# note\n\n0 1\n% note\n  2   1  \n",
                              "source,target\n0, 1\n2 ,1\n", "\xef\xbb\xbfu v\n0 1\n1 2\n"}) {
    const auto list = edges_of(content);
    CHECK(list.edges == Edges{{0, 1}, {1, 2}});
    CHECK(list.edge_weights.empty());
    CHECK(list.nodes == 3);
  }
}

TEST_CASE("io / edge list: repeats in either direction and self-loops are removed and counted") {
  const auto list = edges_of("3 1\n1 3\n0 2\n2 2\n0 2\n5 5\n");
  CHECK(list.edges == Edges{{0, 2}, {1, 3}});
  CHECK(list.cleaning.duplicate_edges == 2);
  CHECK(list.cleaning.self_loops == 2);
  CHECK(list.nodes == 6);
  CHECK(list.reading.files.front().rows == 6);
}

TEST_CASE("io / edge list: weights stay with their edges") {
  const auto list = edges_of("2 1 0.5\n0 1 -2e-3\n1 2 0.5\n1 1 9\n");
  CHECK(list.edges == Edges{{0, 1}, {1, 2}});
  CHECK(list.edge_weights == std::vector<float>{-2e-3f, 0.5f});
  CHECK(list.cleaning.duplicate_edges == 1);
  CHECK(list.cleaning.self_loops == 1);
}

TEST_CASE("io / edge list: one file, plain or gzip, is a data set without features and labels") {
  const TempDir folder;
  const std::string plain = folder.write("friends.txt", "0 1\n1 4\n");
  const std::string packed = folder.write("friends.edges.gz", gzip("0 1\n") + gzip("1 4\n"));  // two members, as cat makes them
  for (const std::string& path : {plain, packed}) {
    const NodeDataset data = io::load(path);
    CHECK(data.name == "friends");
    CHECK(data.nodes == 5);
    CHECK(data.edges == Edges{{0, 1}, {1, 4}});
    CHECK(data.labels == std::vector<int32_t>(5, -1));
    CHECK(data.classes == 0);
    CHECK(data.feature_count() == 0);
    CHECK(data.train.empty());
  }
}

TEST_CASE("io / edge list: SNAP's Epinions, gzip, 508,837 directed edges") {
  const auto path = shared_data("snap/soc-Epinions1.txt.gz");
  if (!path) return;
  const NodeDataset data = io::load(path->string());
  CHECK(data.nodes == 75888);  // its ids leave a few gaps: 75,879 are used
  CHECK(static_cast<int64_t>(data.edges.size()) + data.cleaning.duplicate_edges + data.cleaning.self_loops == 508837);
}

TEST_CASE("io / karate club: 34 members, 78 friendships, two factions, agreeing with the published lists") {
  const NodeDataset karate = io::karate_club();
  CHECK(karate.name == "karate");
  CHECK(karate.nodes == 34);
  CHECK(karate.edges.size() == 78);
  CHECK(std::is_sorted(karate.edges.begin(), karate.edges.end()));
  CHECK(karate.classes == 2);
  CHECK(std::count(karate.labels.begin(), karate.labels.end(), 0) == 17);
  CHECK(karate.labels[0] == 0);
  CHECK(karate.labels[33] == 1);
  CHECK(karate.train == std::vector<int32_t>{0, 33});
  CHECK(karate.val.empty());
  CHECK(karate.test.size() == 32);
  CHECK(karate.features_are_sparse);
  CHECK(karate.sparse_features.nnz() == 34);
  CHECK(karate.feature_count() == 34);

  const auto path = shared_data("classics/karate.edges");
  if (!path) return;
  NodeDataset listed = io::load(path->string());
  CHECK(listed.edge_weights.size() == 78);
  CHECK(listed.edges == karate.edges);
}
