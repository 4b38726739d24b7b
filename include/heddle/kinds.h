#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heddle/classifier_training.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/export.h"
#include "heddle/interactions.h"
#include "heddle/models.h"
#include "heddle/recommender.h"
#include "heddle/settings.h"

HEDDLE_API_BEGIN
/// Everything that can be fitted by name: one table, one row a kind of model. A program may bring kinds of its own, rows that it
/// fits by and gives to whoever reads its files. heddle/fit.h fits.
namespace heddle {

struct FitPlan;
struct FitOptions;
template <class Model>
struct Fitted;

/// What a model is for.
enum class Task {
  classify_nodes,  ///< a NodeClassifier, which learns from a NodeDataset
  recommend,       ///< a Recommender, which learns from an InteractionDataset
};

/// What a row says of a node classifier. Settings are always complete, and allowed by the rows.
struct ClassifierFunctions {
  /// What the parameters of a model of `data` would be, in their order, without making it: compared with a file before a model is
  /// made of it.
  std::function<std::vector<ParameterShape>(const NodeDataset& data, const Settings& settings)> parameters = {};
  /// The untrained model. Throws as Gcn's constructor does.
  std::function<std::unique_ptr<NodeClassifier>(const NodeDataset& data, const Settings& settings, uint64_t seed,
                                                const Device& device)>
      make = {};
  /// Null: `make`, then heddle::train with the TrainOptions that the training settings give.
  std::function<Fitted<NodeClassifier>(const NodeDataset& data, const FitPlan& plan, const FitOptions& options)> fit = {};
};

/// Data to be fitted to, and the same with some training interactions held out for validation, as a fit that needs validation
/// holds them out where there is none. These are made once, when they are first asked for. For one thread at a time.
class HoldOut {
 public:
  /// The data must outlive it. `seed`: of what is drawn.
  HoldOut(const InteractionDataset& data, uint64_t seed) : data_(data), seed_(seed) {}

  /// The data as they were given.
  const InteractionDataset& data() const { return data_; }
  /// What was given.
  uint64_t seed() const { return seed_; }
  /// The data without what is held out. Throws Error{usage} where no user has enough interactions, with `way_on` behind the
  /// sentence.
  const InteractionDataset& held_out(const std::string& way_on = "");

 private:
  const InteractionDataset& data_;
  uint64_t seed_;
  std::optional<InteractionDataset> held_out_;
};

/// What a row says of a recommender. Settings are always complete, and allowed by the rows.
struct RecommenderFunctions {
  /// Throws Error{usage} for data that cannot be fitted by this plan, before a fit takes its time. Null: any data can.
  std::function<void(HoldOut& data, const FitPlan& plan)> check_data = {};
  /// What a saved model of so many users and items holds besides its training interactions: compared with a file before a model
  /// is made of it. Null: nothing.
  std::function<std::vector<PartShape>(const Settings& settings, int64_t users, int64_t items)> parts = {};
  /// A model that is computed from the data at once; or `fit`. The callback (or none) is told "fitting", and false throws
  /// Error{interrupted}.
  std::function<std::unique_ptr<Recommender>(const InteractionDataset& data, const Settings& settings, uint64_t seed,
                                             const Device& device, const ProgressCallback& progress)>
      make = {};
  /// A model that is trained, or made of others. Fills in what the report tells of training and choices; `kind`, `settings` and
  /// the like are added by who calls it.
  std::function<Fitted<Recommender>(const InteractionDataset& data, const FitPlan& plan, const FitOptions& options)> fit = {};
  /// The model that a file's parts are of. Throws Error{bad_data} for parts that do not belong together. Null of a kind that is
  /// made of others.
  std::function<std::unique_ptr<Recommender>(RecommenderParts&& parts, const Device& device)> load = {};
  /// Of a kind that is made of others: puts their models, in the order of Kind::made_of, together.
  std::function<std::unique_ptr<Recommender>(std::vector<std::unique_ptr<Recommender>> models, const Settings& settings)>
      combine = {};
};

/// A row of the table: a kind of model.
struct Kind {
  std::string name;                    ///< what it is fitted and saved under: "lightgcn"
  std::string summary;                 ///< a line for people
  std::string source;                  ///< the paper
  Task task = Task::recommend;         ///< what it is for
  std::vector<Setting> settings = {};  ///< of the model, which its file must tell for it to be read again
  std::vector<Setting> training = {};  ///< of fitting it
  bool trains_in_epochs = false;       ///< fitting can be profiled, and has a result where it is told to stop
  bool attends = false;                ///< NodeClassifier::attention has something to tell
  bool folds_in = false;               ///< the items of a visitor decide what is recommended to them
  /// The model's answers are computed from the training interactions themselves, so that its file cannot be saved without them.
  /// Of others the file's `parts` are enough, as they are of 0 users: those with a row or an element a user then have none.
  bool needs_history = false;
  /// Whether a model with these settings has vectors: of its nodes before the last layer, or of users and items. Null: none has.
  std::function<bool(const Settings& settings)> has_vectors = {};
  /// Whether fitting with these settings looks at validation nodes or interactions. Null: never.
  std::function<bool(const Settings& settings)> needs_validation = {};
  /// Asked when a fit is planned: throws Error{usage} for settings that are each allowed but cannot go together. Null: all can.
  std::function<void(const Settings& settings)> check = {};
  /// The settings that name other kinds, of which this one is made: "first", "second". Their settings are settings of this one
  /// too: as they are called there, and as "first.NAME" where that is said of one of them alone.
  std::vector<std::string> made_of = {};

  ClassifierFunctions classifier = {};    ///< with Task::classify_nodes
  RecommenderFunctions recommender = {};  ///< with Task::recommend
};

/// Every kind of this build, node classifiers first.
std::span<const Kind> kinds();

/// The kind of this name among `own` and those of the build. Throws Error{usage} with the names there are where there is none, or
/// where it is for another task.
const Kind& find_kind(const std::string& name, Task task, std::span<const Kind> own = {});
/// The same whatever its task.
const Kind& find_kind(const std::string& name, std::span<const Kind> own = {});

/// A node classifier with these settings (and defaults for the others), untrained. Throws Error{usage} for a setting that the
/// kind does not have or a value that is not allowed, and what the model's constructor throws.
std::unique_ptr<NodeClassifier> make_model(const Kind& kind, const NodeDataset& data, const Settings& settings, uint64_t seed,
                                           const Device& device);
/// The same by name. Throws Error{usage} with the names there are where there is no node classifier of this name.
std::unique_ptr<NodeClassifier> make_model(const std::string& kind, const NodeDataset& data, const Settings& settings,
                                           uint64_t seed, const Device& device);

/// The training settings of a node classifier that heddle::train trains, for a row of one's own; `defaults` are the authors'.
std::vector<Setting> training_settings(const TrainOptions& defaults = {});

/// As load_model of a path, for files of the kinds in `own` too.
std::unique_ptr<NodeClassifier> load_model(const std::string& path, const NodeDataset& data, const Device& device,
                                           std::span<const Kind> own);
/// As load_recommender of a path, for files of the kinds in `own` too.
SavedRecommender load_recommender(const std::string& path, const Device& device, std::span<const Kind> own);

}  // namespace heddle
HEDDLE_API_END
