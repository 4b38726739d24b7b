#include "bench/ceilings.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <vector>

#include "bench/cpu_fma.h"
#include "bench/graphs.h"
#include "heddle/context.h"
#include "heddle/tensor.h"
#include "kernels/common/parallel.h"
#include "kernels/dense/dense.h"
#include "kernels/device/backend.h"
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

/// A product in which little is done but gathering: long rows, no values, x of `bytes_of_x`.
class GatherProduct {
 public:
  GatherProduct(Context& context, int64_t rows, int64_t degree, int64_t bytes_of_x, int64_t d, const char* variant)
      : context_(context), variant_(variant) {
    const int64_t columns = std::max<int64_t>(1, bytes_of_x / (4 * d));
    const HostCsr host = random_graph(rows, columns, rows * degree, 3);
    Stream& stream = context.stream();
    offsets_ = Buffer::upload(stream, host.row_offsets);
    indices_ = Buffer::upload(stream, host.col_indices);
    x_ = context.make_tensor(random_matrix(columns, d, 4));
    y_ = context.make_tensor(rows, d);
    ones_ = {host.rows, host.cols, host.nnz(), offsets_.as<int64_t>(), indices_.as<int32_t>(), nullptr, nullptr};
  }
  void run() {
    kernels::Execution execution = context_.execution();
    const DeviceKind device = context_.stream().kind();
    kernels::run_variant("spmm", kernels::find_variant("spmm", kernels::spmm_variants(device), device, variant_),
                         kernels::SpmmArgs{ones_, x_.value(), y_.value()}, execution);
  }
  double gigabytes() const { return 1e-9 * static_cast<double>(ones_.nnz * (4 * x_.cols() + 4)); }

 private:
  Context& context_;
  const char* variant_;
  Buffer offsets_, indices_;
  Tensor x_, y_;
  CsrView ones_;
};

Ceilings cuda_ceilings(Context& context, int64_t d) {
  Stream& stream = context.stream();
  kernels::Backend& backend = stream.backend();
  const auto best = [&](const std::function<void()>& work) {
    work();  // libraries load outside the timing
    double least = 1e30;
    for (int i = 0; i < 3; ++i) least = std::min(least, backend.timed_ms(stream, work));
    return 1e-3 * least;
  };
  Ceilings result;
  constexpr std::size_t bytes = std::size_t{256} << 20;  // larger than any second-level cache
  const Buffer from(stream, bytes), to(stream, bytes);
  backend.fill_zero(from.data(), bytes, stream);
  result.copy_gbs = 2e-9 * static_cast<double>(bytes) / best([&] { backend.copy(to.data(), from.data(), bytes, stream); });

  // x of 1 MiB lies in the second-level cache, and in no first-level one.
  GatherProduct product(context, 4096, 64, int64_t{1} << 20, d, "row_per_subwarp");
  result.gather_gbs = product.gigabytes() / best([&] { product.run(); });

  constexpr int64_t side = 1024;
  const Tensor a = context.make_tensor(random_matrix(side, side, 5)), b = context.make_tensor(random_matrix(side, side, 6)),
               c = context.make_tensor(side, side);
  kernels::Execution execution = context.execution();
  result.fma_gflops = 2e-9 * static_cast<double>(side * side * side) /
                      best([&] { kernels::gemm({.a = a.value(), .b = b.value(), .c = c.value()}, execution); });
  return result;
}

}  // namespace

Ceilings measure_ceilings(const Device& device, int64_t d) {
  Context context(device);
  if (device.kind() == DeviceKind::cuda) return cuda_ceilings(context, d);
  Stream& stream = context.stream();
  const kernels::Threads threads = stream.thread_team();
  Ceilings result;

  constexpr int64_t bytes = int64_t{128} << 20;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  const int64_t parts = kernels::parts_for(threads, bytes);
  const double copy = best_seconds([&] {
    kernels::parallel_chunks(threads, parts, [&](int64_t part) {
      const int64_t begin = bytes * part / parts, end = bytes * (part + 1) / parts;
      std::memcpy(to.data() + begin, from.data() + begin, static_cast<std::size_t>(end - begin));
    });
  });
  result.copy_gbs = 2e-9 * static_cast<double>(bytes) / copy;

  // x of 128 KiB stays in a core's second-level cache.
  GatherProduct product(context, 512, 256, int64_t{128} << 10, d, "cpu_row_vectorised");
  result.gather_gbs = product.gigabytes() / best_seconds([&] { product.run(); });

  constexpr int64_t rounds = 200'000;
  std::vector<float> sinks(static_cast<std::size_t>(threads.count) * 16, 0.5f);
  int64_t floats = 0;
  const double fma = best_seconds([&] {
    kernels::on_every_thread(threads, [&](int64_t part) {
      const int64_t each = multiply_add(stream, rounds, sinks.data() + part * 16);
      if (part == 0) floats = each;
    });
  });
  result.fma_gflops = 2e-9 * static_cast<double>(floats * rounds * threads.count) / fma;
  return result;
}

}  // namespace heddle::bench
