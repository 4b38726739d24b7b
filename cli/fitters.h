#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/settings.h"
#include "heddle/error.h"
#include "heddle/lightgcn.h"
#include "heddle/profile.h"
#include "heddle/recommender.h"

/// Recommenders as the command line knows them: a name, settings, and how to fit one.
namespace heddle::cli {

/// What a fit runs with.
struct FitRequest {
  const Device& device;
  uint64_t seed = 0;
  ProgressBar& progress;
  Profiler* profiler = nullptr;  ///< records a training in epochs; or null
};

/// How the weight of a blend was found.
struct BlendChoice {
  std::string first, second;
  float weight = 0;
  bool chosen = false;    ///< on validation interactions; otherwise it was given
  bool held_out = false;  ///< these were taken from training, and both were fitted anew on all of it
  /// To be chosen, but a signal came first, or a training diverged: both models count alike.
  bool undecided = false;
};

/// A fitted model and what fitting told.
struct Fitted {
  std::unique_ptr<Recommender> model;
  double choice_s = 0;                     ///< trying out settings: LightGCN's temperature, a blend's weight
  double fit_s = 0;                        ///< then fitting the model itself, evaluations apart
  double eval_s = 0;                       ///< evaluations on the way
  std::optional<LightGcnReport> training;  ///< of LightGCN (of a blend: of the LightGCN in it)
  std::vector<LightGcnEpoch> evaluations;  ///< the epochs that were evaluated
  std::optional<BlendChoice> blend;
  /// What the model was trained on where that is less than the data: a blend that ended early has only the models which were to
  /// say its weight, without the interactions held out for that.
  std::optional<InteractionDataset> trained_on;
  /// Training diverged; the model holds the last good weights, of this epoch.
  std::optional<Error> failure;
  int64_t good_epochs = 0;
  int64_t planned_epochs = 0;  ///< 0: not trained in epochs

  bool interrupted() const { return (training && training->interrupted) || (undecided() && !failure); }
  /// A blend without the weight that was to be chosen.
  bool undecided() const { return blend && blend->undecided; }
  /// All that it took before the model could be used.
  double spent_s() const { return choice_s + fit_s; }
  /// The training came to the end that was asked for.
  bool finished() const { return !failure && !interrupted(); }
  /// How far it came, as metadata of a saved model: of what is trained in epochs `epochs` run of `epochs_planned` and
  /// `epoch_of_weights`; `unfinished` ("interrupted" or "diverged") where it is that, and `undecided` ("weight") beside it.
  std::map<std::string, std::string> progress() const;
};

/// One kind of recommender with its settings.
class Fitter {
 public:
  virtual ~Fitter() = default;
  virtual const char* name() const = 0;
  virtual const char* summary() const = 0;
  virtual const char* source() const = 0;
  /// Settles settings that depend on others, and throws Error{usage} for those that cannot go together.
  virtual void settle() {}
  /// Whether fitting looks at validation interactions.
  virtual bool needs_validation() const { return false; }
  /// Whether fitting runs in epochs, which can be profiled.
  virtual bool trains_in_epochs() const { return false; }
  /// Throws Error{usage} for data that cannot be fitted with these settings.
  virtual void check(const InteractionDataset& /*data*/) const {}
  /// A result that was cut short by a signal, or that diverged, is returned and says so.
  virtual Fitted fit(const InteractionDataset& data, const FitRequest& request) = 0;

  SettingList& settings() { return settings_; }
  const SettingList& settings() const { return settings_; }
  /// The settings as options, under a heading with the recommender's name.
  void add_to(CLI::App& app);

 private:
  SettingList settings_;
};

/// One of each kind, with default settings.
std::vector<std::unique_ptr<Fitter>> make_fitters();

/// Every kind of recommender and one set of settings for each; setting names are distinct over all of them.
class FitterSet {
 public:
  FitterSet() : fitters_(make_fitters()) {}

  const std::vector<std::unique_ptr<Fitter>>& all() const { return fitters_; }
  /// Throws Error{usage} with the names there are; `option` is who asked for it ("--blend"), `others` what it takes besides.
  Fitter& find(const std::string& option, const std::string& name, const std::string& others = "");
  /// Throws Error{usage} where the command line gave a setting of a kind that is not among `names`.
  void refuse_others(const std::vector<std::string>& names) const;
  std::string names() const;

 private:
  std::vector<std::unique_ptr<Fitter>> fitters_;
};

/// What is fitted: one kind, or two blended.
struct FitPlan {
  Fitter* first = nullptr;
  Fitter* second = nullptr;  ///< null: no blend
  /// Of the second beside the first; none: chosen on validation interactions.
  std::optional<float> weight = std::nullopt;

  /// "lightgcn" or "blend".
  std::string name() const;
  void settle() const;
  bool needs_validation() const { return first->needs_validation() || (second != nullptr && second->needs_validation()); }
  /// Every setting, by name.
  std::map<std::string, std::string> settings() const;

  /// Throws what `fit` would for these data, before it takes its time: of several plans, before the first is fitted.
  void check(const InteractionDataset& data, uint64_t seed) const;
  /// What the file of a model of these data takes at the least.
  int64_t least_saved_bytes(const InteractionDataset& data) const;
  Fitted fit(const InteractionDataset& data, const FitRequest& request) const;

  /// The plan by which a saved model was fitted (Recommender::how_fitted). Throws Error{bad_data} where `path`'s metadata does
  /// not say how it was fitted.
  static FitPlan read(const std::map<std::string, std::string>& metadata, const std::string& path, FitterSet& fitters);
};

/// The share of training interactions that is held out where validation is needed and the data has none.
constexpr double held_out_share = 0.1;

/// hold_out_validation; throws Error{usage} where no user has enough interactions to hold any out, with `way_on` behind.
void hold_out_some(InteractionDataset& data, double share, uint64_t seed, const std::string& way_on = "");

/// The data with validation interactions held out, if the plan needs such and the data has none.
std::optional<InteractionDataset> held_out_for(const FitPlan& plan, const InteractionDataset& data, uint64_t seed);

}  // namespace heddle::cli
