#pragma once

#include <cstdint>

#include "heddle/export.h"

HEDDLE_API_BEGIN
/// Limits that several parts of the library share.
namespace heddle {

/// The most items that a ranking may be asked for, and where a metric may cut one at the latest: the top-k kernels keep so many.
inline constexpr int64_t top_k_limit = 1000;

}  // namespace heddle
HEDDLE_API_END
