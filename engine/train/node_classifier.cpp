#include "heddle/classifier_training.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "engine/train/train_table.h"
#include "engine/train/training_loop.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/replayed_step.h"
#include "heddle/rethrow.h"
#include "heddle/statistics.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/loss/loss.h"

namespace heddle {

namespace {

/// A split's labels and rows on the device.
class DeviceTargets {
 public:
  DeviceTargets(Stream& stream, const NodeDataset& data, const std::vector<int32_t>& nodes)
      : labels_(Buffer::upload(stream, data.labels)),
        rows_(Buffer::upload(stream, nodes)),
        count_(static_cast<int64_t>(nodes.size())) {
    require(static_cast<int64_t>(data.labels.size()) == data.nodes, ErrorKind::bad_data, data.name, ": ",
            counted(data.labels.size(), "label"), ", ", there_are(data.nodes, "node"));
    for (int32_t node : nodes) {
      require(node >= 0 && node < data.nodes, ErrorKind::usage, data.name, ": node ", node, " of a split, ",
              there_are(data.nodes));
      require(data.labels[node] >= 0 && data.labels[node] < data.classes, ErrorKind::bad_data, data.name, ": node ", node,
              " of a split has no label");
    }
  }
  /// One weight for each class, in the loss's mean.
  void set_class_weights(Stream& stream, const std::vector<float>& weights, const NodeDataset& data,
                         const std::vector<int32_t>& nodes) {
    if (weights.empty()) return;
    weights_ = Buffer::upload(stream, weights);
    for (const int32_t node : nodes) weight_sum_ += static_cast<double>(weights[static_cast<std::size_t>(data.labels[node])]);
    require(weight_sum_ > 0, ErrorKind::usage, "class_weights: every class of ", data.name,
            " that is trained on has the weight 0");
  }
  Targets targets() const {
    Targets targets{labels_.as<int32_t>(), rows_.as<int32_t>(), count_};
    if (weight_sum_ > 0) {
      targets.class_weights = weights_.as<float>();
      targets.weight_sum = weight_sum_;
    }
    return targets;
  }

 private:
  Buffer labels_;
  Buffer rows_;
  Buffer weights_;
  double weight_sum_ = 0;
  int64_t count_;
};

/// A weight for each class that the model scores; none where each node counts the same. Throws Error{usage} for a list of another
/// length.
std::vector<float> class_weights_of(const ClassWeights& asked, const NodeDataset& data, const NodeClassifier& model) {
  int64_t classes = data.classes;
  const std::map<std::string, std::string> settings = model.settings();
  if (const auto found = settings.find("classes"); found != settings.end())
    classes = std::max(classes, read_number<int64_t>("classes", found->second, Range::at_least(0)));
  if (!asked.balanced) {
    require(asked.weights.empty() || static_cast<int64_t>(asked.weights.size()) == classes, ErrorKind::usage,
            "class_weights: ", there_are(asked.weights.size(), "weight"), ", and the model tells ",
            counted(classes, "class", "classes"), " apart");
    return asked.weights;
  }
  std::vector<int64_t> count(static_cast<std::size_t>(classes), 0);
  for (const int32_t node : data.train) ++count[static_cast<std::size_t>(data.labels[node])];
  const auto occurring = std::count_if(count.begin(), count.end(), [](int64_t nodes) { return nodes > 0; });
  std::vector<float> weights;
  for (const int64_t nodes : count) {
    const double share =
        nodes == 0 ? 0 : static_cast<double>(data.train.size()) / (static_cast<double>(occurring) * static_cast<double>(nodes));
    weights.push_back(static_cast<float>(share));
  }
  return weights;
}

/// "none", "balanced", or a list of weights.
SettingOf<TrainOptions> class_weights_row() {
  const char* const allowed = "none, balanced or a list of weights from 0, one for each class: 1,2.5,1";
  SettingOf<TrainOptions> row = custom_setting<TrainOptions>(
      "class_weights", "LIST",
      "how much the nodes of each class count in the training loss: none (alike), balanced (rare classes as much as others) or a "
      "list, as 1,2.5,1",
      [allowed](TrainOptions& options, const std::string& called, const std::string& written) {
        options.class_weights = {.balanced = written == "balanced"};
        if (written == "none" || written == "balanced") return;
        try {
          for (const std::string& weight : split_list(written))
            options.class_weights.weights.push_back(read_number<float>(called, weight, Range::at_least(0)));
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::usage) throw;
          refuse_setting(called, written, allowed);  // the list as a whole
        }
        if (options.class_weights.weights.empty()) refuse_setting(called, written, allowed);
      },
      [](const TrainOptions& options) {
        if (options.class_weights.balanced) return std::string("balanced");
        std::string written;
        for (const float weight : options.class_weights.weights) written += (written.empty() ? "" : ",") + number_text(weight);
        return written.empty() ? std::string("none") : written;
      });
  row.told.allowed = allowed;
  return row;
}

/// Throws Error{usage} where the model was made of another graph, or other features, than `data` has.
void check_made_of(const NodeClassifier& model, const NodeDataset& data, const char* action) {
  const std::string made_of = model.graph_hash();
  require(made_of.empty() || made_of == data.graph_hash(), ErrorKind::usage, action, ": the model was made of other data than ",
          data.name, ": their edges, weights or features differ; make the model of the data that it is to learn from");
}

/// The model's logits for `data`, whose splits index them.
Tensor logits_of(NodeClassifier& model, const NodeDataset& data) {
  Tensor logits = model.forward();
  require(logits.rows() == data.nodes && logits.cols() >= data.classes, ErrorKind::usage, "the model gives ", logits.rows(),
          " x ", counted(logits.cols(), "score"), ", ", data.name, " has ", counted(data.nodes, "node"), " and ",
          counted(data.classes, "class", "classes"));
  return logits;
}

/// The penalty on the regularised parameters, added to `loss`.
Tensor with_penalty(Tensor loss, NodeClassifier& model, float weight_decay) {
  if (weight_decay == 0) return loss;
  for (const Parameter& parameter : model.parameters()) {
    if (parameter.regularised()) loss = add(loss, l2_penalty(parameter, weight_decay));
  }
  return loss;
}

float read_scalar(Context& context, const float* value) {
  float result = 0;
  download(context.stream(), &result, value, sizeof result);
  return result;
}

double accuracy(Context& context, const Tensor& logits, const Targets& targets) {
  if (targets.row_count == 0) return 0;
  int32_t* correct = context.arena().allocate_array<int32_t>(1);
  kernels::Execution execution = context.execution();
  kernels::count_correct({logits.value(), targets.labels, targets.rows, targets.row_count, correct}, execution);
  int32_t count = 0;
  download(context.stream(), &count, correct, sizeof count);
  return static_cast<double>(count) / static_cast<double>(targets.row_count);
}

/// The class of each row's largest score, of several the first. A piece of the scores at a time comes to the host.
std::vector<int32_t> best_classes(const Tensor& logits) {
  constexpr int64_t piece = int64_t{1} << 20;  // scores
  const int64_t rows = logits.rows(), classes = logits.cols(), rows_at_once = std::max<int64_t>(1, piece / classes);
  std::vector<int32_t> best;
  best.reserve(static_cast<std::size_t>(rows));
  std::vector<float> scores;
  for (int64_t first = 0; first < rows; first += rows_at_once) {
    const int64_t count = std::min(rows_at_once, rows - first);
    scores.resize(static_cast<std::size_t>(count * classes));
    download(logits.context().stream(), scores.data(), logits.value().data + first * classes, scores.size() * sizeof(float));
    for (int64_t row = 0; row < count; ++row) {
      const float* const values = scores.data() + row * classes;
      best.push_back(static_cast<int32_t>(std::max_element(values, values + classes) - values));
    }
  }
  return best;
}

/// The figures on several splits by one pass forward; those of an empty split stay as they are.
void evaluate_together(NodeClassifier& model, const NodeDataset& data,
                       std::initializer_list<std::pair<const std::vector<int32_t>*, SplitFigures*>> splits) {
  check_made_of(model, data, "evaluate");
  Context& context = model.context();
  const Evaluating evaluating(context);
  std::vector<std::pair<DeviceTargets, SplitFigures*>> judged;
  for (const auto& [nodes, figures] : splits) {
    if (!nodes->empty()) judged.emplace_back(DeviceTargets(context.stream(), data, *nodes), figures);
  }
  if (judged.empty()) return;
  context.begin_step();
  const Tensor logits = logits_of(model, data);
  for (const auto& [targets, figures] : judged) {
    const Tensor loss = masked_nll(logits, targets.targets());
    *figures = {read_scalar(context, loss.value().data), accuracy(context, logits, targets.targets())};
  }
}

void check(const TrainOptions& options, const NodeDataset& data) {
  train_table().check(options);
  require(!data.train.empty(), ErrorKind::bad_data, data.name, ": no node is in the training split",
          data.classes > 0 ? "; --split random or --split per-class makes one of the labelled nodes" : ", and none has a label");
  require(std::all_of(options.class_weights.weights.begin(), options.class_weights.weights.end(),
                      [](float weight) { return std::isfinite(weight) && weight >= 0; }),
          ErrorKind::usage, "class_weights: a weight is negative or not finite");
  require(!options.class_weights.balanced || options.class_weights.weights.empty(), ErrorKind::usage,
          "class_weights: balanced weights and a list of them exclude each other");
  if (!data.val.empty()) return;
  const bool patient = options.patience > 0, selects = options.selection != Selection::last;
  require(!patient && !selects, ErrorKind::usage, data.name, ": ",
          patient && selects ? "patience and the weights of the best validation epoch need"
          : patient          ? "patience needs"
                             : "the weights of the best validation epoch need",
          " a validation split, it is empty; ", selects ? "--selection last" : "", patient && selects ? " " : "",
          patient ? "--patience 0" : "", patient && selects ? " need none" : " needs none");
}

}  // namespace

const SettingTable<TrainOptions>& train_table() {
  static const SettingTable<TrainOptions> table(
      "train",
      {setting("epochs", &TrainOptions::epochs, 1, 10'000'000, "epochs to train"),
       setting("learning_rate", &TrainOptions::learning_rate, Range::above(0), "Adam's learning rate"),
       setting("weight_decay", &TrainOptions::weight_decay, Range::at_least(0),
               "L2 penalty: this / 2 times the squares of the regularised weights is added to the loss"),
       setting("patience", &TrainOptions::patience, 0, 10'000'000,
               "with --selection last: stop once the validation loss exceeds the mean of the N before it; with best-validation: "
               "once N epochs have brought nothing better; 0: run all epochs"),
       setting("selection", &TrainOptions::selection,
               {{"last", Selection::last}, {"best-validation", Selection::best_validation}},
               "which weights training ends with: last, or those of the best-validation epoch"),
       class_weights_row()});
  return table;
}

namespace {

/// The validation split's figures, by a pass forward that is recorded once and replayed, where the device can.
class Validation {
 public:
  Validation(NodeClassifier& model, const NodeDataset& data, const Targets& targets, const TrainOptions& options)
      : model_(model),
        data_(data),
        targets_(targets),
        selects_(options.selection == Selection::best_validation),
        replay_(options.replay),
        weight_decay_(options.weight_decay),
        loss_(model.context().stream(), sizeof(float)),
        correct_(model.context().stream(), sizeof(int32_t)),
        replayed_(model.context(), [this] { forward(); }) {}

  void run(EpochFigures& figures) {
    replay_ ? replayed_.run() : forward();
    figures.val_loss = read_scalar(model_.context(), loss_.as<float>());
    if (!selects_) return;
    int32_t correct = 0;
    download(model_.context().stream(), &correct, correct_.as<int32_t>(), sizeof correct);
    figures.val_accuracy = static_cast<double>(correct) / static_cast<double>(targets_.row_count);
  }

 private:
  void forward() {
    Context& context = model_.context();
    const Evaluating evaluating(context);
    context.begin_step();
    const Tensor logits = logits_of(model_, data_);
    const Tensor loss = masked_nll(logits, targets_);
    kernels::Execution execution = context.execution();
    kernels::scale((selects_ ? loss : with_penalty(loss, model_, weight_decay_)).value(), 1.0f, {loss_.as<float>(), 1, 1},
                   execution);
    if (!selects_) return;
    kernels::count_correct({logits.value(), targets_.labels, targets_.rows, targets_.row_count, correct_.as<int32_t>()},
                           execution);
  }

  NodeClassifier& model_;
  const NodeDataset& data_;
  const Targets targets_;
  const bool selects_, replay_;
  const float weight_decay_;
  // Scalars that a replayed pass leaves for the host.
  Buffer loss_, correct_;
  ReplayedStep replayed_;
};

/// Tells `progress` of an epoch that is over: whether to go on.
bool epoch_told(const ProgressCallback& progress, const EpochFigures& figures, const TrainOptions& options) {
  if (!progress) return true;
  const auto total = static_cast<double>(figures.epochs), done = static_cast<double>(figures.epoch);
  const ProgressFigure told[] = {{.name = "epoch", .value = done, .total = total, .at_most = options.patience > 0},
                                 {.name = "loss", .value = figures.train_loss}};
  return progress({.phase = "training", .share = done / total, .figures = told});
}

}  // namespace

std::vector<Setting> training_settings(const TrainOptions& defaults) try { return train_table().rows(defaults); } catch (...) {
  rethrow_as_error();
}

double TrainReport::epoch_ms_median() const try { return median(epoch_ms); } catch (...) {
  rethrow_as_error();
}

double TrainReport::epoch_ms_min() const { return epoch_ms.empty() ? 0 : *std::min_element(epoch_ms.begin(), epoch_ms.end()); }

TrainReport train(NodeClassifier& model, const NodeDataset& data, const TrainOptions& options, const EpochCallback& told,
                  const ProgressCallback& progress) try {
  check(options, data);
  check_made_of(model, data, "train");
  Context& context = model.context();
  DeviceTargets train_targets(context.stream(), data, data.train);
  train_targets.set_class_weights(context.stream(), class_weights_of(options.class_weights, data, model), data, data.train);
  const DeviceTargets val_targets(context.stream(), data, data.val);
  const DeviceTargets test_targets(context.stream(), data, data.test);
  const bool selects = options.selection == Selection::best_validation;
  Validation validation(model, data, val_targets.targets(), options);
  training::BestAccuracyAndLoss best(options.patience);
  training::LossWindow window(options.patience, options.epochs);

  EpochFigures figures{.epochs = options.epochs};
  training::Trained trained{.context = context, .parameters = model.parameters(), .loss = [&] {
                              const Tensor loss = masked_nll(logits_of(model, data), train_targets.targets());
                              return with_penalty(loss, model, options.weight_decay);
                            }};
  trained.evaluate = [&](int64_t) {
    figures.has_val = true;
    validation.run(figures);
    return selects ? best.note(figures.val_accuracy, figures.val_loss) : window.note(figures.val_loss);
  };
  trained.after_epoch = [&](const training::EpochDone& done) {
    figures.epoch = done.epoch;
    figures.train_loss = static_cast<float>(done.loss);
    figures.seconds = done.seconds;
    if (told) told(figures);
    return epoch_told(progress, figures, options);
  };
  training::LoopOptions how{.epochs = options.epochs, .learning_rate = options.learning_rate, .replay = options.replay};
  how.evaluate_every = options.patience > 0 || selects ? 1 : 0;
  const training::LoopReport run = training::run_loop(trained, how);
  TrainReport report;
  report.epochs = run.epochs;
  report.selected_epoch = run.best_epoch;
  report.losses.assign(run.losses.begin(), run.losses.end());
  for (const double seconds : run.epoch_s) report.epoch_ms.push_back(1e3 * seconds);
  report.train_loss = report.losses.back();
  report.interrupted = run.interrupted;

  const Evaluating evaluating(context);
  const ProfiledSpan span(context.profiler(), context.stream(), "evaluation", ProfilePhase::evaluation);
  context.begin_step();
  const Tensor logits = logits_of(model, data);
  report.train_accuracy = accuracy(context, logits, train_targets.targets());
  report.val_accuracy = accuracy(context, logits, val_targets.targets());
  report.test_accuracy = accuracy(context, logits, test_targets.targets());
  const std::vector<int32_t> predicted = best_classes(logits);
  report.train_macro_f1 = classification(predicted, data.labels, data.train).macro_f1;
  report.val_macro_f1 = classification(predicted, data.labels, data.val).macro_f1;
  report.test_macro_f1 = classification(predicted, data.labels, data.test).macro_f1;
  report.weights_hash = weights_hash(model);
  return report;
} catch (...) {
  rethrow_as_error();
}

SplitFigures evaluate(NodeClassifier& model, const NodeDataset& data, const std::vector<int32_t>& nodes) try {
  require(!nodes.empty(), ErrorKind::usage, data.name, ": an empty set of nodes cannot be evaluated");
  SplitFigures figures;
  evaluate_together(model, data, {{&nodes, &figures}});
  return figures;
} catch (...) {
  rethrow_as_error();
}

DatasetFigures evaluate(NodeClassifier& model, const NodeDataset& data) try {
  DatasetFigures figures;
  evaluate_together(model, data, {{&data.train, &figures.train}, {&data.val, &figures.val}, {&data.test, &figures.test}});
  return figures;
} catch (...) {
  rethrow_as_error();
}

std::vector<int32_t> predicted_classes(NodeClassifier& model) try {
  Context& context = model.context();
  const Evaluating evaluating(context);
  context.begin_step();
  return best_classes(model.forward());
} catch (...) {
  rethrow_as_error();
}

HostMatrix predict(NodeClassifier& model) try {
  Context& context = model.context();
  const Evaluating evaluating(context);
  context.begin_step();
  HostMatrix scores = model.forward().to_host();
  for (int64_t row = 0; row < scores.rows; ++row) {
    float* values = scores.values.data() + row * scores.cols;
    const float most = *std::max_element(values, values + scores.cols);
    double sum = 0;
    for (int64_t c = 0; c < scores.cols; ++c) sum += std::exp(static_cast<double>(values[c]) - most);
    for (int64_t c = 0; c < scores.cols; ++c)
      values[c] = static_cast<float>(std::exp(static_cast<double>(values[c]) - most) / sum);
  }
  return scores;
} catch (...) {
  rethrow_as_error();
}

NodePredictions predictions_of(const HostMatrix& probabilities) try {
  require(probabilities.cols > 0, ErrorKind::usage, "predictions_of: the matrix of probabilities has no columns");
  NodePredictions predictions;
  for (int64_t node = 0; node < probabilities.rows; ++node) {
    const float* const row = probabilities.values.data() + node * probabilities.cols;
    const float* const most = std::max_element(row, row + probabilities.cols);
    predictions.predicted.push_back(static_cast<int32_t>(most - row));
    predictions.probability.push_back(*most);
  }
  return predictions;
} catch (...) {
  rethrow_as_error();
}

HostMatrix hidden_representations(NodeClassifier& model) try {
  Context& context = model.context();
  const Evaluating evaluating(context);
  context.begin_step();
  return model.embeddings().to_host();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
