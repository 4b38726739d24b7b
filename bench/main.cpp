#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "bench/benchmarks.h"

int main(int argc, char** argv) {
  try {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    heddle::bench::register_spmm();
    heddle::bench::register_gemm();
    heddle::bench::register_ops();
    heddle::bench::register_gcn();
    heddle::bench::register_attention();
    heddle::bench::register_top_k();
    heddle::bench::register_ranking_losses();
    heddle::bench::register_graph_build();
    heddle::bench::register_lightgcn();
    heddle::bench::register_propagation();
    heddle::bench::register_adam();
    heddle::bench::register_asking();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "heddle_bench: %s\n", error.what());
    return 1;
  }
}
