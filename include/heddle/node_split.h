#pragma once

#include <cstdint>

#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/settings.h"

HEDDLE_API_BEGIN
/// Parts to train on, to validate and to test by, for node data whose files have none.
namespace heddle {

/// How the labelled nodes of a data set come into its parts.
enum class NodeSplit {
  files,   ///< as the files say it
  random,  ///< by shares of the labelled nodes, at random
  /// The same number of each class for training, and numbers of the rest for validation and test, at random: the convention of
  /// Planetoid's data sets (20 of each class, 500, 1000). Z. Yang, W. W. Cohen, R. Salakhutdinov, "Revisiting semi-supervised
  /// learning with graph embeddings", ICML 2016.
  per_class,
};

/// How a split is made.
struct NodeSplitOptions {
  NodeSplit split = NodeSplit::files;  ///< how the parts come about
  double val_share = 0.2;              ///< random: share of the labelled nodes that is kept for validation
  double test_share = 0.2;             ///< random: share that is kept for the test; the rest is trained on
  bool stratified = false;             ///< random: the shares are those of each class
  int64_t per_class = 20;              ///< per_class: nodes of each class that are trained on; at least 1
  int64_t val_nodes = 500;             ///< per_class: nodes for validation; may be 0
  int64_t test_nodes = 1000;           ///< per_class: nodes for the test; may be 0
  uint64_t seed = 0;                   ///< of the draw: the same seed and labels give the same parts everywhere
};

/// The options as settings, by the names that they have on the command line: "split", "val_share", ..., "split_seed".
const SettingTable<NodeSplitOptions>& node_split_settings();

/// Makes the parts of `data` anew, of the nodes that have a label; with NodeSplit::files they stay as they are. Each part is
/// ascending. `random` rounds the numbers for validation and test down. Throws Error{usage} for options out of range,
/// Error{bad_data} where no node has a label, a class has fewer nodes than are to be trained on, fewer are left than are asked
/// for, or none would be left to train on.
void split_nodes(NodeDataset& data, const NodeSplitOptions& options);

}  // namespace heddle
HEDDLE_API_END
