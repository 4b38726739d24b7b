// Propagation on the rows that a batch depends on is that on all rows, whatever the number of threads, and allocates nothing.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench/graphs.h"
#include "heddle/context.h"
#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

/// A symmetric graph of clusters of 50 nodes in a ring: few steps from a batch there are few nodes.
HostCsr ring_of_clusters(int32_t nodes) {
  bench::Draws draws(61);
  std::set<std::pair<int32_t, int32_t>> edges;
  for (int32_t i = 0; i < 4 * nodes; ++i) {
    const auto a = static_cast<int32_t>(draws.below(nodes));
    const auto b = static_cast<int32_t>(draws.below(20) == 0 ? (a + 50) % nodes : a / 50 * 50 + draws.below(50));
    if (b >= nodes || a % 50 == 7 || b % 50 == 7) continue;  // every 50th node is alone
    edges.insert({a, b});
    edges.insert({b, a});
  }
  HostCsr csr;
  csr.rows = csr.cols = nodes;
  auto edge = edges.begin();
  for (int32_t row = 0; row < nodes; ++row) {
    for (; edge != edges.end() && edge->first == row; ++edge) csr.col_indices.push_back(edge->second);
    csr.row_offsets.push_back(csr.nnz());
  }
  return csr;
}

/// A graph and everything that a step on it needs, on one device.
struct Setting {
  Context context;
  Buffer offsets, columns, scale, ids;
  NormalisedAdjacency graph;
  Parameter embeddings;
  int64_t count;

  Setting(const Device& device, const HostCsr& csr, int64_t width, const std::vector<int32_t>& batch)
      : context(device, 5),
        offsets(Buffer::upload(context.stream(), csr.row_offsets)),
        columns(Buffer::upload(context.stream(), csr.col_indices)),
        ids(Buffer::upload(context.stream(), batch)),
        embeddings(context, "embeddings", bench::random_matrix(csr.rows, width, 62)),
        count(static_cast<int64_t>(batch.size())) {
    std::vector<float> factors;
    for (int64_t row = 0; row < csr.rows; ++row) {
      const auto degree = static_cast<float>(csr.row_offsets[row + 1] - csr.row_offsets[row]);
      factors.push_back(degree > 0 ? 1 / std::sqrt(degree) : 0);
    }
    scale = Buffer::upload(context.stream(), factors);
    graph = {{csr.rows, csr.cols, csr.nnz(), offsets.as<int64_t>(), columns.as<int32_t>(), nullptr, nullptr}, scale.as<float>()};
  }

  struct Result {
    std::vector<float> rows, gradient;
  };
  /// The batch's rows and the gradient of half their squares, by propagate_rows or by gathering from propagate.
  Result step(int64_t layers, bool bf16, bool frontiers) {
    begin(layers, bf16, frontiers);
    return {rows.to_host().values, embeddings.tensor().grad_to_host().values};
  }
  void begin(int64_t layers, bool bf16, bool frontiers) {
    context.begin_step();
    const RowBatch batch = make_row_batch(context, ids.as<int32_t>(), count, graph.a.rows);
    rows = frontiers ? propagate_rows(graph, embeddings, layers, batch, bf16)
                     : gather_rows(propagate(graph, embeddings, layers, bf16), batch);
    context.tape().backward(l2_penalty(rows, 1));
  }
  Tensor rows;
};

const std::vector<int32_t> few = {120, 3, 3, 57, 120, 7, 999};

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("propagate_rows / the batch's rows and every gradient equal those of propagation on all rows") {
  const HostCsr csr = ring_of_clusters(1000);
  std::vector<int32_t> many(700);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<int32_t>(i * i % 1000);
  for (const NamedDevice& device : devices()) {
    if (device.device.kind() != DeviceKind::cpu) continue;  // elsewhere it is the same by definition
    for (const auto& batch : {few, many}) {
      for (int64_t layers : {0, 1, 2, 3, 5}) {
        for (bool bf16 : {false, true}) {
          INFO(device.name, ": ", layers, " layers", bf16 ? " in bfloat16" : "", ", batch of ", batch.size());
          Setting setting(device.device, csr, 33, batch);
          const Setting::Result all = setting.step(layers, bf16, false), restricted = setting.step(layers, bf16, true);
          CHECK(bit_difference(restricted.rows, all.rows) == "");
          // A zero that is skipped may leave -0 where a sum with it gave 0: equal numbers, not always equal bits.
          CHECK(restricted.gradient == all.gradient);
        }
      }
    }
  }
}

TEST_CASE("propagate_rows / the bits do not depend on the number of threads") {
  const HostCsr csr = ring_of_clusters(3000);
  for (bool bf16 : {false, true}) {
    Setting::Result first;
    for (int threads : {1, 2, 3, 7}) {
      Setting setting(Device::cpu({.threads = threads}), csr, 64, few);
      const Setting::Result result = setting.step(3, bf16, true);
      if (threads == 1) first = result;
      CHECK(bit_difference(result.rows, first.rows) == "");
      CHECK(bit_difference(result.gradient, first.gradient) == "");
    }
  }
}

TEST_CASE("propagate_rows / a thousand layers are as many as any other number") {
  Setting setting(Device::cpu({.threads = 1}), ring_of_clusters(100), 3, {5, 90});
  const Setting::Result all = setting.step(1000, false, false), restricted = setting.step(1000, false, true);
  CHECK(bit_difference(restricted.rows, all.rows) == "");
  CHECK(restricted.gradient == all.gradient);
}

TEST_CASE("propagate / bfloat16 layers stay within their rounding of float32") {
  const HostCsr csr = ring_of_clusters(300);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Setting setting(device.device, csr, 8, {5, 90});
    const Setting::Result exact = setting.step(3, false, true), rounded = setting.step(3, true, true);
    CHECK(exact.rows != rounded.rows);
    for (std::size_t i = 0; i < exact.rows.size(); ++i) {
      // Each of three layers rounds by 2^-9 of values below 1024 (mixed values: up to 2^10), degrees cancel with their roots.
      CHECK(std::abs(exact.rows[i] - rounded.rows[i]) <= 3 * 0x1p-9 * 4096);
    }
  }
}

TEST_CASE("propagate / without layers the embeddings are their own result") {
  Setting setting(Device::cpu(), ring_of_clusters(100), 3, few);
  setting.context.begin_step();
  const Tensor e = setting.embeddings;
  CHECK(propagate(setting.graph, e, 0).value().data == e.value().data);
}

TEST_CASE("propagation / a step allocates nothing after the first") {
  const HostCsr csr = ring_of_clusters(400);
  for (const NamedDevice& device : devices()) {
    if (device.device.kind() == DeviceKind::cuda) continue;
    for (bool frontiers : {false, true}) {
      INFO(device.name, frontiers ? ", propagate_rows" : ", propagate");
      Setting setting(device.device, csr, 16, {120, 3, 3, 57});
      setting.begin(3, true, frontiers);
      setting.begin(3, true, frontiers);
      const std::size_t held = setting.context.arena().held_bytes();
      // Another batch of the same size, with other frontiers.
      const std::vector<int32_t> other = {0, 1, 2, 399};
      upload(setting.context.stream(), setting.ids.data(), other.data(), other.size() * sizeof(int32_t));
      const int64_t before = allocations();
      setting.begin(3, true, frontiers);
      CHECK(allocations() == before);
      CHECK(setting.context.arena().held_bytes() == held);
    }
  }
}

TEST_CASE("gather_rows / its gradient adds to rows of what is there already, recorded before or after") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const std::vector<int32_t> ids = {1, 1, 0};
    const Buffer list = Buffer::upload(context.stream(), ids);
    const Parameter x(context, "x", HostMatrix{3, 1, {1, 2, 4}});
    for (bool gather_first : {false, true}) {
      context.begin_step();
      const RowBatch batch = make_row_batch(context, list.as<int32_t>(), 3, 3);
      const auto gather = [&] { return l2_penalty(gather_rows(x, batch), 1); };
      const auto whole = [&] { return l2_penalty(x, 1); };
      const Tensor first = gather_first ? gather() : whole(), second = gather_first ? whole() : gather();
      context.tape().backward(add(first, second));
      CHECK(x.tensor().grad_to_host().values == std::vector<float>{2, 6, 4});
    }
  }
}

TEST_CASE("propagation / shapes that do not fit are refused with the shapes") {
  Setting setting(Device::cpu(), ring_of_clusters(100), 3, few);
  const Tensor other = setting.context.make_tensor(99, 3);
  const auto refused = [](const char* fragment, auto call) { return error_mismatch(ErrorKind::usage, fragment, call); };
  CHECK(refused("embeddings have 99 rows, the graph has 100 nodes", [&] { propagate(setting.graph, other, 2); }) == "");
  CHECK(refused("-1 layers", [&] { propagate_rows(setting.graph, setting.embeddings, -1, {}); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
