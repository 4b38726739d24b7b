// Every variant of the ops that attention is made of, against double precision and against itself on other schedules.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bench/attention_reference.h"
#include "bench/graphs.h"
#include "bench/references.h"
#include "heddle/sparse.h"
#include "kernels/edge/variants.h"
#include "kernels/gat/variants.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"
#include "tests/support/workbench.h"

namespace heddle::test {

namespace {

using namespace heddle::kernels;
using bench::CsrValues;

struct Sizes {
  int64_t heads, columns;
};
constexpr Sizes all_sizes[] = {{1, 1}, {1, 7}, {1, 64}, {3, 5}, {8, 8}, {2, 40}, {17, 3}, {40, 2}};

/// Within `relative` of the greatest magnitude, or of 1, that of the terms: the gradient of a lone edge is 0, its terms are not.
bench::Reference about(std::vector<double> values, double relative) {
  double most = 1;
  for (double value : values) most = std::max(most, std::abs(value));
  bench::Reference reference{std::move(values), {}};
  reference.bounds.assign(reference.values.size(), relative * most);
  return reference;
}

/// One use of head_sddmm.
struct Sddmm {
  HostCsr graph;
  Sizes sizes;
  HostMatrix x = bench::random_matrix(graph.rows, sizes.heads* sizes.columns, 41);
  HostMatrix y = bench::random_matrix(graph.cols, sizes.heads* sizes.columns, 42);

  bench::Reference expected() const { return bench::head_sddmm(graph, sizes.heads, x, y); }
  /// By the variant of this name; x and y stand `offset` floats off their alignment.
  std::vector<float> run(Workbench& workbench, const char* variant, int64_t offset = 0) const {
    const DeviceCsr csr(workbench.stream(), graph, {});
    const DeviceMatrix left(workbench.stream(), x, offset);
    const DeviceMatrix right(workbench.stream(), y, offset);
    const Guarded<float> s = workbench.output(graph.nnz() * sizes.heads, offset);
    workbench.overrides().sddmm = variant;
    head_sddmm({csr.view(CsrValues::ones), sizes.heads, left.view(), right.view(), s.view(graph.nnz(), sizes.heads)},
               workbench.execution());
    return s.values();
  }
};

/// One use of edge_softmax.
struct Softmax {
  HostCsr graph;
  int64_t heads;
  double most = 3;
  HostMatrix x = bench::uniform_matrix(graph.nnz(), heads, 43, most);

  bench::Reference expected() const { return bench::edge_softmax(graph, x); }
  std::vector<float> run(Workbench& workbench, const char* variant, bool in_place = false) const {
    const DeviceCsr csr(workbench.stream(), graph, {});
    const DeviceMatrix in(workbench.stream(), x);
    const Guarded<float> out = workbench.output(graph.nnz() * heads);
    workbench.overrides().edge_softmax = variant;
    const DenseView<float> y = in_place ? in.mutable_view() : out.view(graph.nnz(), heads);
    edge_softmax({csr.view(CsrValues::ones), in.view(), y}, workbench.execution());
    return in_place ? in.values() : out.values();
  }
};

/// One use of the fused operator, forward and backward, and what it must give.
struct Gat {
  bench::AttentionCase use;
  HostMatrix dy = bench::uniform_matrix(use.x.rows, use.x.cols, 44);

  struct Result {
    std::vector<float> y, dx, dedge_scores;
  };
  Result run(Workbench& workbench, const char* forward, const char* backward, int64_t offset = 0) const {
    const int64_t n = use.x.rows;
    const int64_t width = use.x.cols;
    const int64_t stride = head_stride(use.heads);
    const DeviceCsr in(workbench.stream(), use.graph, {});
    const SparseMatrix matrix(workbench.stream(), use.graph);
    CsrView transpose = matrix.transpose();
    transpose.values = nullptr;
    const DeviceMatrix x(workbench.stream(), use.x, offset);
    const DeviceMatrix upstream(workbench.stream(), dy, offset);
    const DeviceMatrix edge_scores(workbench.stream(), use.edge_scores);
    const DeviceMatrix a_source(workbench.stream(), use.a_source, offset);
    const DeviceMatrix a_target(workbench.stream(), use.a_target, offset);
    const Guarded<float> source_scores = workbench.output(n * stride);
    const Guarded<float> target_scores = workbench.output(n * stride);
    head_scores({x.view(), a_source.view().data, use.heads, stride, source_scores.data()}, workbench.execution());
    head_scores({x.view(), a_target.view().data, use.heads, stride, target_scores.data()}, workbench.execution());
    const Guarded<float> y = workbench.output(n * width, offset);
    const Guarded<float> statistics = workbench.output(n * 3 * stride);
    const Guarded<float> positive = workbench.output(n * width, offset);
    const GatUse options{.heads = use.heads,
                         .slope = static_cast<float>(use.slope),
                         .dropout = use.dropout,
                         .random = use.random,
                         .edge_scores = edge_scores.view().data};
    const GatKept kept{statistics.data(), positive.data()};
    workbench.overrides().gat = forward;
    gat_forward({in.view(CsrValues::ones), options, x.view(), source_scores.data(), target_scores.data(), y.view(n, width), kept},
                workbench.execution());
    const Guarded<float> dx = workbench.output(n * width, offset);
    const Guarded<float> dsource = workbench.output(n * stride);
    const Guarded<float> dtarget = workbench.output(n * stride);
    const Guarded<float> dedge = workbench.output(use.graph.nnz() * use.heads);
    workbench.overrides().gat = backward;
    gat_backward({.outgoing = transpose,
                  .use = options,
                  .x = x.view(),
                  .source_scores = source_scores.data(),
                  .target_scores = target_scores.data(),
                  .source_weights = a_source.view().data,
                  .target_weights = a_target.view().data,
                  .y = y.view(n, width),
                  .kept = kept,
                  .dy = upstream.view(),
                  .dx = dx.view(n, width),
                  .dsource_scores = dsource.data(),
                  .dtarget_scores = dtarget.data(),
                  .dedge_scores = dedge.data()},
                 workbench.execution());
    return {y.values(), dx.values(), dedge.values()};
  }
};

Gat gat_of(const HostCsr& graph, Sizes sizes, float dropout) {
  const int64_t width = sizes.heads * sizes.columns;
  const HostCsr square = bench::squared(graph);
  return {{.graph = square,
           .heads = sizes.heads,
           .dropout = dropout,
           .random = {.seed = 45, .purpose = random_purpose::dropout, .step = nullptr},
           .x = bench::uniform_matrix(square.rows, width, 46),
           .a_source = bench::uniform_matrix(1, width, 47),
           .a_target = bench::uniform_matrix(1, width, 48),
           .edge_scores = bench::uniform_matrix(square.nnz(), sizes.heads, 49)}};
}

}  // namespace

TEST_SUITE("kernels") {
  TEST_CASE("head_sddmm / every variant on hostile graphs, heads and widths matches double precision") {
    for (const auto& [graph_name, graph] : bench::hostile_graphs()) {
      for (const Sizes sizes : all_sizes) {
        const Sddmm sddmm{graph, sizes};
        const bench::Reference expected = sddmm.expected();
        for (const auto& [name, device] : devices()) {
          Workbench workbench(device);
          for (const auto& variant : head_sddmm_variants(device.kind())) {
            INFO(text(variant.name, " / ", name, " / ", graph_name, " / ", sizes.heads, " x ", sizes.columns));
            CHECK(mismatch(sddmm.run(workbench, variant.name), expected) == "");
            CHECK(mismatch(sddmm.run(workbench, variant.name, 1), expected) == "");
          }
        }
      }
    }
  }

  TEST_CASE("head_sddmm / a head too wide for 32 lanes is refused by the variant that needs them, and runs by the choice") {
    const HostCsr graph = bench::csr_from_rows({{0, 1}, {}, {1}}, 2, 1);
    for (int64_t columns : {257, 1024, 1028}) {
      const Sddmm sddmm{graph, {1, columns}};
      for (const auto& [name, device] : devices()) {
        INFO(text(name, " / ", columns));
        Workbench workbench(device);
        CHECK(mismatch(sddmm.run(workbench, ""), sddmm.expected()) == "");
        if (device.kind() == DeviceKind::cpu) continue;
        const auto run = [&] { return sddmm.run(workbench, "row_per_subwarp"); };
        if (columns == 1024) {
          CHECK(mismatch(run(), sddmm.expected()) == "");
        } else {
          CHECK(error_mismatch(ErrorKind::usage, text("row_per_subwarp cannot run this: a head has ", columns, " columns"),
                               run) == "");
        }
      }
    }
  }

  TEST_CASE("edge_softmax / every variant on hostile graphs and heads, in place too, matches double precision") {
    for (const auto& [graph_name, graph] : bench::hostile_graphs()) {
      for (int64_t heads : {1, 2, 3, 8, 17, 32, 40}) {
        for (double most : {3.0, 1e4}) {
          const Softmax softmax{graph, heads, most};
          const bench::Reference expected = softmax.expected();
          for (const auto& [name, device] : devices()) {
            Workbench workbench(device);
            for (const auto& variant : edge_softmax_variants(device.kind())) {
              INFO(text(variant.name, " / ", name, " / ", graph_name, " / ", heads, " heads / +-", most));
              CHECK(mismatch(softmax.run(workbench, variant.name), expected) == "");
              CHECK(mismatch(softmax.run(workbench, variant.name, true), expected) == "");
            }
          }
        }
      }
    }
  }

  TEST_CASE("edge_softmax / minus infinity has no weight to speak of, NaN takes its whole row, and only its") {
    const float infinity = std::numeric_limits<float>::infinity();
    const float nan = std::numeric_limits<float>::quiet_NaN();
    Softmax softmax{bench::csr_from_rows({{0, 1, 2}, {0, 1}, {1}}, 3, 1), 1};
    softmax.x.values = {-infinity, 0, 0, nan, 1, 5};
    for (const auto& [name, device] : devices()) {
      Workbench workbench(device);
      for (const auto& variant : edge_softmax_variants(device.kind())) {
        INFO(text(variant.name, " / ", name));
        const std::vector<float> y = softmax.run(workbench, variant.name);
        CHECK(y[0] >= 0);
        CHECK(y[0] < 1e-36f);  // vectorised exponentials end at the least normal number
        CHECK(y[1] == 0.5f);
        CHECK(y[2] == 0.5f);
        CHECK(std::isnan(y[3]));
        CHECK(std::isnan(y[4]));
        CHECK(y[5] == 1);
      }
    }
  }

  TEST_CASE("gat / every forward and every backward variant on hostile graphs, dropout on, matches double precision") {
    for (const auto& [graph_name, graph] : bench::hostile_graphs()) {
      if (graph.nnz() == 0) continue;
      for (const Sizes sizes : {Sizes{1, 1}, Sizes{1, 64}, Sizes{3, 5}, Sizes{8, 8}, Sizes{17, 3}}) {
        for (float p : {0.0f, 0.6f}) {
          const Gat gat = gat_of(graph, sizes, p);
          const bench::Reference expected = bench::attention(gat.use);
          const bench::AttentionGradients gradients = bench::attention_gradients(gat.use, gat.dy);
          for (const auto& [name, device] : devices()) {
            Workbench workbench(device);
            const auto forward = gat_forward_variants(device.kind());
            const auto backward = gat_backward_variants(device.kind());
            for (std::size_t v = 0; v < forward.size(); ++v) {
              INFO(text(forward[v].name, " / ", name, " / ", graph_name, " / ", sizes.heads, " x ", sizes.columns, " / p=", p));
              // The backward variant is another than the forward one: what is kept between them is one format.
              const Gat::Result result = gat.run(workbench, forward[v].name, backward[(v + 1) % backward.size()].name);
              CHECK(mismatch(result.y, expected) == "");
              CHECK(mismatch(result.dx, about(gradients.dx.values, 2e-5)) == "");
              CHECK(mismatch(result.dedge_scores, about(gradients.dedge_scores.values, 2e-5)) == "");
            }
          }
        }
      }
    }
  }

  TEST_CASE("gat / arrays one float off their alignment, and a head too wide for 32 lanes") {
    const HostCsr graph = bench::csr_from_rows({{0, 1, 2}, {1}, {}}, 3, 1);
    for (int64_t columns : {8, 260}) {
      const Gat gat = gat_of(graph, {1, columns}, 0);
      const bench::Reference expected = bench::attention(gat.use);
      for (const auto& [name, device] : devices()) {
        INFO(text(name, " / ", columns));
        Workbench workbench(device);
        CHECK(mismatch(gat.run(workbench, "", "", 1).y, expected) == "");
        if (device.kind() == DeviceKind::cpu) continue;
        if (columns == 8) {
          CHECK(mismatch(gat.run(workbench, "row_per_subwarp", "row_per_subwarp", 1).y, expected) == "");
        } else {
          CHECK(error_mismatch(ErrorKind::usage,
                               "gat: row_per_subwarp cannot run this: a head has 260 columns, 32 lanes hold 256",
                               [&] { gat.run(workbench, "row_per_subwarp", "", 1); }) == "");
          CHECK(error_mismatch(ErrorKind::usage, "gat_backward: row_per_subwarp cannot run this: a head has 260 columns",
                               [&] { gat.run(workbench, "", "row_per_subwarp", 1); }) == "");
          CHECK(mismatch(gat.run(workbench, "row_per_subwarp", "row_per_subwarp").y, expected) == "");
        }
      }
    }
  }

  TEST_CASE("attention variants / the bits depend neither on threads nor on schedules") {
    std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
    groups.push_back(simt_orders());
    for (const auto& group : groups) {
      if (group.empty()) continue;
      const DeviceKind kind = group.front().device.kind();
      const int64_t n = kind == DeviceKind::cpu ? 500 : 40;
      const HostCsr graph = bench::power_law_graph(n, n, 10 * n, 50);
      const Sddmm sddmm{graph, {3, 16}};
      for (const auto& variant : head_sddmm_variants(kind)) {
        INFO(text("head_sddmm / ", variant.name));
        CHECK(variant.deterministic);
        check_same_bits(group, [&](Workbench& workbench) { return sddmm.run(workbench, variant.name); });
      }
      const Softmax softmax{graph, 3};
      for (const auto& variant : edge_softmax_variants(kind)) {
        INFO(text("edge_softmax / ", variant.name));
        CHECK(variant.deterministic);
        check_same_bits(group, [&](Workbench& workbench) { return softmax.run(workbench, variant.name); });
      }
      const Gat gat = gat_of(graph, {3, 5}, 0.5f);
      for (const auto& variant : gat_forward_variants(kind)) {
        INFO(text("gat / ", variant.name));
        CHECK(variant.deterministic);
        check_same_bits(group, [&](Workbench& workbench) {
          Gat::Result result = gat.run(workbench, variant.name, variant.name);
          result.y.insert(result.y.end(), result.dx.begin(), result.dx.end());
          return result.y;
        });
      }
    }
  }

  TEST_CASE("gat / forward and backward have the same variants") {
    for (DeviceKind device : {DeviceKind::cpu, DeviceKind::simt, DeviceKind::cuda}) {
      const auto forward = gat_forward_variants(device);
      const auto backward = gat_backward_variants(device);
      REQUIRE(forward.size() == backward.size());
      for (std::size_t i = 0; i < forward.size(); ++i) {
        CHECK(std::string(forward[i].name) == backward[i].name);
        CHECK(std::string(forward[i].summary) == backward[i].summary);
        CHECK(forward[i].deterministic == backward[i].deterministic);
      }
    }
  }

  TEST_CASE("attention variants / the automatic choices follow their rules") {
    const auto sddmm = [](DeviceKind device, int64_t heads, int64_t columns) {
      const DenseView<const float> x{nullptr, 10, heads * columns};
      return std::string(pick_head_sddmm({{.rows = 10, .cols = 10, .nnz = 30}, heads, x, x, {nullptr, 30, heads}}, device));
    };
    const auto softmax = [](DeviceKind device, int64_t nnz, int64_t heads) {
      return std::string(
          pick_edge_softmax({{.rows = 10, .cols = 10, .nnz = nnz}, {nullptr, nnz, heads}, {nullptr, nnz, heads}}, device));
    };
    const auto gat = [](DeviceKind device, int64_t heads, int64_t columns, const float* x = nullptr) {
      GatForwardArgs forward;
      forward.use.heads = heads;
      forward.x = {x, 10, heads * columns};
      GatBackwardArgs backward;
      backward.use.heads = heads;
      backward.x = forward.x;
      const std::string chosen = pick_gat_forward(forward, device);
      CHECK(chosen == pick_gat_backward(backward, device));
      return chosen;
    };
    CHECK(sddmm(DeviceKind::cpu, 8, 8) == "cpu_row_vectorised");
    CHECK(softmax(DeviceKind::cpu, 100, 8) == "cpu_row_vectorised");
    CHECK(gat(DeviceKind::cpu, 8, 2000) == "cpu_blocks");
    for (DeviceKind device : {DeviceKind::simt, DeviceKind::cuda}) {
      CHECK(sddmm(device, 8, 256) == "row_per_subwarp");
      CHECK(sddmm(device, 8, 257) == "row_per_thread");
      CHECK(sddmm(device, 1, 1024) == "row_per_subwarp");
      CHECK(sddmm(device, 1, 1028) == "row_per_thread");
      CHECK(softmax(device, 79, 1) == "row_per_thread");
      CHECK(softmax(device, 80, 1) == "row_per_warp");
      CHECK(softmax(device, 10, 8) == "row_per_warp");
      CHECK(gat(device, 8, 1024) == "row_per_subwarp");
      CHECK(gat(device, 8, 1028) == "column_per_thread");
      alignas(16) static const float values[2] = {};
      CHECK(gat(device, 1, 1024, values + 1) == "column_per_thread");
      CHECK(gat(device, 1, 256, values + 1) == "row_per_subwarp");
    }
  }
}

}  // namespace heddle::test
