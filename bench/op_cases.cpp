#include "bench/op_cases.h"

#include <cmath>
#include <memory>
#include <tuple>
#include <utility>

#include "bench/attention_reference.h"
#include "bench/graphs.h"
#include "heddle/error.h"
#include "kernels/gat/gat.h"

namespace heddle::bench {

namespace {

struct Shape {
  int64_t rows;
  int64_t cols;
};
constexpr Shape odd_shapes[] = {{1, 1}, {1, 7}, {5, 3}, {3, 33}};

/// Values of either sign with a magnitude in [least, most).
HostMatrix matrix(Shape shape, uint64_t seed, double least = 0, double most = 1) {
  Draws draws(seed);
  HostMatrix result{shape.rows, shape.cols, std::vector<float>(static_cast<std::size_t>(shape.rows * shape.cols))};
  for (float& value : result.values) {
    const double magnitude = least + (most - least) * draws.uniform();
    value = static_cast<float>(draws.below(2) == 0 ? magnitude : -magnitude);
  }
  return result;
}

// A bias of magnitude below 0.1 does not carry an element of magnitude 0.3 to relu's kink.
HostMatrix away_from_kink(Shape shape) { return matrix(shape, 1, 0.3); }
HostMatrix small_bias(int64_t cols) { return matrix({1, cols}, 2, 0, 0.1); }

/// The random words of the first dropout in the first step.
RandomStream first_dropout() { return {.seed = op_case_seed, .purpose = random_purpose::dropout, .step = nullptr}; }

std::string named(const char* op, Shape shape) { return text(op, " ", shape.rows, "x", shape.cols); }

using Doubles = const std::vector<DoubleTape::Ref>&;

/// For an op without constants.
std::function<Op(Stream&)> plainly(Op op) {
  return [op = std::move(op)](Stream&) { return op; };
}

// scale(x, 1) makes the same values in memory that belongs to nobody: what an rvalue overload may overwrite.
Tensor rvalue(const Tensor& x) { return scale(x, 1); }

void add_matmul(std::vector<OpCase>& cases) {
  struct Product {
    int64_t n, k, m;
  };
  // Up to 64 columns and 64 inner ones the cpu keeps the product in registers, beyond that it calls the BLAS: both are here.
  const DoubleOp in_double = [](DoubleTape& tape, Doubles in) { return tape.matmul(in[0], in[1]); };
  for (const auto [n, k, m] :
       {Product{1, 1, 1}, Product{4, 4, 4}, Product{5, 7, 3}, Product{9, 3, 33}, Product{3, 2, 65}, Product{2, 67, 3}}) {
    const HostMatrix a = matrix({n, k}, 3), b = matrix({k, m}, 4);
    cases.push_back({text("matmul ", n, "x", k, "x", m),
                     {a, b},
                     plainly([](Context&, const std::vector<Tensor>& in) { return matmul(in[0], in[1]); }),
                     gemm(a, b, false, false),
                     in_double});
  }
  const HostMatrix a = matrix({4, 4}, 5);
  cases.push_back({"matmul of a matrix and itself",
                   {a},
                   plainly([](Context&, const std::vector<Tensor>& in) { return matmul(in[0], in[0]); }),
                   gemm(a, a, false, false),
                   [](DoubleTape& tape, Doubles in) { return tape.matmul(in[0], in[0]); }});
}

/// A symmetric matrix of a path: every diagonal is as long as the path, its end rows are shorter.
HostCsr path(int32_t nodes) {
  HostCsr csr;
  csr.rows = csr.cols = nodes;
  for (int32_t row = 0; row < nodes; ++row) {
    for (int32_t col = std::max(0, row - 1); col <= std::min(nodes - 1, row + 1); ++col) {
      csr.col_indices.push_back(col);
      csr.values.push_back(1.0f / static_cast<float>(2 + row + col));
    }
    csr.row_offsets.push_back(csr.nnz());
  }
  return csr;
}

/// A graph with empty rows and columns, of weights of order 1.
HostCsr sparse(int64_t rows, int64_t cols, int64_t nnz) {
  HostCsr csr = random_graph(rows, cols, nnz, 6);
  csr.values = matrix({1, csr.nnz()}, 7).values;
  return csr;
}

void add_spmm(std::vector<OpCase>& cases) {
  const auto with = [](const HostCsr& csr, bool symmetric, auto multiply) {
    return [csr, symmetric, multiply](Stream& stream) -> Op {
      const auto a = std::make_shared<SparseMatrix>(stream, csr, symmetric);
      return [a, multiply](Context& context, const std::vector<Tensor>& in) { return multiply(context, *a, in[0]); };
    };
  };
  const auto in_double = [](const HostCsr& csr) -> DoubleOp {
    return [csr](DoubleTape& tape, Doubles in) { return tape.spmm(csr, in[0]); };
  };
  const auto lvalue = [](Context&, const SparseMatrix& a, const Tensor& x) { return spmm(a, x); };
  for (const auto& [csr, d] : {std::pair(sparse(6, 9, 14), int64_t{3}), std::pair(sparse(9, 4, 20), int64_t{1}),
                               std::pair(sparse(3, 5, 0), int64_t{2})}) {
    const HostMatrix x = matrix({csr.cols, d}, 8);
    cases.push_back({text("spmm ", csr.rows, "x", csr.cols, " with ", counted(csr.nnz(), "non-zero"), ", d=", d),
                     {x},
                     with(csr, false, lvalue),
                     spmm(csr, CsrValues::direct, {}, x),
                     in_double(csr)});
  }
  const HostMatrix x = matrix({7, 5}, 9);
  const Reference along_path = spmm(path(7), CsrValues::direct, {}, x);
  cases.push_back({"spmm symmetric", {x}, with(path(7), true, lvalue), along_path, in_double(path(7))});
  cases.push_back({"spmm rvalue",
                   {x},
                   with(path(7), false, [](Context&, const SparseMatrix& a, const Tensor& in) { return spmm(a, rvalue(in)); }),
                   along_path,
                   in_double(path(7))});

  const HostCsr csr = sparse(6, 7, 15);
  HostCsr other = csr;
  other.values = matrix({1, csr.nnz()}, 10).values;
  const HostMatrix values{1, csr.nnz(), other.values};
  cases.push_back({"spmm with other values",
                   {x},
                   with(csr, false,
                        [values](Context& context, const SparseMatrix& a, const Tensor& in) {
                          return spmm(a, context.make_tensor(values), in);
                        }),
                   spmm(other, CsrValues::direct, {}, x),
                   in_double(other)});
}

void add_sums(std::vector<OpCase>& cases) {
  for (const Shape shape : odd_shapes) {
    const HostMatrix a = matrix(shape, 12), b = matrix(shape, 13);
    cases.push_back({named("add", shape),
                     {a, b},
                     plainly([](Context&, const std::vector<Tensor>& in) { return add(in[0], in[1]); }),
                     add_scaled(b.values, 1, a.values),
                     [](DoubleTape& tape, Doubles in) { return tape.add(in[0], in[1]); }});
    cases.push_back({named("scale", shape),
                     {a},
                     plainly([](Context&, const std::vector<Tensor>& in) { return scale(in[0], -1.75f); }),
                     scale(a.values, -1.75, 1),
                     [](DoubleTape& tape, Doubles in) { return tape.scale(in[0], -1.75); }});
    cases.push_back({named("l2_penalty", shape),
                     {a},
                     plainly([](Context&, const std::vector<Tensor>& in) { return l2_penalty(in[0], 0.3f); }),
                     sum_of_squares(a, 0.5f * 0.3f),
                     [](DoubleTape& tape, Doubles in) { return tape.l2_penalty(in[0], 0.3); }});
  }
  const HostMatrix a = matrix({3, 5}, 14);
  cases.push_back({"add of a matrix and itself",
                   {a},
                   plainly([](Context&, const std::vector<Tensor>& in) { return add(in[0], in[0]); }),
                   scale(a.values, 2, 1),
                   [](DoubleTape& tape, Doubles in) { return tape.add(in[0], in[0]); }});
}

enum class Nonlinearity { none, relu, elu };

/// The op's values within an error in proportion to 1 + their magnitude.
Reference about(const std::vector<HostMatrix>& inputs, const DoubleOp& in_double, double allowance) {
  DoubleTape tape;
  std::vector<DoubleTape::Ref> leaves;
  for (const HostMatrix& input : inputs) leaves.push_back(tape.leaf(input));
  Reference reference{tape.value(in_double(tape, leaves)).values, {}};
  for (const double value : reference.values) reference.bounds.push_back(allowance * (1 + std::abs(value)));
  return reference;
}

void add_activations(std::vector<OpCase>& cases) {
  constexpr float p = 0.4f;
  for (const Shape shape : odd_shapes) {
    const HostMatrix x = away_from_kink(shape), bias = small_bias(shape.cols);
    const auto add = [&](const char* op, bool has_bias, Nonlinearity nonlinearity, float dropout, Op apply) {
      const std::vector<HostMatrix> inputs = has_bias ? std::vector<HostMatrix>{x, bias} : std::vector<HostMatrix>{x};
      const DoubleOp in_double = [=](DoubleTape& tape, Doubles in) {
        DoubleTape::Ref y = has_bias ? tape.add_bias(in[0], in[1]) : in[0];
        if (nonlinearity == Nonlinearity::relu) y = tape.relu(y);
        if (nonlinearity == Nonlinearity::elu) y = tape.elu(y);
        return dropout > 0 ? tape.dropout(y, {.p = dropout, .random = first_dropout()}) : y;
      };
      // elu: a rounding each of sum, exponential, difference and scaling, of numbers below 2.
      const Reference expected = nonlinearity == Nonlinearity::elu
                                     ? about(inputs, in_double, 16 * 0x1p-24)
                                     : bias_relu_dropout(x, {has_bias ? &bias.values : nullptr,
                                                             nonlinearity == Nonlinearity::relu, dropout, first_dropout()});
      cases.push_back({named(op, shape), inputs, plainly(std::move(apply)), expected, in_double});
    };
    using Inputs = const std::vector<Tensor>&;
    constexpr auto none = Nonlinearity::none, positive = Nonlinearity::relu, exponential = Nonlinearity::elu;
    add("add_bias", true, none, 0, [](Context&, Inputs in) { return add_bias(in[0], in[1]); });
    add("add_bias rvalue", true, none, 0, [](Context&, Inputs in) { return add_bias(rvalue(in[0]), in[1]); });
    add("relu", false, positive, 0, [](Context&, Inputs in) { return relu(in[0]); });
    add("relu rvalue", false, positive, 0, [](Context&, Inputs in) { return relu(rvalue(in[0])); });
    add("dropout", false, none, p, [](Context&, Inputs in) { return dropout(in[0], p); });
    add("dropout rvalue", false, none, p, [](Context&, Inputs in) { return dropout(rvalue(in[0]), p); });
    add("bias_relu_dropout", true, positive, p, [](Context&, Inputs in) { return bias_relu_dropout(in[0], in[1], p); });
    add("bias_relu_dropout rvalue", true, positive, p,
        [](Context&, Inputs in) { return bias_relu_dropout(rvalue(in[0]), in[1], p); });
    add("bias_relu_dropout without dropout", true, positive, 0,
        [](Context&, Inputs in) { return bias_relu_dropout(in[0], in[1], 0); });
    add("bias_elu_dropout", true, exponential, p, [](Context&, Inputs in) { return bias_elu_dropout(in[0], in[1], p); });
    add("bias_elu_dropout rvalue", true, exponential, p,
        [](Context&, Inputs in) { return bias_elu_dropout(rvalue(in[0]), in[1], p); });
    add("bias_elu_dropout without dropout", true, exponential, 0,
        [](Context&, Inputs in) { return bias_elu_dropout(in[0], in[1], 0); });
    add("chain of rvalues", true, positive, p,
        [](Context&, Inputs in) { return dropout(relu(add_bias(rvalue(in[0]), in[1])), p); });
  }
  const HostMatrix row = matrix({1, 6}, 15);
  cases.push_back({"add_bias of a row to itself",
                   {row},
                   plainly([](Context&, const std::vector<Tensor>& in) { return add_bias(in[0], in[0]); }),
                   scale(row.values, 2, 1),
                   [](DoubleTape& tape, Doubles in) { return tape.add_bias(in[0], in[0]); }});
}

void add_masked_nll(std::vector<OpCase>& cases) {
  for (const auto& [shape, rows] :
       {std::pair(Shape{1, 1}, std::vector<int32_t>{0}), std::pair(Shape{5, 3}, std::vector<int32_t>{4, 0, 3}),
        std::pair(Shape{7, 33}, std::vector<int32_t>{2})}) {
    const HostMatrix logits = matrix(shape, 16);
    std::vector<int32_t> labels;
    for (int64_t row = 0; row < shape.rows; ++row) labels.push_back(static_cast<int32_t>((row * 2 + 1) % shape.cols));
    cases.push_back(
        {named("masked_nll", shape),
         {logits},
         [labels, rows = rows](Stream& stream) -> Op {
           const auto device_labels = std::make_shared<Buffer>(Buffer::upload(stream, labels));
           const auto device_rows = std::make_shared<Buffer>(Buffer::upload(stream, rows));
           const Targets targets{device_labels->as<int32_t>(), device_rows->as<int32_t>(), static_cast<int64_t>(rows.size())};
           return [device_labels, device_rows, targets](Context&, const std::vector<Tensor>& in) {
             return masked_nll(in[0], targets);
           };
         },
         masked_nll(logits, labels, rows),
         [labels, rows = rows](DoubleTape& tape, Doubles in) { return tape.masked_nll(in[0], labels, rows); }});
  }
}

void add_ranking_losses(std::vector<OpCase>& cases) {
  for (const Shape shape : {Shape{3, 1}, Shape{3, 7}, Shape{15, 3}, Shape{6, 33}}) {
    const HostMatrix rows = matrix(shape, 18);
    cases.push_back({named("bpr_loss", shape),
                     {rows},
                     plainly([](Context&, const std::vector<Tensor>& in) { return bpr_loss(in[0]); }),
                     bpr_loss(rows),
                     [](DoubleTape& tape, Doubles in) { return tape.bpr_loss(in[0]); }});
  }
  struct Sizes {
    int64_t batch, negatives, d;
    float temperature;
  };
  // A gradient check moves one element: at magnitudes from 0.3 on that changes no norm by much.
  for (const auto [batch, negatives, d, temperature] :
       {Sizes{1, 1, 2, 1}, Sizes{3, 5, 7, 0.5f}, Sizes{2, 3, 33, 0.3f}, Sizes{7, 2, 3, 0.7f}}) {
    const HostMatrix rows = matrix({2 * batch + negatives, d}, 19, 0.3);
    cases.push_back({text("sampled_softmax_loss ", batch, "+", negatives, ", d=", d),
                     {rows},
                     plainly([batch = batch, temperature = temperature](Context&, const std::vector<Tensor>& in) {
                       return sampled_softmax_loss(in[0], batch, temperature);
                     }),
                     sampled_softmax_loss(rows, batch, temperature).loss,
                     [batch = batch, temperature = temperature](DoubleTape& tape, Doubles in) {
                       return tape.sampled_softmax_loss(in[0], batch, temperature);
                     }});
  }
}

void add_rows(std::vector<OpCase>& cases) {
  for (const auto& [shape, ids] :
       {std::pair(Shape{1, 1}, std::vector<int32_t>{0}), std::pair(Shape{5, 3}, std::vector<int32_t>{4, 0, 4, 4, 2}),
        std::pair(Shape{3, 33}, std::vector<int32_t>{1, 1, 0, 2})}) {
    const HostMatrix x = matrix(shape, 40);
    Reference expected;
    for (int32_t id : ids) {
      expected.values.insert(expected.values.end(), x.values.begin() + id * x.cols, x.values.begin() + (id + 1) * x.cols);
    }
    expected.bounds.resize(expected.values.size());
    cases.push_back({named("gather_rows", shape),
                     {x},
                     [ids = ids](Stream& stream) -> Op {
                       const auto list = std::make_shared<Buffer>(Buffer::upload(stream, ids));
                       return [list, count = static_cast<int64_t>(ids.size())](Context& context, const std::vector<Tensor>& in) {
                         return gather_rows(in[0], make_row_batch(context, list->as<int32_t>(), count, in[0].rows()));
                       };
                     },
                     expected,
                     [ids = ids](DoubleTape& tape, Doubles in) { return tape.gather_rows(in[0], ids); }});
  }
}

void add_propagation(std::vector<OpCase>& cases) {
  const HostCsr graph = path(7);
  const std::vector<float> scale = {0.5f, 0.25f, 0, 0.75f, 1, 0.5f, 0.3f};
  const std::vector<int32_t> ids = {2, 5, 5, 0};
  const HostMatrix e = matrix({7, 5}, 41);
  struct OnDevice {
    SparseMatrix a;
    Buffer scale, ids;
  };
  const auto with = [&](bool ones, auto apply) {
    return [=](Stream& stream) -> Op {
      const auto held = std::make_shared<OnDevice>(
          OnDevice{SparseMatrix(stream, graph, true), Buffer::upload(stream, scale), Buffer::upload(stream, ids)});
      NormalisedAdjacency adjacency{held->a.view(), held->scale.as<float>()};
      if (ones) adjacency.a.values = nullptr;
      return [held, adjacency, apply](Context& context, const std::vector<Tensor>& in) {
        return apply(context, adjacency, held->ids.template as<int32_t>(), in[0]);
      };
    };
  };
  for (int64_t layers : {0, 1, 2, 3}) {
    for (bool ones : {false, true}) {
      const std::string what = text(counted(layers, "layer"), ones ? "" : ", weighted");
      const Reference all = propagation(graph, ones, scale, e, layers);
      const DoubleOp in_double = [=](DoubleTape& tape, Doubles in) { return tape.propagate(graph, ones, scale, in[0], layers); };
      cases.push_back({text("propagate ", what),
                       {e},
                       with(ones, [layers](Context&, const NormalisedAdjacency& adjacency, const int32_t*,
                                           const Tensor& in) { return propagate(adjacency, in, layers); }),
                       all,
                       in_double});
      Reference rows;
      for (int32_t id : ids) {
        rows.values.insert(rows.values.end(), all.values.begin() + id * e.cols, all.values.begin() + (id + 1) * e.cols);
        rows.bounds.insert(rows.bounds.end(), all.bounds.begin() + id * e.cols, all.bounds.begin() + (id + 1) * e.cols);
      }
      cases.push_back(
          {text("propagate_rows ", what),
           {e},
           with(ones,
                [layers](Context& context, const NormalisedAdjacency& adjacency, const int32_t* list, const Tensor& in) {
                  return propagate_rows(adjacency, in, layers, make_row_batch(context, list, 4, in.rows()));
                }),
           rows,
           [=](DoubleTape& tape, Doubles in) { return tape.gather_rows(in_double(tape, in), ids); }});
    }
  }
}

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
  const auto [heads, columns, width] = std::tuple(use.heads, use.columns, use.width());
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

void add_attention(std::vector<OpCase>& cases) {
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

}  // namespace

std::vector<OpCase> op_cases() {
  std::vector<OpCase> cases;
  add_matmul(cases);
  add_spmm(cases);
  add_sums(cases);
  add_activations(cases);
  add_masked_nll(cases);
  add_ranking_losses(cases);
  add_rows(cases);
  add_propagation(cases);
  add_attention(cases);
  return cases;
}

}  // namespace heddle::bench
