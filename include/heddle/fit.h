#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "heddle/device.h"
#include "heddle/error.h"
#include "heddle/export.h"
#include "heddle/interactions.h"
#include "heddle/kinds.h"
#include "heddle/profile.h"
#include "heddle/progress.h"
#include "heddle/settings.h"
#include "heddle/tuned.h"

HEDDLE_API_BEGIN
/// Fitting by name: a kind, its settings as text, data. What `heddle train NAME` does, without reading and printing.
namespace heddle {

/// A kind with the value of every setting: what fit() follows. Copies are independent; the kind must outlive them.
struct FitPlan {
  const Kind* kind = nullptr;  ///< what is fitted
  /// Every setting by name. Of a kind that is made of others theirs too: under their names, or "first.NAME" where two of them
  /// have a setting of one name.
  Settings settings = {};
  std::vector<FitPlan> parts = {};  ///< of the kinds that it is made of

  /// Whether the kind, or one that it is made of, is trained in epochs.
  bool trains_in_epochs() const;
  /// Whether the model will have vectors: of its nodes before the last layer, or of users and items.
  bool has_vectors() const;
  /// Whether the items of a visitor will decide what is recommended to them.
  bool folds_in() const;
  /// Whether the model will answer from the training interactions themselves, so that its file cannot be saved without them.
  bool needs_history() const;
  /// Whether fitting looks at validation nodes or interactions.
  bool needs_validation() const;
  /// Throws what `fit` would for these interactions, before it takes its time: of several plans, before the first is fitted.
  void check(const InteractionDataset& data, uint64_t seed) const;
  /// The same; for several plans some interactions are then held out once.
  void check(HoldOut& data) const;
  /// Bytes that the file of a model of these data takes at the least: to ask for room before the model is fitted.
  int64_t least_saved_bytes(const NodeDataset& data) const;
  /// The same of a recommender.
  int64_t least_saved_bytes(const InteractionDataset& data) const;
  /// What a saved file's metadata tell of it: `fitted`, and `fit.NAME` for each setting (a blend: `fitted_second` and
  /// `fitted_weight` besides, which is empty where the weight is to be chosen).
  std::map<std::string, std::string> metadata() const;
};

/// The plan for these settings and the defaults of all others. Throws Error{usage} for a kind that there is not, for a setting
/// that it does not have, a value that is not allowed, and settings that cannot go together. `own`: kinds that are not in the
/// table, by which a kind may be made of others too.
FitPlan plan_fit(const Kind& kind, const Settings& settings = {}, std::span<const Kind> own = {});
/// The same by name.
FitPlan plan_fit(const std::string& kind, const Settings& settings = {}, std::span<const Kind> own = {});

/// The plan by which a saved recommender was fitted, of its file's metadata, to fit another one like it; settings that this build
/// does not have are left out. Throws Error{bad_data} where the metadata do not tell it or what they tell cannot be meant.
FitPlan plan_as_fitted(const std::map<std::string, std::string>& metadata, std::span<const Kind> own = {});

/// Moves a share of each user's training interactions to validation where `data` has none there: `share` of them, or, where that
/// is 0, share_to_hold_out if the plan needs validation. Returns how many it moved. Throws Error{usage} where something is to be
/// moved and no user has enough.
int64_t hold_out_for(const FitPlan& plan, InteractionDataset& data, double share, uint64_t seed);

/// What an epoch came to.
struct FitEpoch {
  int64_t epoch = 0;   ///< from 1
  int64_t epochs = 0;  ///< planned
  double loss = 0;     ///< with penalties; of LightGCN the mean over the epoch's steps
  double seconds = 0;  ///< evaluation apart
  /// Where the epoch was evaluated: figures by name on the validation part. Of a node classifier `loss`, and `accuracy` where the
  /// weights are chosen by it.
  std::map<std::string, double> val = {};
  std::map<std::string, double> test = {};  ///< likewise on the test part
};

/// What a fit runs with.
struct FitOptions {
  Device device = Device::best();  ///< where it is fitted, and where the model lives
  uint64_t seed = 0;               ///< of all that is drawn at random
  /// Told the phases "choosing the temperature", "choosing the blend's weight", "training", "fitting", and for evaluations on the
  /// way "ranking for validation" and "ranking for the test", with the kind as subject (in a blend "part 1 of 2: lightgcn", or,
  /// of one that fits both its models twice, "part 1 of 4, to choose the weight: lightgcn"); asked before each piece of work.
  /// False ends the fit with what it reached.
  ProgressCallback progress = {};
  std::function<void(const FitEpoch& epoch)> epoch = {};  ///< told after each epoch
  /// Of a recommender: share of each user's training interactions that is held out for validation where the data have none, as
  /// hold_out_for takes it; the report then has the data without them. 0: what the plan needs.
  double hold_out = 0;
  Profiler* profiler = nullptr;          ///< records a training in epochs; must live until fit returns
  const TunedVariants* tuned = nullptr;  ///< variants of products that a node classifier runs; or null
};

/// A setting that was left to the fit.
struct ChosenSetting {
  std::string setting;      ///< "temperature", a blend's "weight"
  std::string value = {};   ///< what it then was
  std::string figure = {};  ///< what decided: "ndcg@20"
  /// The values that were tried, in their order, with their figures.
  std::vector<std::pair<float, double>> tried = {};
  bool held_out = false;  ///< judged by training interactions held out for this; else by the data's validation part
  bool decided = true;    ///< false: the fit ended before all that decides was there
  bool at_edge = false;   ///< the best of all that are ever tried by itself is the last: one beyond it may do better still
  /// A limit on time, or who is told of the progress, ended the trials before one was worse than the one before it: one beyond
  /// them may do better.
  bool cut_short = false;
};

/// What a fit came to.
struct FitReport {
  std::string kind;                               ///< the name of what was fitted
  Settings settings;                              ///< FitPlan::settings: as they were asked for
  Settings used;                                  ///< of training: with the values that it chose, without what it has no use for
  uint64_t seed = 0;                              ///< FitOptions::seed
  std::map<std::string, std::string> how_fitted;  ///< FitPlan::metadata and `seed`

  double choosing_s = 0;    ///< seconds of trying out settings, with models that are fitted for that alone
  double fitting_s = 0;     ///< then fitting the model itself
  double evaluating_s = 0;  ///< evaluations on the way

  int64_t planned_epochs = 0;    ///< 0: it is not trained in epochs, and so are all down to `epochs`
  int64_t run_epochs = 0;        ///< to their end
  int64_t best_epoch = 0;        ///< whose weights the model has
  int64_t steps = 0;             ///< of batches; 0 where an epoch is one step, or training diverged
  double step_ms_median = 0;     ///< milliseconds
  std::vector<FitEpoch> epochs;  ///< one for each that was run to its end

  std::vector<ChosenSetting> chosen;  ///< the settings that were left to the fit and that it made a choice of
  bool interrupted = false;           ///< it was told to stop: the model is what it had reached
  std::optional<Error> diverged;      ///< training diverged: the model has the last good weights
  /// Figures of a node classifier: train_accuracy, val_accuracy and test_accuracy, train_macro_f1, ..., without those of empty
  /// splits.
  std::map<std::string, double> figures;
  std::string weights_hash;  ///< of a node classifier
  /// What the model was trained on where that is not the data as they were given: without what was held out for validation.
  std::optional<InteractionDataset> trained_on;
  std::vector<FitReport> parts;  ///< of the models that it is made of; the seconds above are sums

  /// What the model was trained on: `data`, as they were given to the fit, or `trained_on`. A temporary would be gone.
  const InteractionDataset& learnt(const InteractionDataset& data) const { return trained_on ? *trained_on : data; }
  const InteractionDataset& learnt(const InteractionDataset&& data) const = delete;  ///< see above
  /// It came to the end that was asked for: its epochs, its patience or its time limit.
  bool finished() const { return !interrupted && !diverged; }
  /// All that it took before the model could be used, evaluations apart.
  double spent_s() const { return choosing_s + fitting_s; }
  /// This report, or that of a part, which is of a training in epochs; null where there is none.
  const FitReport* trained() const;
  /// The choice of this setting; null where it was not left to the fit.
  const ChosenSetting* choice(const std::string& setting) const;
  /// Seconds of an epoch, evaluation apart: the median; 0 without epochs.
  double epoch_s_median() const;
  /// Seconds of the shortest epoch; 0 without epochs.
  double epoch_s_min() const;
  /// What a saved file tells of the fit: how_fitted; where it was trained in epochs `epochs`, how many were run, of
  /// `epochs_planned`, `epoch_of_weights` and `steps`; `unfinished` ("interrupted" or "diverged") where it did not come to its
  /// end, and `undecided` ("weight") beside that of a blend whose weight was not chosen.
  std::map<std::string, std::string> metadata() const;
};

/// A fitted model, and what fitting it came to.
template <class Model>
struct Fitted {
  std::unique_ptr<Model> model = nullptr;  ///< ready to be used
  FitReport report = {};                   ///< what it came to
};

/// Fits a model to `data`. The same plan, data, seed and device give the same bits, and those of the direct calls: LightGcn and
/// train, make_graph_filter and so on. A recommender whose plan needs validation gets it by hold_out_for, of a copy, where the
/// data have none. Throws Error{usage} for a plan of another task, Error{interrupted} where it was told to stop before there was
/// anything to use, Error{diverged} where no epoch was good, and what the direct calls throw.
Fitted<NodeClassifier> fit(const FitPlan& plan, const NodeDataset& data, const FitOptions& options = {});
/// The same of a recommender.
Fitted<Recommender> fit(const FitPlan& plan, const InteractionDataset& data, const FitOptions& options = {});

/// The same by name, or by a row of one's own; throws as plan_fit too.
///
///   auto fitted = heddle::fit("lightgcn", {{"dim", "32"}}, data, {.seed = 1});
///   auto blend = heddle::fit("blend", {{"first", "lightgcn"}, {"second", "graph-filter"}, {"rank", "128"}}, data);
Fitted<NodeClassifier> fit(const std::string& kind, const Settings& settings, const NodeDataset& data,
                           const FitOptions& options = {});
/// The same of a recommender.
Fitted<Recommender> fit(const std::string& kind, const Settings& settings, const InteractionDataset& data,
                        const FitOptions& options = {});
/// The same by a row of one's own.
Fitted<NodeClassifier> fit(const Kind& kind, const Settings& settings, const NodeDataset& data, const FitOptions& options = {});
/// The same of a recommender.
Fitted<Recommender> fit(const Kind& kind, const Settings& settings, const InteractionDataset& data,
                        const FitOptions& options = {});

}  // namespace heddle
HEDDLE_API_END
