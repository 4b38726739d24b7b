#include "engine/bundle/node_model_file.h"

#include <algorithm>
#include <string_view>

#include "engine/bundle/recommender_file.h"
#include "engine/fit/saved_plan.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/version.h"
#include "io/utf8.h"

// The file's layout is in docs/formats.md.
namespace heddle {

namespace {

constexpr std::string_view node_model_format_version = "1";

const io::NamedTensor* find(const std::vector<io::NamedTensor>& tensors, const std::string& name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const io::NamedTensor& each) { return each.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

/// The first parameter that the file does not hold in the model's size, as a sentence; empty where it holds them all.
std::string misfit(const std::vector<ParameterShape>& shapes, const std::vector<io::NamedTensor>& tensors) {
  if (shapes.size() != tensors.size())
    return text("it holds ", counted(tensors.size(), "matrix", "matrices"), ", the model has ", shapes.size());
  for (const auto& [name, rows, cols] : shapes) {
    const io::NamedTensor* const saved = find(tensors, name);
    if (saved == nullptr) return text("it holds no ", name);
    if (saved->rows != rows || saved->cols != cols) {
      return text(name, " is ", saved->rows, " x ", saved->cols, ", for this data it must be ", rows, " x ", cols);
    }
  }
  return {};
}

}  // namespace

void save_model(NodeClassifier& model, const std::string& path, const std::map<std::string, std::string>& extra) try {
  io::TensorFile file;
  file.metadata = {{"format", std::string(node_model_format)},
                   {"format_version", std::string(node_model_format_version)},
                   {"heddle_version", version()},
                   {"model", model.name()}};
  for (const auto& [key, value] : model.settings()) file.metadata["setting." + key] = value;
  file.metadata.insert(extra.begin(), extra.end());                             // the keys above stay what they are
  for (auto& [key, value] : file.metadata) value = io::detail::to_utf8(value);  // a name may come from a path in any bytes
  for (const Parameter& parameter : model.parameters()) {
    HostMatrix values = parameter.tensor().to_host();
    file.tensors.push_back({parameter.name(), values.rows, values.cols, std::move(values.values)});
  }
  io::write_safetensors(path, file);
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> model_from(const io::TensorFile& file, const std::string& path, const NodeDataset& data,
                                           const Device& device, std::span<const Kind> own) {
  const auto metadata = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  require(metadata("format") != recommending::file_format, ErrorKind::bad_data, path,
          ": it holds a recommender, not a node classifier; load_recommender reads it");
  require(metadata("format") == node_model_format, ErrorKind::bad_data, path,
          ": this safetensors file was not written as a heddle model");
  require(metadata("format_version") == node_model_format_version, ErrorKind::bad_data, path, ": the model's format version is '",
          metadata("format_version"), "', this heddle reads ", node_model_format_version);
  std::unique_ptr<NodeClassifier> model;
  try {
    const Kind& kind = find_kind(metadata("model"), Task::classify_nodes, own);
    const Settings settings = fitting::saved_plan(kind, fitting::with_prefix(file.metadata, "setting."), own).settings;
    const std::string misfits = misfit(kind.classifier.parameters(data, settings), file.tensors);
    require(misfits.empty(), ErrorKind::bad_data, misfits);
    model = kind.classifier.make(data, settings, 0, device);
  } catch (const Error& error) {
    // What a caller could not mean, a file cannot hold.
    if (error.kind() != ErrorKind::usage && error.kind() != ErrorKind::bad_data) throw;
    fail(ErrorKind::bad_data, path, ": ", error.what());
  }
  for (Parameter& parameter : model->parameters()) {
    const io::NamedTensor* const saved = find(file.tensors, parameter.name());
    require(saved != nullptr, ErrorKind::internal, "the table of models does not list ", parameter.name());
    parameter.assign({saved->rows, saved->cols, saved->values});
  }
  return model;
}

std::unique_ptr<NodeClassifier> load_model(const std::string& path, const NodeDataset& data, const Device& device) try {
  return model_from(io::read_safetensors(path), path, data, device);
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> load_model(const std::string& path, const NodeDataset& data, const Device& device,
                                           std::span<const Kind> own) try {
  return model_from(io::read_safetensors(path), path, data, device, own);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
