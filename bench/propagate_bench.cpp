#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/graphs.h"
#include "heddle/context.h"
#include "heddle/ops.h"
#include "kernels/common/thread_team.h"
#include "kernels/graph_build/graph_build.h"
#include "kernels/propagate/propagate.h"
#include "kernels/spmm/spmm.h"

// One product over the adjacency of Gowalla's training interactions (HEDDLE_DATA/gowalla; where that is absent, of a graph of its
// size and skew) at width 64, and a step's propagation forward and backward, on all rows and for batches.
namespace heddle::bench {

namespace {

constexpr int64_t width = 64;
constexpr int64_t gowalla_users = 29'858, gowalla_items = 40'981, gowalla_interactions = 810'128;

/// Lines of a user and their items.
HostCsr training_interactions() {
  const std::string folder = data_folder();
  std::ifstream file(folder.empty() ? std::string() : folder + "/gowalla/train.txt");
  if (!file) return power_law_graph(gowalla_users, gowalla_items, gowalla_interactions, 3);
  HostCsr csr;
  csr.rows = gowalla_users;
  csr.cols = gowalla_items;
  for (std::string line; csr.row_offsets.size() <= gowalla_users && std::getline(file, line);) {
    std::istringstream numbers(line);
    int32_t number = 0;
    numbers >> number;
    while (numbers >> number) csr.col_indices.push_back(number);
    csr.row_offsets.push_back(csr.nnz());
  }
  csr.row_offsets.resize(gowalla_users + 1, csr.nnz());
  return csr;
}

/// The adjacency on the cpu, with 1 / sqrt(degree).
struct Bipartite {
  Context context{Device::parse("cpu")};
  kernels::BuiltCsr adjacency;
  Buffer scale;

  Bipartite() {
    const HostCsr host = training_interactions();
    kernels::Execution execution = context.execution();
    adjacency = kernels::bipartite_adjacency(
        {host.rows, host.cols, host.nnz(), host.row_offsets.data(), host.col_indices.data(), nullptr, nullptr}, execution);
    scale = Buffer(context.stream(), static_cast<std::size_t>(adjacency.rows) * sizeof(float));
    const CsrView a = adjacency.view();
    for (int64_t row = 0; row < a.rows; ++row) {
      const auto degree = static_cast<double>(a.row_offsets[row + 1] - a.row_offsets[row]);
      scale.as<float>()[row] = degree > 0 ? static_cast<float>(1 / std::sqrt(degree)) : 0;
    }
  }
  NormalisedAdjacency graph() const { return {adjacency.view(), scale.as<float>()}; }
};

HostMatrix drawn_rows(int64_t rows) { return uniform_matrix(rows, width, 22); }

/// Bytes a second at which the threads together read `matrix` in order, again and again: what gathering its rows cannot exceed by
/// more than the private caches give. The median of some readings.
double read_rate(Context& context, DenseView<const float> matrix) {
  constexpr int64_t parts = 64;
  constexpr int readings = 15;
  struct Reading {
    DenseView<const float> matrix;
    float sums[parts] = {};
  } reading{matrix};
  const auto read_part = [](const void* shared, int64_t part) {
    auto& all = *static_cast<Reading*>(const_cast<void*>(shared));
    const int64_t begin = all.matrix.size() * part / parts, end = all.matrix.size() * (part + 1) / parts;
    constexpr int lanes = 64;  // independent sums, so that no addition waits for another
    float sums[lanes] = {};
    for (int64_t i = begin; i + lanes <= end; i += lanes) {
      for (int lane = 0; lane < lanes; ++lane) sums[lane] += all.matrix.data[i + lane];
    }
    for (float sum : sums) all.sums[part] += sum;
  };
  const kernels::Threads threads = context.stream().thread_team();
  std::vector<double> seconds;
  for (int i = 0; i < readings; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (threads.team != nullptr) {
      kernels::run_on_team(*threads.team, parts, read_part, &reading);
    } else {
      for (int64_t part = 0; part < parts; ++part) read_part(&reading, part);
    }
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    benchmark::DoNotOptimize(reading.sums);
  }
  std::nth_element(seconds.begin(), seconds.begin() + readings / 2, seconds.end());
  return static_cast<double>(matrix.size()) * sizeof(float) / seconds[readings / 2];
}

/// Bytes gathered: of each non-zero its column and its x row. Beside them what reading in order attains (see read_rate).
void count_gathered(benchmark::State& state, const CsrView& a, int64_t bytes_per_element, double attainable) {
  state.SetBytesProcessed(state.iterations() * a.nnz * (width * bytes_per_element + 4));
  state.counters["read_in_order_B/s"] =
      benchmark::Counter(attainable, benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
}

void product(benchmark::State& state, bool bf16) {
  Bipartite bipartite;
  Context& context = bipartite.context;
  const NormalisedAdjacency graph = bipartite.graph();
  const Tensor e = context.make_tensor(drawn_rows(graph.a.rows));
  kernels::Execution execution = context.execution();
  const auto stored = [&]() -> kernels::StoredRows {
    if (bf16) return {.bf16 = context.arena().allocate_array<uint16_t>(graph.a.rows * width)};
    return {.f32 = context.arena().allocate_array<float>(graph.a.rows * width)};
  };
  const kernels::StoredRows x = stored(), y = stored();
  kernels::prescale({.x = e.value().data, .scale = graph.scale, .rows = graph.a.rows, .width = width, .y = x}, execution);
  for ([[maybe_unused]] auto _ : state) {
    kernels::propagate(
        {.a = graph.a, .scale = graph.scale, .x = x, .base = e.value().data, .width = width, .prescale = true, .y = y},
        execution);
    benchmark::ClobberMemory();
  }
  count_gathered(state, graph.a, bf16 ? 2 : 4, read_rate(context, e.value()));
}

void product_by_spmm(benchmark::State& state) {
  Bipartite bipartite;
  const NormalisedAdjacency graph = bipartite.graph();
  const Tensor x = bipartite.context.make_tensor(drawn_rows(graph.a.rows));
  const Tensor y = x.like();
  kernels::Execution execution = bipartite.context.execution();
  for ([[maybe_unused]] auto _ : state) {
    kernels::spmm({graph.a, x.value(), y.value()}, execution);
    benchmark::ClobberMemory();
  }
  count_gathered(state, graph.a, 4, read_rate(bipartite.context, x.value()));
}

/// Forward and backward of three layers. batch 0: all rows; else so many users and twice as many items, as a step of BPR.
void chain(benchmark::State& state, int64_t batch, bool bf16) {
  Bipartite bipartite;
  Context& context = bipartite.context;
  const NormalisedAdjacency graph = bipartite.graph();
  const Parameter e(context, "embeddings", drawn_rows(graph.a.rows));
  std::vector<int32_t> ids;
  Draws draws(23);
  const auto end_of_edge = [&] { return graph.a.col_indices[draws.below(graph.a.nnz)]; };
  for (int64_t i = 0; i < 2 * batch; ++i) ids.push_back(end_of_edge());  // users and their items stand by their degrees
  for (int64_t i = 0; i < batch; ++i) ids.push_back(static_cast<int32_t>(gowalla_users + draws.below(gowalla_items)));
  for ([[maybe_unused]] auto _ : state) {
    context.begin_step();
    Tensor h;
    if (batch == 0) {
      h = propagate(graph, e, 3, bf16);
    } else {
      h = propagate_rows(graph, e, 3, make_row_batch(context, ids.data(), static_cast<int64_t>(ids.size()), graph.a.rows), bf16);
    }
    context.tape().backward(l2_penalty(h, 1));
    benchmark::ClobberMemory();
  }
}

}  // namespace

void register_propagation() {
  const auto add = [](const std::string& name, auto run) {
    benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime()->Unit(benchmark::kMillisecond);
  };
  add("propagate/product/f32", [](benchmark::State& state) { product(state, false); });
  add("propagate/product/bf16", [](benchmark::State& state) { product(state, true); });
  add("propagate/product/spmm", product_by_spmm);
  for (bool bf16 : {false, true}) {
    for (int64_t batch : {0, 512, 2048, 8192, 16384}) {
      add(text("propagate/3 layers and gradient/", batch == 0 ? std::string("all rows") : text("batch=", batch),
               bf16 ? "/bf16" : "/f32"),
          [batch, bf16](benchmark::State& state) { chain(state, batch, bf16); });
    }
  }
}

}  // namespace heddle::bench
