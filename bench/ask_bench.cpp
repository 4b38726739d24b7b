#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/graphs.h"
#include "heddle/lightgcn.h"
#include "heddle/recommender.h"

// One model asked by several threads, each with a session of its own: rankings of single users, made one after the other, by a
// LightGCN of Gowalla's size with random weights. items_per_second counts the answers of all threads together.
namespace heddle::bench {

namespace {

/// Gowalla's, with 27 training items a user.
constexpr int32_t asked_users = 29'858;
constexpr int32_t asked_items = 40'981;
constexpr int items_each = 27;

/// Made once, by whichever benchmark is first; no ids, since nobody asks for them.
const Recommender& asked_model() {
  static const std::unique_ptr<Recommender> model = [] {
    InteractionDataset data;
    data.name = "random";
    data.train = {.rows = asked_users, .cols = asked_items, .row_offsets = {0}, .col_indices = {}, .values = {}};
    std::vector<int32_t>& columns = data.train.col_indices;
    Draws draws(3);
    for (int32_t user = 0; user < asked_users; ++user) {
      const auto begin = static_cast<std::ptrdiff_t>(columns.size());
      for (int i = 0; i < items_each; ++i) columns.push_back(static_cast<int32_t>(draws.below(asked_items)));
      std::sort(columns.begin() + begin, columns.end());
      columns.erase(std::unique(columns.begin() + begin, columns.end()), columns.end());
      data.train.row_offsets.push_back(data.train.nnz());
    }
    return LightGcn(data, {}, Device::parse("cpu")).recommender();
  }();
  return *model;
}

/// `threads`: see SessionOptions.
void ask_single_users(benchmark::State& state, int threads) {
  const Recommender& model = asked_model();
  Session session(model.device(), {.threads = threads});
  Query query{.user = static_cast<int32_t>(state.thread_index()) * 7919, .items = {}};
  for ([[maybe_unused]] auto _ : state) {
    query.user = (query.user + 1) % asked_users;
    benchmark::DoNotOptimize(model.rank(session, {&query, 1}).front().data());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) state.SetLabel(model.device().description());
}

}  // namespace

void register_asking() {
  // Of each asker: its share of the team, no thread but its own, all of the team whoever else asks.
  for (const auto& [label, threads] : {std::pair("share", 0), std::pair("alone", 1), std::pair("whole_team", 1024)}) {
    auto* const added =
        benchmark::RegisterBenchmark(text("ask/lightgcn/one_user/", label).c_str(),
                                     [threads = threads](benchmark::State& state) { ask_single_users(state, threads); });
    for (const int askers : {1, 2, 4}) added->Threads(askers);
    added->UseRealTime()->Unit(benchmark::kMicrosecond);
  }
  benchmark::RegisterBenchmark("ask/making_a_session", [](benchmark::State& state) {
    const Device device = Device::cpu();
    for ([[maybe_unused]] auto _ : state) {
      Session session(device);
      benchmark::DoNotOptimize(&session);
    }
  })->Unit(benchmark::kMicrosecond);
}

}  // namespace heddle::bench
