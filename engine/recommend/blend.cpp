#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/recommend/metrics.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/settings.h"
#include "kernels/device/backend.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/scores/scores.h"

namespace heddle {

namespace {

void check_pair(const Recommender& first, const Recommender& second) {
  require(first.users() == second.users() && first.items() == second.items(), ErrorKind::usage, "blend: one model has ",
          counted(first.users(), "user"), " and ", counted(first.items(), "item"), ", the other ", second.users(), " and ",
          second.items());
  require(first.train().row_offsets == second.train().row_offsets && first.train().col_indices == second.train().col_indices,
          ErrorKind::usage, "blend: the models were trained on different interactions");
  const kernels::Backend &a = *first.device().backend(), &b = *second.device().backend();
  require(a.kind() == b.kind() && a.index() == b.index(), ErrorKind::usage, "blend: one model is on ",
          first.device().description(), ", the other on ", second.device().description());
}

DenseView<float> step_scores(Context& context, const Recommender& model, std::span<const Query> queries) {
  const auto count = static_cast<int64_t>(queries.size());
  return {context.arena().allocate_array<float>(count * model.items()), count, model.items()};
}

/// The standardised scores of a model, in `scores`, or in memory of the step where that is null.
DenseView<float> standard_scores(const Recommender& model, Session& session, std::span<const Query> queries,
                                 DenseView<float> scores = {}) {
  Context& context = session.context();
  const DenseView<float> raw = step_scores(context, model, queries);
  model.score(session, queries, raw);
  // Only now, when the model's scratch memory is free again.
  if (scores.data == nullptr) scores = step_scores(context, model, queries);
  kernels::Execution execution = context.execution();
  kernels::standardise_rows(raw, scores, execution);
  context.arena().give_back(raw.data);
  return scores;
}

/// "first.rank" for the setting rank of the first model.
void add_settings(const char* part, const Settings& of_part, Settings& settings) {
  for (const auto& [key, value] : of_part) settings[text(part, '.', key)] = value;
}

template <class Named>
void append_named(const char* part, std::vector<Named> from, std::vector<Named>& all) {
  for (Named& each : from) {
    each.name = text(part, '.', each.name);
    all.push_back(std::move(each));
  }
}

class Blend final : public Recommender {
 public:
  Blend(std::unique_ptr<Recommender> first, std::unique_ptr<Recommender> second, float weight)
      : Recommender(first->shared_train(), first->device(), Likeness::own),
        first_(std::move(first)),
        second_(std::move(second)),
        weight_(weight) {}

  std::string name() const override { return "blend"; }
  std::map<std::string, std::string> settings() const override try {
    Settings all{{"weight", number_text(weight_)}, {"first", first_->name()}, {"second", second_->name()}};
    add_settings("first", first_->settings(), all);
    add_settings("second", second_->settings(), all);
    return all;
  } catch (...) {
    rethrow_as_error();
  }
  std::map<std::string, std::string> trained_with() const override try {
    Settings all;
    add_settings("first", first_->trained_with(), all);
    add_settings("second", second_->trained_with(), all);
    return all;
  } catch (...) {
    rethrow_as_error();
  }
  std::map<std::string, std::string> how_fitted() const override try {
    Settings how = first_->how_fitted(), of_second = second_->how_fitted();
    if (how.empty() || of_second.empty()) return {};
    how["fitted_second"] = of_second["fitted"];
    how["fitted_weight"] = number_text(weight_);
    how.merge(of_second);  // no two kinds have a setting of the same name
    return how;
  } catch (...) {
    rethrow_as_error();
  }

  /// The other model's scores and, of one model at a time, those before they are standardised; and both models' scratch, which
  /// they may keep until the step ends.
  int64_t scratch_per_query() const override { return 2 * items() + first_->scratch_per_query() + second_->scratch_per_query(); }
  HostMatrix item_embeddings() const override { return first_->item_embeddings(); }
  HostMatrix user_embeddings() const override { return first_->user_embeddings(); }

  std::vector<io::NamedTensor> tensors() const override try {
    std::vector<io::NamedTensor> all;
    append_named("first", first_->tensors(), all);
    append_named("second", second_->tensors(), all);
    return all;
  } catch (...) {
    rethrow_as_error();
  }
  std::vector<io::NamedIntegers> integers() const override try {
    std::vector<io::NamedIntegers> all;
    append_named("first", first_->integers(), all);
    append_named("second", second_->integers(), all);
    return all;
  } catch (...) {
    rethrow_as_error();
  }

 protected:
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    standard_scores(*first_, session, queries, scores);
    const DenseView<float> other = standard_scores(*second_, session, queries);
    Context& context = session.context();
    kernels::Execution execution = context.execution();
    kernels::add_scaled(other, weight_, scores, execution);
    context.arena().give_back(other.data);
  }
  Ranking similar_items(Session& session, std::span<const int32_t> asked, int64_t k,
                        std::span<const int32_t> left_out) const override {
    return first_->similar(session, asked, {.k = k, .leave_out = left_out});
  }
  Ranking similar_to_users(Session& session, std::span<const int32_t> asked, int64_t k) const override {
    return first_->similar_users(session, asked, k);
  }

 private:
  std::unique_ptr<const Recommender> first_, second_;
  float weight_;
};

}  // namespace

std::unique_ptr<Recommender> make_blend(std::unique_ptr<Recommender> first, std::unique_ptr<Recommender> second,
                                        float weight) try {
  require(first != nullptr && second != nullptr, ErrorKind::usage, "blend: a model is missing");
  require(first->name() != "blend" && second->name() != "blend", ErrorKind::usage, "blend: a blend of blends is not supported");
  require(std::isfinite(weight), ErrorKind::usage, "blend: weight is ", weight);
  check_pair(*first, *second);
  second->share_interactions(*first);
  return std::make_unique<Blend>(std::move(first), std::move(second), weight);
} catch (...) {
  rethrow_as_error();
}

std::vector<std::pair<float, double>> try_blend_weights(const Recommender& first, const Recommender& second,
                                                        const InteractionDataset& data, std::span<const float> candidates,
                                                        const std::string& metric, const ProgressCallback& progress) try {
  require(!candidates.empty(), ErrorKind::usage, "choose_blend_weight: there are no candidates");
  for (const float weight : candidates) {
    require(std::isfinite(weight), ErrorKind::usage, "choose_blend_weight: the candidate ", weight);
  }
  check_pair(first, second);
  const MetricName wanted = MetricName::parse(metric);
  require(wanted.label().empty(), ErrorKind::usage, "choose_blend_weight: the metric is ", metric,
          ", it must be one by the standard definition, such as ndcg@20");
  const std::size_t place = recommending::place_of(wanted.metric);
  const int64_t k = wanted.k;
  require(data.val.nnz() > 0, ErrorKind::usage, "choose_blend_weight: ", data.name, " has no validation interactions");
  require(data.val.rows == first.users() && data.val.cols == first.items(), ErrorKind::usage,
          "choose_blend_weight: the data have ", counted(data.val.rows, "user"), " and ", counted(data.val.cols, "item"),
          ", the models ", first.users(), " and ", first.items());
  std::vector<Query> judged;
  for (int32_t user = 0; user < data.val.rows; ++user) {
    if (!data.val.row(user).empty()) judged.push_back({user, {}});
  }
  std::vector<double> sums(candidates.size());
  // Both models' scores, their blend, and one model's before they are standardised.
  const int64_t floats = 4 * first.items() + first.scratch_per_query() + second.scratch_per_query() + 2 * k;
  std::vector<Ranking> rankings;
  std::vector<int32_t> ranked;
  Session session(first.device());
  Context& context = session.context();
  for (std::span<const Query> rest = judged, block; !rest.empty(); rest = rest.subspan(block.size())) {
    const std::size_t done = judged.size() - rest.size();
    require(recommending::users_told(progress, "choosing the blend's weight", done, judged.size()), ErrorKind::interrupted,
            "the choice of the blend's weight was interrupted after ", done, " of ", counted(judged.size(), "user"));
    block = recommending::next_block(first.train(), rest, floats);
    const auto count = static_cast<int64_t>(block.size());
    const Session::Request request(session);
    context.begin_step();
    const DenseView<float> a = standard_scores(first, session, block), b = standard_scores(second, session, block);
    const DenseView<float> blended = step_scores(context, first, block);
    const kernels::ExcludedColumns excluded = recommending::excluded_columns(context, first.train(), block, {}, {}).own;
    const kernels::TopKOutput best = recommending::make_top_k_output(context, count, k);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      kernels::Execution execution = context.execution();
      kernels::scale(a, 1.0f, blended, execution);
      kernels::add_scaled(b, candidates[i], blended, execution);
      kernels::top_k({.scores = blended, .exclude = {excluded, {}}, .best = best}, execution);
      rankings.clear();
      recommending::append_rankings(context, best, count, rankings);
      for (std::size_t row = 0; row < block.size(); ++row) {
        ranked.clear();
        for (const RankedItem& each : rankings[row]) ranked.push_back(each.item);
        sums[i] += recommending::metrics_of(ranked, data.val.row(block[row].user), k, MetricDefinition::standard)[place];
      }
    }
  }
  std::vector<std::pair<float, double>> tried;
  for (std::size_t i = 0; i < sums.size(); ++i) tried.emplace_back(candidates[i], sums[i] / static_cast<double>(judged.size()));
  return tried;
} catch (...) {
  rethrow_as_error();
}

float choose_blend_weight(const Recommender& first, const Recommender& second, const InteractionDataset& data,
                          std::span<const float> candidates, const std::string& metric, const ProgressCallback& progress) try {
  const auto tried = try_blend_weights(first, second, data, candidates, metric, progress);
  return std::max_element(tried.begin(), tried.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->first;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
