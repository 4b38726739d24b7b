// Bytes that graph attention moves, as one operator and as separate passes, counted by the executor; and no races in either.

#include <doctest/doctest.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "bench/attention_bytes.h"
#include "bench/graphs.h"
#include "heddle/buffer.h"
#include "heddle/error.h"
#include "heddle/sparse.h"
#include "kernels/edge/edge.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/gat.h"
#include "kernels/instrumented_variants.h"
#include "kernels/simt/counter.h"
#include "kernels/simt/race_detector.h"
#include "tests/simt/schedules.h"

namespace heddle::kernels::simt_instrumented {
void head_scores(const HeadScoresArgs& args, Stream& stream);
void head_scores_backward(const HeadScoresBackwardArgs& args, float* partials, Stream& stream);
void edge_sums(const EdgeSumsArgs& args, Stream& stream);
void sum_over_edges(const SumOverEdgesArgs& args, Stream& stream);
void head_spmm(const HeadSpmmArgs& args, Stream& stream);
void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Stream& stream);
void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Stream& stream);
void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy, DenseView<float> dx, Stream& stream);
void bias_relu_dropout(const BiasReluDropoutArgs& args, Stream& stream);
void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, float* partials, Stream& stream);
void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Stream& stream);
}  // namespace heddle::kernels::simt_instrumented

namespace {

using namespace heddle;
using namespace heddle::kernels;
namespace ops = heddle::kernels::simt_instrumented;

constexpr float slope = 0.2f, dropout = 0.6f;

/// Runs the variant of this name; `Args` is the op's.
template <class Args>
void run(std::span<const Variant<Args>> variants, const char* name, const Args& args, void* workspace, Stream& stream) {
  find_variant("attention", variants, DeviceKind::simt, name).run(args, workspace, stream);
}

/// One layer's arrays on the executor, each named for the counter where there is one.
class Layer {
 public:
  Layer(const HostCsr& incoming, int64_t heads, int64_t columns, simt::Observer& observer, simt::Counter* counter)
      : heads_(heads), n_(incoming.rows), width_(heads * columns), counter_(counter), graph_(stream_, incoming) {
    tests::executor_of(stream_).set_observer(&observer);
    incoming_ = without_values(graph_.view());
    outgoing_ = without_values(graph_.transpose());
    name("row_offsets", incoming_.row_offsets, n_ + 1);
    name("col_indices", incoming_.col_indices, incoming_.nnz);
    name("out_offsets", outgoing_.row_offsets, n_ + 1);
    name("out_indices", outgoing_.col_indices, outgoing_.nnz);
    name("edge_numbers", outgoing_.value_index, outgoing_.nnz);
    bench::Draws draws(5);
    for (const char* name : {"x", "dy"}) fill(array(name, n_, width_), draws);
    for (const char* name : {"a_source", "a_target"}) fill(array(name, 1, width_), draws);
  }

  void run_fused() {
    const int64_t stride = head_stride(heads_);
    const DenseView<float> x = array("x", n_, width_), dx = array("dx", n_, width_), y = array("y", n_, width_);
    const float* const a_source = array("a_source", 1, width_).data;
    const float* const a_target = array("a_target", 1, width_).data;
    float* const source = array("source_scores", n_, stride).data;
    float* const target = array("target_scores", n_, stride).data;
    const GatUse use = {.heads = heads_, .slope = slope, .dropout = dropout, .random = random_, .edge_scores = nullptr};
    const GatKept kept{array("statistics", n_, 3 * stride).data, array("positive", n_, width_).data};
    ops::head_scores({x, a_source, heads_, stride, source}, stream_);
    ops::head_scores({x, a_target, heads_, stride, target}, stream_);
    run<GatForwardArgs>(ops::gat_forward_variants(), "row_per_subwarp", {incoming_, use, x, source, target, y, kept}, nullptr,
                        stream_);
    float* const dsource = array("dsource_scores", n_, stride).data;
    float* const dtarget = array("dtarget_scores", n_, stride).data;
    run<GatBackwardArgs>(ops::gat_backward_variants(), "row_per_subwarp",
                         {.outgoing = outgoing_,
                          .use = use,
                          .x = x,
                          .source_scores = source,
                          .target_scores = target,
                          .source_weights = a_source,
                          .target_weights = a_target,
                          .y = y,
                          .kept = kept,
                          .dy = array("dy", n_, width_),
                          .dx = dx,
                          .dsource_scores = dsource,
                          .dtarget_scores = dtarget,
                          .dedge_scores = nullptr},
                         array("records", n_, gat_record_fields * stride).data, stream_);
    weights_gradient(a_source, dsource, stride, {}, "da_source");
    weights_gradient(a_target, dtarget, stride, {}, "da_target");
  }

  /// The chain of include/heddle/attention.h, with its temporaries reused where the tape reuses them.
  void run_passes() {
    const int64_t nnz = incoming_.nnz;
    const DenseView<float> x = array("x", n_, width_), y = array("y", n_, width_), dy = array("dy", n_, width_),
                           dx = array("dx", n_, width_);
    const float* const a_source = array("a_source", 1, width_).data;
    const float* const a_target = array("a_target", 1, width_).data;
    const DenseView<float> source = array("source_scores", n_, heads_), target = array("target_scores", n_, heads_);
    const DenseView<float> raw = array("raw", nnz, heads_), logits = array("logits", nnz, heads_),
                           alpha = array("alpha", nnz, heads_), kept = array("kept", nnz, heads_), d = array("d", nnz, heads_);
    ops::head_scores({x, a_source, heads_, heads_, source.data}, stream_);
    ops::head_scores({x, a_target, heads_, heads_, target.data}, stream_);
    ops::edge_sums({incoming_, source, target, raw}, stream_);
    ops::leaky_relu(raw, slope, logits, stream_);
    run<EdgeSoftmaxArgs>(ops::edge_softmax_variants(), "row_per_warp", {incoming_, logits, alpha}, nullptr, stream_);
    ops::bias_relu_dropout({.x = alpha, .dropout = dropout, .random = random_, .y = kept}, stream_);
    ops::head_spmm({incoming_, heads_, kept, x, y}, stream_);

    run<HeadSddmmArgs>(ops::head_sddmm_variants(), "row_per_subwarp", {incoming_, heads_, dy, x, d}, nullptr, stream_);
    ops::head_spmm({outgoing_, heads_, kept, dy, dx}, stream_);
    ops::bias_relu_dropout_backward({.dy = d, .dropout = dropout, .random = random_, .dx = d}, nullptr, stream_);
    ops::edge_softmax_backward({incoming_, alpha, d, d}, stream_);
    ops::leaky_relu_backward(raw, slope, d, d, stream_);
    const DenseView<float> dsource = array("dsource_scores", n_, heads_), dtarget = array("dtarget_scores", n_, heads_),
                           through = array("dx_through_scores", n_, width_);
    ops::sum_over_edges({outgoing_, d, dsource}, stream_);
    ops::sum_over_edges({incoming_, d, dtarget}, stream_);
    weights_gradient(a_source, dsource.data, heads_, through, "da_source");
    ops::add_scaled(through, 1, dx, stream_);
    weights_gradient(a_target, dtarget.data, heads_, through, "da_target");
    ops::add_scaled(through, 1, dx, stream_);
  }

  void zero_score_vectors() {
    for (const char* name : {"a_source", "a_target"}) {
      for (int64_t c = 0; c < width_; ++c) array(name, 1, width_).data[c] = 0;
    }
  }
  std::vector<float> values(const std::string& name) {
    const DenseView<float> all = arrays_.at(name).view;
    return {all.data, all.data + all.size()};
  }
  const CsrView& graph() const { return incoming_; }

 private:
  struct Array {
    Buffer memory;
    DenseView<float> view;
  };

  template <class T>
  void name(const std::string& text, const T* values, int64_t count) {
    if (counter_ != nullptr) counter_->name_array(text, values, static_cast<std::size_t>(count) * sizeof(T));
  }
  static CsrView without_values(CsrView graph) {
    graph.values = nullptr;
    return graph;
  }
  /// The array of this name, made at its first use.
  DenseView<float> array(const std::string& text, int64_t rows, int64_t cols) {
    Array& found = arrays_[text];
    if (found.view.data == nullptr) {
      found.memory = Buffer(stream_, static_cast<std::size_t>(rows * cols) * sizeof(float));
      found.view = {found.memory.as<float>(), rows, cols};
      name(text, found.view.data, found.view.size());
    }
    return found.view;
  }
  static void fill(DenseView<float> view, bench::Draws& draws) {
    for (int64_t i = 0; i < view.size(); ++i) view.data[i] = static_cast<float>(2 * draws.uniform() - 1);
  }
  void weights_gradient(const float* a, const float* dscores, int64_t stride, DenseView<float> dx, const std::string& da) {
    const int64_t chunks = (n_ + head_scores_chunk_rows - 1) / head_scores_chunk_rows;
    ops::head_scores_backward({.x = array("x", n_, width_),
                               .a = a,
                               .heads = heads_,
                               .stride = stride,
                               .dscores = dscores,
                               .dx = dx,
                               .da = array(da, 1, width_).data},
                              array("partials", chunks, width_).data, stream_);
  }

  Stream stream_ = tests::stream_of({});
  int64_t heads_, n_, width_;
  simt::Counter* counter_;
  RandomStream random_{.seed = 3, .purpose = random_purpose::dropout, .step = nullptr};
  SparseMatrix graph_;
  std::map<std::string, Array> arrays_;
  CsrView incoming_, outgoing_;
};

/// Every node has `degree` sources: the next ones, some way off.
HostCsr even_graph(int32_t nodes, int32_t degree) {
  std::vector<std::vector<int32_t>> rows(static_cast<std::size_t>(nodes));
  for (int32_t i = 0; i < nodes; ++i) {
    for (int32_t k = 0; k < degree; ++k) rows[static_cast<std::size_t>(i)].push_back((i * 7 + k * 13) % nodes);
  }
  return bench::csr_from_rows(rows, nodes, 1);
}

struct Traffic {
  simt::Counts counts;
  std::map<std::string, simt::Counter::Array> arrays;
  double bytes() const { return 32.0 * static_cast<double>(counts.sectors()); }
};

/// Without `scores` all logits are 0, so that no maximum grows and the lanes of a warp stay together.
Traffic traffic(const HostCsr& graph, int64_t heads, int64_t columns, bool fused, bool scores) {
  simt::Counter counter;
  Layer layer(graph, heads, columns, counter, &counter);
  if (!scores) layer.zero_score_vectors();
  fused ? layer.run_fused() : layer.run_passes();
  Traffic result{counter.counts(), {}};
  for (const simt::Counter::Array& array : counter.arrays()) result.arrays[array.name] = array;
  return result;
}

}  // namespace

TEST_CASE("instrumented attention / the rows that are gathered, and the rest, are as many as bench/attention_bytes.h says") {
  // 8 heads of D columns: a row has D sectors, 8 numbers of a node one, a record four.
  constexpr int64_t nodes = 256, degree = 48, edges = nodes * degree;
  for (int64_t columns : {int64_t{8}, int64_t{64}}) {
    INFO("D = ", columns);
    const Traffic fused = traffic(even_graph(nodes, degree), 8, columns, true, false);
    const auto loaded = [&](const char* name) { return static_cast<int64_t>(fused.arrays.at(name).loaded_sectors); };
    CHECK(loaded("dy") == edges * columns + nodes * columns);
    CHECK(loaded("records") == 4 * edges);
    // Forward x is gathered, backward it is read once for dx and twice for the score vectors' gradients; a score's thread takes a
    // sector in two requests. Where two rows of a warp part ways for a moment, a request counts twice.
    CHECK(static_cast<double>(loaded("x")) ==
          doctest::Approx(static_cast<double>(edges * columns + 7 * nodes * columns)).epsilon(0.01));
    CHECK(fused.counts.atomic_requests == 0);
    // A request for one index counts a whole sector, and there is no first-level cache to keep it: all else is what the formula
    // says.
    const int64_t indices = (4 * edges / 4 + 8 * edges / 8) * 32 + 32 * edges - (4 + 4 + 8) * edges;
    const double expected = static_cast<double>(bench::fused_attention_bytes(nodes, edges, 8, columns) + indices);
    CHECK(fused.bytes() == doctest::Approx(expected).epsilon(0.06));
  }
}

TEST_CASE("instrumented attention / the fused operator moves at most 45 % of the passes' bytes at D = 8, 65 % at D = 64") {
  // The share of edges and nodes of 200,000 nodes and 10 million edges.
  const HostCsr graph = even_graph(400, 50);
  for (const auto& [columns, most] : {std::pair<int64_t, double>{8, 0.45}, std::pair<int64_t, double>{64, 0.65}}) {
    const double fused = traffic(graph, 8, columns, true, true).bytes(), passes = traffic(graph, 8, columns, false, true).bytes();
    const auto fused_least = static_cast<double>(bench::fused_attention_bytes(graph.rows, graph.nnz(), 8, columns));
    const auto passes_least = static_cast<double>(bench::unfused_attention_bytes(graph.rows, graph.nnz(), 8, columns));
    INFO("D = ", columns, ": counted ", fused / passes, ", by the formulas ", fused_least / passes_least);
    CHECK(fused_least / passes_least <= most);
    CHECK(fused / passes <= most);
    CHECK(fused >= fused_least);
    CHECK(passes >= passes_least);
  }
}

TEST_CASE("instrumented attention / neither way races, and both have the same gradients") {
  const HostCsr graph = even_graph(20, 5);
  for (const auto& [heads, columns] : {std::pair<int64_t, int64_t>{8, 8}, std::pair<int64_t, int64_t>{1, 7}}) {
    simt::RaceDetector detector;
    Layer fused(graph, heads, columns, detector, nullptr), passes(graph, heads, columns, detector, nullptr);
    fused.run_fused();
    passes.run_passes();
    for (const char* name : {"y", "dx", "da_source", "da_target"}) {
      INFO(name, ", ", heads, " heads");
      const std::vector<float> one = fused.values(name), other = passes.values(name);
      REQUIRE(one.size() == other.size());
      for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == doctest::Approx(other[i]).epsilon(1e-3));
    }
  }
}
