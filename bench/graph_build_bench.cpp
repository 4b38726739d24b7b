#include <benchmark/benchmark.h>

#include <vector>

#include "bench/benchmarks.h"
#include "bench/graphs.h"
#include "heddle/context.h"
#include "kernels/graph_build/graph_build.h"

// From a list of interactions to the adjacency of users and items: sorted, repeats merged, transposed, joined.
namespace heddle::bench {

namespace {

void bipartite_adjacency(benchmark::State& state, int64_t users, int64_t items, int64_t interactions, bool weighted) {
  Context context(Device::parse("cpu"));
  Draws draws(1);
  std::vector<int32_t> user, item;
  for (int64_t e = 0; e < interactions; ++e) {
    user.push_back(static_cast<int32_t>(draws.below(users)));
    item.push_back(static_cast<int32_t>(draws.below(items)));
  }
  const Buffer row = Buffer::upload(context.stream(), user), col = Buffer::upload(context.stream(), item);
  const Buffer value = Buffer::upload(context.stream(), std::vector<float>(user.size(), 0.5f));
  kernels::Execution execution = context.execution();
  for ([[maybe_unused]] auto _ : state) {
    const kernels::BuiltCsr matrix =
        kernels::coo_to_csr(users, items, row.as<int32_t>(), col.as<int32_t>(), weighted ? value.as<float>() : nullptr,
                            interactions, kernels::Merge::largest, execution);
    const kernels::BuiltCsr adjacency = kernels::bipartite_adjacency(matrix.view(), execution);
    benchmark::DoNotOptimize(adjacency.nnz);
  }
  state.SetItemsProcessed(state.iterations() * interactions);
}

}  // namespace

void register_graph_build() {
  for (bool weighted : {false, true}) {
    const char* kind = weighted ? "weighted" : "unweighted";
    benchmark::RegisterBenchmark(
        text("bipartite_adjacency/gowalla/", kind).c_str(),
        [weighted](benchmark::State& state) { bipartite_adjacency(state, 29'858, 40'981, 810'128, weighted); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(
        text("bipartite_adjacency/10 million/", kind).c_str(),
        [weighted](benchmark::State& state) { bipartite_adjacency(state, 200'000, 100'000, 10'000'000, weighted); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace heddle::bench
