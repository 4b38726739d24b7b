#include <doctest/doctest.h>

#include <algorithm>

#include "heddle/io.h"
#include "io/pickle.h"
#include "tests/io/samples.h"
#include "tests/support/data.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;
using Edges = std::vector<std::pair<int32_t, int32_t>>;

TEST_CASE("io / planetoid: a small data set with a gap, repeats, a self-loop and an unlabelled row") {
  const auto contents = tiny_planetoid();
  const NodeDataset data = io::detail::parse_planetoid(parts_of(contents), "tiny");
  CHECK(data.name == "tiny");
  CHECK(data.nodes == 7);
  CHECK(data.classes == 2);
  CHECK(data.edges == Edges{{0, 1}, {0, 2}, {3, 6}});
  CHECK(data.cleaning.duplicate_edges == 1);  // 1 in the list of 0, twice
  CHECK(data.cleaning.self_loops == 1);
  CHECK(data.cleaning.isolated_rows_added == 1);
  CHECK(data.cleaning.unlabelled_left_out == 1);  // node 2 has no label and is no validation node
  CHECK(data.labels == std::vector<int32_t>{0, 1, -1, 0, 1, -1, 1});
  CHECK(data.train == std::vector<int32_t>{0, 1});
  CHECK(data.val.empty());
  CHECK(data.test == std::vector<int32_t>{3, 4, 6});

  REQUIRE(data.features_are_sparse);
  const HostCsr& x = data.sparse_features;
  CHECK(x.rows == 7);
  CHECK(x.cols == 4);
  // Row 1 sorted, row 2 sums its two entries of column 3 and loses its zero, the test rows follow test.index, row 5 is the gap.
  CHECK(x.row_offsets == std::vector<int64_t>{0, 1, 3, 5, 6, 7, 7, 8});
  CHECK(x.col_indices == std::vector<int32_t>{0, 1, 2, 0, 3, 2, 1, 3});
  CHECK(x.values == std::vector<float>{1, 2, 3, 0.5f, 0.25f, 30, 4, 6});
}

TEST_CASE("io / planetoid: what Python 3 writes is the same data, in each protocol that it has") {
  const auto python2 = tiny_planetoid();
  const NodeDataset expected = io::detail::parse_planetoid(parts_of(python2), "tiny");
  for (const int protocol : {2, 3, 4, 5}) {
    CAPTURE(protocol);
    const auto contents = tiny_planetoid_3(protocol);
    CHECK(contents[0] != python2[0]);
    const NodeDataset data = io::detail::parse_planetoid(parts_of(contents), "tiny");
    CHECK(data.content_hash() == expected.content_hash());
    CHECK(data.cleaning.duplicate_edges == expected.cleaning.duplicate_edges);
  }
}

TEST_CASE("io / planetoid: each part is told of before it is read, and can be the last") {
  const auto contents = tiny_planetoid();
  for (std::size_t wanted = 0; wanted <= contents.size(); ++wanted) {
    CAPTURE(wanted);
    std::vector<double> shares;
    const auto read = [&] {
      io::detail::parse_planetoid(parts_of(contents), "tiny", [&](const Progress& at) {
        CHECK(at.phase == "reading the data");
        shares.push_back(at.share);
        return shares.size() <= wanted;
      });
    };
    if (wanted < contents.size()) {
      CHECK_THROWS_WITH_AS(read(), "interrupted while the data were read", Error);
    } else {
      read();
    }
    CHECK(shares.size() == std::min(wanted + 1, contents.size()));
    CHECK(std::is_sorted(shares.begin(), shares.end()));
    CHECK(shares.front() == 0);
    CHECK(shares.back() < 1);
  }
}

TEST_CASE("io / planetoid: labels may be f8, i8 or in Fortran order, features f8") {
  auto contents = tiny_planetoid();
  contents[io::detail::part_ty] = pickle_matrix(3, 2, "f8", raw<double>({0, 1, 1, 0, 0, 1}));
  contents[io::detail::part_y] = pickle_matrix(2, 2, "i8", raw<int64_t>({1, 0, 0, 1}));
  std::string& ally = contents[io::detail::part_ally] = pickle_matrix(3, 2, "i4", raw<int32_t>({1, 0, 0, 0, 1, 0}));
  ally[ally.find("\x89T")] = '\x88';
  CHECK(io::detail::parse_planetoid(parts_of(contents), "").labels == std::vector<int32_t>{0, 1, -1, 0, 1, -1, 1});
}

TEST_CASE("io / planetoid: memo, long integers and single appends are understood") {
  const auto lists = io::detail::unpickle_adjacency(bytes("\x80\2}q\0(\x8a\1\5]q\1M\1\2a\x8a\2\xff\xff]r\2\0\0\0K\1au."), "p");
  CHECK(lists.lists == 2);
  CHECK(lists.entries == std::vector<std::pair<int64_t, int64_t>>{{5, 513}, {-1, 1}});
}

TEST_CASE("io / planetoid: a data set is found by prefix, by one of its files and by its folder") {
  const TempDir folder;
  const auto contents = tiny_planetoid();
  for (std::size_t i = 0; i < contents.size(); ++i)
    folder.write("ind.tiny." + std::string(io::detail::planetoid_part_names[i]), contents[i]);
  const std::string hash = io::load(folder.file("tiny")).content_hash();
  for (const char* path : {"ind.tiny", "ind.tiny.graph", "ind.tiny.test.index", "", "../"}) {
    const std::string whole =
        std::string_view(path) == "../" ? folder.file("../") + folder.path().filename().string() : folder.file(path);
    const NodeDataset data = io::load(whole);
    CHECK(data.name == "tiny");
    CHECK(data.content_hash() == hash);
  }
  folder.write("ind.other.allx", "");
  CHECK_THROWS_WITH_AS(io::load(folder.path().string()), doctest::Contains("holds several data sets"), Error);
  CHECK_THROWS_WITH_AS(io::load(folder.file("other")), doctest::Contains("ind.other.x: No such file"), Error);
}

TEST_CASE("io / planetoid: Cora has the published counts") {
  const auto path = shared_data("planetoid/cora", "planetoid/ind.cora.x");
  if (!path) return;
  const NodeDataset cora = io::load(path->string());
  CHECK(cora.name == "cora");
  CHECK(cora.nodes == 2708);
  CHECK(cora.edges.size() == 5278);
  CHECK(cora.cleaning.duplicate_edges == 302);
  CHECK(cora.cleaning.self_loops == 0);
  CHECK(cora.cleaning.isolated_rows_added == 0);
  CHECK(cora.cleaning.unlabelled_left_out == 0);
  CHECK(cora.feature_count() == 1433);
  CHECK(cora.sparse_features.nnz() == 49216);
  CHECK(cora.classes == 7);
  CHECK(cora.train.size() == 140);
  CHECK(cora.val.size() == 500);
  CHECK(cora.val.front() == 140);
  CHECK(cora.test.size() == 1000);
  CHECK(cora.test.front() == 1708);
  CHECK(cora.test.back() == 2707);
}
