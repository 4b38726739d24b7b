#include <doctest/doctest.h>

#include "heddle/io.h"
#include "io/load.h"
#include "samples.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;
using Edges = std::vector<std::pair<int32_t, int32_t>>;

TEST_CASE("io / folder: edges, features, labels and splits, as text and as npy") {
  const TempDir text, binary;
  text.write("edges.csv", "u,v,weight\n0,1,2\n1,2,3\n");
  text.write("features.csv.gz", gzip("a,b\n1,2\n3,4\n5,6e1\n7,8\n"));
  text.write("labels.txt", "label\n1\n-1\n0\n1\n");
  text.write("train.txt", "3\n0\n");
  text.write("test.txt", "2\n");
  binary.write("net.edges", "1 0 2\n1 2 3\n");
  binary.write("features.npy",
               npy("{'descr': '<f4', 'fortran_order': True, 'shape': (4, 2), }", raw<float>({1, 3, 5, 7, 2, 4, 60, 8})));
  binary.write("labels.npy", npy("{'descr': '|i1', 'fortran_order': False, 'shape': (4,), }", raw<int8_t>({1, -1, 0, 1})));
  binary.write("train.txt", "# ids\n0\n3\n");
  binary.write("test.txt.gz", gzip("2\n"));
  for (const TempDir* folder : {&text, &binary}) {
    const NodeDataset data = io::load(folder->path().string() + "/");
    CHECK(data.name == folder->path().filename().string());
    CHECK(data.nodes == 4);  // node 3 has no edge
    CHECK(data.edges == Edges{{0, 1}, {1, 2}});
    CHECK(data.edge_weights == std::vector<float>{2, 3});
    CHECK_FALSE(data.features_are_sparse);
    CHECK(data.dense_features.rows == 4);
    CHECK(data.dense_features.cols == 2);
    CHECK(data.dense_features.values == std::vector<float>{1, 2, 3, 4, 5, 60, 7, 8});
    CHECK(data.labels == std::vector<int32_t>{1, -1, 0, 1});
    CHECK(data.classes == 2);
    CHECK(data.train == std::vector<int32_t>{0, 3});
    CHECK(data.val.empty());
    CHECK(data.test == std::vector<int32_t>{2});
  }
  CHECK(io::load(text.path().string()).content_hash() == io::load(binary.path().string()).content_hash());
}

TEST_CASE("io / folder: an edge list alone is enough, and labels alone decide the number of nodes") {
  const TempDir folder;
  folder.write("edges.txt", "0 2\n");
  CHECK(io::load(folder.path().string()).nodes == 3);
  folder.write("labels.txt", "0\n0\n1\n1\n1\n");
  CHECK(io::load(folder.path().string()).nodes == 5);
  CHECK(io::load(folder.path().string(), {.format = io::NodeFormat::folder}).classes == 2);
}

TEST_CASE("io / load: every format has a name and says what it looks like; a format asked for by name is not replaced") {
  for (const auto& format : io::detail::node_formats()) {
    CHECK_FALSE(format.name.empty());
    CHECK_FALSE(format.looks_like.empty());
    CHECK(format.format != io::NodeFormat::automatic);
  }
  const TempDir folder;
  const std::string file = folder.write("edges.txt", "0 2\n");
  CHECK_THROWS_WITH_AS(io::load(file, {.format = io::NodeFormat::planetoid}), doctest::Contains("is not a Planetoid data set"),
                       Error);
  CHECK_THROWS_WITH_AS(io::load(file, {.format = io::NodeFormat::folder}), doctest::Contains("has no edge list"), Error);
  CHECK_THROWS_WITH_AS(io::load(folder.path().string(), {.format = io::NodeFormat::edge_list}),
                       doctest::Contains("it is a folder"), Error);
  CHECK_THROWS_WITH_AS(io::load(folder.file("absent")), doctest::Contains("absent does not exist; "), Error);
}
