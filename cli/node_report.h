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
Json data_json(const NodeDataset& data, const std::string& hash);

/// A training's result. `runs` is not empty.
std::string training_text(const NodeTraining& training, const SeedRuns& runs, const NodeDataset& data, const std::string& hash,
                          const Device& device);
Json training_json(const NodeTraining& training, const SeedRuns& runs, const NodeDataset& data, const std::string& hash,
                   const Device& device);

/// "81.5 %", or "none" for an empty split; null in the object.
std::string accuracy_text(double accuracy, const std::vector<int32_t>& split);
Json accuracy_json(double accuracy, const std::vector<int32_t>& split);

}  // namespace heddle::cli
