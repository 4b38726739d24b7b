#include <benchmark/benchmark.h>

#include "bench/lab_core.h"

namespace heddle::bench {

namespace {

/// Keeps what Google Benchmark would print.
class Collector final : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(std::size_t count) : ms(count) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred || run.iterations == 0) continue;
      ms[std::stoul(run.run_name.function_name)].push_back(1e3 * run.real_accumulated_time / static_cast<double>(run.iterations));
    }
  }
  std::vector<std::vector<double>> ms;
};

/// Repetitions of all benchmarks in a random order, so that a slow moment of the machine falls on all.
void interleave() {
  static const bool once = [] {
    std::string program = "heddle", flag = "--benchmark_enable_random_interleaving=true";
    char* arguments[] = {program.data(), flag.data(), nullptr};
    int count = 2;
    benchmark::Initialize(&count, arguments);
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

std::vector<std::vector<double>> time_by_turns(const std::vector<std::function<double()>>& runs, int rounds, bool single) {
  interleave();
  Collector collector(runs.size());
  if (runs.empty()) return {};
  benchmark::ClearRegisteredBenchmarks();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    benchmark::internal::Benchmark* const registered =
        benchmark::RegisterBenchmark(std::to_string(i).c_str(), [run = runs[i]](benchmark::State& state) {
          for ([[maybe_unused]] auto _ : state) state.SetIterationTime(1e-3 * run());
        });
    registered->UseManualTime()->Repetitions(rounds);
    single ? registered->Iterations(1) : registered->MinTime(0.005);
  }
  benchmark::RunSpecifiedBenchmarks(&collector);
  benchmark::ClearRegisteredBenchmarks();
  return std::move(collector.ms);
}

}  // namespace heddle::bench
