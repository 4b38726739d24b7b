#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/benchmarks.h"
#include "bench/graphs.h"
#include "heddle/heddle.h"
#include "kernels/sampling/sampling.h"

// Training steps of LightGCN as heddle::train times them (the median of a run's steps: draw, propagate, loss, gradient, update),
// and the ranking of all users, alone and written to a file.
namespace heddle::bench {

namespace {

/// A data set by name; read or made once.
const InteractionDataset& data_set(const std::string& name) {
  static std::map<std::string, std::unique_ptr<InteractionDataset>> loaded;
  std::unique_ptr<InteractionDataset>& data = loaded[name];
  if (data == nullptr) {
    InteractionLog log =
        name == "generated" ? synthetic_shop({.users = 200'000, .items = 100'000, .categories = 200, .interactions_per_user = 50})
                            : io::load_interactions(data_folder() + "/" + name);
    data = std::make_unique<InteractionDataset>(prepare(std::move(log)));
  }
  return *data;
}

LightGcnTrainOptions paper() {
  LightGcnTrainOptions options;
  options.loss = RankingLoss::bpr;
  options.learning_rate = 1e-3f;
  options.batch_size = 2048;
  options.schedule = Schedule::constant;
  return options;
}

void steps(benchmark::State& state, const std::string& name, const LightGcnTrainOptions& options, Precision precision) {
  const InteractionDataset& data = data_set(name);
  const Device device = Device::parse("cpu");
  const auto wanted = state.range(0);
  for ([[maybe_unused]] auto _ : state) {
    LightGcn model(data, {.precision = precision}, device);
    int64_t asked = 0;
    const LightGcnReport report = train(model, data, options, {}, [&](const Progress&) { return asked++ < wanted; });
    state.SetIterationTime(report.step_ms_median / 1e3);
  }
  const int64_t batch_size =
      options.batch_size > 0 ? options.batch_size : LightGcnTrainOptions::automatic_batch_size(data.train.nnz());
  const int64_t per_epoch = (data.train.nnz() + batch_size - 1) / batch_size;
  state.counters["interactions"] = static_cast<double>(data.train.nnz());
  state.counters["steps_per_epoch"] = static_cast<double>(per_epoch);
  state.SetLabel(device.description());
}

void sampling(benchmark::State& state) {
  LightGcn model(data_set("gowalla"), {}, Device::parse("cpu"));
  Context& context = model.context();
  constexpr int64_t batch = 2048;
  int32_t* ids = context.arena().allocate_array<int32_t>(3 * batch);
  kernels::Execution execution = context.execution();
  for ([[maybe_unused]] auto _ : state) {
    kernels::sample_bpr(model.interactions(), batch, {.purpose = random_purpose::sampling, .step = context.step()}, ids,
                        execution);
    benchmark::ClobberMemory();
  }
}

/// Propagation of the weights, then all users' rankings.
void ranking(benchmark::State& state) {
  const InteractionDataset& data = data_set("gowalla");
  LightGcn model(data, {}, Device::parse("cpu"));
  for ([[maybe_unused]] auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(evaluate(*model.recommender(), data, data.test).values);
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
}

/// The best 20 of every user: ranked and no more, or written to a file that ends in `ending` too, as `recommend --all-users`
/// does.
void everybody(benchmark::State& state, const std::string& ending) {
  const InteractionDataset& data = data_set("gowalla");
  SavedRecommender saved;
  saved.model = LightGcn(data, {}, Device::parse("cpu")).recommender();
  saved.users = data.users;
  saved.items = data.items;
  const Bundle bundle(std::move(saved));
  Session session(bundle.model().device());
  std::vector<Query> queries;
  queries.reserve(static_cast<std::size_t>(data.train.rows));
  for (int32_t user = 0; user < data.train.rows; ++user) queries.push_back({.user = user, .items = {}});
  const std::string path = (std::filesystem::temp_directory_path() / text("heddle_everybody_", ::getpid(), ending)).string();
  for ([[maybe_unused]] auto _ : state) {
    if (ending.empty()) {
      benchmark::DoNotOptimize(bundle.model().rank(session, queries, {.k = 20}).size());
    } else {
      benchmark::DoNotOptimize(write_rankings(bundle, session, std::nullopt, {.k = 20}, path, ranking_file_form(path)).rows);
    }
  }
  std::filesystem::remove(path);
}

void visitor(benchmark::State& state) {
  const std::unique_ptr<Recommender> model = LightGcn(data_set("gowalla"), {}, Device::parse("cpu")).recommender();
  Session session(model->device());
  const std::vector<int32_t> basket{5, 100, 2000, 30'000};
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(model->recommend(session, basket).data());
}

void similar_items(benchmark::State& state) {
  const std::unique_ptr<Recommender> model = LightGcn(data_set("gowalla"), {}, Device::parse("cpu")).recommender();
  Session session(model->device());
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(model->similar(session, 5, 20).data());
}

}  // namespace

void register_lightgcn() {
  const std::string folder = data_folder();
  const auto present = [&folder](const char* file) {
    return !folder.empty() && std::filesystem::exists(std::filesystem::path(folder) / file);
  };
  const auto add = [](const std::string& label, const std::string& data, const LightGcnTrainOptions& options, Precision precision,
                      int64_t count) {
    benchmark::RegisterBenchmark(label.c_str(),
                                 [data, options, precision](benchmark::State& state) { steps(state, data, options, precision); })
        ->Arg(count)
        ->ArgName("steps")
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
  };
  if (present("gowalla/train.txt")) {
    LightGcnTrainOptions whole = paper();
    whole.frontier = false;
    add("lightgcn_step/paper/gowalla/f32", "gowalla", paper(), Precision::f32, 100);
    add("lightgcn_step/paper/gowalla/bf16", "gowalla", paper(), Precision::bf16, 100);
    add("lightgcn_step/paper/gowalla/f32/whole_propagation", "gowalla", whole, Precision::f32, 50);
    LightGcnTrainOptions defaults;
    defaults.temperature = 0.1f;  // what is chosen for this data; choosing is not to be timed
    add("lightgcn_step/default/gowalla/f32", "gowalla", defaults, Precision::f32, 20);
    add("lightgcn_step/default/gowalla/bf16", "gowalla", defaults, Precision::bf16, 20);
    benchmark::RegisterBenchmark("lightgcn_sampling/gowalla/batch=2048", sampling)->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark("lightgcn_rank_all_users/gowalla/k=20", ranking)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(3);
    for (const std::string ending : {"", ".csv", ".csv.gz", ".jsonl", ".trec"}) {
      benchmark::RegisterBenchmark(text("everybody/gowalla/k=20/", ending.empty() ? "ranked" : ending.substr(1)).c_str(),
                                   [ending](benchmark::State& state) { everybody(state, ending); })
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond)
          ->Iterations(3);
    }
    benchmark::RegisterBenchmark("lightgcn_recommend_visitor/gowalla", visitor)->UseRealTime()->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark("lightgcn_similar/gowalla", similar_items)->UseRealTime()->Unit(benchmark::kMicrosecond);
  }
  // The cost of a step with whole propagation, from a small graph to a large one.
  LightGcnTrainOptions whole = paper();
  whole.frontier = false;
  if (present("ml-100k/ml-100k.inter")) add("lightgcn_scaling/ml-100k", "ml-100k", whole, Precision::f32, 50);
  if (present("gowalla/train.txt")) add("lightgcn_scaling/gowalla", "gowalla", whole, Precision::f32, 20);
  add("lightgcn_scaling/generated_10M", "generated", whole, Precision::f32, 5);
}

}  // namespace heddle::bench
