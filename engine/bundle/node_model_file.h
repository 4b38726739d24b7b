#pragma once

#include <memory>
#include <string>

#include "heddle/io.h"
#include "heddle/models.h"

namespace heddle {

/// The model that `file`, read from `path`, holds; see load_model.
std::unique_ptr<NodeClassifier> model_from(const io::TensorFile& file, const std::string& path, const NodeDataset& data,
                                           const Device& device);

}  // namespace heddle
