#include "heddle/adam.h"
#include "heddle/classifier_training.h"
#include "heddle/replayed_step.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>

#include "engine/train/train_table.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
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
  Targets targets() const { return {labels_.as<int32_t>(), rows_.as<int32_t>(), count_}; }

 private:
  Buffer labels_;
  Buffer rows_;
  int64_t count_;
};

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
  require(!data.train.empty(), ErrorKind::bad_data, data.name, ": no node is in the training split");
  if (!data.val.empty()) return;
  const bool patient = options.patience > 0, selects = options.selection != Selection::last;
  require(!patient && !selects, ErrorKind::usage, data.name, ": ",
          patient && selects ? "patience and the weights of the best validation epoch need"
          : patient          ? "patience needs"
                             : "the weights of the best validation epoch need",
          " a validation split, it is empty; ", selects ? "--selection last" : "", patient && selects ? " " : "",
          patient ? "--patience 0" : "", patient && selects ? " need none" : " needs none");
}

/// Whether the last loss exceeds the mean of the `window` before it.
bool past_its_best(const std::vector<float>& losses, int64_t window) {
  if (window == 0 || static_cast<int64_t>(losses.size()) <= window) return false;
  double sum = 0;
  for (std::size_t i = losses.size() - 1 - static_cast<std::size_t>(window); i + 1 < losses.size(); ++i) sum += losses[i];
  return losses.back() > sum / static_cast<double>(window);
}

/// Keeps the weights of the best validation epoch; Selection::best_validation says which that is.
class BestWeights {
 public:
  explicit BestWeights(NodeClassifier& model) : model_(model) {
    for (const Parameter& parameter : model.parameters()) {
      copies_.emplace_back(model.context().stream(), static_cast<std::size_t>(parameter.tensor().value().size()) * sizeof(float));
    }
  }

  void note(int64_t epoch, float loss, double accuracy) {
    if (!(accuracy >= accuracy_) && !(loss <= loss_)) {
      ++without_gain_;
      return;
    }
    without_gain_ = 0;
    if (accuracy >= accuracy_ && loss <= loss_) {
      epoch_ = epoch;
      copy(true);
    }
    accuracy_ = std::max(accuracy_, accuracy);
    loss_ = std::min(loss_, loss);
  }
  int64_t epochs_without_gain() const { return without_gain_; }
  /// Whose weights are kept; 0: none's yet.
  int64_t epoch() const { return epoch_; }
  void restore() { copy(false); }

 private:
  void copy(bool save) {
    Context& context = model_.context();
    const ProfiledSpan span(context.profiler(), context.stream(), "best weights", ProfilePhase::update);
    kernels::Execution execution = context.execution();
    std::size_t i = 0;
    for (const Parameter& parameter : model_.parameters()) {
      const DenseView<float> values = parameter.tensor().value();
      const DenseView<float> kept{copies_[i++].as<float>(), values.rows, values.cols};
      kernels::scale(save ? values : kept, 1.0f, save ? kept : values, execution);
    }
  }

  NodeClassifier& model_;
  std::vector<Buffer> copies_;
  double accuracy_ = 0;
  float loss_ = std::numeric_limits<float>::infinity();
  int64_t epoch_ = 0;
  int64_t without_gain_ = 0;
};

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
               "which weights training ends with: last, or those of the best-validation epoch")});
  return table;
}

namespace {

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
  const DeviceTargets train_targets(context.stream(), data, data.train);
  const DeviceTargets val_targets(context.stream(), data, data.val);
  const DeviceTargets test_targets(context.stream(), data, data.test);
  Adam adam(context, model.parameters(), {.learning_rate = options.learning_rate});

  // Scalars that a replayed step leaves for the host.
  const Buffer train_loss(context.stream(), sizeof(float));
  const Buffer val_loss(context.stream(), sizeof(float));
  const Buffer val_correct(context.stream(), sizeof(int32_t));
  const auto keep = [&](const Tensor& loss, const Buffer& scalar) {
    kernels::Execution execution = context.execution();
    kernels::scale(loss.value(), 1.0f, {scalar.as<float>(), 1, 1}, execution);
  };
  const auto train_epoch = [&] {
    context.begin_step();
    const auto forward = [&] {
      const ProfiledSpan span(context.profiler(), context.stream(), "forward", ProfilePhase::forward);
      return with_penalty(masked_nll(logits_of(model, data), train_targets.targets()), model, options.weight_decay);
    };
    const Tensor loss = forward();
    context.tape().backward(loss);
    adam.step();
    keep(loss, train_loss);
    context.advance_step();
  };
  const bool selects = options.selection == Selection::best_validation;
  const auto validate = [&] {
    const Evaluating evaluating(context);
    const ProfiledSpan span(context.profiler(), context.stream(), "validation", ProfilePhase::evaluation);
    context.begin_step();
    const Tensor logits = logits_of(model, data);
    const Targets targets = val_targets.targets();
    const Tensor loss = masked_nll(logits, targets);
    keep(selects ? loss : with_penalty(loss, model, options.weight_decay), val_loss);
    if (!selects) return;
    kernels::Execution execution = context.execution();
    kernels::count_correct({logits.value(), targets.labels, targets.rows, targets.row_count, val_correct.as<int32_t>()},
                           execution);
  };
  ReplayedStep train_step(context, train_epoch);
  ReplayedStep val_step(context, validate);
  const auto run = [&](ReplayedStep& step, const auto& eager) { options.replay ? step.run() : eager(); };

  TrainReport report;
  // Not all of them where the number is only a bound on what patience ends.
  const auto expected = static_cast<std::size_t>(std::min<int64_t>(options.epochs, 10'000));
  report.losses.reserve(expected);
  report.epoch_ms.reserve(expected);
  std::vector<float> val_losses;
  val_losses.reserve(options.patience > 0 || options.selection != Selection::last ? expected : 0);
  std::optional<BestWeights> best;
  if (selects) best.emplace(model);
  context.set_training(true);
  for (int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    const ProfiledSpan span(context.profiler(), context.stream(), "epoch", ProfilePhase::update, epoch);
    const auto start = std::chrono::steady_clock::now();
    run(train_step, train_epoch);
    context.stream().synchronise();
    report.epoch_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    report.train_loss = read_scalar(context, train_loss.as<float>());
    report.losses.push_back(report.train_loss);
    report.epochs = epoch;
    if (!std::isfinite(report.train_loss)) {
      fail(ErrorKind::diverged, "training diverged: the loss of epoch ", epoch, " is ", number_text(report.train_loss),
           "; a smaller learning rate than ", options.learning_rate, " may help");
    }
    EpochFigures figures{.epoch = epoch, .epochs = options.epochs, .train_loss = report.train_loss};
    figures.seconds = 1e-3 * report.epoch_ms.back();
    report.selected_epoch = epoch;
    if (options.patience > 0 || selects) {
      run(val_step, validate);
      figures.has_val = true;
      figures.val_loss = read_scalar(context, val_loss.as<float>());
      val_losses.push_back(figures.val_loss);
    }
    if (selects) {
      int32_t correct = 0;
      download(context.stream(), &correct, val_correct.as<int32_t>(), sizeof correct);
      figures.val_accuracy = static_cast<double>(correct) / static_cast<double>(data.val.size());
      best->note(epoch, figures.val_loss, figures.val_accuracy);
    }
    if (told) told(figures);
    if (!epoch_told(progress, figures, options)) {
      report.interrupted = epoch < options.epochs;
      break;
    }
    if (selects ? options.patience > 0 && best->epochs_without_gain() >= options.patience
                : past_its_best(val_losses, options.patience)) {
      break;
    }
  }
  if (selects && best->epoch() > 0) {  // none where every validation loss was NaN
    best->restore();
    report.selected_epoch = best->epoch();
  }

  const Evaluating evaluating(context);
  const ProfiledSpan span(context.profiler(), context.stream(), "evaluation", ProfilePhase::evaluation);
  context.begin_step();
  const Tensor logits = logits_of(model, data);
  report.train_accuracy = accuracy(context, logits, train_targets.targets());
  report.val_accuracy = accuracy(context, logits, val_targets.targets());
  report.test_accuracy = accuracy(context, logits, test_targets.targets());
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
