#include "heddle/models.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>

#include "engine/settings.h"
#include "heddle/error.h"
#include "heddle/train.h"
#include "heddle/version.h"
#include "io/utf8.h"

namespace heddle {

namespace {

constexpr std::string_view file_format = "heddle-model";
constexpr std::string_view file_format_version = "1";

FeatureScaling feature_scaling(const std::map<std::string, std::string>& settings) {
  const auto found = settings.find("feature_scaling");
  if (found == settings.end() || found->second == "automatic") return FeatureScaling::automatic;
  if (found->second == "rows") return FeatureScaling::rows;
  if (found->second == "none") return FeatureScaling::none;
  fail(ErrorKind::usage, "setting feature_scaling: '", found->second, "' is not one of automatic, rows, none");
}

constexpr ModelSetting gcn_settings[] = {
    {"hidden", "16", "width of the hidden layers"},
    {"layers", "2", "number of graph convolutions"},
    {"dropout", "0.5", "probability of dropping an input feature or a hidden unit in training, in [0, 1)"},
    {"classes", "0", "how many classes to score; 0: as many as the data's labels name"},
    {"feature_scaling", "automatic",
     "automatic, rows (each row of features is divided by its sum) or none; automatic: rows, where no "
     "feature is negative"},
};

GcnOptions gcn_options(const std::map<std::string, std::string>& settings, uint64_t seed) {
  allow_only(settings, gcn_settings);
  const GcnOptions defaults;
  const GcnOptions options{.hidden = number(settings, "hidden", defaults.hidden),
                           .layers = number(settings, "layers", defaults.layers),
                           .dropout = number(settings, "dropout", defaults.dropout),
                           .classes = number(settings, "classes", defaults.classes),
                           .seed = seed,
                           .feature_scaling = feature_scaling(settings)};
  options.check();
  return options;
}

void check_gcn(const std::map<std::string, std::string>& settings) { gcn_options(settings, 0); }

std::unique_ptr<NodeClassifier> make_gcn(const NodeDataset& data, const std::map<std::string, std::string>& settings,
                                         uint64_t seed, const Device& device) {
  return std::make_unique<Gcn>(data, gcn_options(settings, seed), device);
}

TrainOptions gcn_protocol() { return {}; }

constexpr ModelSetting gat_settings[] = {
    {"hidden", "8", "width of each head of the hidden layers"},
    {"heads", "8", "attention heads of the hidden layers, side by side"},
    {"output_heads", "1", "attention heads of the last layer, averaged"},
    {"layers", "2", "number of attention layers"},
    {"dropout", "0.6", "probability of dropping an input feature or a hidden unit in training, in [0, 1)"},
    {"attention_dropout", "0.6", "probability of dropping an attention coefficient in training, in [0, 1)"},
    {"slope", "0.2", "LeakyReLU's slope below 0, in [0, 1]"},
    {"gat_version", "1", "1: GAT; 2: GATv2, whose LeakyReLU comes before the scores' product (Brody, Alon & Yahav 2022)"},
    {"classes", "0", "how many classes to score; 0: as many as the data's labels name"},
    {"feature_scaling", "automatic",
     "automatic, rows (each row of features is divided by its sum) or none; automatic: rows, where no "
     "feature is negative"},
};

GatOptions gat_options(const std::map<std::string, std::string>& settings, uint64_t seed) {
  allow_only(settings, gat_settings);
  const GatOptions defaults;
  const GatOptions options{.hidden = number(settings, "hidden", defaults.hidden),
                           .heads = number(settings, "heads", defaults.heads),
                           .output_heads = number(settings, "output_heads", defaults.output_heads),
                           .layers = number(settings, "layers", defaults.layers),
                           .dropout = number(settings, "dropout", defaults.dropout),
                           .attention_dropout = number(settings, "attention_dropout", defaults.attention_dropout),
                           .slope = number(settings, "slope", defaults.slope),
                           .gat_version = number(settings, "gat_version", defaults.gat_version),
                           .classes = number(settings, "classes", defaults.classes),
                           .seed = seed,
                           .feature_scaling = feature_scaling(settings)};
  options.check();
  return options;
}

void check_gat(const std::map<std::string, std::string>& settings) { gat_options(settings, 0); }

std::unique_ptr<NodeClassifier> make_gat(const NodeDataset& data, const std::map<std::string, std::string>& settings,
                                         uint64_t seed, const Device& device) {
  return std::make_unique<Gat>(data, gat_options(settings, seed), device);
}

TrainOptions gat_protocol() {
  return {.epochs = 100'000,
          .learning_rate = 0.005f,
          .weight_decay = 5e-4f,
          .patience = 100,
          .selection = Selection::best_validation};
}

constexpr ModelKind kinds[] = {
    {"gcn", "graph convolutional network", "Kipf & Welling 2017", gcn_settings, check_gcn, make_gcn, false, gcn_protocol},
    {"gat", "graph attention network", "Velickovic et al. 2018", gat_settings, check_gat, make_gat, true, gat_protocol},
};

/// The first shape that does not fit the model, as a sentence; empty where all fit.
std::string misfit(std::span<const Parameter> parameters, const std::vector<io::NamedTensor>& tensors) {
  if (parameters.size() != tensors.size())
    return text("it holds ", tensors.size(), " matrices, the model has ", parameters.size());
  for (const Parameter& parameter : parameters) {
    const Tensor tensor = parameter;
    bool found = false;
    for (const io::NamedTensor& saved : tensors) {
      if (saved.name != parameter.name()) continue;
      found = true;
      if (saved.rows != tensor.rows() || saved.cols != tensor.cols()) {
        return text(saved.name, " is ", saved.rows, " x ", saved.cols, ", for this data it must be ", tensor.rows(), " x ",
                    tensor.cols());
      }
    }
    if (!found) return text("it holds no ", parameter.name());
  }
  return {};
}

}  // namespace

EdgeTable NodeClassifier::attention() { fail(ErrorKind::usage, "the model ", name(), " has no attention"); }

std::span<const ModelKind> model_kinds() { return kinds; }

std::unique_ptr<NodeClassifier> make_model(const std::string& name, const NodeDataset& data,
                                           const std::map<std::string, std::string>& settings, uint64_t seed,
                                           const Device& device) {
  std::string names;
  for (const ModelKind& kind : kinds) {
    if (kind.name == name) return kind.make(data, settings, seed, device);
    names += text(names.empty() ? "" : ", ", kind.name);
  }
  fail(ErrorKind::usage, "there is no model '", name, "'; there are: ", names);
}

std::string weights_hash(NodeClassifier& model) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  require(state != nullptr, ErrorKind::out_of_memory, "no room for a hash");
  XXH3_128bits_reset(state.get());
  for (const Parameter& parameter : model.parameters()) {
    const HostMatrix values = parameter.tensor().to_host();
    XXH3_128bits_update(state.get(), values.values.data(), values.values.size() * sizeof(float));
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
  std::string hex;
  for (unsigned char byte : canonical.digest) {
    constexpr const char* digits = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

void save_model(NodeClassifier& model, const std::string& path, const std::map<std::string, std::string>& extra) {
  io::TensorFile file;
  file.metadata = {{"format", std::string(file_format)},
                   {"format_version", std::string(file_format_version)},
                   {"heddle_version", version()},
                   {"model", model.name()}};
  for (const auto& [key, value] : model.settings()) file.metadata["setting." + key] = value;
  file.metadata.insert(extra.begin(), extra.end());  // the keys above stay what they are
  for (auto& [key, value] : file.metadata)
    value = io::detail::Utf8Text(value).view();  // a name may come from a path in any bytes
  for (const Parameter& parameter : model.parameters()) {
    HostMatrix values = parameter.tensor().to_host();
    file.tensors.push_back({parameter.name(), values.rows, values.cols, std::move(values.values)});
  }
  io::write_safetensors(path, file);
}

std::unique_ptr<NodeClassifier> load_model(const std::string& path, const NodeDataset& data, const Device& device) {
  const io::TensorFile file = io::read_safetensors(path);
  const auto metadata = [&](const std::string& key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  require(metadata("format") == file_format, ErrorKind::bad_data, path,
          ": this safetensors file was not written as a heddle model");
  require(metadata("format_version") == file_format_version, ErrorKind::bad_data, path, ": the model's format version is '",
          metadata("format_version"), "', this heddle reads ", file_format_version);
  std::map<std::string, std::string> settings;
  constexpr std::string_view prefix = "setting.";
  for (const auto& [key, value] : file.metadata) {
    if (key.starts_with(prefix)) settings[key.substr(prefix.size())] = value;
  }
  // A width that no saved matrix has, alone or for each of its heads, would cost its memory before the misfit shows.
  for (const char* width : {"hidden", "classes"}) {
    const auto setting = settings.find(width);
    if (setting == settings.end()) continue;
    const bool saved = std::any_of(file.tensors.begin(), file.tensors.end(), [&](const io::NamedTensor& tensor) {
      for (const char* heads : {"", "heads", "output_heads"}) {
        const auto count = settings.find(heads);
        const int64_t each = count == settings.end() ? 1 : std::atoll(count->second.c_str());
        if (each >= 1 && tensor.cols % each == 0 && std::to_string(tensor.cols / each) == setting->second) return true;
      }
      return false;
    });
    require(saved || file.tensors.size() <= 2, ErrorKind::bad_data, path, ": its setting ", width, " is ", setting->second,
            ", and none of its matrices has as many columns");
  }
  std::unique_ptr<NodeClassifier> model;
  try {
    model = make_model(metadata("model"), data, settings, 0, device);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    fail(ErrorKind::bad_data, path, ": ", error.what());
  }
  const std::string misfits = misfit(model->parameters(), file.tensors);
  require(misfits.empty(), ErrorKind::bad_data, path, ": ", misfits);
  for (Parameter& parameter : model->parameters()) {
    for (const io::NamedTensor& saved : file.tensors) {
      if (saved.name == parameter.name()) parameter.assign({saved.rows, saved.cols, saved.values});
    }
  }
  return model;
}

}  // namespace heddle
