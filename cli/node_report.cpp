#include "cli/node_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "cli/text_columns.h"
#include "heddle/classification.h"
#include "heddle/error.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

std::string seeds_text(const NodeTraining& training, const SeedRuns& runs) {
  if (training.seeds.count == 1) return fmt::format("seed {}", training.seeds.first);
  std::string text =
      fmt::format("seeds {} to {}", training.seeds.first, training.seeds.first + static_cast<uint64_t>(training.seeds.count) - 1);
  if (runs.at_once > 1) text += fmt::format(", {} at once with one thread each", runs.at_once);
  return text;
}

std::string epochs_text(const SeedRuns& runs) {
  const auto [fewest, most] =
      std::minmax_element(runs.reports.begin(), runs.reports.end(),
                          [](const FitReport& a, const FitReport& b) { return a.run_epochs < b.run_epochs; });
  return fewest->run_epochs == most->run_epochs ? text(counted(most->run_epochs, "epoch"))
                                                : text(fewest->run_epochs, " to ", counted(most->run_epochs, "epoch"));
}

/// ", learning rate 0.01, weight decay 0.0005, no early stop", as far as the model's training has such settings.
std::string how_trained(const Settings& settings) {
  std::string text;
  for (const char* const name : {"learning_rate", "weight_decay"}) {
    if (const auto found = settings.find(name); found != settings.end())
      text += fmt::format(", {}", settings_text({{name, found->second}}));
  }
  const auto patience = settings.find("patience"), selection = settings.find("selection");
  const bool patient = patience != settings.end() && patience->second != "0";
  text += patient ? fmt::format(", patience {}", patience->second) : ", no early stop";
  if (selection != settings.end() && selection->second != "last") text += ", weights of the best validation epoch";
  return text;
}

/// What the data call a class.
std::string class_name(const NodeDataset& data, int32_t number) {
  const auto at = static_cast<std::size_t>(number);
  return at < data.class_names.size() ? io::detail::printable(data.class_names[at]) : std::to_string(number);
}

/// A figure of a seed; null where it has none.
Json figure_json(const FitReport& report, const char* figure) {
  const auto found = report.figures.find(figure);
  return found == report.figures.end() ? Json() : Json(found->second);
}

}  // namespace

std::string data_text(const NodeDataset& data, const std::string& hash) {
  std::string text = reading_text(data.reading);
  text += fmt::format("data       {}: {}, {}, {}, {}\n", io::detail::printable(data.name), grouped(data.nodes, "node"),
                      grouped(data.edges.size(), data.directed ? "directed edge" : "edge"),
                      grouped(data.feature_count(), "feature"), grouped(data.classes, "class", "classes"));
  text += fmt::format("           {} to train on, {} to validate, {} to test\n", grouped(data.train.size(), "node"),
                      grouped(static_cast<int64_t>(data.val.size())), grouped(static_cast<int64_t>(data.test.size())));
  const CleaningReport& cleaning = data.cleaning;
  std::string cleaned;
  const auto tell = [&](int64_t count, const char* noun, const char* what) {
    if (count > 0) cleaned += fmt::format("{}{} {}", cleaned.empty() ? "" : ", ", grouped(count, noun), what);
  };
  tell(cleaning.duplicate_edges, "duplicate edge", "removed");
  tell(cleaning.self_loops, "self-loop", "removed");
  tell(cleaning.isolated_rows_added, "isolated node", "without a row added");
  tell(cleaning.unlabelled_left_out, "node", "without a label left out of the split");
  text += fmt::format("           {}\n", cleaned.empty() ? "nothing to clean" : cleaned);
  return text + fmt::format("           content hash {}\n", hash);
}

std::string class_sizes_text(const NodeDataset& data) {
  if (data.classes == 0) return "";
  std::vector<std::pair<int64_t, int32_t>> sizes(static_cast<std::size_t>(data.classes));
  for (int32_t c = 0; c < data.classes; ++c) sizes[static_cast<std::size_t>(c)].second = c;
  int64_t labelled = 0;
  for (const int32_t label : data.labels) {
    if (label < 0) continue;
    ++sizes[static_cast<std::size_t>(label)].first;
    ++labelled;
  }
  std::stable_sort(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  constexpr std::size_t most = 10;
  std::string text = fmt::format("labels     {}:", grouped(labelled, "node"));
  for (std::size_t i = 0; i < std::min(most, sizes.size()); ++i) {
    const auto [count, number] = sizes[i];
    const auto at = static_cast<std::size_t>(number);
    const std::string name = at < data.class_names.size() ? data.class_names[at] : std::to_string(number);
    text += fmt::format("{} {} {}", i > 0 ? "," : "", io::detail::printable(name), grouped(count));
  }
  if (sizes.size() > most) text += fmt::format(", and {} more", grouped(sizes.size() - most, "class", "classes"));
  return text + "\n";
}

Json data_json(const NodeDataset& data, const std::string& hash) {
  return {{"name", data.name},
          {"nodes", data.nodes},
          {"edges", data.edges.size()},
          {"directed", data.directed},
          {"features", data.feature_count()},
          {"classes", data.classes},
          {"class_names", data.class_names},
          {"nodes_have_names", data.node_ids.size() > 0},
          {"train", data.train.size()},
          {"val", data.val.size()},
          {"test", data.test.size()},
          {"hash", hash},
          {"duplicate_edges", data.cleaning.duplicate_edges},
          {"self_loops", data.cleaning.self_loops},
          {"isolated_rows_added", data.cleaning.isolated_rows_added},
          {"unlabelled_left_out", data.cleaning.unlabelled_left_out},
          {"reading", Json::parse(to_json(data.reading))}};
}

std::string training_text(const NodeTraining& training, const SeedRuns& runs, const NodeDataset& data, const std::string& hash,
                          const Device& device) {
  std::string text = data_text(data, hash);
  text += fmt::format("model      {}: {}\n", training.plan.kind->name, settings_text(runs.first_model->settings()));
  text += fmt::format("training   {}{}\n", epochs_text(runs), how_trained(training.plan.settings));
  text += fmt::format("           {}\n", seeds_text(training, runs));
  text += fmt::format("device     {}\n", device.description());
  const MeanAndDeviation accuracy = runs.over_seeds("test_accuracy");
  std::string test = accuracy_text(accuracy.mean, data.test);
  if (runs.reports.size() > 1 && !data.test.empty()) test += fmt::format(" ± {:.1f}", 100 * accuracy.deviation);
  text += fmt::format("accuracy   train {}, validation {}, test {}\n",
                      accuracy_text(runs.over_seeds("train_accuracy").mean, data.train),
                      accuracy_text(runs.over_seeds("val_accuracy").mean, data.val), test);
  text += macro_f1_text(runs.over_seeds("train_macro_f1").mean, runs.over_seeds("val_macro_f1").mean,
                        runs.over_seeds("test_macro_f1").mean, data);
  if (runs.reports.size() > 1)
    text += fmt::format("           mean of {} ± population standard deviation\n", grouped(runs.reports.size(), "seed"));
  text += fmt::format("epoch      {:.3f} ms median, {:.3f} ms least (forward, backward, update; validation apart)\n",
                      1e3 * runs.epoch_s_median(), 1e3 * runs.epoch_s_min());
  if (runs.reports.size() == 1) text += fmt::format("weights    hash {}\n", runs.reports.front().weights_hash);
  return text;
}

std::string macro_f1_text(double train, double val, double test, const NodeDataset& data) {
  return fmt::format("macro-F1   train {}, validation {}, test {}\n", accuracy_text(train, data.train),
                     accuracy_text(val, data.val), accuracy_text(test, data.test));
}

std::string class_figures_text(const std::vector<int32_t>& predicted, const NodeDataset& data) {
  const std::pair<const char*, const std::vector<int32_t>*> parts[] = {
      {"test", &data.test}, {"validation", &data.val}, {"training", &data.train}};
  const auto part = std::find_if(std::begin(parts), std::end(parts), [](const auto& each) { return !each.second->empty(); });
  if (part == std::end(parts)) return {};
  const Classification figures = classification(predicted, data.labels, *part->second);
  std::vector<int32_t> met;  // classes that are some node's label or prediction
  for (std::size_t c = 0; c < figures.classes.size(); ++c) {
    if (figures.classes[c].nodes + figures.classes[c].predicted > 0) met.push_back(static_cast<int32_t>(c));
  }
  constexpr int label_columns = 11, figures_columns = 33, widest_name = 24;
  const int columns = output_width() > 0 ? output_width() : 100;
  const int most = std::clamp(columns - label_columns - figures_columns, 5, widest_name);
  const auto name_of = [&](int32_t number) { return cut_to_columns(class_name(data, number), most); };
  int width = 5;
  for (const int32_t number : met) width = std::max(width, columns_of(name_of(number)));
  std::string text = fmt::format("per class  of the {}'s {}, in percent\n", part->first, grouped(figures.nodes, "node"));
  text += fmt::format("           {}{:>8}{:>11}{:>8}{:>6}\n", padded_to_columns("class", width), "nodes", "precision", "recall",
                      "F1");
  for (const int32_t number : met) {
    const ClassFigures& of = figures.classes[static_cast<std::size_t>(number)];
    text += fmt::format("           {}{:>8}{:>11.1f}{:>8.1f}{:>6.1f}\n", padded_to_columns(name_of(number), width),
                        grouped(of.nodes), 100 * of.precision, 100 * of.recall, 100 * of.f1);
  }
  constexpr std::size_t most_rows = 12, cell = 7;
  if (met.size() <= most_rows && label_columns + width + 3 + static_cast<int>(cell * met.size()) <= columns) {
    text += fmt::format("confusion  {}", padded_to_columns("label", width + 3));
    for (std::size_t c = 0; c < met.size(); ++c) text += fmt::format("{:>{}}", fmt::format("as {}", c + 1), cell);
    for (std::size_t row = 0; row < met.size(); ++row) {
      text += fmt::format("\n           {:>2} {}", row + 1, padded_to_columns(name_of(met[row]), width));
      for (const int32_t column : met) {
        const auto found = std::find_if(figures.confusion.begin(), figures.confusion.end(), [&](const Confusion& each) {
          return each.label == met[row] && each.predicted == column;
        });
        text += fmt::format("{:>{}}", found == figures.confusion.end() ? "." : grouped(found->nodes), cell);
      }
    }
    return text + "\n";
  }
  std::vector<Confusion> mistakes = figures.confusion;
  std::erase_if(mistakes, [](const Confusion& each) { return each.label == each.predicted; });
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Confusion& a, const Confusion& b) { return a.nodes > b.nodes; });
  for (std::size_t i = 0; i < std::min(mistakes.size(), most_rows); ++i) {
    text += fmt::format("{:<11}{} of {} as {}\n", i == 0 ? "confusion" : "", grouped(mistakes[i].nodes),
                        name_of(mistakes[i].label), name_of(mistakes[i].predicted));
  }
  if (mistakes.size() > most_rows)
    text += fmt::format("           and {} of fewer nodes\n", grouped(mistakes.size() - most_rows, "other kind", "other kinds"));
  return text;
}

Json classification_json(const std::vector<int32_t>& predicted, const NodeDataset& data) {
  const auto class_json = [&](int32_t number) {
    const auto at = static_cast<std::size_t>(number);
    return at < data.class_names.size() ? Json(data.class_names[at]) : Json(number);
  };
  Json object = Json::object();
  for (const auto& [name, nodes] :
       {std::pair("train", &data.train), std::pair("val", &data.val), std::pair("test", &data.test)}) {
    if (nodes->empty()) {
      object[name] = Json();
      continue;
    }
    const Classification figures = classification(predicted, data.labels, *nodes);
    Json classes = Json::array(), confusion = Json::array();
    for (std::size_t c = 0; c < figures.classes.size(); ++c) {
      const ClassFigures& of = figures.classes[c];
      if (of.nodes + of.predicted == 0) continue;
      classes.push_back({{"class", class_json(static_cast<int32_t>(c))},
                         {"nodes", of.nodes},
                         {"predicted", of.predicted},
                         {"correct", of.correct},
                         {"precision", of.precision},
                         {"recall", of.recall},
                         {"f1", of.f1}});
    }
    for (const Confusion& of : figures.confusion)
      confusion.push_back({{"label", class_json(of.label)}, {"predicted", class_json(of.predicted)}, {"nodes", of.nodes}});
    object[name] = {{"nodes", figures.nodes},
                    {"accuracy", figures.accuracy},
                    {"macro_f1", figures.macro_f1},
                    {"classes", std::move(classes)},
                    {"confusion", std::move(confusion)}};
  }
  return object;
}

Json training_json(const NodeTraining& training, const SeedRuns& runs, const std::vector<int32_t>& predicted,
                   const NodeDataset& data, const std::string& hash, const Device& device) {
  Json seeds = Json::array();
  for (const FitReport& report : runs.reports) {
    seeds.push_back({{"seed", report.seed},
                     {"epochs", report.run_epochs},
                     {"selected_epoch", report.best_epoch},
                     {"train_loss", static_cast<float>(report.epochs.back().loss)},
                     {"train_accuracy", figure_json(report, "train_accuracy")},
                     {"val_accuracy", figure_json(report, "val_accuracy")},
                     {"test_accuracy", figure_json(report, "test_accuracy")},
                     {"train_macro_f1", figure_json(report, "train_macro_f1")},
                     {"val_macro_f1", figure_json(report, "val_macro_f1")},
                     {"test_macro_f1", figure_json(report, "test_macro_f1")},
                     {"weights_hash", report.weights_hash}});
  }
  const Json settings = settings_json(training.plan.settings);
  Json options = Json::object();
  for (const Setting& row : training.plan.kind->training) options[row.name] = settings[row.name];
  const MeanAndDeviation accuracy = runs.over_seeds("test_accuracy"), f1 = runs.over_seeds("test_macro_f1");
  return {{"model", training.plan.kind->name},
          {"settings", settings_json(runs.first_model->settings())},
          {"options", std::move(options)},
          {"device", to_string(device.kind())},
          {"device_description", device.description()},
          {"threads", device.threads()},
          {"seeds_at_once", runs.at_once},
          {"data", data_json(data, hash)},
          {"seeds", std::move(seeds)},
          {"test_accuracy",
           {{"mean", accuracy_json(accuracy.mean, data.test)}, {"std", accuracy_json(accuracy.deviation, data.test)}}},
          {"test_macro_f1", {{"mean", accuracy_json(f1.mean, data.test)}, {"std", accuracy_json(f1.deviation, data.test)}}},
          {"classification", classification_json(predicted, data)},
          {"epoch_ms", {{"median", 1e3 * runs.epoch_s_median()}, {"min", 1e3 * runs.epoch_s_min()}}},
          {"interrupted", runs.interrupted}};
}

std::string accuracy_text(double accuracy, const std::vector<int32_t>& split) {
  return split.empty() ? "none" : fmt::format("{:.1f} %", 100 * accuracy);
}

Json accuracy_json(double accuracy, const std::vector<int32_t>& split) { return split.empty() ? Json() : Json(accuracy); }

}  // namespace heddle::cli
