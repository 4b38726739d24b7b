#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/model_file.h"
#include "cli/node_report.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "heddle/classifier_training.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/kinds.h"
#include "heddle/saved_model.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

struct PredictCommand {
  std::string model;
  DataOptions data;
  DeviceOptions device;
  OutputOptions outputs;
  PrintOptions printing;
  bool class_figures = false;

  void run() const;
};

/// What the file says that it was trained on; empty where it does not say.
struct Origin {
  std::string kind;  ///< "gcn"
  std::string name;
  std::string hash;
  std::string unfinished;  ///< how far training came, where that was not its end
  std::map<std::string, std::string> metadata;
};

Origin origin(const std::string& path) {
  const SavedModelInfo info = open_model_info(path);
  require(info.kind == SavedKind::node_classifier, ErrorKind::usage, path,
          " holds a recommender, not a node classifier; use heddle recommend, similar, evaluate or export");
  const TrainedOn trained = trained_on(info.metadata, path);
  return {info.model, trained.name, trained.hash, unfinished_text(info.metadata), info.metadata};
}

std::string origin_text(const Origin& trained_on, const std::string& hash) {
  using io::detail::printable;
  if (trained_on.hash.empty()) return "on data that its file does not name";
  if (trained_on.hash == hash) return "on this data";
  return fmt::format("on other data than this: {}, content hash {}", printable(trained_on.name), printable(trained_on.hash));
}

std::string prediction_text(NodeClassifier& model, const DatasetFigures& on, const std::vector<int32_t>& predicted,
                            const Origin& trained_on, const NodeDataset& data, const std::string& hash, bool class_figures) {
  std::string text = data_text(data, hash);
  text += fmt::format("model      {}: {}\n", model.name(), settings_text(model.settings()));
  text += fmt::format("           trained {}\n", origin_text(trained_on, hash));
  if (!trained_on.unfinished.empty()) text += fmt::format("           {}\n", io::detail::printable(trained_on.unfinished));
  text += fmt::format("device     {}\n", model.context().device().description());
  text += fmt::format("accuracy   train {}, validation {}, test {}\n", accuracy_text(on.train.accuracy, data.train),
                      accuracy_text(on.val.accuracy, data.val), accuracy_text(on.test.accuracy, data.test));
  const auto f1_of = [&](const std::vector<int32_t>& nodes) { return classification(predicted, data.labels, nodes).macro_f1; };
  text += macro_f1_text(f1_of(data.train), f1_of(data.val), f1_of(data.test), data);
  if (class_figures) text += class_figures_text(predicted, data);
  text += fmt::format("weights    hash {}\n", weights_hash(model));
  return text + cost_text();
}

Json prediction_json(NodeClassifier& model, const DatasetFigures& on, const std::vector<int32_t>& predicted,
                     const Origin& trained_on, const NodeDataset& data, const std::string& hash) {
  const Device& device = model.context().device();
  const auto loss = [](const SplitFigures& split, const std::vector<int32_t>& nodes) {
    return nodes.empty() ? Json() : Json(split.loss);
  };
  Json object{
      {"model", model.name()},
      {"settings", settings_json(model.settings())},
      {"device", to_string(device.kind())},
      {"device_description", device.description()},
      {"threads", device.threads()},
      {"data", data_json(data, hash)},
      {"trained_on", {{"name", trained_on.name}, {"hash", trained_on.hash}, {"same", trained_on.hash == hash}}},
      {"unfinished", trained_on.unfinished},
      {"accuracy",
       {{"train", accuracy_json(on.train.accuracy, data.train)},
        {"val", accuracy_json(on.val.accuracy, data.val)},
        {"test", accuracy_json(on.test.accuracy, data.test)}}},
      {"loss", {{"train", loss(on.train, data.train)}, {"val", loss(on.val, data.val)}, {"test", loss(on.test, data.test)}}},
      {"classification", classification_json(predicted, data)},
      {"weights_hash", weights_hash(model)}};
  add_cost(object);
  return object;
}

void PredictCommand::run() const {
  RunFiles files;
  files.reads_file("MODEL", model);
  files.reads("--data", data.path);
  outputs.list(files);
  files.check();
  const Device where = device.open();
  note_doing("reading the model");
  const Origin trained_on = origin(model);
  const bool attends =
      std::any_of(kinds().begin(), kinds().end(), [&](const Kind& kind) { return kind.name == trained_on.kind && kind.attends; });
  require(outputs.attention.empty() || attends || trained_on.kind.empty(), ErrorKind::usage, "--save-attention: ", model,
          " holds a ", trained_on.kind, ", which has no attention");
  note_doing("reading the data");
  NodeDataset dataset = data.load();
  const std::string hash = dataset.content_hash();
  adopt_classes(dataset, trained_on.metadata);
  const std::unique_ptr<NodeClassifier> loaded = load_model(model, dataset, where);
  if (const std::string doubt = doubt_about_places(dataset, trained_on.metadata); !doubt.empty() && !printing.quiet)
    say("heddle: " + io::detail::printable(doubt));
  note_doing("classifying");
  // First: a model that has none is refused before anything else is computed.
  const HostMatrix embeddings = outputs.embeddings.empty() ? HostMatrix{} : hidden_representations(*loaded);
  const DatasetFigures on = evaluate(*loaded, dataset);
  const bool saves = !outputs.embeddings.empty() || !outputs.predictions.empty() || !outputs.attention.empty();
  if (saves) catch_interrupts(printing.quiet);  // of several files, none is written without the others
  ResultFiles results("");
  outputs.write(*loaded, dataset, true, results, &embeddings);
  results.report([&] {
    if (printing.json) {
      print(prediction_json(*loaded, on, predicted_classes(*loaded), trained_on, dataset, hash));
      return;
    }
    const std::string text = prediction_text(*loaded, on, predicted_classes(*loaded), trained_on, dataset, hash, class_figures);
    if (!outputs.predictions.empty()) {
      print(text);
      return;
    }
    if (!printing.quiet) say(std::string_view(text).substr(0, text.size() - 1));
    print(io::predictions_text(predictions_of(predict(*loaded)), dataset));
  });
  results.require_saved();
  require(!saves || !interrupted(), ErrorKind::interrupted, "interrupted; ", results.outcome());
}

}  // namespace

void add_predict(CLI::App& app, Action& action) {
  CLI::App* predict =
      app.add_subcommand("predict",
                         "classify the nodes of a data set with a saved model; the table goes to standard output (and the "
                         "figures to standard error) unless --save-predictions or --json is given");
  const auto command = std::make_shared<PredictCommand>();
  predict->add_option("MODEL", command->model, "a file that heddle train --save wrote")->type_name("FILE")->required();
  command->data.add_to(*predict);
  command->device.add_to(*predict);
  command->outputs.add_to(*predict, false, true);
  add_class_figures(*predict, command->class_figures);
  command->printing.add_to(*predict);
  predict->callback([command, &action] { action = [command] { command->run(); }; });
}

}  // namespace heddle::cli
