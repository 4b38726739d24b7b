#include "cli/outputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <set>

#include "cli/option_tables.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/train.h"

namespace heddle::cli {

namespace {

namespace fs = std::filesystem;

void check_writable(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  require(!fs::is_directory(status), ErrorKind::io, "cannot write ", path, ": it is a directory");
  if (fs::exists(status) && !fs::is_regular_file(status)) {  // a device or a pipe is written directly
    require(access(path.c_str(), W_OK) == 0, ErrorKind::io, "cannot write ", path, ": ", std::strerror(errno));
    return;
  }
  // A file is replaced by a new one from its folder (a symbolic link: from its target's), so that is what must be writable.
  const fs::path target = fs::weakly_canonical(path, ignored);
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  require(fs::is_directory(folder, ignored), ErrorKind::io, "cannot write ", path, ": ", folder.string(), " is not a folder");
  require(access(folder.c_str(), W_OK | X_OK) == 0, ErrorKind::io, "cannot write ", path, ": ", std::strerror(errno));
}

}  // namespace

void check_outputs(const std::vector<std::string>& paths) {
  std::set<std::string> targets;
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    check_writable(path);
    std::error_code ignored;
    require(targets.insert(fs::weakly_canonical(path, ignored).string()).second, ErrorKind::usage, path,
            " is named for two outputs");
  }
}

void OutputOptions::add_to(CLI::App& app, bool with_model, bool with_attention) {
  const OptionHeading heading(app, "Files of a node classifier");
  if (with_model)
    app.add_option("--save", model, "write the model (of the first seed) to this file, as safetensors")->type_name("FILE");
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

void OutputOptions::check(const std::vector<std::string>& others) const {
  if (!attention.empty()) io::check_edge_table_path(attention);
  std::vector<std::string> paths = {model, embeddings, predictions, attention};
  paths.insert(paths.end(), others.begin(), others.end());
  check_outputs(paths);
}

std::vector<std::string> OutputOptions::write(NodeClassifier& model_to_write, const NodeDataset& data) const {
  std::vector<std::string> written;
  if (!embeddings.empty()) {
    const HostMatrix values = host_embeddings(model_to_write);
    io::write_npy(embeddings, values.values.data(), values.rows, values.cols);
    written.push_back(embeddings);
  }
  if (!predictions.empty()) {
    io::write_file(predictions, predictions_table(predict(model_to_write), data));
    written.push_back(predictions);
  }
  if (!attention.empty()) {
    io::write_edge_table(
        attention, model_to_write.attention(),
        {.classes = data.labels, .predicted = predicted_classes(predict(model_to_write)), .self_loops = self_loops});
    written.push_back(attention);
  }
  return written;
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
