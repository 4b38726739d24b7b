#include <memory>
#include <utility>

#include "engine/models/checked.h"
#include "engine/models/classifier_settings.h"
#include "heddle/error.h"
#include "heddle/kinds.h"
#include "heddle/models.h"

// The simple graph convolution of Wu et al. 2019 (eq. 8), Z = A^^K X W + b: a GCN without what stands between its layers.
namespace heddle {

namespace {

struct SgcOptions {
  int64_t hops = 2;      ///< K
  float dropout = 0.0f;  ///< on the input features
  int64_t classes = 0;
  FeatureScaling feature_scaling = FeatureScaling::automatic;

  void check() const;
};

const SettingTable<SgcOptions>& sgc_table() {
  static const SettingTable<SgcOptions> table("sgc", {setting("hops", &SgcOptions::hops, 1, 1000, "propagations over the graph"),
                                                      setting("dropout", &SgcOptions::dropout, Range::from_to_below(0, 1),
                                                              "probability of dropping an input feature in training, in [0, 1)"),
                                                      classes_setting<SgcOptions>(), feature_scaling_setting<SgcOptions>()});
  return table;
}

void SgcOptions::check() const { sgc_table().check(*this); }

std::vector<ParameterShape> sgc_parameters(int64_t features, int64_t classes) {
  return {{"weight", features, classes}, {"bias", 1, classes}};
}

class Sgc final : public NodeClassifier {
 public:
  Sgc(const NodeDataset& data, const SgcOptions& options, uint64_t seed, const Device& device)
      : options_(options),
        graph_hash_(data.graph_hash()),
        context_(device, seed),
        adjacency_(context_.stream(), gcn_adjacency(checked(data, "sgc", options)), !data.directed),
        features_(context_, data, options.feature_scaling) {
    if (options_.classes == 0) options_.classes = data.classes;
    options_.feature_scaling = features_.scaling();
    const auto classes = static_cast<std::size_t>(options_.classes);
    parameters_.emplace_back(context_, "weight", glorot_uniform(features_.count(), options_.classes, seed, 0), true);
    parameters_.emplace_back(context_, "bias", HostMatrix{1, options_.classes, std::vector<float>(classes)});
  }

  std::string name() const override { return "sgc"; }
  Context& context() override { return context_; }
  Tensor forward() override {
    Tensor z = graph_convolution(adjacency_, features_, options_.dropout, parameters_[0]);
    for (int64_t hop = 1; hop < options_.hops; ++hop) z = spmm(adjacency_, std::move(z));
    return add_bias(std::move(z), parameters_[1]);
  }
  Tensor embeddings() override { fail(ErrorKind::usage, "sgc: the model has one layer, and no hidden representation"); }
  std::span<Parameter> parameters() override { return parameters_; }
  std::map<std::string, std::string> settings() const override { return sgc_table().write(options_); }
  std::string graph_hash() const override { return graph_hash_; }

 private:
  SgcOptions options_;
  std::string graph_hash_;
  Context context_;
  SparseMatrix adjacency_;
  Features features_;
  std::vector<Parameter> parameters_;  ///< weight, bias
};

}  // namespace

Kind sgc_kind() {
  Kind kind{.name = "sgc", .summary = "simple graph convolution: one layer over several hops", .source = "Wu et al. 2019"};
  kind.task = Task::classify_nodes;
  kind.settings = sgc_table().rows();
  kind.training = training_settings({.learning_rate = 0.2f, .weight_decay = 1e-5f});
  kind.trains_in_epochs = true;
  kind.classifier.parameters = [](const NodeDataset& data, const Settings& settings) {
    const int64_t classes = sgc_table().read(settings).classes;
    return sgc_parameters(feature_columns(data), classes > 0 ? classes : data.classes);
  };
  kind.classifier.make = [](const NodeDataset& data, const Settings& settings, uint64_t seed, const Device& device) {
    return std::make_unique<Sgc>(data, sgc_table().read(settings), seed, device);
  };
  return kind;
}

}  // namespace heddle
