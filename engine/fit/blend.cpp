#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "engine/fit/hold_out.h"
#include "heddle/error.h"
#include "heddle/fit.h"

// The row of blends: two models whose scores are added. The weight is chosen on validation interactions, of which some are held
// out for it where the data have none; then both models are fitted anew on all that there is to train on.
namespace heddle {

namespace {

struct BlendOptions {
  std::string first, second;
  std::optional<float> weight;  ///< of the second beside the first; none: to be chosen
};

const SettingTable<BlendOptions>& blend_table() {
  static const SettingTable<BlendOptions> table(
      "blend", {setting("first", &BlendOptions::first, "the first model's name"),
                setting("second", &BlendOptions::second, "the name of the model whose scores are added"),
                setting("weight", &BlendOptions::weight, "auto", Range(),
                        "weight of the second model's standardised scores; auto: chosen on validation interactions")});
  return table;
}

constexpr const char* given_weight = ", by which the blend's weight would be chosen; a weight that is given needs none";

/// Whether the weight can be chosen, and both models fitted to what is left for that.
void check_blend_data(HoldOut& data, const FitPlan& plan) {
  if (blend_table().read(plan.settings).weight || data.data().val.nnz() > 0) return;
  HoldOut without(data.held_out(given_weight), data.seed());
  for (const FitPlan& part : plan.parts) part.check(without);
}

/// What the weight is chosen from: the second beside the first, both standardised.
constexpr float blend_weights[] = {0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.7f, 1, 1.4f, 2, 3, 5};
/// Where none could be chosen: both models count alike, so that neither is lost.
constexpr float undecided_weight = 1;
constexpr const char* blend_figure = "ndcg@20";

/// Both models of a blend.
struct FittedPair {
  Fitted<Recommender> first, second;

  bool finished() const { return first.report.finished() && second.report.finished(); }
};

/// Which two of a blend's fits they are: of how many, and what for where both models are fitted twice.
struct PairOfFits {
  int before = 0, all = 2;
  const char* purpose = "";
};

/// What the callback is told gets which fit it is of before its subject: `number`, from 1, of the two.
ProgressCallback told_with(const ProgressCallback& progress, const PairOfFits& pair, int number) {
  if (!progress) return progress;
  const std::string which =
      text("part ", pair.before + number, " of ", pair.all, *pair.purpose == '\0' ? "" : ", ", pair.purpose);
  return [progress, which](const Progress& at) {
    const std::string subject = text(which, at.subject.empty() ? "" : ": ", at.subject);
    Progress of = at;
    of.subject = subject;
    return progress(of);
  };
}

/// The second is fitted whatever became of the first: a blend needs two. One that is computed at once is not asked for its end
/// after a training: that is worth more than the moment.
FittedPair fit_pair(const InteractionDataset& data, const FitPlan& plan, const FitOptions& options, const PairOfFits& which) {
  FitOptions of_first = options, of_second = options;
  of_first.progress = told_with(options.progress, which, 1);
  of_second.progress = told_with(options.progress, which, 2);
  FittedPair pair;
  pair.first = fit(plan.parts[0], data, of_first);
  if (plan.parts[0].trains_in_epochs() && options.progress && !plan.parts[1].trains_in_epochs()) {
    of_second.progress = [progress = of_second.progress](const Progress& at) {
      progress(at);
      return true;
    };
  }
  pair.second = fit(plan.parts[1], data, of_second);
  return pair;
}

/// Tries the weights on validation interactions; of models that did not come to their end these would say nothing. False: it was
/// told to stop, or there is nothing to try.
bool choose_weight(const FittedPair& pair, const InteractionDataset& data, const FitOptions& options, ChosenSetting& choice,
                   float& weight) {
  weight = undecided_weight;
  if (!pair.finished()) return false;
  try {
    choice.tried = try_blend_weights(*pair.first.model, *pair.second.model, data, blend_weights, blend_figure, options.progress);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) throw;
    return false;
  }
  const auto worse = [](const auto& a, const auto& b) { return a.second < b.second; };
  weight = std::max_element(choice.tried.begin(), choice.tried.end(), worse)->first;
  return true;
}

/// The fit of a blend, from the first model to the report.
class BlendFit {
 public:
  BlendFit(const InteractionDataset& data, const FitPlan& plan, const FitOptions& options)
      : data_(data), plan_(plan), options_(options), given_(blend_table().read(plan.settings).weight) {}

  Fitted<Recommender> run() {
    const bool hold_out = !given_ && data_.val.nnz() == 0;
    if (hold_out) {
      InteractionDataset held_out = data_;
      fitting::hold_out_some(held_out, options_.seed, given_weight);
      FittedPair pair = fit_pair(held_out, plan_, options_, {.all = 4, .purpose = "to choose the weight"});
      if (!choose(pair, held_out)) {
        put_together(std::move(pair));
        report().trained_on = std::move(held_out);
        return std::move(fitted_);
      }
      for (const FitReport* part : {&pair.first.report, &pair.second.report}) {
        report().choosing_s += part->spent_s();  // these two are fitted for the sake of the weight alone
        report().evaluating_s += part->evaluating_s;
      }
    }
    FittedPair pair =
        fit_pair(data_, plan_, options_, hold_out ? PairOfFits{.before = 2, .all = 4, .purpose = "on everything"} : PairOfFits());
    if (given_) weight_ = *given_;
    if (!given_ && !hold_out) choose(pair, data_);
    put_together(std::move(pair));
    return std::move(fitted_);
  }

 private:
  FitReport& report() { return fitted_.report; }

  bool choose(const FittedPair& pair, const InteractionDataset& data) {
    using BlendClock = std::chrono::steady_clock;
    ChosenSetting choice{.setting = "weight", .figure = blend_figure, .held_out = &data != &data_};
    const BlendClock::time_point start = BlendClock::now();
    choice.decided = choose_weight(pair, data, options_, choice, weight_);
    report().choosing_s += std::chrono::duration<double>(BlendClock::now() - start).count();
    choice.value = number_text(weight_);
    report().chosen.push_back(std::move(choice));
    return report().chosen.back().decided;
  }

  void put_together(FittedPair pair) {
    for (Fitted<Recommender>* part : {&pair.first, &pair.second}) {
      report().choosing_s += part->report.choosing_s;
      report().fitting_s += part->report.fitting_s;
      report().evaluating_s += part->report.evaluating_s;
      report().interrupted = report().interrupted || part->report.interrupted;
      if (part->report.diverged) report().diverged = part->report.diverged;
      report().parts.push_back(std::move(part->report));
    }
    const ChosenSetting* const choice = report().choice("weight");
    if (choice != nullptr && !choice->decided && !report().diverged) report().interrupted = true;
    report().used["weight"] = number_text(weight_);
    fitted_.model = make_blend(std::move(pair.first.model), std::move(pair.second.model), weight_);
  }

  const InteractionDataset& data_;
  const FitPlan& plan_;
  const FitOptions& options_;
  const std::optional<float> given_;
  float weight_ = undecided_weight;
  Fitted<Recommender> fitted_;
};

}  // namespace

Kind blend_kind() {
  Kind kind{.name = "blend", .summary = "two recommenders, their standardised scores added", .source = "definition"};
  kind.settings = blend_table().rows();
  kind.made_of = {"first", "second"};
  kind.check = [](const Settings& settings) {
    const BlendOptions options = blend_table().read(settings);
    require(options.first != options.second, ErrorKind::usage, "a blend of ", options.first, " with itself changes nothing");
  };
  kind.recommender.check_data = check_blend_data;
  kind.recommender.fit = [](const InteractionDataset& data, const FitPlan& plan, const FitOptions& options) {
    return BlendFit(data, plan, options).run();
  };
  kind.recommender.combine = [](std::vector<std::unique_ptr<Recommender>> models, const Settings& settings) {
    const std::optional<float> weight = blend_table().read(settings).weight;
    require(weight.has_value(), ErrorKind::usage, "blend: the setting weight is missing");
    return make_blend(std::move(models[0]), std::move(models[1]), *weight);
  };
  return kind;
}

}  // namespace heddle
