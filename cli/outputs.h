#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/result_files.h"
#include "cli/run_files.h"
#include "heddle/data.h"
#include "heddle/models.h"

namespace heddle::cli {

/// Files that a subcommand is asked to write of a node classifier; empty: not asked for.
struct OutputOptions {
  std::string model;
  std::string embeddings;
  std::string predictions;
  std::string attention;
  bool self_loops = true;  ///< in the attention table
  SaveNames names;
  bool of_training = false;  ///< which may end early; set by add_to

  /// `with_model`: --save too, of a training; `with_attention`: --save-attention too, for models that have some.
  void add_to(CLI::App& app, bool with_model, bool with_attention);
  /// Throws Error{usage} for a name that says no format; lists the files.
  void list(RunFiles& files) const;
  /// Writes embeddings, predictions and attention. `finished`: the training came to its end; `computed`: the embeddings, where
  /// they are computed already.
  void write(NodeClassifier& model, const NodeDataset& data, bool finished, ResultFiles& results,
             const HostMatrix* computed = nullptr) const;
};

}  // namespace heddle::cli
