#include "heddle/graph.h"

#include <doctest/doctest.h>

#include <cmath>

#include "heddle/fit.h"
#include "heddle/gradcheck.h"
#include "tests/engine/datasets.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

using Edges = std::vector<std::pair<int32_t, int32_t>>;

/// D^-1/2 (A + I) D^-1/2, dense and in double precision. Its bound: one rounding to float, and a few of double.
bench::Reference dense_adjacency(int64_t nodes, const Edges& edges, const std::vector<float>& weights) {
  std::vector<double> a(nodes * nodes), degree(nodes);
  for (int64_t i = 0; i < nodes; ++i) a[i * nodes + i] = 1;
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto [u, v] = edges[e];
    a[u * nodes + v] = a[v * nodes + u] = weights.empty() ? 1 : weights[e];
  }
  for (int64_t i = 0; i < nodes; ++i) {
    for (int64_t j = 0; j < nodes; ++j) degree[i] += a[i * nodes + j];
  }
  bench::Reference reference{a, a};
  for (int64_t i = 0; i < nodes; ++i) {
    for (int64_t j = 0; j < nodes; ++j) {
      double& value = reference.values[i * nodes + j];
      value /= std::sqrt(degree[i]) * std::sqrt(degree[j]);
      reference.bounds[i * nodes + j] = std::abs(value) * (0x1p-24 + 0x1p-48);
    }
  }
  return reference;
}

std::vector<float> dense(const HostCsr& csr) {
  std::vector<float> values(csr.rows * csr.cols);
  for (int64_t row = 0; row < csr.rows; ++row) {
    for (int64_t k = csr.row_offsets[row]; k < csr.row_offsets[row + 1]; ++k)
      values[row * csr.cols + csr.col_indices[k]] = csr.values[k];
  }
  return values;
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("gcn_adjacency / karate matches a dense computation in double precision") {
  const NodeDataset data = karate();
  const HostCsr a = gcn_adjacency(data.nodes, data.edges);
  CHECK(a.nnz() == 2 * 78 + 34);
  CHECK(mismatch(dense(a), dense_adjacency(data.nodes, data.edges, {})) == "");
}

TEST_CASE("gcn_adjacency / columns ascend in each row and do not repeat") {
  const NodeDataset data = random_dataset(300, 4, 2, 3);
  const HostCsr a = gcn_adjacency(data.nodes, data.edges);
  REQUIRE(a.row_offsets.size() == 301);
  CHECK(a.row_offsets.front() == 0);
  CHECK(a.row_offsets.back() == a.nnz());
  bool ascend = true;
  for (int64_t row = 0; row < a.rows; ++row) {
    for (int64_t k = a.row_offsets[row] + 1; k < a.row_offsets[row + 1]; ++k)
      ascend = ascend && a.col_indices[k - 1] < a.col_indices[k];
  }
  CHECK(ascend);
}

TEST_CASE("gcn_adjacency / weights, negative ones too, count in the degrees") {
  const Edges edges{{0, 1}, {0, 3}, {1, 2}, {2, 3}};
  const std::vector<float> weights{0.5f, 2.25f, -0.75f, 1e-3f};
  CHECK(mismatch(dense(gcn_adjacency(5, edges, weights)), dense_adjacency(5, edges, weights)) == "");
}

TEST_CASE("gcn_adjacency / of directed edges a row has the sources of its node, scaled by in-degrees") {
  // 0 -> 1, 0 -> 2, 2 -> 0, 2 -> 1 with weights 1, 2, 3, 0.5: in-degrees with the self-loops 1 + 3, 1 + 1 + 0.5, 1 + 2.
  const Edges edges{{0, 1}, {0, 2}, {2, 0}, {2, 1}};
  const std::vector<float> weights{1, 2, 3, 0.5f};
  const double d0 = 4, d1 = 2.5, d2 = 3;
  const HostCsr a = gcn_adjacency(3, edges, weights, true);
  CHECK(a.row_offsets == std::vector<int64_t>{0, 2, 5, 7});
  CHECK(a.col_indices == std::vector<int32_t>{0, 2, 0, 1, 2, 0, 2});
  const double expected[] = {
      1 / d0, 3 / std::sqrt(d0 * d2), 1 / std::sqrt(d0 * d1), 1 / d1, 0.5 / std::sqrt(d1 * d2), 2 / std::sqrt(d0 * d2), 1 / d2};
  for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(a.values[i] == static_cast<float>(expected[i]));
  // Both directions of every edge are the undirected graph.
  const Edges undirected{{0, 1}, {0, 2}, {1, 2}};
  const HostCsr both = gcn_adjacency(3, {{0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}}, {1, 2, 1, 5, 2, 5}, true);
  const HostCsr one = gcn_adjacency(3, undirected, {1, 2, 5});
  CHECK(both.row_offsets == one.row_offsets);
  CHECK(both.col_indices == one.col_indices);
  CHECK(both.values == one.values);
  for (const Edges& wrong : {Edges{{1, 1}}, Edges{{0, 3}}, Edges{{1, 0}, {0, 1}}, Edges{{0, 1}, {0, 1}}, Edges{{-1, 0}}})
    CHECK(error_mismatch(ErrorKind::bad_data, "edge", [&] { gcn_adjacency(3, wrong, {}, true); }) == "");
}

TEST_CASE(
    "gcn and gat / directed: every device trains alike, a node hears its sources alone, and gradients are those of differences") {
  const Edges edges{{0, 1}, {0, 2}, {1, 2}, {2, 3}, {3, 0}, {3, 1}};
  NodeDataset data = graph_from_edges(edges, {}, {.nodes = 5, .directed = true});
  CHECK(data.directed);
  CHECK(data.edges == edges);
  data.dense_features = bench::random_matrix(5, 4, 3);
  data.labels = {0, 1, 0, 1, 1};
  data.classes = 2;
  data.train = {0, 1, 2, 3};
  data.val = {4};
  for (const std::string kind : {"gcn", "gat"}) {
    CAPTURE(kind);
    std::vector<float> first;
    for (const NamedDevice& device : devices()) {
      CAPTURE(device.name);
      const auto probabilities = [&](const NodeDataset& of) {
        Settings settings{{"epochs", "15"}, {"dropout", "0"}, {"hidden", "4"}};
        if (kind == "gat") settings["attention_dropout"] = "0";  // the devices draw alike, and round otherwise
        const FitPlan plan = plan_fit(kind, settings);
        return predict(*fit(plan, of, {.device = device.device, .seed = 5}).model).values;
      };
      const std::vector<float> found = probabilities(data);
      if (first.empty()) first = found;
      for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == doctest::Approx(first[i]).epsilon(3e-3));
      NodeDataset turned =
          graph_from_edges(Edges{{1, 0}, {2, 0}, {2, 1}, {3, 2}, {0, 3}, {1, 3}}, {}, {.nodes = 5, .directed = true});
      turned.dense_features = data.dense_features;
      turned.labels = data.labels;
      turned.classes = data.classes;
      turned.train = data.train;
      turned.val = data.val;
      CHECK(probabilities(turned) != found);
    }
  }
  // The product's gradient goes along the edges, and so back from the rows to what they gathered.
  const HostCsr adjacency = gcn_adjacency(data);
  for (const NamedDevice& device : devices()) {
    Stream stream(device.device.backend());
    const SparseMatrix a(stream, adjacency);
    stream.synchronise();
    const auto function = [&](Context&, const std::vector<Tensor>& in) { return graph_convolution(a, scale(in[0], 1), in[1]); };
    const HostMatrix x{5, 2, {1, -1, 0.5f, 0.25f, 2, -1, 0, 1, 1, -2}};
    const GradcheckResult result = gradcheck(device.device, function, {x, {2, 3, std::vector<float>(6, 0.5f)}});
    CHECK_MESSAGE(result.passed, result.message);
  }
}

TEST_CASE("gcn_adjacency / an isolated node keeps its self-loop of weight 1") {
  const HostCsr a = gcn_adjacency(3, {{0, 2}});
  CHECK(dense(a) == std::vector<float>{0.5f, 0, 0.5f, 0, 1, 0, 0.5f, 0, 0.5f});
  CHECK(gcn_adjacency(2, {}).values == std::vector<float>{1, 1});
}

TEST_CASE("gcn_adjacency / a node whose weights leave no positive degree is refused by number") {
  CHECK(error_mismatch(ErrorKind::bad_data, "node 1: ", [] { gcn_adjacency(3, {{0, 2}, {1, 2}}, {1, -1}); }) == "");
  CHECK(error_mismatch(ErrorKind::bad_data, "node 0: ", [] { gcn_adjacency(2, {{0, 1}}, {std::nanf("")}); }) == "");
}

TEST_CASE("gcn_adjacency / edges that do not fit are refused") {
  const auto refused = [](const Edges& edges, const std::vector<float>& weights = {}) {
    return error_mismatch(ErrorKind::bad_data, "edge", [&] { gcn_adjacency(3, edges, weights); });
  };
  CHECK(refused({{0, 3}}) == "");
  CHECK(refused({{-1, 2}}) == "");
  CHECK(refused({{2, 1}}) == "");
  CHECK(refused({{1, 1}}) == "");
  CHECK(refused({{0, 1}, {0, 1}}) == "");
  CHECK(refused({{1, 2}, {0, 1}}) == "");
  CHECK(refused({{0, 1}, {1, 2}}, {1}) == "");
}

TEST_CASE("features / automatic scaling divides rows by their sum where nothing is negative") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    NodeDataset data;
    data.name = "four";
    data.nodes = 2;
    data.dense_features = {2, 2, {1, 3, 0, 0}};
    const auto values = [&](FeatureScaling scaling) { return Features(context, data, scaling).values().to_host().values; };
    CHECK(values(FeatureScaling::automatic) == std::vector<float>{0.25f, 0.75f, 0, 0});
    CHECK(values(FeatureScaling::rows) == std::vector<float>{0.25f, 0.75f, 0, 0});
    CHECK(values(FeatureScaling::none) == std::vector<float>{1, 3, 0, 0});
    data.dense_features.values[1] = -3;
    CHECK(values(FeatureScaling::automatic) == std::vector<float>{1, -3, 0, 0});
    CHECK(values(FeatureScaling::rows) == std::vector<float>{-0.5f, 1.5f, 0, 0});
  }
}

TEST_CASE("features / sparse and dense ones are scaled alike and give the same product") {
  const NodeDataset sparse = random_dataset(40, 9, 3, 5);
  const NodeDataset dense_data = with_dense_features(sparse);
  const HostCsr adjacency = gcn_adjacency(sparse.nodes, sparse.edges);
  for (const NamedDevice& device : devices()) {
    for (FeatureScaling scaling : {FeatureScaling::automatic, FeatureScaling::none}) {
      INFO(device.name);
      Context context(device.device);
      const SparseMatrix a(context.stream(), adjacency, true);
      const Features from_sparse(context, sparse, scaling), from_dense(context, dense_data, scaling);
      CHECK(from_sparse.sparse());
      CHECK_FALSE(from_dense.sparse());
      CHECK(from_sparse.count() == 9);
      CHECK(from_dense.count() == 9);
      HostMatrix weights = bench::random_matrix(9, 4, 6);
      const Tensor weight = context.make_tensor(weights);
      for (float& value : weights.values) value = std::abs(value);
      const Tensor magnitudes = context.make_tensor(weights);
      const HostMatrix one = graph_convolution(a, from_sparse, 0, weight).to_host(),
                       two = graph_convolution(a, from_dense, 0, weight).to_host();
      // Both are sums of at most 9 + 40 products in some order; A^ and X have no negative element, so that the products' sizes
      // sum to A^ X |W|.
      bench::Reference expected{std::vector<double>(one.values.begin(), one.values.end()), {}};
      const HostMatrix most = graph_convolution(a, from_sparse, 0, magnitudes).to_host();
      for (float value : most.values) expected.bounds.push_back(2 * bench::gamma(50) * value);
      CHECK(mismatch(two.values, expected) == "");
    }
  }
}

TEST_CASE("features / a data set without any gets the identity") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    NodeDataset data;
    data.nodes = 3;
    const Features features(context, data);
    CHECK(features.sparse());
    CHECK(features.count() == 3);
    const HostMatrix weight{3, 2, {1, 2, 3, 4, 5, 6}};
    CHECK(spmm(features.matrix(), features.values(), context.make_tensor(weight)).to_host().values == weight.values);
  }
}

TEST_CASE("features / sparse ones without a single non-zero work") {
  Context context(Device::cpu());
  NodeDataset data;
  data.nodes = 2;
  data.features_are_sparse = true;
  data.sparse_features = {.rows = 2, .cols = 3, .row_offsets = {0, 0, 0}, .col_indices = {}, .values = {}};
  const Features features(context, data);
  CHECK(spmm(features.matrix(), features.values(), context.make_tensor({3, 1, {1, 2, 3}})).to_host().values ==
        std::vector<float>{0, 0});
}

TEST_CASE("features / those that are not one row a node are refused") {
  Context context(Device::cpu());
  NodeDataset dense_data;
  dense_data.nodes = 3;
  dense_data.dense_features = {2, 2, {1, 2, 3, 4}};
  CHECK(error_mismatch(ErrorKind::bad_data, "2 rows of features, there are 3 nodes", [&] { Features(context, dense_data); }) ==
        "");
  NodeDataset sparse = random_dataset(4, 3, 2, 1);
  sparse.nodes = 5;
  CHECK(error_mismatch(ErrorKind::bad_data, "4 rows of features, there are 5 nodes", [&] { Features(context, sparse); }) == "");
  dense_data.nodes = 2;
  dense_data.dense_features.values.pop_back();
  CHECK(error_mismatch(ErrorKind::bad_data, "3 values", [&] { Features(context, dense_data); }) == "");
}

TEST_CASE("graph_convolution / either order of the products gives A X W") {
  const NodeDataset data = karate();
  const HostCsr adjacency = gcn_adjacency(data.nodes, data.edges);
  for (const NamedDevice& device : devices()) {
    // Narrow to wide propagates first, wide to narrow projects first.
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{3, 20}, {20, 3}, {5, 5}}) {
      for (bool wants_gradient : {false, true}) {
        INFO(device.name, ": ", in, " to ", out);
        bench::Draws draws(8);
        HostMatrix x{34, in, std::vector<float>(34 * in)}, weight{in, out, std::vector<float>(in * out)};
        for (HostMatrix* matrix : {&x, &weight}) {
          for (float& value : matrix->values) value = static_cast<float>(2 * draws.uniform() - 1);
        }
        // A row of |A^| sums to at most the root of the largest degree, 18: a chain of at most 34 + 20 roundings of sums below
        // 5 * in.
        bench::Reference expected = bench::gemm({34, 34, dense(adjacency)}, x, false, false);
        const std::vector<double> propagated = expected.values;
        expected = {std::vector<double>(34 * out), std::vector<double>(34 * out, bench::gamma(56) * 5 * static_cast<double>(in))};
        for (int64_t row = 0; row < 34; ++row) {
          for (int64_t k = 0; k < in; ++k) {
            for (int64_t c = 0; c < out; ++c)
              expected.values[row * out + c] += propagated[row * in + k] * weight.values[k * out + c];
          }
        }
        Context context(device.device);
        const SparseMatrix a(context.stream(), adjacency, true);
        const Tensor w = context.make_tensor(weight);
        CHECK(mismatch(graph_convolution(a, context.make_tensor(x, wants_gradient), w).to_host().values, expected) == "");
      }
    }
  }
}

TEST_CASE("graph_convolution / its gradients agree with differences in either order") {
  const HostCsr adjacency = gcn_adjacency(4, {{0, 1}, {0, 2}, {1, 2}, {2, 3}});
  for (const NamedDevice& device : devices()) {
    Stream stream(device.device.backend());
    const SparseMatrix a(stream, adjacency, true);
    stream.synchronise();
    const auto function = [&](Context&, const std::vector<Tensor>& in) { return graph_convolution(a, scale(in[0], 1), in[1]); };
    for (int64_t out : {1, 6}) {
      INFO(device.name, ": 3 to ", out);
      const HostMatrix x{4, 3, {1, -1, 0.5f, 0.25f, 2, -1, 0, 1, 1, -2, 0.5f, 1}};
      const GradcheckResult result = gradcheck(device.device, function, {x, {3, out, std::vector<float>(3 * out, 0.5f)}});
      CHECK_MESSAGE(result.passed, result.message);
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
