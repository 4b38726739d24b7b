#pragma once

#include <string>
#include <vector>

#include "cli/node_training.h"
#include "cli/report.h"
#include "heddle/data.h"
#include "heddle/device.h"

/// What is printed of graphs and of node classifiers.
namespace heddle::cli {

/// Counts, split, content hash and what cleaning did.
std::string data_text(const NodeDataset& data, const std::string& hash);
/// How many nodes each class has: "classes    3: a 30, b 30, c 30\n"; of many classes the largest ones.
std::string class_sizes_text(const NodeDataset& data);
Json data_json(const NodeDataset& data, const std::string& hash);

/// A training's result. `runs` is not empty.
std::string training_text(const NodeTraining& training, const SeedRuns& runs, const NodeDataset& data, const std::string& hash,
                          const Device& device);
/// `predicted`: what the first seed's model says of each node.
Json training_json(const NodeTraining& training, const SeedRuns& runs, const std::vector<int32_t>& predicted,
                   const NodeDataset& data, const std::string& hash, const Device& device);

/// "macro-F1   train 98.1 %, validation ..., test ...\n".
std::string macro_f1_text(double train, double val, double test, const NodeDataset& data);
/// A table of each class's figures, and what was taken for what: of the test part, of validation where that is empty, else of
/// training; nothing where no part has a node. As wide as the terminal, of many classes the most frequent mistakes.
std::string class_figures_text(const std::vector<int32_t>& predicted, const NodeDataset& data);
/// For each part its figures of each class and what was taken for what; null for an empty part.
Json classification_json(const std::vector<int32_t>& predicted, const NodeDataset& data);

/// "81.5 %", or "none" for an empty split; null in the object.
std::string accuracy_text(double accuracy, const std::vector<int32_t>& split);
Json accuracy_json(double accuracy, const std::vector<int32_t>& split);

}  // namespace heddle::cli
