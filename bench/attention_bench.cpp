#include <benchmark/benchmark.h>

#include <string>

#include "bench/attention_bytes.h"
#include "bench/benchmarks.h"
#include "bench/generated.h"
#include "bench/graphs.h"
#include "heddle/heddle.h"

// A layer of graph attention forward and backward, dropout on, over the generated graph: as one operator and as separate passes.
namespace heddle::bench {

namespace {

constexpr int64_t heads = 8;
constexpr float slope = 0.2f, drop = 0.6f;

void attention(benchmark::State& state, const GeneratedOptions& size, int64_t columns, bool fused) {
  const NodeDataset data = generated_dataset(size);
  Context context(Device::parse("cpu"), 1);
  const SparseMatrix graph(context.stream(), gcn_adjacency(data.nodes, data.edges));
  const Parameter x(context, "x", uniform_matrix(data.nodes, heads * columns, 1), false),
      source(context, "source", uniform_matrix(1, heads * columns, 2), false),
      target(context, "target", uniform_matrix(1, heads * columns, 3), false);
  const auto step = [&] {
    context.begin_step();
    Tensor y;
    if (fused) {
      y = gat_attention(graph, x, source, target, {.heads = heads, .slope = slope, .dropout = drop});
    } else {
      const Tensor scores = edge_sums(graph, head_scores(x, source, heads), head_scores(x, target, heads));
      y = head_spmm(graph, dropout(edge_softmax(graph, leaky_relu(scores, slope)), drop), x, heads);
    }
    context.tape().backward(l2_penalty(y, 1));
    context.stream().synchronise();
    context.advance_step();
  };
  step();  // takes its memory
  for ([[maybe_unused]] auto _ : state) step();
  const int64_t bytes = (fused ? fused_attention_bytes : unfused_attention_bytes)(data.nodes, graph.nnz(), heads, columns);
  state.counters["bytes"] = benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["edges"] = static_cast<double>(graph.nnz());
  state.counters["step_memory_MB"] = static_cast<double>(context.arena().held_bytes()) / 1e6;
  state.SetLabel(context.device().description());
}

}  // namespace

void register_attention() {
  struct Size {
    const char* name;
    GeneratedOptions options;
  };
  const Size sizes[] = {{"170k_nodes", {}}, {"10M_edges", {.nodes = 200'000, .edge_draws = 5'000'000}}};
  for (const Size& size : sizes) {
    for (int64_t columns : {int64_t{8}, int64_t{64}}) {
      if (columns == 64 && std::string(size.name) == "10M_edges") continue;  // the passes' sums alone would take gigabytes
      for (bool fused : {true, false}) {
        benchmark::RegisterBenchmark(text("attention/", size.name, "/8x", columns, fused ? "/fused" : "/passes").c_str(),
                                     [=](benchmark::State& state) { attention(state, size.options, columns, fused); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime()
            ->MinTime(2);
      }
    }
  }
}

}  // namespace heddle::bench
