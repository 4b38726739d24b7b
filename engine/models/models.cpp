#include "heddle/models.h"

#include <memory>

#include "engine/settings.h"
#include "heddle/error.h"
#include "heddle/rethrow.h"
#include "heddle/train.h"
#include "io/hasher.h"

namespace heddle {

namespace {

FeatureScaling scaling_of(const std::map<std::string, std::string>& settings) {
  const auto found = settings.find("feature_scaling");
  return found == settings.end() ? FeatureScaling::automatic : feature_scaling(found->second);
}

constexpr ModelSetting gcn_settings[] = {
    {"hidden", "16", "width of the hidden layers"},
    {"layers", "2", "number of graph convolutions"},
    {"dropout", "0.5", "probability of dropping an input feature or a hidden unit in training, in [0, 1)"},
    {"classes", "0", "how many classes to score; 0: as many as the data's labels name", "0"},
    {"feature_scaling", "automatic",
     "automatic, rows (each row of features is divided by its sum) or none; automatic: rows, where no "
     "feature is negative",
     "automatic"},
};

GcnOptions gcn_options(const std::map<std::string, std::string>& settings, uint64_t seed) {
  allow_only(settings, gcn_settings);
  const GcnOptions defaults;
  const GcnOptions options{.hidden = number(settings, "hidden", defaults.hidden),
                           .layers = number(settings, "layers", defaults.layers),
                           .dropout = number(settings, "dropout", defaults.dropout),
                           .classes = number(settings, "classes", defaults.classes),
                           .seed = seed,
                           .feature_scaling = scaling_of(settings)};
  options.check();
  return options;
}

int64_t classes_of(int64_t asked, const NodeDataset& data) { return asked > 0 ? asked : data.classes; }

std::vector<ParameterShape> gcn_parameters(const NodeDataset& data, const std::map<std::string, std::string>& settings) try {
  const GcnOptions options = gcn_options(settings, 0);
  return options.parameters(feature_columns(data), classes_of(options.classes, data));
} catch (...) {
  rethrow_as_error();
}

void check_gcn(const std::map<std::string, std::string>& settings) try { gcn_options(settings, 0); } catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> make_gcn(const NodeDataset& data, const std::map<std::string, std::string>& settings,
                                         uint64_t seed, const Device& device) try {
  return std::make_unique<Gcn>(data, gcn_options(settings, seed), device);
} catch (...) {
  rethrow_as_error();
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
    {"classes", "0", "how many classes to score; 0: as many as the data's labels name", "0"},
    {"feature_scaling", "automatic",
     "automatic, rows (each row of features is divided by its sum) or none; automatic: rows, where no "
     "feature is negative",
     "automatic"},
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
                           .feature_scaling = scaling_of(settings)};
  options.check();
  return options;
}

std::vector<ParameterShape> gat_parameters(const NodeDataset& data, const std::map<std::string, std::string>& settings) try {
  const GatOptions options = gat_options(settings, 0);
  return options.parameters(feature_columns(data), classes_of(options.classes, data));
} catch (...) {
  rethrow_as_error();
}

void check_gat(const std::map<std::string, std::string>& settings) try { gat_options(settings, 0); } catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> make_gat(const NodeDataset& data, const std::map<std::string, std::string>& settings,
                                         uint64_t seed, const Device& device) try {
  return std::make_unique<Gat>(data, gat_options(settings, seed), device);
} catch (...) {
  rethrow_as_error();
}

TrainOptions gat_protocol() {
  return {.epochs = 100'000,
          .learning_rate = 0.005f,
          .weight_decay = 5e-4f,
          .patience = 100,
          .selection = Selection::best_validation};
}

constexpr ModelKind kinds[] = {
    {"gcn", "graph convolutional network", "Kipf & Welling 2017", gcn_settings, check_gcn, gcn_parameters, make_gcn, false,
     gcn_protocol},
    {"gat", "graph attention network", "Velickovic et al. 2018", gat_settings, check_gat, gat_parameters, make_gat, true,
     gat_protocol},
};

}  // namespace

EdgeTable NodeClassifier::attention() { fail(ErrorKind::usage, "the model ", name(), " has no attention"); }

std::span<const ModelKind> model_kinds() { return kinds; }

const ModelKind& find_model_kind(const std::string& name) try {
  std::string names;
  for (const ModelKind& kind : kinds) {
    if (kind.name == name) return kind;
    names += text(names.empty() ? "" : ", ", kind.name);
  }
  fail(ErrorKind::usage, "there is no model '", name, "'; there are: ", names);
} catch (...) {
  rethrow_as_error();
}

std::unique_ptr<NodeClassifier> make_model(const std::string& name, const NodeDataset& data,
                                           const std::map<std::string, std::string>& settings, uint64_t seed,
                                           const Device& device) try {
  return find_model_kind(name).make(data, settings, seed, device);
} catch (...) {
  rethrow_as_error();
}

std::string weights_hash(NodeClassifier& model) try {
  io::detail::Hasher hasher;
  for (const Parameter& parameter : model.parameters()) {
    const HostMatrix values = parameter.tensor().to_host();
    hasher.add(values.values.data(), static_cast<int64_t>(values.values.size()));
  }
  return hasher.hex();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
