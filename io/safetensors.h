#pragma once

#include <string_view>

#include "heddle/io.h"

namespace heddle::io::detail {

/// Reads a safetensors file in memory; see heddle::io::read_safetensors.
TensorFile parse_safetensors(std::string_view content, std::string_view name);

}  // namespace heddle::io::detail
