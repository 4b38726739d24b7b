#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "heddle/attention.h"
#include "heddle/context.h"
#include "heddle/export.h"
#include "heddle/graph.h"
#include "heddle/io.h"
#include "heddle/ops.h"

HEDDLE_API_BEGIN
namespace heddle {

/// A model that gives every node of its graph a score for each class. What heddle::train needs of one; derive to train your own.
class NodeClassifier {
 public:
  virtual ~NodeClassifier() = default;
  /// The name it is trained and saved under, e.g. "gcn".
  virtual std::string name() const = 0;
  /// Where its tensors are and its steps run.
  virtual Context& context() = 0;
  /// Logits [nodes x classes]. Called once a step; drops out where the context is training.
  virtual Tensor forward() = 0;
  /// What training changes, in a fixed order, which is the order in weights_hash and in saved files.
  virtual std::span<Parameter> parameters() = 0;
  /// What a saved file needs to build the model again, as text; no value leaves a choice to whoever reads it.
  virtual std::map<std::string, std::string> settings() const = 0;
  /// Node representations before the last layer, [nodes x hidden]: what --save-embeddings writes.
  virtual Tensor embeddings() = 0;
  /// NodeDataset::graph_hash of the data that the model was made of: training and evaluating on other data is refused. Empty: any
  /// data of the model's sizes will do.
  virtual std::string graph_hash() const { return {}; }
  /// What each edge weighs, without dropout: what --save-attention writes. Throws Error{usage} for a model without attention.
  virtual EdgeTable attention();
};

/// Uniform in +-sqrt(6 / (rows + cols)) (Glorot & Bengio 2010, eq. 16), made on the host; `index` tells a model's matrices apart.
HostMatrix glorot_uniform(int64_t rows, int64_t cols, uint64_t seed, uint32_t index);

/// Name and size of a parameter.
struct ParameterShape {
  std::string name;  ///< "weight1"
  int64_t rows = 0;  ///< how many rows
  int64_t cols = 0;  ///< how many columns
};

/// Settings of a Gcn; the defaults are the authors' for citation graphs.
struct GcnOptions {
  int64_t hidden = 16;   ///< width of the hidden layers; at least 1
  int64_t layers = 2;    ///< at least 1
  float dropout = 0.5f;  ///< on the input features (sparse ones: on their non-zeros) and on each hidden layer
  int64_t classes = 0;   ///< how many to score; 0: as many as the data's labels name
  uint64_t seed = 0;     ///< of the initial weights and of dropout
  FeatureScaling feature_scaling = FeatureScaling::automatic;  ///< a model that is made has chosen, and goes by it ever after

  /// Throws Error{usage} for a value out of range.
  void check() const;
  /// What the model's parameters are for `features` columns and so many classes, in their order.
  std::vector<ParameterShape> parameters(int64_t features, int64_t classes) const;
};

/// The graph convolutional network of Kipf & Welling 2017 (eq. 9): Z = A^ relu(A^ X W1 + b1) W2 + b2, and deeper.
/// Weight decay applies to W1 only, as in the paper.
class Gcn final : public NodeClassifier {
 public:
  /// Throws Error{usage} for options out of range, Error{bad_data} for a data set without labels (where options.classes is 0),
  /// with more classes than options.classes, or with edges or features that do not fit.
  Gcn(const NodeDataset& data, const GcnOptions& options, const Device& device);

  std::string name() const override { return "gcn"; }
  Context& context() override { return context_; }
  Tensor forward() override;
  Tensor embeddings() override;
  std::span<Parameter> parameters() override { return parameters_; }
  std::map<std::string, std::string> settings() const override;
  std::string graph_hash() const override { return graph_hash_; }

 private:
  /// The layer's output before its activation.
  Tensor convolve(int64_t layer, Tensor&& hidden);
  Tensor hidden();

  GcnOptions options_;
  std::string graph_hash_;
  Context context_;
  SparseMatrix adjacency_;
  Features features_;
  std::vector<Parameter> parameters_;  ///< weight1, bias1, weight2, bias2, ...
};

/// Settings of a Gat; the defaults are the authors' for citation graphs.
struct GatOptions {
  int64_t hidden = 8;              ///< width of a head of the hidden layers
  int64_t heads = 8;               ///< of the hidden layers, side by side
  int64_t output_heads = 1;        ///< of the last layer, averaged
  int64_t layers = 2;              ///< at least 1
  float dropout = 0.6f;            ///< on the input features (sparse ones: on their non-zeros) and on each hidden layer
  float attention_dropout = 0.6f;  ///< on the attention coefficients
  float slope = 0.2f;              ///< of LeakyReLU below 0
  int64_t gat_version = 1;         ///< 1: a LeakyReLU over the sum of two scores; 2: scores of a LeakyReLU over a sum (GATv2)
  int64_t classes = 0;             ///< how many to score; 0: as many as the data's labels name
  uint64_t seed = 0;               ///< of the initial weights and of dropout
  FeatureScaling feature_scaling = FeatureScaling::automatic;  ///< a model that is made has chosen, and goes by it ever after

  /// Throws Error{usage} for a value out of range.
  void check() const;
  /// What the model's parameters are for `features` columns and so many classes, in their order.
  std::vector<ParameterShape> parameters(int64_t features, int64_t classes) const;
};

/// The graph attention network of Velickovic et al. 2018 (eqs. 1-6), its hidden layers through ELU, every node its own neighbour;
/// with gat_version 2 that of Brody, Alon & Yahav 2022. Weights of the data's edges are not used. Weight decay applies to every
/// parameter, as in the authors' program.
class Gat final : public NodeClassifier {
 public:
  /// Throws as Gcn does.
  Gat(const NodeDataset& data, const GatOptions& options, const Device& device);

  std::string name() const override { return "gat"; }
  Context& context() override { return context_; }
  Tensor forward() override;
  Tensor embeddings() override;
  /// The attention coefficients of every layer and head, columns layer1_head1, layer1_head2, ...: for each target and column they
  /// sum to 1 over its edges, of which one comes from itself.
  EdgeTable attention() override;
  std::span<Parameter> parameters() override { return parameters_; }
  std::map<std::string, std::string> settings() const override;
  std::string graph_hash() const override { return graph_hash_; }

 private:
  /// The rows that a layer's edges carry, and (gat_version 2) what they are compared with.
  struct Projected {
    Tensor sources, targets;
  };
  Projected project(int64_t layer, const Tensor& x);
  AttentionOptions attention_of(int64_t layer) const;
  /// The layer's attention over `x`, before bias and activation; layer 0 takes the features, not `x`.
  Tensor attend(int64_t layer, const Tensor& x);
  /// What the next layer gets.
  Tensor activate(int64_t layer, const Tensor& x);
  Tensor hidden();
  std::span<Parameter> of_layer(int64_t layer);

  GatOptions options_;
  std::string graph_hash_;
  Context context_;
  SparseMatrix graph_;
  Features features_;
  std::vector<Parameter> parameters_;  ///< weight1, source1, target1, bias1, ...; gat_version 2 has others
  std::optional<Constant> mean_of_heads_;
};

/// XXH3-128 of all weights' bytes in order, as 32 hex digits.
std::string weights_hash(NodeClassifier& model);

/// The model as a file, its name and settings (and `extra`) in the metadata.
void save_model(NodeClassifier& model, const std::string& path, const std::map<std::string, std::string>& extra = {});

/// Builds the model that `path` describes for `data` and gives it the saved weights. Throws Error{bad_data} where the file is not
/// a heddle model, is of another format version, or does not fit the data or itself: what it claims is compared with what it
/// holds before memory is taken for it, so that refusing a file of n bytes costs 64 MB + 8 n at most.
std::unique_ptr<NodeClassifier> load_model(const std::string& path, const NodeDataset& data, const Device& device);

}  // namespace heddle
HEDDLE_API_END
