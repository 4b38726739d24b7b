#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/op_cases.h"
#include "heddle/context.h"
#include "heddle/ops.h"

// Every op case that the tests check, forward and backward in a step of its own. The cases are tiny: what is timed is what an op
// costs before it has anything to do.
namespace heddle::bench {

namespace {

void op(benchmark::State& state, const OpCase& op_case) {
  Context context(Device::parse("cpu"), op_case_seed);
  const Op run = op_case.prepare(context.stream());
  context.stream().synchronise();
  std::vector<Parameter> inputs;
  for (const HostMatrix& input : op_case.inputs) inputs.emplace_back(context, "input", input);
  for ([[maybe_unused]] auto _ : state) {
    context.begin_step();
    const std::vector<Tensor> tensors(inputs.begin(), inputs.end());
    context.tape().backward(l2_penalty(run(context, tensors), 1));
    benchmark::ClobberMemory();
  }
}

}  // namespace

void register_ops() {
  for (const OpCase& op_case : op_cases()) {
    benchmark::RegisterBenchmark(("op/" + op_case.name).c_str(), [op_case](benchmark::State& state) {
      op(state, op_case);
    })->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace heddle::bench
