#include <cmath>
#include <memory>

#include "bench/attention_reference.h"
#include "bench/op_cases/inputs.h"
#include "kernels/gat/gat.h"

namespace heddle::bench {

namespace {

/// Of magnitude [least, 1), one sign per `columns` neighbours: sums of products with such numbers stay away from LeakyReLU's
/// kink.
HostMatrix one_sign_per_head(int64_t rows, int64_t heads, int64_t columns, uint64_t seed, double least) {
  HostMatrix m = matrix({rows, heads * columns}, seed, least);
  for (int64_t i = 0; i < rows * heads * columns; ++i) {
    float& value = m.values[static_cast<std::size_t>(i)];
    value = i / columns % heads % 2 == 0 ? std::abs(value) : -std::abs(value);
  }
  return m;
}

/// One use of an op of heddle/attention.h on a graph.
struct AttentionOp {
  HostCsr graph;
  int64_t heads, columns;
  float dropout;
  int64_t width() const { return heads * columns; }
  AttentionOptions options() const { return {.heads = heads, .slope = 0.2f, .dropout = dropout}; }
  std::string named(const char* op) const {
    return text(op, " ", graph.rows, "x", graph.cols, " with ", counted(graph.nnz(), "edge"), ", ", heads, "x", columns,
                dropout > 0 ? ", dropout" : "");
  }
  /// dropout(softmax(scores)) times x.
  DoubleTape::Ref attend(DoubleTape& tape, DoubleTape::Ref scores, DoubleTape::Ref x) const {
    const DoubleTape::Ref alpha = tape.edge_softmax(graph, scores);
    const DoubleDropout drop{.p = dropout, .random = first_dropout(), .stride = kernels::head_stride(heads), .multiplies = true};
    return tape.head_spmm(graph, dropout > 0 ? tape.dropout(alpha, drop) : alpha, x, heads);
  }
};

void add_attention(std::vector<OpCase>& cases, const AttentionOp& use) {
  const int64_t heads = use.heads, columns = use.columns, width = use.width();
  const HostCsr& graph = use.graph;
  const bool square = graph.rows == graph.cols;
  const auto add = [&](const char* op, std::vector<HostMatrix> inputs, auto apply, const DoubleOp& in_double) {
    const auto prepare = [graph, apply](Stream& stream) -> Op {
      const auto on_device = std::make_shared<SparseMatrix>(stream, graph);
      return [on_device, apply](Context&, const std::vector<Tensor>& in) { return apply(*on_device, in); };
    };
    // Sums of some dozens of products of numbers below 1, and exponentials of such: a few roundings of each.
    cases.push_back({use.named(op), inputs, prepare, about(inputs, in_double, 100 * 0x1p-24), in_double});
  };
  using Inputs = const std::vector<Tensor>&;
  const HostMatrix sources = one_sign_per_head(graph.cols, heads, columns, 50, 0.3),
                   targets = one_sign_per_head(graph.rows, heads, columns, 51, 0.3), a = one_sign_per_head(1, 1, width, 52, 0.3),
                   other_a = one_sign_per_head(1, 1, width, 53, 0.3),
                   per_source = one_sign_per_head(graph.cols, heads, 1, 54, 0.3),
                   per_target = one_sign_per_head(graph.rows, heads, 1, 55, 0.3),
                   per_edge = one_sign_per_head(graph.nnz(), heads, 1, 56, 0.1);
  add(
      "head_scores", {sources, a}, [=](const SparseMatrix&, Inputs in) { return head_scores(in[0], in[1], heads); },
      [=](DoubleTape& tape, Doubles in) { return tape.head_scores(in[0], in[1], heads); });
  add(
      "edge_sums", {per_source, per_target}, [](const SparseMatrix& g, Inputs in) { return edge_sums(g, in[0], in[1]); },
      [=](DoubleTape& tape, Doubles in) { return tape.edge_sums(graph, in[0], in[1]); });
  add(
      "head_sddmm", {targets, sources}, [=](const SparseMatrix& g, Inputs in) { return head_sddmm(g, in[0], in[1], heads); },
      [=](DoubleTape& tape, Doubles in) { return tape.head_sddmm(graph, in[0], in[1], heads); });
  add(
      "leaky_relu", {per_edge}, [](const SparseMatrix&, Inputs in) { return leaky_relu(in[0], 0.2f); },
      [](DoubleTape& tape, Doubles in) { return tape.leaky_relu(in[0], 0.2f); });
  add(
      "edge_softmax", {per_edge}, [](const SparseMatrix& g, Inputs in) { return edge_softmax(g, in[0]); },
      [=](DoubleTape& tape, Doubles in) { return tape.edge_softmax(graph, in[0]); });
  add(
      "head_spmm", {per_edge, sources}, [=](const SparseMatrix& g, Inputs in) { return head_spmm(g, in[0], in[1], heads); },
      [=](DoubleTape& tape, Doubles in) { return tape.head_spmm(graph, in[0], in[1], heads); });
  const AttentionOptions options = use.options();
  const DoubleOp gat = [=](DoubleTape& tape, Doubles in) {
    DoubleTape::Ref raw = tape.edge_sums(graph, tape.head_scores(in[0], in[1], heads), tape.head_scores(in[0], in[2], heads));
    if (in.size() > 3) raw = tape.add(raw, in[3]);
    return use.attend(tape, tape.leaky_relu(raw, options.slope), in[0]);
  };
  if (square) {
    add(
        "gat_attention", {sources, a, other_a},
        [=](const SparseMatrix& g, Inputs in) { return gat_attention(g, in[0], in[1], in[2], options); }, gat);
    add(
        "gat_attention with edge scores,", {sources, a, other_a, per_edge},
        [=](const SparseMatrix& g, Inputs in) { return gat_attention(g, in[0], in[1], in[2], in[3], options); }, gat);
  }
  const DoubleOp gatv2 = [=](DoubleTape& tape, Doubles in) {
    DoubleTape::Ref scores = tape.head_scores(tape.leaky_relu(tape.edge_sums(graph, in[0], in[1]), options.slope), in[2], heads);
    if (in.size() > 3) scores = tape.add(scores, in[3]);
    return use.attend(tape, scores, in[0]);
  };
  add(
      "gatv2_attention", {sources, targets, a},
      [=](const SparseMatrix& g, Inputs in) { return gatv2_attention(g, in[0], in[1], in[2], options); }, gatv2);
  add(
      "gatv2_attention with edge scores,", {sources, targets, a, per_edge},
      [=](const SparseMatrix& g, Inputs in) { return gatv2_attention(g, in[0], in[1], in[2], in[3], options); }, gatv2);
}

}  // namespace

void add_attention_cases(std::vector<OpCase>& cases) {
  // An empty row, a repeated edge, a row of one edge; a hub of more edges than a block of the cpu's kernels or a warp holds; as
  // many edges as nodes, with heads of one column, so that edges' and nodes' numbers have one shape; and a node alone, whose row
  // has the shape of a vector of scores.
  const HostCsr small = csr_from_rows({{1, 2, 2, 0}, {}, {0, 1, 2, 3, 4, 1}, {3}, {0, 4, 2}}, 5, 3);
  std::vector<std::vector<int32_t>> rows{{}, {0, 1}, {2}};
  for (int32_t k = 0; k < 70; ++k) rows[0].push_back(k % 3);
  const HostCsr hub = csr_from_rows(rows, 3, 3);
  const HostCsr ring = csr_from_rows({{1}, {0, 2}, {}}, 3, 3);
  for (const AttentionOp& use :
       {AttentionOp{small, 1, 3, 0}, AttentionOp{small, 3, 2, 0.4f}, AttentionOp{small, 2, 4, 0.4f}, AttentionOp{hub, 1, 2, 0},
        AttentionOp{ring, 2, 1, 0}, AttentionOp{csr_from_rows({{0}}, 1, 3), 2, 2, 0},
        AttentionOp{csr_from_rows({{0, 2}, {1, 3, 0}}, 4, 3), 2, 3, 0}}) {
    add_attention(cases, use);
  }
}

}  // namespace heddle::bench
