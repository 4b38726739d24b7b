#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>

#include "bench/benchmarks.h"
#include "bench/generated.h"
#include "bench/graphs.h"
#include "heddle/heddle.h"

// Training epochs of GCN: forward, backward and update, as heddle::train times them (the median of the epochs of a run).
namespace heddle::bench {

namespace {

void epochs(benchmark::State& state, const NodeDataset& data, GcnOptions options, const TrainOptions& training) {
  const Device device = Device::parse("cpu");
  double ms = 0;
  int64_t held = 0;
  for ([[maybe_unused]] auto _ : state) {
    Gcn model(data, options, device);
    const TrainReport report = train(model, data, training);
    ms = report.epoch_ms_median();
    held = static_cast<int64_t>(model.context().arena().held_bytes());
    state.SetIterationTime(ms / 1e3);
  }
  state.counters["step_memory_MB"] = static_cast<double>(held) / 1e6;
  state.SetLabel(device.description());
}

}  // namespace

void register_gcn() {
  const std::string cora = data_folder() + "/planetoid/cora";
  if (!data_folder().empty() && std::filesystem::exists(data_folder() + "/planetoid/ind.cora.x")) {
    benchmark::RegisterBenchmark("gcn_epoch/cora",
                                 [cora](benchmark::State& state) {
                                   const NodeDataset data = io::load(cora);
                                   epochs(state, data, {}, {.epochs = 200});
                                 })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(10);
  }
  benchmark::RegisterBenchmark("gcn_epoch/karate",
                               [](benchmark::State& state) {
                                 const NodeDataset data = io::karate_club();
                                 epochs(state, data, {}, {.epochs = 200});
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->Iterations(10);
  benchmark::RegisterBenchmark("gcn_epoch/generated_170k_nodes",
                               [](benchmark::State& state) {
                                 const NodeDataset data = generated_dataset();
                                 epochs(state, data, {.hidden = 256, .layers = 3}, {.epochs = 5});
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1);
}

}  // namespace heddle::bench
