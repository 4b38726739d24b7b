#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "bench/attention_bytes.h"
#include "bench/attention_reference.h"
#include "bench/graphs.h"
#include "bench/lab_core.h"
#include "heddle/arena.h"
#include "heddle/buffer.h"
#include "heddle/error.h"
#include "heddle/sparse.h"
#include "kernels/dense/dense.h"
#include "kernels/edge/variants.h"
#include "kernels/gat/variants.h"
#include "kernels/graph_build/graph_build.h"
#include "kernels/sampling/sampling.h"
#include "kernels/spmm/spmm.h"
#include "kernels/topk/topk.h"
#ifdef HEDDLE_HAS_COUNTERS
#include "kernels/instrumented_variants.h"
#endif

namespace heddle::bench {

namespace {

using kernels::SpmmArgs;

/// The table that is measured: of simt the instrumented one.
template <class Table, class Instrumented>
auto table_of(DeviceKind device, const Table& table, const Instrumented& instrumented) {
#ifdef HEDDLE_HAS_COUNTERS
  if (device == DeviceKind::simt) return instrumented();
#else
  static_cast<void>(instrumented);
#endif
  check_can_count(device);
  return table(device);
}
#ifdef HEDDLE_HAS_COUNTERS
#define HEDDLE_LAB_TABLE(device, op) table_of(device, kernels::op##_variants, kernels::simt_instrumented::op##_variants)
#else
#define HEDDLE_LAB_TABLE(device, op) table_of(device, kernels::op##_variants, 0)
#endif

/// Arrays on a device, with what every op's case needs of them.
class Bench {
 public:
  explicit Bench(const Device& device) : stream_(device.backend()), arena_(stream_) {}

  Stream& stream() { return stream_; }
  kernels::Execution execution() { return {stream_, arena_, overrides_}; }

  template <class T>
  T* upload(const char* name, const std::vector<T>& values) {
    return keep<T>(name, Buffer::upload(stream_, values), false);
  }
  template <class T>
  T* room(const char* name, int64_t count) {
    return keep<T>(name, Buffer(stream_, static_cast<std::size_t>(count) * sizeof(T)), true);
  }
  DenseView<float> matrix(const char* name, const HostMatrix& host) { return {upload(name, host.values), host.rows, host.cols}; }
  DenseView<float> result(const char* name, int64_t rows, int64_t cols) { return {room<float>(name, rows * cols), rows, cols}; }

  template <class T>
  void name(const char* name, const T* values, int64_t count) {
    arrays_.push_back({name, values, static_cast<std::size_t>(count) * sizeof(T), false});
  }

  /// An output and what its rows must begin with: what stands behind that is padding.
  struct Output {
    DenseView<float> view;
    Reference expected;
  };
  /// Spoils the outputs with NaN, and compares them.
  void checks(LabCase& subject, std::vector<Output> outputs) {
    std::vector<DenseView<float>> views;
    views.reserve(outputs.size());
    for (const Output& output : outputs) views.push_back(output.view);
    subject.spoil = [this, views] {
      for (const DenseView<float>& view : views) {
        const std::vector<float> garbage(static_cast<std::size_t>(view.size()), NAN);
        heddle::upload(stream_, view.data, garbage.data(), garbage.size() * sizeof(float));
      }
    };
    subject.output = [this, views] {
      std::vector<float> all;
      for (const DenseView<float>& view : views) {
        const std::vector<float> values = download(stream_, view.data, static_cast<std::size_t>(view.size()));
        all.insert(all.end(), values.begin(), values.end());
      }
      return all;
    };
    subject.worst = [this, outputs = std::move(outputs)](double rounding) {
      WorstElement worst;
      for (const auto& [view, expected] : outputs) {
        const std::vector<float> values = download(stream_, view.data, static_cast<std::size_t>(view.size()));
        const int64_t columns = view.rows == 0 ? 0 : static_cast<int64_t>(expected.values.size()) / view.rows;
        for (int64_t row = 0; row < view.rows; ++row) {
          for (int64_t column = 0; column < columns; ++column) {
            const auto at = static_cast<std::size_t>(row * view.cols + column),
                       wanted = static_cast<std::size_t>(row * columns + column);
            const double error = std::abs(values[at] - expected.values[wanted]);
            if (error == 0) continue;
            const double ratio = std::isnan(error) ? INFINITY : error / widened_bound(expected, wanted, rounding);
            if (ratio <= worst.error_over_bound) continue;
            worst = {ratio,
                     text(name_of(view.data), "[", row, "][", column, "] is ", values[at], ", ", expected.values[wanted],
                          " in double precision"),
                     view.data + at};
          }
        }
      }
      return worst;
    };
  }
  void checks(LabCase& subject, DenseView<float> output, Reference expected) { checks(subject, {{output, std::move(expected)}}); }
  /// What stands in the first `columns` of `view` now, as what others must come close to: for what has no reference of its own.
  Reference near(DenseView<float> view, int64_t columns) {
    const std::vector<float> values = download(stream_, view.data, static_cast<std::size_t>(view.size()));
    Reference expected;
    for (int64_t row = 0; row < view.rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        const double value = values[static_cast<std::size_t>(row * view.cols + column)];
        expected.values.push_back(value);
        expected.bounds.push_back(1e-4 * std::abs(value) + 1e-5);
      }
    }
    return expected;
  }
  std::vector<LabArray> arrays() const { return arrays_; }

 private:
  std::string name_of(const void* address) const {
    for (const LabArray& array : arrays_) {
      if (array.address == address) return array.name;
    }
    return "the output";
  }
  template <class T>
  T* keep(const char* name, Buffer buffer, bool writable) {
    const Buffer& kept = buffers_.emplace_back(std::move(buffer));
    arrays_.push_back({name, kept.data(), kept.bytes(), writable});
    return kept.as<T>();
  }
  Stream stream_;
  Arena arena_;
  kernels::VariantOverrides overrides_;
  std::vector<Buffer> buffers_;
  std::vector<LabArray> arrays_;
};

LabCase case_of(const char* op, const LabGraph& graph, int64_t width) {
  LabCase subject;
  subject.result.op = op;
  subject.result.input = graph.name;
  subject.result.form = graph.form;
  subject.result.rows = graph.matrix.rows;
  subject.result.nnz = graph.matrix.nnz();
  subject.result.spread = degree_spread(graph.matrix);
  subject.result.width = width;
  return subject;
}

CsrView without_values(CsrView graph) {
  graph.values = nullptr;
  return graph;
}

uint64_t bytes(int64_t count) { return static_cast<uint64_t>(count); }

CsrView structure(Bench& bench, const HostCsr& matrix) {
  return {matrix.rows,
          matrix.cols,
          matrix.nnz(),
          bench.upload("row_offsets", matrix.row_offsets),
          bench.upload("col_indices", matrix.col_indices),
          nullptr,
          nullptr,
          degree_spread(matrix).most,
          new_matrix_identity()};
}

void check_square(const char* op, const LabGraph& graph, int64_t heads) {
  require(graph.matrix.rows == graph.matrix.cols, ErrorKind::usage, op, ": the graph '", graph.name, "' is ", graph.matrix.rows,
          " x ", graph.matrix.cols, ", it must be square");
  require(heads >= 1 && heads <= kernels::most_attention_heads, ErrorKind::usage, op, ": ", counted(heads, "head"),
          ", there must be 1 to ", kernels::most_attention_heads);
}

}  // namespace

LabResult compare_spmm(const LabGraph& graph, int64_t width, const Device& device, const LabOptions& options) {
  Bench bench(device);
  LabCase subject = case_of("spmm", graph, width);
  const HostCsr& a = graph.matrix;
  const HostMatrix x = random_matrix(a.cols, width, 7);
  CsrView view = structure(bench, a);
  view.values = bench.upload("values", a.values);
  const SpmmArgs args{view, bench.matrix("x", x), bench.result("y", a.rows, width)};
  subject.flop = 2.0 * static_cast<double>(a.nnz()) * static_cast<double>(width);
  subject.result.bytes_compulsory = bytes(a.nnz() * 8 + (a.rows + 1) * 8 + 4 * (a.cols + a.rows) * width);
  subject.bytes_moved = bytes(a.nnz() * (4 * width + 8) + 8 * a.rows + 4 * a.rows * width);
  subject.bytes_gathered = static_cast<double>(a.nnz() * (4 * width + 4));
  subject.chosen = kernels::pick_spmm(args, device.kind());
  subject.variants = bound_variants(HEDDLE_LAB_TABLE(device.kind(), spmm), args);
  add_variants(subject, options, "spmm", args);
  subject.arrays = bench.arrays();
  bench.checks(subject, args.y, spmm(a, CsrValues::direct, {}, x));
  return compare(std::move(subject), device, bench.stream(), options);
}

LabResult compare_sddmm(const LabGraph& graph, int64_t heads, int64_t width, const Device& device, const LabOptions& options) {
  check_square("sddmm", graph, heads);
  Bench bench(device);
  LabCase subject = case_of("sddmm", graph, width);
  const HostCsr& a = graph.matrix;
  const int64_t columns = heads * width;
  const HostMatrix x = uniform_matrix(a.rows, columns, 7), y = uniform_matrix(a.cols, columns, 8);
  const kernels::HeadSddmmArgs args{structure(bench, a), heads, bench.matrix("x", x), bench.matrix("y", y),
                                    bench.result("s", a.nnz(), heads)};
  subject.flop = 2.0 * static_cast<double>(a.nnz()) * static_cast<double>(columns);
  subject.result.bytes_compulsory = bytes(a.nnz() * (4 + 4 * heads) + (a.rows + 1) * 8 + 4 * (a.rows + a.cols) * columns);
  subject.bytes_moved = bytes(a.nnz() * (4 + 4 * heads + 4 * columns) + 8 * a.rows + 4 * a.rows * columns);
  subject.bytes_gathered = static_cast<double>(a.nnz() * (4 * columns + 4));
  subject.chosen = kernels::pick_head_sddmm(args, device.kind());
  subject.variants = bound_variants(HEDDLE_LAB_TABLE(device.kind(), head_sddmm), args);
  add_variants(subject, options, "sddmm", args);
  subject.arrays = bench.arrays();
  bench.checks(subject, args.s, bench::head_sddmm(a, heads, x, y));
  return compare(std::move(subject), device, bench.stream(), options);
}

LabResult compare_edge_softmax(const LabGraph& graph, int64_t heads, const Device& device, const LabOptions& options) {
  check_square("softmax", graph, heads);
  Bench bench(device);
  LabCase subject = case_of("softmax", graph, heads);
  const HostCsr& a = graph.matrix;
  const HostMatrix x = uniform_matrix(a.nnz(), heads, 7);
  const kernels::EdgeSoftmaxArgs args{structure(bench, a), bench.matrix("x", x), bench.result("y", a.nnz(), heads)};
  const int64_t numbers = a.nnz() * heads;
  subject.flop = 4.0 * static_cast<double>(numbers);  // compare, subtract and exponentiate, add, multiply
  subject.result.bytes_compulsory = bytes(8 * numbers + 8 * (a.rows + 1));
  subject.bytes_moved = subject.result.bytes_compulsory;
  subject.chosen = kernels::pick_edge_softmax(args, device.kind());
  subject.variants = bound_variants(HEDDLE_LAB_TABLE(device.kind(), edge_softmax), args);
  add_variants(subject, options, "softmax", args);
  subject.arrays = bench.arrays();
  bench.checks(subject, args.y, bench::edge_softmax(a, x));
  return compare(std::move(subject), device, bench.stream(), options);
}

std::vector<LabResult> compare_gat(const LabGraph& graph, int64_t heads, int64_t width, const Device& device,
                                   const LabOptions& options) {
  check_square("gat", graph, heads);
  Bench bench(device);
  const HostCsr& a = graph.matrix;
  const int64_t n = a.rows, columns = heads * width, stride = kernels::head_stride(heads);
  const AttentionCase attention_case{.graph = a,
                                     .heads = heads,
                                     .dropout = 0.6f,
                                     .random = {.seed = 3, .purpose = random_purpose::dropout, .step = nullptr},
                                     .x = uniform_matrix(n, columns, 7),
                                     .a_source = uniform_matrix(1, columns, 8),
                                     .a_target = uniform_matrix(1, columns, 9)};
  const SparseMatrix matrix(bench.stream(), a);
  const CsrView incoming = without_values(matrix.view()), outgoing = without_values(matrix.transpose());
  bench.name("row_offsets", incoming.row_offsets, n + 1);
  bench.name("col_indices", incoming.col_indices, incoming.nnz);
  bench.name("out_offsets", outgoing.row_offsets, n + 1);
  bench.name("out_indices", outgoing.col_indices, outgoing.nnz);
  bench.name("edge_numbers", outgoing.value_index, outgoing.nnz);
  const kernels::GatUse use{.heads = heads,
                            .slope = static_cast<float>(attention_case.slope),
                            .dropout = attention_case.dropout,
                            .random = attention_case.random,
                            .edge_scores = nullptr};
  const DenseView<float> x = bench.matrix("x", attention_case.x);
  const DenseView<float> a_source = bench.matrix("a_source", attention_case.a_source),
                         a_target = bench.matrix("a_target", attention_case.a_target);
  float* const source = bench.room<float>("source_scores", n * stride);
  float* const target = bench.room<float>("target_scores", n * stride);
  const DenseView<float> y = bench.result("y", n, columns);
  const DenseView<float> statistics = bench.result("statistics", 3 * n, stride), positive = bench.result("positive", n, columns);
  const kernels::GatKept kept{statistics.data, positive.data};
  kernels::Execution execution = bench.execution();
  kernels::head_scores({x, a_source.data, heads, stride, source}, execution);
  kernels::head_scores({x, a_target.data, heads, stride, target}, execution);
  const kernels::GatForwardArgs forward{incoming, use, x, source, target, y, kept};

  const auto edges = static_cast<double>(a.nnz());
  const uint64_t row_bytes = bytes(4 * columns);
  LabCase first = case_of("gat_forward", graph, width);
  first.flop = edges * static_cast<double>(2 * columns + 6 * heads);
  first.result.bytes_compulsory = bytes(a.nnz() * 4 + 8 * (n + 1) + n * (3 * 4 * columns + 5 * 4 * stride));
  first.bytes_moved =
      bytes(a.nnz() * (4 + 4 * heads)) + bytes(a.nnz()) * row_bytes + bytes(n * (2 * 4 * columns + 4 * 4 * stride));
  first.bytes_gathered = edges * static_cast<double>(row_bytes + 4);
  first.chosen = kernels::pick_gat_forward(forward, device.kind());
  first.variants = bound_variants(HEDDLE_LAB_TABLE(device.kind(), gat_forward), forward);
  add_variants(first, options, "gat_forward", forward);
  first.arrays = bench.arrays();
  kernels::gat_forward(forward, execution);
  bench.checks(
      first,
      {{y, attention(attention_case)}, {statistics, bench.near(statistics, heads)}, {positive, bench.near(positive, columns)}});
  const uint64_t moved_forward = first.bytes_moved;
  std::vector<LabResult> results;
  results.push_back(compare(std::move(first), device, bench.stream(), options));

  kernels::gat_forward(forward, execution);
  const HostMatrix host_dy = uniform_matrix(n, columns, 10);
  const DenseView<float> dy = bench.matrix("dy", host_dy);
  const DenseView<float> dx = bench.result("dx", n, columns), dsource = bench.result("dsource_scores", n, stride),
                         dtarget = bench.result("dtarget_scores", n, stride);
  const kernels::GatBackwardArgs backward{.outgoing = outgoing,
                                          .use = use,
                                          .x = x,
                                          .source_scores = source,
                                          .target_scores = target,
                                          .source_weights = a_source.data,
                                          .target_weights = a_target.data,
                                          .y = y,
                                          .kept = kept,
                                          .dy = dy,
                                          .dx = dx,
                                          .dsource_scores = dsource.data,
                                          .dtarget_scores = dtarget.data,
                                          .dedge_scores = nullptr};
  LabCase second = case_of("gat_backward", graph, width);
  second.flop = edges * static_cast<double>(4 * columns + 8 * heads);
  second.result.bytes_compulsory = bytes(a.nnz() * 12 + 8 * (n + 1) + n * (5 * 4 * columns + 8 * 4 * stride));
  second.bytes_moved = bytes(fused_attention_bytes(n, a.nnz(), heads, width)) - moved_forward;
  second.bytes_gathered = edges * static_cast<double>(row_bytes + 4);
  second.chosen = kernels::pick_gat_backward(backward, device.kind());
  second.variants = bound_variants(HEDDLE_LAB_TABLE(device.kind(), gat_backward), backward);
  add_variants(second, options, "gat_backward", backward);
  second.arrays = bench.arrays();
  AttentionGradients expected = attention_gradients(attention_case, host_dy);
  bench.checks(second, {{dx, std::move(expected.dx)},
                        {dsource, std::move(expected.dsource_scores)},
                        {dtarget, std::move(expected.dtarget_scores)}});
  results.push_back(compare(std::move(second), device, bench.stream(), options));
  return results;
}

LabResult compare_gemm(int64_t m, int64_t n, int64_t k, const Device& device, const LabOptions& options) {
  Bench bench(device);
  LabCase subject;
  subject.result.op = "gemm";
  subject.result.input = text(m, " x ", k, " by ", k, " x ", n);
  subject.result.rows = m;
  subject.result.width = n;
  const HostMatrix a = uniform_matrix(m, k, 7), b = uniform_matrix(k, n, 8);
  const kernels::GemmArgs args{.a = bench.matrix("a", a), .b = bench.matrix("b", b), .c = bench.result("c", m, n)};
  subject.flop = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  subject.result.bytes_compulsory = bytes(4 * (m * k + k * n + m * n));
  subject.bytes_moved = subject.result.bytes_compulsory;
  subject.chosen = kernels::pick_gemm(args, device.kind());
  subject.variants = bound_variants(HEDDLE_LAB_TABLE(device.kind(), gemm), args);
  subject.arrays = bench.arrays();
  bench.checks(subject, args.c, gemm(a, b, false, false));
  return compare(std::move(subject), device, bench.stream(), options);
}

LabResult compare_top_k(int64_t users, int64_t items, int64_t width, int64_t k, const Device& device, const LabOptions& options) {
  check_can_count(device.kind());
  Bench bench(device);
  LabCase subject;
  subject.result.op = "topk";
  subject.result.input = text("the best ", k, " of ", items, " for ", users);
  subject.result.rows = users;
  subject.result.width = width;
  // Small whole numbers: every product and sum is exact, so that the ranking is the one of double precision.
  const auto whole = [](int64_t rows, int64_t cols, uint64_t seed) {
    Draws draws(seed);
    HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
    for (float& value : matrix.values) value = static_cast<float>(draws.below(15) - 7);
    return matrix;
  };
  const HostMatrix left = whole(users, width, 7), right = whole(items, width, 8);
  const kernels::ScoreTopKArgs args{bench.matrix("left", left),
                                    bench.matrix("right", right),
                                    {},
                                    {k, bench.room<int32_t>("columns", users * k), bench.room<float>("scores", users * k)}};
  subject.flop = 2.0 * static_cast<double>(users) * static_cast<double>(items) * static_cast<double>(width);
  subject.result.bytes_compulsory = bytes(4 * (users + items) * width + 8 * users * k);
  subject.bytes_moved = subject.result.bytes_compulsory;
  subject.chosen = "score_top_k";
  const auto run = [&](void*, Stream& stream) {
#ifdef HEDDLE_HAS_COUNTERS
    if (device.kind() == DeviceKind::simt) return kernels::simt_instrumented::score_top_k(args, stream);
#endif
    static_cast<void>(stream);  // bench's own
    kernels::Execution execution = bench.execution();
    kernels::score_top_k(args, execution);
  };
  subject.variants = {{.name = "score_top_k", .deterministic = true, .refused = {}, .workspace = 0, .run = run}};
  subject.arrays = bench.arrays();
  const auto count = static_cast<std::size_t>(users * k);
  subject.spoil = [&] {
    const std::vector<int32_t> garbage(count, -2);
    upload(bench.stream(), args.best.columns, garbage.data(), count * sizeof(int32_t));
    const std::vector<float> no_scores(count, NAN);
    upload(bench.stream(), args.best.scores, no_scores.data(), count * sizeof(float));
  };
  subject.worst = [&](double) -> WorstElement {
    const std::vector<int32_t> columns = download(bench.stream(), args.best.columns, count);
    const std::vector<float> found = download(bench.stream(), args.best.scores, count);
    std::vector<double> scores(static_cast<std::size_t>(items));
    std::vector<int32_t> order(static_cast<std::size_t>(items));
    for (int64_t user = 0; user < users; ++user) {
      for (int64_t item = 0; item < items; ++item) {
        double sum = 0;
        for (int64_t c = 0; c < width; ++c) {
          sum += static_cast<double>(left.values[static_cast<std::size_t>(user * width + c)]) *
                 right.values[static_cast<std::size_t>(item * width + c)];
        }
        scores[static_cast<std::size_t>(item)] = sum;
      }
      std::iota(order.begin(), order.end(), 0);
      const int64_t most = std::min(k, items);
      std::partial_sort(order.begin(), order.begin() + most, order.end(), [&](int32_t a, int32_t b) {
        const double of_a = scores[static_cast<std::size_t>(a)], of_b = scores[static_cast<std::size_t>(b)];
        return of_a != of_b ? of_a > of_b : a < b;
      });
      for (int64_t place = 0; place < k; ++place) {
        const int32_t expected = place < most ? order[static_cast<std::size_t>(place)] : -1;
        const double score = place < most ? scores[static_cast<std::size_t>(expected)] : -INFINITY;
        const auto at = static_cast<std::size_t>(user * k + place);
        if (columns[at] != expected || found[at] != score)
          return {INFINITY,
                  text("place ", place, " of row ", user, " is item ", columns[at], " with ", found[at], ", it must be ",
                       expected, " with ", score),
                  nullptr};
      }
    }
    return {};
  };
  return compare(std::move(subject), device, bench.stream(), options);
}

LabResult compare_sampling(const LabGraph& graph, int64_t batch, const Device& device, const LabOptions& options) {
  check_can_count(device.kind());
  Bench bench(device);
  LabCase subject = case_of("sampling", graph, batch);
  const HostCsr& a = graph.matrix;
  std::vector<int32_t> eligible;
  for (int64_t row = 0; row < a.rows; ++row) {
    const auto degree = static_cast<int64_t>(a.row(row).size());
    if (degree > 0 && degree < a.cols) eligible.push_back(static_cast<int32_t>(row));
  }
  require(!eligible.empty(), ErrorKind::usage, "sampling: in the graph '", graph.name,
          "' no row has a column and lacks another: there is nothing to draw");
  const kernels::InteractionsView interactions{structure(bench, a), nullptr, bench.upload("eligible", eligible),
                                               static_cast<int64_t>(eligible.size())};
  int32_t* const ids = bench.room<int32_t>("ids", 3 * batch);
  const RandomStream random{.seed = 5, .purpose = random_purpose::sampling, .step = nullptr};
  subject.result.bytes_compulsory = bytes(12 * batch);
  subject.bytes_moved = bytes(batch * (3 * 4 + 4 + 2 * 8 + 4));
  subject.chosen = "sample_bpr";
  const auto run = [&](void*, Stream& stream) {
#ifdef HEDDLE_HAS_COUNTERS
    if (device.kind() == DeviceKind::simt) {
      return kernels::simt_instrumented::sample_bpr(interactions, batch, random, ids, stream);
    }
#endif
    static_cast<void>(stream);  // bench's own
    kernels::Execution execution = bench.execution();
    kernels::sample_bpr(interactions, batch, random, ids, execution);
  };
  subject.variants = {{.name = "sample_bpr", .deterministic = true, .refused = {}, .workspace = 0, .run = run}};
  subject.arrays = bench.arrays();
  const auto count = static_cast<std::size_t>(3 * batch);
  subject.spoil = [&] {
    const std::vector<int32_t> garbage(count, -1);
    upload(bench.stream(), ids, garbage.data(), count * sizeof(int32_t));
  };
  // Every triple must be one that can be drawn: an eligible row, one of its columns, and a column that it lacks.
  subject.worst = [&](double) -> WorstElement {
    const std::vector<int32_t> drawn = download(bench.stream(), ids, count);
    const auto has = [&](int64_t row, int64_t column) {
      const std::span<const int32_t> columns = a.row(row);
      return std::binary_search(columns.begin(), columns.end(), static_cast<int32_t>(column));
    };
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t row = drawn[static_cast<std::size_t>(b)];
      const int64_t positive = drawn[static_cast<std::size_t>(batch + b)] - a.rows;
      const int64_t negative = drawn[static_cast<std::size_t>(2 * batch + b)] - a.rows;
      const bool right = std::binary_search(eligible.begin(), eligible.end(), static_cast<int32_t>(row)) && has(row, positive) &&
                         negative >= 0 && negative < a.cols && !has(row, negative);
      if (!right)
        return {INFINITY,
                text("triple ", b, " is (", drawn[static_cast<std::size_t>(b)], ", ", positive, ", ", negative,
                     "), which cannot be drawn"),
                nullptr};
    }
    return {};
  };
  return compare(std::move(subject), device, bench.stream(), options);
}

}  // namespace heddle::bench
