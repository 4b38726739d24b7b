#pragma once

#include <string_view>

#include "heddle/tuned.h"

namespace heddle::io::detail {

/// Reads choices of variants in memory; see heddle::io::read_tuned.
TunedVariants parse_tuned(std::string_view content, std::string_view name);

}  // namespace heddle::io::detail
