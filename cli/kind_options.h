#pragma once

#include <CLI/App.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/setting_options.h"
#include "heddle/fit.h"
#include "heddle/kinds.h"

/// Kinds of models as the command line has them: options made of their rows, and how a fit tells of itself.
namespace heddle::cli {

/// "low-pass filter of the item-item graph, nothing to train (Shen et al. 2021 (GF-CF))"
std::string summary_of(const Kind& kind);

/// Every kind of a task, in the table's order.
std::vector<const Kind*> kinds_for(Task task);
/// "gcn, gat, lightgcn, ...": every kind.
std::string kind_names();
/// "lightgcn, popularity, ...": the recommenders that are not made of others, as `--blend` and `--models` take them.
std::vector<const Kind*> single_recommenders();
std::string recommender_names();
/// Throws Error{usage} with these names; `option` is who asked for it ("--blend"), `others` what it takes besides.
const Kind& find_recommender(const std::string& option, const std::string& name, const std::string& others = "");

/// One set of settings for recommenders, those of several kinds beside each other.
class RecommenderOptions {
 public:
  /// The settings of a kind as options, under a heading with its name.
  void add_to(CLI::App& app, const Kind& kind);

  /// The plan to fit this kind by what was given.
  FitPlan plan(const Kind& kind) const;
  /// The plan to blend two; `weight` as the blend's setting takes it.
  FitPlan blend(const Kind& first, const Kind& second, const std::string& weight) const;
  /// Throws Error{usage} where the command line gave a setting of a kind that is not among `used`.
  void refuse_others(const std::vector<const Kind*>& used) const;

 private:
  Settings given_of(const std::vector<const Kind*>& kinds) const;

  SettingOptions settings_;
};

/// What a fit runs with here: it tells the bar, is asked by signals to end, and its evaluations are lines on standard error.
FitOptions fit_options(const Device& device, uint64_t seed, ProgressBar& progress, Profiler* profiler = nullptr);

/// As fit; a signal ends a training after the step under way. Of a fit that leaves nothing the sentence says that nothing was
/// saved.
Fitted<Recommender> fit_to_save(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options, bool quiet);
/// As fit, of which nothing is to be saved: one that does not come to its end throws, an interrupted one Error{interrupted} with
/// `sentence`.
Fitted<Recommender> fit_whole(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options, bool quiet,
                              const std::string& sentence);

}  // namespace heddle::cli
