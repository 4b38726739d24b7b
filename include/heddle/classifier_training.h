#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "heddle/classification.h"
#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/models.h"
#include "heddle/progress.h"

HEDDLE_API_BEGIN
/// Node classifiers: how they are trained, judged and asked.
namespace heddle {

/// Quality on one split.
struct SplitFigures {
  float loss = 0;       ///< mean cross-entropy (in nats), without the penalty
  double accuracy = 0;  ///< share of the nodes whose best class is theirs, from 0 to 1
};

/// Which weights training ends with.
enum class Selection {
  last,  ///< those after the last epoch
  /// Those of the epoch with the best validation figures, as the program of Velickovic et al. (2018) keeps them: of the last
  /// epoch that was at least as good as every other in validation accuracy and in validation loss (without the penalty).
  best_validation,
};

/// How much the nodes of each class count in the training loss, which is then a weighted mean.
struct ClassWeights {
  /// By how rare the class is: (nodes to train on) / (classes among them * those of the class), so that every class counts alike.
  /// G. King, L. Zeng, "Logistic regression in rare events data", Political Analysis 9 (2001).
  bool balanced = false;
  std::vector<float> weights = {};  ///< one for each class; empty, unless `balanced`: each node counts the same
};

/// How a node classifier is trained; the defaults are Kipf and Welling's protocol.
struct TrainOptions {
  int64_t epochs = 200;         ///< at most; at least 1
  float learning_rate = 0.01f;  ///< Adam's
  float weight_decay = 5e-4f;   ///< added to the loss as weight_decay / 2 * |W|^2 of the regularised parameters
  /// 0: all epochs. n: stop once an epoch's validation loss (penalty included) exceeds the mean of the n before it (the window of
  /// Kipf & Welling's program, there 10). With Selection::best_validation: stop after n epochs in a row of which none was as good
  /// as the best in either validation figure (there 100).
  int64_t patience = 0;
  Selection selection = Selection::last;  ///< which weights the model then has
  ClassWeights class_weights = {};        ///< of the training loss; figures of validation and test do not know them
  /// Record the epoch once and replay it, where the device can.
  bool replay = true;
};

/// What a callback is told after each epoch.
struct EpochFigures {
  int64_t epoch = 0;        ///< from 1
  int64_t epochs = 0;       ///< how many there are at most
  float train_loss = 0;     ///< with the penalty, as it stood before the epoch's update
  bool has_val = false;     ///< validation is computed where patience or the selection needs it
  float val_loss = 0;       ///< after the update; with the penalty for Selection::last, without for best_validation
  double val_accuracy = 0;  ///< for Selection::best_validation
  double seconds = 0;       ///< of forward, backward and update; without validation
};

/// Told after each epoch; who wants to stop says so to the callback that is told of the progress.
using EpochCallback = std::function<void(const EpochFigures&)>;

/// What a training of a node classifier came to.
struct TrainReport {
  int64_t epochs = 0;            ///< run
  int64_t selected_epoch = 0;    ///< whose weights the model has, from 1
  std::vector<float> losses;     ///< train loss per epoch, as in EpochFigures
  std::vector<double> epoch_ms;  ///< forward, backward and update; without validation
  double train_accuracy = 0;     ///< of the selected weights
  double val_accuracy = 0;       ///< of the selected weights; 0 where the split is empty
  double test_accuracy = 0;      ///< of the selected weights; 0 where the split is empty
  double train_macro_f1 = 0;     ///< of the selected weights, as Classification::macro_f1
  double val_macro_f1 = 0;       ///< of the selected weights; 0 where the split is empty
  double test_macro_f1 = 0;      ///< of the selected weights; 0 where the split is empty
  float train_loss = 0;          ///< of the last epoch
  std::string weights_hash;      ///< of the selected weights, as heddle::weights_hash
  bool interrupted = false;      ///< it was told to stop before its last epoch

  /// The median of epoch_ms, in milliseconds; 0 where no epoch ran.
  double epoch_ms_median() const;
  /// The least of epoch_ms, in milliseconds; 0 where no epoch ran.
  double epoch_ms_min() const;
};

/// Full-batch training by Adam. Throws Error{usage} for options out of range, an empty training split, or data whose graph or
/// features are not those the model was made of (labels and splits are taken from here), Error{diverged} with the epoch as soon
/// as a loss is NaN or infinite. `progress` is told "training" (epoch 3 of 200, loss) after each epoch; false ends training
/// there.
TrainReport train(NodeClassifier& model, const NodeDataset& data, const TrainOptions& options = {},
                  const EpochCallback& told = {}, const ProgressCallback& progress = {});

/// Figures of the model as it stands on the listed nodes, which must have labels. Throws Error{usage} for data that the model was
/// not made of.
SplitFigures evaluate(NodeClassifier& model, const NodeDataset& data, const std::vector<int32_t>& nodes);

/// Figures of the three splits of a data set.
struct DatasetFigures {
  SplitFigures train;  ///< of the nodes to train on; 0 where the split is empty, as in the next two
  SplitFigures val;    ///< of those to validate on
  SplitFigures test;   ///< of those to test on
};
/// Figures of the model as it stands on every split that is not empty. Throws as evaluate of one.
DatasetFigures evaluate(NodeClassifier& model, const NodeDataset& data);

/// What the model as it stands gives each node, its most probable class, of equally probable ones the first: predictions_of
/// without the matrix of probabilities.
std::vector<int32_t> predicted_classes(NodeClassifier& model);

/// Class probabilities [nodes x classes] of the model as it stands.
HostMatrix predict(NodeClassifier& model);

/// The most probable class of each node, a row of `probabilities`. Throws Error{usage} for a matrix without columns.
NodePredictions predictions_of(const HostMatrix& probabilities);

/// The nodes' representations before the last layer [nodes x hidden], of the model as it stands and without dropout, which
/// NodeClassifier::embeddings draws while its context is training. Throws Error{usage} for a model that has none.
HostMatrix hidden_representations(NodeClassifier& model);

}  // namespace heddle
HEDDLE_API_END
