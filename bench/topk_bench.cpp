#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/graphs.h"
#include "heddle/context.h"
#include "kernels/topk/topk.h"

// Ranking at the size of Gowalla (29,858 users, 40,981 items, 27 training items a user) with random factors of 64.
namespace heddle::bench {

namespace {

constexpr int64_t users = 29'858;
constexpr int64_t items = 40'981;
constexpr int64_t interactions = 810'128;
constexpr int64_t factors = 64;

HostMatrix random_factors(int64_t rows, uint64_t seed) {
  Draws draws(seed);
  HostMatrix matrix{rows, factors, std::vector<float>(static_cast<std::size_t>(rows * factors))};
  for (float& value : matrix.values) value = static_cast<float>(draws.uniform() - 0.5);
  return matrix;
}

struct Outputs {
  Buffer columns, scores;
  Outputs(Stream& stream, int64_t m, int64_t k)
      : columns(stream, static_cast<std::size_t>(m * k) * sizeof(int32_t)),
        scores(stream, static_cast<std::size_t>(m * k) * sizeof(float)) {}
  kernels::TopKOutput view(int64_t k) const { return {k, columns.as<int32_t>(), scores.as<float>()}; }
};

void score_top_k(benchmark::State& state, int64_t m, int64_t k) {
  Context context(Device::parse("cpu"));
  const Tensor left = context.make_tensor(random_factors(m, 1)), right = context.make_tensor(random_factors(items, 2));
  HostCsr train = random_graph(users, items, interactions, 3);
  for (std::size_t user = 0; user < static_cast<std::size_t>(users); ++user) {
    std::sort(train.col_indices.begin() + train.row_offsets[user], train.col_indices.begin() + train.row_offsets[user + 1]);
  }
  const Buffer row_offsets = Buffer::upload(context.stream(), train.row_offsets);
  const Buffer col_indices = Buffer::upload(context.stream(), train.col_indices);
  const Outputs outputs(context.stream(), m, k);
  const kernels::ScoreTopKArgs args{
      left.value(), right.value(), {{row_offsets.as<int64_t>(), col_indices.as<int32_t>(), nullptr}, {}}, outputs.view(k)};
  kernels::Execution execution = context.execution();
  for ([[maybe_unused]] auto _ : state) {
    kernels::score_top_k(args, execution);
    benchmark::ClobberMemory();
  }
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(items * factors);
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * flops * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void top_k(benchmark::State& state, int64_t m, int64_t n, int64_t k) {
  Context context(Device::parse("cpu"));
  Draws draws(4);
  HostMatrix matrix{m, n, std::vector<float>(static_cast<std::size_t>(m * n))};
  for (float& value : matrix.values) value = static_cast<float>(draws.uniform());
  const Tensor scores = context.make_tensor(matrix);
  const Outputs outputs(context.stream(), m, k);
  kernels::Execution execution = context.execution();
  for ([[maybe_unused]] auto _ : state) {
    kernels::top_k({scores.value(), {}, outputs.view(k)}, execution);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * m * n * 4);
}

}  // namespace

void register_top_k() {
  for (int64_t m : {int64_t{1}, int64_t{256}, users}) {
    for (int64_t k : {20, 1000}) {
      benchmark::RegisterBenchmark(text("score_top_k/users=", m, "/k=", k).c_str(),
                                   [m, k](benchmark::State& state) { score_top_k(state, m, k); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
  for (int64_t m : {1, 256}) {
    benchmark::RegisterBenchmark(text("top_k/users=", m, "/k=20").c_str(),
                                 [m](benchmark::State& state) { top_k(state, m, items, 20); })
        ->UseRealTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace heddle::bench
