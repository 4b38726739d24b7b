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

std::vector<std::vector<double>> time_by_turns(const std::vector<std::function<double()>>& runs, int rounds, bool single,
                                               const std::function<bool()>& go_on) {
  interleave();
  Collector collector(runs.size());
  if (runs.empty()) return {};
  benchmark::ClearRegisteredBenchmarks();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    benchmark::internal::Benchmark* const registered =
        benchmark::RegisterBenchmark(std::to_string(i).c_str(), [&go_on, run = runs[i]](benchmark::State& state) {
          // One that is to stop is not skipped, which the library takes amiss between repetitions: it does nothing, and says that
          // this took long, so that it is not done many times.
          const bool goes_on = !go_on || go_on();
          for ([[maybe_unused]] auto _ : state) state.SetIterationTime(goes_on ? 1e-3 * run() : 1);
        });
    registered->UseManualTime()->Repetitions(rounds);
    single ? registered->Iterations(1) : registered->MinTime(0.005);
  }
  benchmark::RunSpecifiedBenchmarks(&collector);
  benchmark::ClearRegisteredBenchmarks();
  require_going_on(go_on);
  return std::move(collector.ms);
}

}  // namespace heddle::bench
