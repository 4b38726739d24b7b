#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "heddle/arena.h"
#include "heddle/buffer.h"
#include "heddle/error.h"
#include "heddle/kernel/variant.h"
#include "kernels/adam/adam.h"

// One step of Adam over a million weights on one thread, whose moments and gradients are set before each: the usual ones, and
// those that cost a processor without a rule for small numbers some thirty times as much.
namespace heddle::bench {

namespace {

struct Numbers {
  const char* name;
  float gradient, moment1, moment2;
};

void adam_step(benchmark::State& state, Isa isa, const Numbers& numbers) {
  constexpr int64_t count = 1 << 20;
  Stream stream(Device::cpu({.threads = 1, .isa = isa}).backend());
  Arena arena(stream);
  const kernels::VariantOverrides overrides;
  kernels::Execution execution{stream, arena, overrides};
  std::vector<float> weight(count, 0.5f), gradient(count, numbers.gradient), moment1(count), moment2(count);
  const kernels::AdamTensor tensor{weight.data(), gradient.data(), moment1.data(), moment2.data(), count};
  const uint32_t step = 100;
  for ([[maybe_unused]] auto _ : state) {
    std::fill(moment1.begin(), moment1.end(), numbers.moment1);
    std::fill(moment2.begin(), moment2.end(), numbers.moment2);
    const auto begin = std::chrono::steady_clock::now();
    kernels::adam({.tensors = &tensor, .device_tensors = nullptr, .tensor_count = 1, .step = &step}, execution);
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
}

}  // namespace

void register_adam() {
  for (const Isa isa : available_isas()) {
    for (const Numbers& numbers :
         {Numbers{"usual numbers", 1e-3f, 1e-3f, 1e-6f}, Numbers{"subnormal moments", 0, 1e-41f, 1e-41f},
          Numbers{"moments about to be subnormal", 0, 1.2e-38f, 1.2e-38f}, Numbers{"subnormal gradients", 1e-41f, 1e-3f, 1e-6f},
          Numbers{"gradients of subnormal squares", 1e-20f, 1e-20f, 1e-41f}}) {
      benchmark::RegisterBenchmark(text("adam/", to_string(isa), "/", numbers.name).c_str(),
                                   [isa, numbers](benchmark::State& state) { adam_step(state, isa, numbers); })
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace heddle::bench
