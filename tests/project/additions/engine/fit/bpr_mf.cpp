#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "engine/models/sampled_interactions.h"
#include "engine/recommend/factors.h"
#include "engine/train/training_loop.h"
#include "heddle/error.h"
#include "heddle/fit.h"
#include "heddle/lightgcn.h"
#include "heddle/ops.h"
#include "heddle/statistics.h"
#include "kernels/dense/dense.h"
#include "kernels/spmm/spmm.h"

// Matrix factorisation by Bayesian personalised ranking (Rendle et al. 2009): a vector a user and a vector an item, scored by
// their product; trained on triples of a user, an item that the user has and one that they have not.
namespace heddle {

namespace {

struct BprMfOptions {
  int64_t dim = 32;
  float init_std = 0.1f;
};

struct BprMfTraining {
  int64_t epochs = 30;
  float learning_rate = 0.01f;
  float reg = 0.001f;
  int64_t batch_size = 1024;
};

const SettingTable<BprMfOptions>& bpr_mf_table() {
  static const SettingTable<BprMfOptions> table(
      "bpr-mf", {setting("dim", &BprMfOptions::dim, 1, 65536, "width of the vectors"),
                 setting("init_std", &BprMfOptions::init_std, Range::above(0), "standard deviation of the first vectors")});
  return table;
}

const SettingTable<BprMfTraining>& bpr_mf_training() {
  using Options = BprMfTraining;
  static const SettingTable<Options> table(
      "bpr-mf",
      {setting("epochs", &Options::epochs, 1, 10'000'000, "epochs, each of as many draws as there are training interactions"),
       setting("learning_rate", &Options::learning_rate, Range::above(0), "Adam's learning rate"),
       setting("reg", &Options::reg, Range::at_least(0), "this / 2 / batch size times the squares of the batch's vectors"),
       setting("batch_size", &Options::batch_size, 1, 100'000'000, "triples a step")});
  return table;
}

std::size_t vector_bytes(int64_t rows, int64_t dim) { return static_cast<std::size_t>(rows * dim) * sizeof(float); }

/// A visitor's vector is the mean of their items'.
class BprMf final : public Recommender {
 public:
  /// `vectors` [users + items x dim] are ready for every stream.
  BprMf(std::shared_ptr<const HostCsr> interactions, const BprMfOptions& options, Settings trained_with, Buffer vectors,
        const Device& device)
      : Recommender(std::move(interactions), device, Likeness::own),
        options_(options),
        trained_with_(std::move(trained_with)),
        vectors_(std::move(vectors)) {}

  std::string name() const override { return "bpr-mf"; }
  Settings settings() const override { return bpr_mf_table().write(options_); }
  Settings trained_with() const override { return trained_with_; }
  int64_t scratch_per_query() const override { return options_.dim; }
  HostMatrix user_embeddings() const override { return to_host(0, users()); }
  HostMatrix item_embeddings() const override { return to_host(users(), items()); }
  std::vector<io::NamedTensor> tensors() const override {
    return {{"vectors", users() + items(), options_.dim, to_host(0, users() + items()).values}};
  }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    Context& context = session.context();
    const auto count = static_cast<int64_t>(queries.size());
    const DenseView<float> left{context.arena().allocate_array<float>(count * options_.dim), count, options_.dim};
    query_vectors(context, queries, left);
    kernels::Execution execution = context.execution();
    kernels::gemm({.a = left, .b = item_vectors(), .c = scores, .transpose_b = true}, execution);
  }
  std::vector<Ranking> rank_queries(Session& session, std::span<const Query> queries, const RankOptions& options) const override {
    return recommending::rank_by_factors(
        *this, session, item_vectors(), queries, options,
        [&](std::span<const Query> block, DenseView<float> left) { query_vectors(session.context(), block, left); });
  }
  Ranking similar_items(Session& session, std::span<const int32_t> asked, int64_t k,
                        std::span<const int32_t> left_out) const override {
    return recommending::similar_by_factors(session, item_vectors(), asked, k, left_out);
  }
  Ranking similar_to_users(Session& session, std::span<const int32_t> asked, int64_t k) const override {
    std::vector<int32_t> themselves(asked.begin(), asked.end());
    std::sort(themselves.begin(), themselves.end());
    return recommending::similar_by_factors(session, {vectors_.as<float>(), users(), options_.dim}, asked, k, themselves);
  }

 private:
  DenseView<const float> item_vectors() const { return {vectors_.as<float>() + users() * options_.dim, items(), options_.dim}; }
  HostMatrix to_host(int64_t first, int64_t rows) const {
    Stream stream(device().backend());
    const float* const from = vectors_.as<float>() + first * options_.dim;
    return {rows, options_.dim, download(stream, from, static_cast<std::size_t>(rows * options_.dim))};
  }
  void query_vectors(Context& context, std::span<const Query> queries, DenseView<float> vectors) const {
    HostCsr pick{.rows = static_cast<int64_t>(queries.size()),
                 .cols = users() + items(),
                 .row_offsets = {0},
                 .col_indices = {},
                 .values = {}};
    for (const Query& query : queries) {
      if (query.user >= 0) {
        pick.col_indices.push_back(query.user);
        pick.values.push_back(1);
      }
      for (const int32_t item : query.items) {
        pick.col_indices.push_back(static_cast<int32_t>(users() + item));
        pick.values.push_back(1.0f / static_cast<float>(query.items.size()));
      }
      pick.row_offsets.push_back(pick.nnz());
    }
    kernels::Execution execution = context.execution();
    kernels::spmm({.a = recommending::upload_step_csr(context, pick),
                   .x = {vectors_.as<float>(), users() + items(), options_.dim},
                   .y = vectors},
                  execution);
  }

  BprMfOptions options_;
  Settings trained_with_;
  Buffer vectors_;
};

/// The loss of a batch of triples, drawn on the device.
Tensor bpr_mf_loss(Context& context, const SampledInteractions& interactions, const Parameter& vectors,
                   const BprMfTraining& training) {
  const int64_t count = 3 * training.batch_size;
  int32_t* const ids = context.arena().allocate_array<int32_t>(count);
  const RandomStream random{.seed = context.seed(), .purpose = random_purpose::sampling, .step = context.step()};
  kernels::Execution execution = context.execution();
  kernels::sample_bpr(interactions.view(), training.batch_size, random, ids, execution);
  const Tensor all = vectors;
  const Tensor rows = gather_rows(all, make_row_batch(context, ids, count, all.rows()));
  return add(bpr_loss(rows), l2_penalty(rows, training.reg / static_cast<float>(training.batch_size)));
}

void tell_epochs(const FitOptions& options, const BprMfTraining& how, int64_t steps_per_epoch, training::Trained& trained,
                 FitReport& report) {
  report.planned_epochs = how.epochs;
  trained.before_step = [&options, epochs = how.epochs, steps_per_epoch](const training::NextStep& next) {
    if (!options.progress) return true;
    const double done = static_cast<double>((next.epoch - 1) * steps_per_epoch + next.step);
    const double loss = next.so_far.losses.empty() ? std::numeric_limits<double>::quiet_NaN() : next.so_far.losses.back();
    const ProgressFigure figures[] = {
        {.name = "epoch", .value = static_cast<double>(next.epoch), .total = static_cast<double>(epochs)},
        {.name = "loss", .value = loss}};
    return options.progress(
        {.phase = "training", .share = done / static_cast<double>(epochs * steps_per_epoch), .figures = figures});
  };
  trained.after_epoch = [&options, &report, epochs = how.epochs](const training::EpochDone& done) {
    report.epochs.push_back({.epoch = done.epoch, .epochs = epochs, .loss = done.loss, .seconds = done.seconds});
    if (options.epoch) options.epoch(report.epochs.back());
    return true;
  };
}

Fitted<Recommender> fit_bpr_mf(const InteractionDataset& data, const FitPlan& plan, const FitOptions& options) {
  const BprMfOptions model = bpr_mf_table().read(plan.settings);
  const BprMfTraining how = bpr_mf_training().read(plan.settings);
  const int64_t rows = data.train.rows + data.train.cols;
  Context context(options.device, options.seed);
  context.set_profiler(options.profiler);
  const SampledInteractions interactions(context.stream(), data.train);
  Parameter vectors(context, "vectors", normal_matrix(rows, model.dim, model.init_std, options.seed, 0));
  training::Trained trained{.context = context, .parameters = std::span(&vectors, 1), .loss = [&] {
                              return bpr_mf_loss(context, interactions, vectors, how);
                            }};
  Fitted<Recommender> fitted;
  FitReport& report = fitted.report;
  const int64_t steps_per_epoch = (data.train.nnz() + how.batch_size - 1) / how.batch_size;
  tell_epochs(options, how, steps_per_epoch, trained, report);
  try {
    const training::LoopReport run = training::run_loop(trained, {.epochs = how.epochs,
                                                                  .steps_per_epoch = steps_per_epoch,
                                                                  .learning_rate = how.learning_rate,
                                                                  .keep_good_weights = true});
    require(run.steps > 0, ErrorKind::interrupted, "interrupted before the first step");
    report.fitting_s = run.train_s;
    report.run_epochs = run.epochs;
    report.best_epoch = run.best_epoch;
    report.steps = run.steps;
    report.step_ms_median = median(run.step_ms);
    report.interrupted = run.interrupted;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::diverged || report.epochs.empty()) throw;
    report.diverged = error;
    report.run_epochs = report.best_epoch = report.epochs.back().epoch;
  }
  report.used = bpr_mf_training().write(how);
  const HostMatrix values = vectors.tensor().to_host();
  Buffer kept = Buffer::upload(context.stream(), values.values);
  context.stream().synchronise();
  fitted.model =
      std::make_unique<BprMf>(std::make_shared<const HostCsr>(data.train), model, report.used, std::move(kept), options.device);
  return fitted;
}

}  // namespace

Kind bpr_mf_kind() {
  Kind kind{.name = "bpr-mf", .summary = "matrix factorisation, trained on triples", .source = "Rendle et al. 2009"};
  kind.settings = bpr_mf_table().rows();
  kind.training = bpr_mf_training().rows();
  kind.trains_in_epochs = true;
  kind.folds_in = true;
  kind.has_vectors = [](const Settings&) { return true; };
  kind.recommender.parts = [](const Settings& settings, int64_t users, int64_t items) -> std::vector<PartShape> {
    const int64_t dim = bpr_mf_table().read(settings).dim;
    return {{"vectors", users + items, dim, dim}};
  };
  kind.recommender.fit = fit_bpr_mf;
  kind.recommender.load = [](RecommenderParts&& parts, const Device& device) {
    const BprMfOptions options = bpr_mf_table().read(parts.settings);
    const int64_t rows = parts.train->rows + parts.train->cols;
    Stream stream(device.backend());
    Buffer vectors(stream, vector_bytes(rows, options.dim));
    parts.read_matrix("vectors", rows, options.dim, stream, vectors.as<float>());
    stream.synchronise();
    return std::make_unique<BprMf>(parts.train, options, std::move(parts.trained_with), std::move(vectors), device);
  };
  return kind;
}

}  // namespace heddle
