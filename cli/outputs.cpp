#include "cli/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "cli/option_tables.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/train.h"

namespace heddle::cli {

void OutputOptions::add_to(CLI::App& app, bool with_model, bool with_attention) {
  const OptionHeading heading(app, "Files of a node classifier");
  of_training = with_model;
  if (of_training) {
    app.add_option("--save", model, "write the model (of the first seed) to this file, as safetensors")->type_name("FILE");
    names.add_to(app, "interrupted");  // one that diverges leaves nothing
  }
  app.add_option("--save-embeddings", embeddings, "write the nodes' hidden representations to this .npy file")->type_name("FILE");
  app.add_option("--save-predictions", predictions, "write a table to this file: node, predicted, label, probability, split")
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
  const std::pair<const char*, const std::string&> outputs[] = {
      {"--save", model}, {"--save-embeddings", embeddings}, {"--save-predictions", predictions}, {"--save-attention", attention}};
  for (const auto& [option, path] : outputs) {
    if (of_training) {
      names.list(files, option, path);
    } else {
      files.writes(option, path);
    }
  }
}

void OutputOptions::write(NodeClassifier& of, const NodeDataset& data, bool finished, ResultFiles& results,
                          const HostMatrix* computed) const {
  results.write("the table of embeddings", names.of(embeddings, finished), [&](const std::string& path) {
    const HostMatrix now = computed == nullptr ? host_embeddings(of) : HostMatrix{};
    const HostMatrix& values = computed == nullptr ? now : *computed;
    io::write_npy(path, values.values.data(), values.rows, values.cols);
  });
  results.write("the table of predictions", names.of(predictions, finished),
                [&](const std::string& path) { io::write_file(path, predictions_table(predict(of), data)); });
  results.write("the table of attention", names.of(attention, finished), [&](const std::string& path) {
    io::write_edge_table(path, of.attention(),
                         {.classes = data.labels, .predicted = predicted_classes(predict(of)), .self_loops = self_loops});
  });
}

std::vector<int32_t> predicted_classes(const HostMatrix& probabilities) {
  std::vector<int32_t> classes;
  for (int64_t node = 0; node < probabilities.rows; ++node) {
    const float* row = probabilities.values.data() + node * probabilities.cols;
    classes.push_back(static_cast<int32_t>(std::max_element(row, row + probabilities.cols) - row));
  }
  return classes;
}

HostMatrix host_embeddings(NodeClassifier& model) {
  Context& context = model.context();
  const Evaluating evaluating(context);
  context.begin_step();
  return model.embeddings().to_host();
}

std::string predictions_table(const HostMatrix& probabilities, const NodeDataset& data) {
  std::vector<const char*> splits(static_cast<std::size_t>(data.nodes), "");
  for (int32_t node : data.train) splits[static_cast<std::size_t>(node)] = "train";
  for (int32_t node : data.val) splits[static_cast<std::size_t>(node)] = "val";
  for (int32_t node : data.test) splits[static_cast<std::size_t>(node)] = "test";
  fmt::memory_buffer table;
  auto out = std::back_inserter(table);
  fmt::format_to(out, "node\tpredicted\tlabel\tprobability\tsplit\n");
  const std::vector<int32_t> classes = predicted_classes(probabilities);
  for (int64_t node = 0; node < probabilities.rows; ++node) {
    const int32_t predicted = classes[static_cast<std::size_t>(node)];
    const float probability = probabilities.values[static_cast<std::size_t>(node * probabilities.cols + predicted)];
    const int32_t label = data.labels.empty() ? -1 : data.labels[static_cast<std::size_t>(node)];
    fmt::format_to(out, "{}\t{}\t{}\t{:.6f}\t{}\n", node, predicted, label < 0 ? "" : fmt::to_string(label), probability,
                   splits[static_cast<std::size_t>(node)]);
  }
  return fmt::to_string(table);
}

}  // namespace heddle::cli
