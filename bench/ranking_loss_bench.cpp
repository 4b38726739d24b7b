#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/graphs.h"
#include "heddle/context.h"
#include "heddle/kernel/philox.h"
#include "kernels/ranking_loss/ranking_loss.h"
#include "kernels/sampling/sampling.h"

// What a step of a recommender does besides propagation: sampling and the loss with its gradient, at the sizes of a training run
// on Gowalla (29,858 users, 40,981 items, 810,128 interactions).
namespace heddle::bench {

namespace {

HostMatrix drawn_rows(int64_t rows, int64_t d) { return uniform_matrix(rows, d, 21); }

void count_work(benchmark::State& state, double flops) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(1e-9 * flops * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void sampled_softmax(benchmark::State& state, int64_t batch, int64_t negatives, int64_t d, bool gradient) {
  Context context(Device::parse("cpu"));
  const Tensor rows = context.make_tensor(drawn_rows(2 * batch + negatives, d));
  const Tensor drows = rows.like();
  const Tensor loss = context.make_tensor(1, 1);
  kernels::Execution execution = context.execution();
  kernels::SampledSoftmaxArgs args{rows.value(), batch, 0.1f, loss.value().data};
  if (gradient) args.drows = drows.value();
  for ([[maybe_unused]] auto _ : state) {
    kernels::sampled_softmax_loss(args, execution);
    benchmark::ClobberMemory();
  }
  // One product for the loss, two more for the gradient; the exponentials are not counted.
  count_work(state, (gradient ? 6.0 : 2.0) * static_cast<double>(batch * negatives * d));
}

void bpr(benchmark::State& state, int64_t batch, int64_t d) {
  Context context(Device::parse("cpu"));
  const Tensor rows = context.make_tensor(drawn_rows(3 * batch, d));
  const Tensor drows = rows.like();
  const Tensor loss = context.make_tensor(1, 1);
  kernels::Execution execution = context.execution();
  const float dloss = 1;
  for ([[maybe_unused]] auto _ : state) {
    kernels::bpr_loss({rows.value(), loss.value().data}, execution);
    kernels::bpr_loss_backward(rows.value(), &dloss, drows.value(), execution);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * batch * d * 36);
}

void sample(benchmark::State& state, int64_t batch, int64_t negatives) {
  // Columns ascend and differ within a row: each row takes every 1518th item from a place of its own.
  const int64_t users = 29'858, items = 40'981, per_user = 27;
  Context context(Device::parse("cpu"));
  std::vector<int64_t> row_offsets{0};
  std::vector<int32_t> columns, row_of, eligible;
  for (int32_t user = 0; user < users; ++user) {
    for (int32_t i = 0; i < per_user; ++i) columns.push_back(i * (items / per_user) + user % 1517);
    row_of.insert(row_of.end(), per_user, user);
    eligible.push_back(user);
    row_offsets.push_back(static_cast<int64_t>(columns.size()));
  }
  std::vector<int32_t> ids(static_cast<std::size_t>(3 * batch + negatives));
  const kernels::InteractionsView view{{.rows = users,
                                        .cols = items,
                                        .nnz = static_cast<int64_t>(columns.size()),
                                        .row_offsets = row_offsets.data(),
                                        .col_indices = columns.data()},
                                       row_of.data(),
                                       eligible.data(),
                                       users};
  kernels::Execution execution = context.execution();
  uint32_t step = 0;
  const RandomStream random{.seed = 1, .purpose = random_purpose::sampling, .step = &step};
  for ([[maybe_unused]] auto _ : state) {
    ++step;
    if (negatives == 0) {
      kernels::sample_bpr(view, batch, random, ids.data(), execution);
    } else {
      kernels::sample_softmax(view, batch, negatives, 0.3f, random, ids.data(), execution);
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * (batch + negatives));
}

template <class Body>
void add(const std::string& name, const Body& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace

void register_ranking_losses() {
  for (const int64_t d : {64, 100, 128}) {
    const std::string sizes = text("/batch=16384/negatives=1024/d=", d);
    add("sampled_softmax_loss/loss" + sizes, [d](benchmark::State& state) { sampled_softmax(state, 16'384, 1'024, d, false); });
    add("sampled_softmax_loss/loss_and_gradient" + sizes,
        [d](benchmark::State& state) { sampled_softmax(state, 16'384, 1'024, d, true); });
  }
  add("bpr_loss/loss_and_gradient/batch=2048/d=64", [](benchmark::State& state) { bpr(state, 2'048, 64); });
  add("sample_bpr/batch=2048", [](benchmark::State& state) { sample(state, 2'048, 0); });
  add("sample_softmax/batch=16384/negatives=1024", [](benchmark::State& state) { sample(state, 16'384, 1'024); });
}

}  // namespace heddle::bench
