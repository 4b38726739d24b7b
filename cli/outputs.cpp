#include "cli/outputs.h"

#include <utility>

#include "cli/option_tables.h"
#include "heddle/classifier_training.h"
#include "heddle/error.h"
#include "heddle/io.h"

namespace heddle::cli {

void OutputOptions::add_to(CLI::App& app, bool with_model, bool with_attention) {
  const OptionHeading heading(app, "Files of a node classifier");
  of_training = with_model;
  if (of_training) {
    app.add_option("--save", model, "write the model (of the first seed) to this file, as safetensors")->type_name("FILE");
    names.add_to(app, "interrupted");  // one that diverges leaves nothing
  }
  app.add_option(
         "--save-embeddings", embeddings,
         "write the nodes' hidden representations to this .npy file; where nodes have names, these to a second one, .ids.txt")
      ->type_name("FILE");
  app.add_option("--save-predictions", predictions,
                 "write a table to this file: node, predicted, label, probability, split; .csv, .jsonl, else with tabs; with .gz "
                 "behind it compressed")
      ->type_name("FILE");
  if (with_attention) {
    app.add_option("--save-attention", attention, "write each edge's attention coefficients to this file, .csv or .gexf")
        ->type_name("FILE");
    app.add_flag_callback(
        "--no-self-loops", [this] { self_loops = false; }, "leave edges from a node to itself out of that file");
  }
}

void OutputOptions::list(RunFiles& files) const {
  if (!attention.empty()) io::check_edge_table_path(attention);
  const std::pair<const char*, std::string> outputs[] = {
      {"--save", model},
      {"--save-embeddings", embeddings},
      {"--save-embeddings", embeddings.empty() ? "" : io::vector_labels_path(embeddings, io::VectorFormat::npy)},
      {"--save-predictions", predictions},
      {"--save-attention", attention}};
  for (const auto& [option, path] : outputs) {
    if (of_training) {
      names.list(files, option, path);
    } else {
      files.writes(option, path);
    }
  }
}

void OutputOptions::write(NodeClassifier& model, const NodeDataset& data, bool finished, ResultFiles& results,
                          const HostMatrix* computed) const {
  results.write("the table of embeddings", names.of(embeddings, finished), [&](const std::string& path) {
    const HostMatrix now = computed == nullptr ? hidden_representations(model) : HostMatrix{};
    const HostMatrix& values = computed == nullptr ? now : *computed;
    io::write_npy(path, values.values.data(), values.rows, values.cols);
  });
  const std::string embedded = names.of(embeddings, finished);
  if (!embedded.empty() && data.node_ids.size() > 0) {
    results.write("the ids of the table's rows", io::vector_labels_path(embedded, io::VectorFormat::npy),
                  [&](const std::string& path) { io::write_vector_labels(path, io::VectorFormat::npy, data.node_ids); });
  }
  results.write("the table of predictions", names.of(predictions, finished),
                [&](const std::string& path) { io::write_predictions(path, predictions_of(predict(model)), data); });
  results.write("the table of attention", names.of(attention, finished), [&](const std::string& path) {
    io::write_edge_table(path, model.attention(),
                         {.classes = data.labels,
                          .predicted = predicted_classes(model),
                          .self_loops = self_loops,
                          .node_ids = &data.node_ids,
                          .class_names = &data.class_names});
  });
}

}  // namespace heddle::cli
