#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/generated.h"
#include "heddle/context.h"
#include "heddle/graph.h"
#include "kernels/dense/dense.h"
#include "kernels/spmm/spmm.h"

// Kernel variants of the cpu device, warm: the same operands again and again.
namespace heddle::bench {

namespace {

HostMatrix ramp(int64_t rows, int64_t cols) {
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) matrix.values[i] = static_cast<float>(i % 251) * 0.01f - 1.25f;
  return matrix;
}

/// The normalised adjacency of a generated graph, made once a size.
const HostCsr& adjacency(int64_t nodes) {
  static std::vector<std::pair<int64_t, std::unique_ptr<HostCsr>>> made;
  for (const auto& [size, matrix] : made) {
    if (size == nodes) return *matrix;
  }
  const NodeDataset data = generated_dataset({.nodes = nodes, .edge_draws = 7 * nodes, .features = 1});
  made.emplace_back(nodes, std::make_unique<HostCsr>(gcn_adjacency(data.nodes, data.edges)));
  return *made.back().second;
}

void spmm(benchmark::State& state, const kernels::Variant<kernels::SpmmArgs>& variant, int64_t nodes, int64_t width) {
  Context context(Device::parse("cpu"));
  const SparseMatrix a(context.stream(), adjacency(nodes), true);
  const Tensor x = context.make_tensor(ramp(nodes, width));
  const Tensor y = x.like();
  const kernels::SpmmArgs args{a.view(), x.value(), y.value()};
  kernels::Execution execution = context.execution();
  for ([[maybe_unused]] auto _ : state) {
    kernels::run_variant("spmm", variant, args, execution);
    benchmark::ClobberMemory();
  }
  // Gather level: each non-zero reads its x row, its column and its value; each y row is written once.
  const int64_t bytes = a.nnz() * (4 * width + 8) + 4 * nodes * width;
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["GFLOP/s"] =
      benchmark::Counter(2e-9 * static_cast<double>(a.nnz() * width * state.iterations()), benchmark::Counter::kIsRate);
}

struct Shape {
  const char* name;
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

void gemm(benchmark::State& state, const kernels::Variant<kernels::GemmArgs>& variant, const Shape& shape) {
  Context context(Device::parse("cpu"));
  const Tensor a = context.make_tensor(shape.transpose_a ? ramp(shape.k, shape.m) : ramp(shape.m, shape.k));
  const Tensor b = context.make_tensor(shape.transpose_b ? ramp(shape.n, shape.k) : ramp(shape.k, shape.n));
  const Tensor c = context.make_tensor(shape.m, shape.n);
  const kernels::GemmArgs args{a.value(), b.value(), c.value(), shape.transpose_a, shape.transpose_b};
  kernels::Execution execution = context.execution();
  for ([[maybe_unused]] auto _ : state) {
    kernels::run_variant("gemm", variant, args, execution);
    benchmark::ClobberMemory();
  }
  const double flops = 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k);
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * flops * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

}  // namespace

void register_spmm() {
  for (const auto& variant : kernels::spmm_variants(DeviceKind::cpu)) {
    for (int64_t nodes : {2'708, 170'000}) {
      for (int64_t width : {7, 16, 64, 256}) {
        const std::string name = text("spmm/", variant.name, "/nodes=", nodes, "/d=", width);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&variant, nodes, width](benchmark::State& state) { spmm(state, variant, nodes, width); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

void register_gemm() {
  static constexpr Shape shapes[] = {{"2708x16*16x7", 2'708, 7, 16, false, false},
                                     {"2708x7*7x16^T", 2'708, 16, 7, false, true},
                                     {"16x2708^T*2708x7", 16, 7, 2'708, true, false},
                                     {"170000x256*256x256", 170'000, 256, 256, false, false},
                                     {"256x170000^T*170000x256", 256, 256, 170'000, true, false}};
  for (const auto& variant : kernels::gemm_variants(DeviceKind::cpu)) {
    for (const Shape& shape : shapes) {
      if (!variant
               .supports({.a = {nullptr, shape.transpose_a ? shape.k : shape.m, shape.transpose_a ? shape.m : shape.k},
                          .b = {nullptr, shape.transpose_b ? shape.n : shape.k, shape.transpose_b ? shape.k : shape.n},
                          .c = {nullptr, shape.m, shape.n},
                          .transpose_a = shape.transpose_a,
                          .transpose_b = shape.transpose_b})
               .empty()) {
        continue;
      }
      benchmark::RegisterBenchmark(text("gemm/", variant.name, "/", shape.name).c_str(),
                                   [&variant, &shape](benchmark::State& state) { gemm(state, variant, shape); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace heddle::bench
