#include "bench/cpu_fma.h"

#include "kernels/common/simd.h"

// Idea: 12 sums in registers, more than latency times throughput of any unit, so that nothing waits.
namespace heddle::kernels::HEDDLE_ISA {

int64_t cpu_multiply_add(int64_t rounds, float* sink) {
  constexpr int chains = 12;
  Vec sum[chains];
  const Vec factor = broadcast(sink[0]), term = broadcast(sink[1]);
#pragma GCC unroll 12
  for (int i = 0; i < chains; ++i) sum[i] = broadcast(static_cast<float>(i));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (Vec& chain : sum) chain = chain * factor + term;
  }
  Vec total = sum[0];
#pragma GCC unroll 12
  for (int i = 1; i < chains; ++i) total += sum[i];
  sink[2] = total[0];
  return int64_t{chains} * lanes;
}

}  // namespace heddle::kernels::HEDDLE_ISA
