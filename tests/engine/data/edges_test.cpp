#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "heddle/classifier_training.h"
#include "heddle/data.h"
#include "heddle/io.h"
#include "heddle/models.h"
#include "heddle/sparse.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

using Edges = std::vector<std::pair<int32_t, int32_t>>;

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("graph_from_edges / edges in any order and direction make the graph that a file of them makes") {
  const Edges edges{{4, 0}, {1, 2}, {2, 1}, {0, 4}, {3, 3}, {0, 1}, {1, 2}};
  const NodeDataset data = graph_from_edges(edges);
  CHECK(data.nodes == 5);
  CHECK(data.edges == Edges{{0, 1}, {0, 4}, {1, 2}});
  CHECK(data.edge_weights.empty());
  CHECK(data.labels == std::vector<int32_t>(5, -1));
  CHECK(data.cleaning.duplicate_edges == 3);
  CHECK(data.cleaning.self_loops == 1);

  const TempDir folder;
  std::string text_of_it;
  for (const auto& [a, b] : edges) text_of_it += text(a, " ", b, "\n");
  CHECK(data.content_hash() == io::load(folder.write("friends.edges", text_of_it)).content_hash());
}

TEST_CASE("graph_from_edges / weights go with their edges, and repeated ones are merged as asked") {
  const Edges edges{{2, 1}, {0, 1}, {1, 2}};
  const std::vector<float> alike{3, 0.5f, 3}, unlike{3, 0.5f, 4};
  CHECK(graph_from_edges(edges, alike).edge_weights == std::vector<float>{0.5f, 3});
  CHECK(error_mismatch(ErrorKind::bad_data, "edge 2, 1 - 2, has weight 4, and 3 where it is listed before",
                       [&] { graph_from_edges(edges, unlike); }) == "");
  CHECK(graph_from_edges(edges, unlike, {.repeated = RepeatedEdges::sum}).edge_weights == std::vector<float>{0.5f, 7});
  CHECK(graph_from_edges(edges, unlike, {.repeated = RepeatedEdges::largest}).edge_weights == std::vector<float>{0.5f, 4});
  CHECK(graph_from_edges(edges, {}, {.repeated = RepeatedEdges::sum}).edge_weights == std::vector<float>{1, 2});
  CHECK(graph_from_edges(edges, {}, {.repeated = RepeatedEdges::largest}).edge_weights.empty());
}

TEST_CASE("graph_from_edges / nodes without edges are there where their number is given") {
  CHECK(graph_from_edges(Edges{{0, 1}}, {}, {.nodes = 4}).labels.size() == 4);
  const NodeDataset none = graph_from_edges({}, {}, {.nodes = 3});
  CHECK(none.nodes == 3);
  CHECK(none.edges.empty());
  CHECK(graph_from_edges({}).nodes == 0);
}

TEST_CASE("graph_from_edges, matrix_from_edges / what cannot be an edge is refused with its place") {
  const Edges edges{{0, 1}, {1, 2}};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const bool matrix : {false, true}) {
    CAPTURE(matrix);
    const auto refused = [&](ErrorKind kind, const std::string& sentence, const Edges& listed, const std::vector<float>& weights,
                             const EdgeOptions& options) {
      return error_mismatch(kind, text(matrix ? "matrix" : "graph", "_from_edges: ", sentence), [&] {
        if (matrix) {
          matrix_from_edges(listed, weights, options);
        } else {
          graph_from_edges(listed, weights, options);
        }
      });
    };
    CHECK(refused(ErrorKind::bad_data, "edge 1 is (-1, 2); ids run from 0 to 2147483646", {{0, 1}, {-1, 2}}, {}, {}) == "");
    CHECK(refused(ErrorKind::bad_data, "edge 0 is (0, 2147483647); ids run", {{0, 2147483647}}, {}, {}) == "");
    CHECK(refused(ErrorKind::bad_data, "edge 1 is (1, 2); ids run from 0 to 1", edges, {}, {.nodes = 2}) == "");
    CHECK(refused(ErrorKind::bad_data, "the weight of edge 1, (1, 2), is nan", edges, {1, nan}, {}) == "");
    CHECK(refused(ErrorKind::bad_data, "the weight of edge 0, (0, 1), is inf", edges, {HUGE_VALF, 1}, {}) == "");
    CHECK(refused(ErrorKind::usage, "there is 1 weight for 2 edges", edges, {1}, {}) == "");
    CHECK(refused(ErrorKind::usage, "-1 nodes were asked for", edges, {}, {.nodes = -1}) == "");
  }
}

TEST_CASE("matrix_from_edges / row i lists the sources of i") {
  const HostCsr matrix = matrix_from_edges(Edges{{2, 0}, {0, 0}, {0, 2}, {1, 0}}, std::vector<float>{2, 3, 4, 5}, {.nodes = 4});
  CHECK(matrix.rows == 4);
  CHECK(matrix.cols == 4);
  CHECK(matrix.row_offsets == std::vector<int64_t>{0, 3, 3, 4, 4});
  CHECK(matrix.col_indices == std::vector<int32_t>{0, 1, 2, 0});
  CHECK(matrix.values == std::vector<float>{3, 5, 2, 4});
  CHECK(matrix_from_edges(Edges{{1, 0}, {0, 1}}).values == std::vector<float>{1, 1});
  // One direction is not the other: these are no repeats.
  CHECK(matrix_from_edges(Edges{{1, 0}, {0, 1}, {0, 1}}, {}, {.repeated = RepeatedEdges::sum}).values ==
        std::vector<float>{1, 2});
  CHECK(matrix_from_edges({}).row_offsets == std::vector<int64_t>{0});

  Stream stream(Device::cpu({.threads = 1}).backend());
  CHECK(SparseMatrix(stream, matrix).nnz() == 4);
}

TEST_CASE("graph_from_edges / a model trains on the graph") {
  Edges edges{{0, 5}};  // two groups of five, joined by one edge
  for (int32_t a = 0; a < 5; ++a) {
    for (int32_t b = 0; b < a; ++b) edges.insert(edges.end(), {{a, b}, {b + 5, a + 5}});
  }
  NodeDataset data = graph_from_edges(edges);
  data.labels = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
  data.classes = 2;
  data.train = {1, 6};
  data.test = {2, 3, 4, 7, 8, 9};
  Gcn model(data, {.hidden = 8, .dropout = 0}, Device::cpu({.threads = 1}));
  CHECK(train(model, data, {.epochs = 50}).test_accuracy == 1);
}

TEST_SUITE_END();

}  // namespace heddle::test
