#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "heddle/io.h"
#include "heddle/kinds.h"

namespace heddle {

/// The metadata entry "format" of a node classifier's file.
inline constexpr std::string_view node_model_format = "heddle-model";

/// The model that `file`, read from `path`, holds; see load_model.
std::unique_ptr<NodeClassifier> model_from(const io::TensorFile& file, const std::string& path, const NodeDataset& data,
                                           const Device& device, std::span<const Kind> own = {});

}  // namespace heddle
