#include "bench/ceilings.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "bench/cpu_fma.h"
#include "bench/graphs.h"
#include "heddle/context.h"
#include "heddle/tensor.h"
#include "kernels/common/parallel.h"
#include "kernels/spmm/spmm.h"

namespace heddle::bench {

namespace {

using Clock = std::chrono::steady_clock;

template <class Work>
double best_seconds(const Work& work) {
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    const Clock::time_point start = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

int64_t multiply_add(Stream& stream, int64_t rounds, float* sink) {
#ifdef HEDDLE_X86
  if (stream.isa() == Isa::avx512) return kernels::avx512::cpu_multiply_add(rounds, sink);
  if (stream.isa() == Isa::avx2) return kernels::avx2::cpu_multiply_add(rounds, sink);
#endif
  return kernels::portable::cpu_multiply_add(rounds, sink);
}

}  // namespace

Ceilings measure_ceilings(const Device& device, int64_t d) {
  Context context(device);
  Stream& stream = context.stream();
  const kernels::Threads threads = stream.thread_team();
  Ceilings result;

  constexpr std::size_t bytes = std::size_t{128} << 20;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  constexpr int64_t parts = 64;
  const double copy = best_seconds([&] {
    kernels::parallel_chunks(threads, parts, [&](int64_t part) {
      std::memcpy(to.data() + part * (bytes / parts), from.data() + part * (bytes / parts), bytes / parts);
    });
  });
  result.copy_gbs = 2e-9 * static_cast<double>(bytes) / copy;

  // x of 128 KiB stays in a second-level cache; long rows, so that little else is done.
  const int64_t columns = std::max<int64_t>(1, (int64_t{128} << 10) / (4 * d));
  const HostCsr host = random_graph(512, columns, int64_t{512} * 256, 3);
  const Buffer offsets = Buffer::upload(stream, host.row_offsets), indices = Buffer::upload(stream, host.col_indices);
  const CsrView ones{host.rows, host.cols, host.nnz(), offsets.as<int64_t>(), indices.as<int32_t>(), nullptr, nullptr};
  const Tensor x = context.make_tensor(random_matrix(columns, d, 4));
  const Tensor y = context.make_tensor(512, d);
  kernels::Execution execution = context.execution();
  const double gather = best_seconds([&] {
    kernels::run_variant(
        "spmm", kernels::find_variant("spmm", kernels::spmm_variants(DeviceKind::cpu), DeviceKind::cpu, "cpu_row_vectorised"),
        kernels::SpmmArgs{ones, x.value(), y.value()}, execution);
  });
  result.gather_gbs = 1e-9 * static_cast<double>(ones.nnz * (4 * d + 4)) / gather;

  constexpr int64_t rounds = 200'000;
  std::vector<float> sinks(static_cast<std::size_t>(threads.count) * 16, 0.5f);
  int64_t floats = 0;
  const double fma = best_seconds([&] {
    kernels::parallel_chunks(threads, threads.count, [&](int64_t part) {
      const int64_t each = multiply_add(stream, rounds, sinks.data() + part * 16);
      if (part == 0) floats = each;
    });
  });
  result.fma_gflops = 2e-9 * static_cast<double>(floats * rounds * threads.count) / fma;
  return result;
}

}  // namespace heddle::bench
