#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "heddle/data.h"
#include "heddle/models.h"

namespace heddle::cli {

/// Throws Error{io} unless each path that is not empty can be written, Error{usage} where two are the same.
void check_outputs(const std::vector<std::string>& paths);

/// Files that a subcommand is asked to write; empty: not asked for.
struct OutputOptions {
  std::string model;
  std::string embeddings;
  std::string predictions;
  std::string attention;
  bool self_loops = true;  ///< in the attention table

  /// `with_attention`: --save-attention too, for models that have some.
  void add_to(CLI::App& app, bool with_model, bool with_attention);
  /// As check_outputs, of these files and `others`: before a long run, not after it.
  void check(const std::vector<std::string>& others = {}) const;
  /// Writes embeddings, predictions and attention; returns the paths written.
  std::vector<std::string> write(NodeClassifier& model, const NodeDataset& data) const;
};

/// The most probable class of each node.
std::vector<int32_t> predicted_classes(const HostMatrix& probabilities);

/// The model's node representations, without dropout.
HostMatrix host_embeddings(NodeClassifier& model);

/// One line a node: node, predicted class, label, probability of the predicted class, split; empty where a node has no label or
/// no split.
std::string predictions_table(const HostMatrix& probabilities, const NodeDataset& data);

}  // namespace heddle::cli
