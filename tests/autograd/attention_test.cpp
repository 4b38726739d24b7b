// Graph attention as one operator and as separate passes: against double precision, against each other, against differences.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "bench/attention_reference.h"
#include "bench/graphs.h"
#include "heddle/attention.h"
#include "heddle/gradcheck.h"
#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/same_bits.h"

namespace heddle::test {

namespace {

constexpr uint64_t seed = 11;

/// Of magnitude at least `least` and at most 1, one sign per head or column group: a sum of products with positive numbers then
/// stays away from LeakyReLU's kink.
HostMatrix one_sign_per_head(int64_t rows, int64_t heads, int64_t columns, uint64_t from, double least) {
  bench::Draws draws(from);
  HostMatrix m{rows, heads * columns, {}};
  for (int64_t i = 0; i < rows * heads * columns; ++i) {
    const double magnitude = least + (1 - least) * draws.uniform();
    m.values.push_back(static_cast<float>(i / columns % heads % 2 == 0 ? magnitude : -magnitude));
  }
  return m;
}

/// Rows of 0 to 40 edges, a hub, repeats: what a block of edges can come to.
HostCsr small_graph() { return bench::csr_from_rows({{1, 2, 2, 0}, {}, {0, 1, 2, 3, 4, 1}, {3}, {0, 4, 2}}, 5, 3); }

RandomStream first_dropout() { return {.seed = seed, .purpose = random_purpose::dropout, .step = nullptr}; }

struct Sizes {
  int64_t heads, columns;
};
constexpr Sizes all_sizes[] = {{1, 1},  {1, 7}, {1, 8}, {1, 64}, {3, 1},  {3, 7},  {3, 8},
                               {3, 64}, {8, 1}, {8, 7}, {8, 8},  {8, 64}, {2, 40}, {17, 3}};

bench::AttentionCase case_of(const HostCsr& graph, Sizes sizes, float dropout, double most = 1) {
  const int64_t width = sizes.heads * sizes.columns;
  return {.graph = graph,
          .heads = sizes.heads,
          .dropout = dropout,
          .random = first_dropout(),
          .x = bench::uniform_matrix(graph.cols, width, 1),
          .a_source = bench::uniform_matrix(1, width, 2, most),
          .a_target = bench::uniform_matrix(1, width, 3, most)};
}

AttentionOptions options_of(const bench::AttentionCase& c) {
  return {.heads = c.heads, .slope = static_cast<float>(c.slope), .dropout = c.dropout};
}

/// What an op gives in the first step of a training context, and the gradients of half its squares.
struct Result {
  std::vector<float> y;
  std::vector<std::vector<float>> gradients;
};
template <class Op>
Result run(const Device& device, const std::vector<HostMatrix>& inputs, const Op& op) {
  Context context(device, seed);
  std::vector<Tensor> tensors;
  for (const HostMatrix& input : inputs) tensors.push_back(context.make_tensor(input, true));
  const Tensor y = op(tensors);
  Result result{y.to_host().values, {}};
  context.tape().backward(l2_penalty(y, 1));
  for (const Tensor& tensor : tensors) result.gradients.push_back(tensor.grad_to_host().values);
  return result;
}

Tensor unfused(const SparseMatrix& graph, const std::vector<Tensor>& in, const AttentionOptions& options) {
  const int64_t heads = options.heads;
  Tensor scores = edge_sums(graph, head_scores(in[0], in[1], heads), head_scores(in[0], in[2], heads));
  if (in.size() > 3) scores = add(scores, in[3]);
  const Tensor alpha = edge_softmax(graph, leaky_relu(scores, options.slope));
  return head_spmm(graph, dropout(alpha, options.dropout), in[0], heads);
}

/// GATv2's chain; in: sources, targets, a.
Tensor unfused_v2(const SparseMatrix& graph, const std::vector<Tensor>& in, const AttentionOptions& options) {
  const int64_t heads = options.heads;
  const Tensor scores = head_scores(leaky_relu(edge_sums(graph, in[0], in[1]), options.slope), in[2], heads);
  return head_spmm(graph, dropout(edge_softmax(graph, scores), options.dropout), in[0], heads);
}

double greatest(const std::vector<float>& values) {
  double most = 0;
  for (float value : values) most = std::max(most, static_cast<double>(std::abs(value)));
  return most;
}

/// Elementwise within `relative` of the greatest magnitude, plus `absolute`: two float32 ways to one sum of many terms.
bench::Reference about(const std::vector<float>& expected, double relative, double absolute = 1e-30) {
  bench::Reference reference{{expected.begin(), expected.end()}, {}};
  reference.bounds.assign(expected.size(), relative * greatest(expected) + absolute);
  return reference;
}

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("gat_attention / hostile graphs, heads and widths, with dropout and without, match double precision") {
  for (const auto& [graph_name, rectangular] : bench::hostile_graphs()) {
    const HostCsr graph = bench::squared(rectangular);
    if (graph.rows == 0) continue;
    for (const Sizes sizes : all_sizes) {
      for (float p : {0.0f, 0.6f}) {
        const bench::AttentionCase c = case_of(graph, sizes, p);
        const bench::Reference expected = bench::attention(c);
        for (const NamedDevice& device : devices()) {
          INFO(text(graph_name, " / ", sizes.heads, " x ", sizes.columns, " / p=", p, " / ", device.name));
          Context context(device.device, seed);
          const SparseMatrix matrix(context.stream(), graph);
          const Tensor y = gat_attention(matrix, context.make_tensor(c.x, true), context.make_tensor(c.a_source),
                                         context.make_tensor(c.a_target), options_of(c));
          CHECK(mismatch(y.to_host().values, expected) == "");
        }
      }
    }
  }
}

TEST_CASE("gatv2_attention / hostile graphs, heads and widths, with dropout and without, match double precision") {
  for (const auto& [graph_name, graph] : bench::hostile_graphs()) {
    if (graph.rows == 0) continue;
    for (const Sizes sizes : all_sizes) {
      for (float p : {0.0f, 0.6f}) {
        bench::AttentionCase c = case_of(graph, sizes, p);
        c.targets = bench::uniform_matrix(graph.rows, sizes.heads * sizes.columns, 4);
        const bench::Reference expected = bench::attention(c);
        for (const NamedDevice& device : devices()) {
          INFO(text(graph_name, " / ", sizes.heads, " x ", sizes.columns, " / p=", p, " / ", device.name));
          Context context(device.device, seed);
          const SparseMatrix matrix(context.stream(), graph);
          const Tensor y = gatv2_attention(matrix, context.make_tensor(c.x, true), context.make_tensor(c.targets),
                                           context.make_tensor(c.a_source), options_of(c));
          CHECK(mismatch(y.to_host().values, expected) == "");
        }
      }
    }
  }
}

TEST_CASE("gat_attention / logits of +-1e4 overflow nowhere, fused and in passes") {
  bench::AttentionCase c = case_of(small_graph(), {3, 7}, 0);
  c.edge_scores = bench::uniform_matrix(c.graph.nnz(), 3, 5, 1e4);
  const bench::Reference expected = bench::attention(c);
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    for (bool fused : {true, false}) {
      INFO(text(fused ? "fused" : "passes"));
      Context context(device.device, seed);
      const SparseMatrix matrix(context.stream(), c.graph);
      const Tensor x = context.make_tensor(c.x, true);
      const std::vector<Tensor> in{x, context.make_tensor(c.a_source), context.make_tensor(c.a_target),
                                   context.make_tensor(c.edge_scores)};
      const Tensor y =
          fused ? gat_attention(matrix, in[0], in[1], in[2], in[3], options_of(c)) : unfused(matrix, in, options_of(c));
      CHECK(mismatch(y.to_host().values, expected) == "");
      context.tape().backward(l2_penalty(y, 1));
      for (float value : x.grad_to_host().values) CHECK(std::isfinite(value));
    }
  }
}

TEST_CASE("gat_attention / the fused operator and the separate passes agree, values and every gradient") {
  for (const auto& [graph_name, rectangular] : bench::hostile_graphs()) {
    const HostCsr graph = bench::squared(rectangular);
    if (graph.rows == 0) continue;
    for (const Sizes sizes : all_sizes) {
      // The passes number the elements of dropout without gaps.
      const bool power_of_two = (sizes.heads & (sizes.heads - 1)) == 0 && sizes.heads <= 16;
      const bench::AttentionCase c = case_of(graph, sizes, power_of_two ? 0.6f : 0);
      const std::vector<HostMatrix> inputs{c.x, c.a_source, c.a_target, bench::uniform_matrix(graph.nnz(), sizes.heads, 6)};
      for (const NamedDevice& device : devices()) {
        INFO(text(graph_name, " / ", sizes.heads, " x ", sizes.columns, " / ", device.name));
        Stream stream(device.device.backend());
        const SparseMatrix matrix(stream, graph);
        stream.synchronise();
        const Result one = run(device.device, inputs, [&](const std::vector<Tensor>& in) {
          return gat_attention(matrix, in[0], in[1], in[2], in[3], options_of(c));
        });
        const Result passes =
            run(device.device, inputs, [&](const std::vector<Tensor>& in) { return unfused(matrix, in, options_of(c)); });
        CHECK(mismatch(one.y, about(passes.y, 1e-5)) == "");
        // A logit's gradient is the difference of <dy, x> and its mean over the row, which is 0 in a row of one edge: the
        // rounding of the two products remains. dy is y here, and |x| is at most 1.
        const double products = static_cast<double>(sizes.columns) * greatest(passes.y);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          INFO("gradient of input ", i);
          CHECK(mismatch(one.gradients[i], about(passes.gradients[i], 1e-4, 1e-5 * products)) == "");
        }
        const std::vector<HostMatrix> inputs_v2{c.x, bench::uniform_matrix(graph.rows, c.x.cols, 4), c.a_source};
        const Result one_v2 = run(device.device, inputs_v2, [&](const std::vector<Tensor>& in) {
          return gatv2_attention(matrix, in[0], in[1], in[2], options_of(c));
        });
        const Result passes_v2 =
            run(device.device, inputs_v2, [&](const std::vector<Tensor>& in) { return unfused_v2(matrix, in, options_of(c)); });
        CHECK(mismatch(one_v2.y, about(passes_v2.y, 1e-5)) == "");
        for (std::size_t i = 0; i < inputs_v2.size(); ++i) {
          INFO("gatv2's gradient of input ", i);
          CHECK(mismatch(one_v2.gradients[i], about(passes_v2.gradients[i], 1e-4, 1e-5 * products)) == "");
        }
      }
    }
  }
}

TEST_CASE("attention / gradients agree with differences, dropout on, element by element and along a direction") {
  const HostCsr graph = small_graph();
  std::vector<Sizes> checked{{3, 3}, {8, 2}};
  for (int64_t heads : {1, 3, 8}) {
    for (int64_t columns : {1, 7, 8, 64}) checked.push_back({heads, columns});
  }
  for (const Sizes sizes : checked) {
    const int64_t width = sizes.heads * sizes.columns;
    const HostMatrix x = one_sign_per_head(graph.cols, 1, width, 7, 0.3);
    const HostMatrix a_source = one_sign_per_head(1, sizes.heads, sizes.columns, 8, 0.3);
    const HostMatrix a_target = one_sign_per_head(1, sizes.heads, sizes.columns, 9, 0.3);
    const HostMatrix edge_scores = one_sign_per_head(graph.nnz(), sizes.heads, 1, 10, 0.1);
    for (const NamedDevice& device : devices()) {
      if (device.device.kind() != DeviceKind::cpu && width > 24) continue;  // the executor would take a minute
      INFO(text(sizes.heads, " x ", sizes.columns, " / ", device.name));
      Stream stream(device.device.backend());
      const SparseMatrix matrix(stream, graph);
      stream.synchronise();
      const AttentionOptions options{.heads = sizes.heads, .dropout = 0.4f};
      const auto check = [&](const char* what, const std::vector<HostMatrix>& inputs, const auto& op) {
        const GradcheckResult result =
            gradcheck(device.device, [&](Context&, const std::vector<Tensor>& in) { return op(in); }, inputs, {.seed = seed});
        CHECK_MESSAGE(result.passed, std::string(what), ": ", result.message);
      };
      check("gat", {x, a_source, a_target},
            [&](const std::vector<Tensor>& in) { return gat_attention(matrix, in[0], in[1], in[2], options); });
      check("gat with edge scores", {x, a_source, a_target, edge_scores},
            [&](const std::vector<Tensor>& in) { return gat_attention(matrix, in[0], in[1], in[2], in[3], options); });
      check("separate passes", {x, a_source, a_target, edge_scores},
            [&](const std::vector<Tensor>& in) { return unfused(matrix, in, options); });
      // Sources and targets of one sign in each column keep their sum away from the kink.
      const HostMatrix sources = one_sign_per_head(graph.cols, sizes.heads, sizes.columns, 12, 0.3);
      const HostMatrix targets = one_sign_per_head(graph.rows, sizes.heads, sizes.columns, 13, 0.3);
      // Scores of order 1, whatever the width: differences see little of the softmax's curvature.
      const HostMatrix a = bench::uniform_matrix(1, width, 14, 1 / std::sqrt(static_cast<double>(sizes.columns)));
      check("gatv2", {sources, targets, a},
            [&](const std::vector<Tensor>& in) { return gatv2_attention(matrix, in[0], in[1], in[2], options); });
      check("gatv2 with edge scores", {sources, targets, a, edge_scores},
            [&](const std::vector<Tensor>& in) { return gatv2_attention(matrix, in[0], in[1], in[2], in[3], options); });
      check("head_sddmm", {bench::uniform_matrix(graph.rows, width, 15), bench::uniform_matrix(graph.cols, width, 16)},
            [&](const std::vector<Tensor>& in) { return head_sddmm(matrix, in[0], in[1], sizes.heads); });
    }
  }
}

TEST_CASE("attention / the bits depend neither on threads nor on schedules, nor on which vectors there are") {
  std::vector<std::vector<NamedDevice>> groups = cpu_thread_counts();
  groups.push_back(fused_isas());
  groups.push_back(simt_orders());
  for (const auto& group : groups) {
    if (group.empty()) continue;
    const bool on_simt = group.front().device.kind() == DeviceKind::simt;
    const HostCsr graph = on_simt ? bench::squared(bench::power_law_graph(40, 40, 200, 17))
                                  : bench::squared(bench::power_law_graph(700, 700, 9000, 17));
    for (const Sizes sizes : {Sizes{8, 8}, Sizes{1, 7}, Sizes{3, 5}}) {
      const bench::AttentionCase c = case_of(graph, sizes, 0.6f);
      for (bool second : {false, true}) {
        std::vector<HostMatrix> inputs{c.x, c.a_source};
        if (!second) inputs.push_back(c.a_target);
        Result first;
        for (std::size_t i = 0; i < group.size(); ++i) {
          INFO(text(group[i].name, " against ", group[0].name, second ? " / gatv2 / " : " / gat / ", sizes.heads, " x ",
                    sizes.columns));
          Stream stream(group[i].device.backend());
          const SparseMatrix matrix(stream, graph);
          stream.synchronise();
          const Result result = run(group[i].device, inputs, [&](const std::vector<Tensor>& in) {
            return second ? gatv2_attention(matrix, in[0], in[0], in[1], options_of(c))
                          : gat_attention(matrix, in[0], in[1], in[2], options_of(c));
          });
          if (i == 0) {
            first = result;
            // Sources and targets are one tensor: its gradient has a part of each. The passes number dropout without gaps.
            if (second && sizes.heads != 3) {
              const Result passes = run(group[i].device, inputs, [&](const std::vector<Tensor>& in) {
                return unfused_v2(matrix, {in[0], in[0], in[1]}, options_of(c));
              });
              const double products = static_cast<double>(sizes.columns) * greatest(passes.y);
              CHECK(mismatch(result.gradients[0], about(passes.gradients[0], 1e-4, 1e-5 * products)) == "");
            }
          }
          CHECK(bit_difference(result.y, first.y) == "");
          for (std::size_t g = 0; g < inputs.size(); ++g) {
            CHECK(bit_difference(result.gradients[g], first.gradients[g]) == "");
          }
        }
      }
    }
  }
}

TEST_CASE("attention / sizes that do not fit and a graph declared symmetric are refused with the sizes") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const SparseMatrix graph(context.stream(), small_graph());
    const Tensor x = context.make_tensor(bench::uniform_matrix(5, 6, 1)), a = context.make_tensor(bench::uniform_matrix(1, 6, 2)),
                 short_a = context.make_tensor(bench::uniform_matrix(1, 5, 2));
    CHECK(error_mismatch(ErrorKind::usage, "a vector of scores is 1 x 5", [&] { gat_attention(graph, x, short_a, a, {}); }) ==
          "");
    CHECK(error_mismatch(ErrorKind::usage, "6 columns cannot be shared by 4 heads",
                         [&] { gat_attention(graph, x, a, a, {.heads = 4}); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "0 heads", [&] { gat_attention(graph, x, a, a, {.heads = 0}); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "the slope is 2", [&] { gat_attention(graph, x, a, a, {.slope = 2}); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, "edge_scores is 1 x 6", [&] { gat_attention(graph, x, a, a, a, {}); }) == "");
    const SparseMatrix loop(context.stream(), bench::csr_from_rows({{0}, {1}, {2}, {3}, {4}}, 5, 1), true);
    CHECK(error_mismatch(ErrorKind::usage, "declared symmetric", [&] { gat_attention(loop, x, a, a, {}); }) == "");
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
