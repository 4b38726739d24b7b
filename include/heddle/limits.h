#pragma once

#include <cstdint>

/// Limits that several parts of the library share.
namespace heddle {

/// The most items that a ranking may be asked for, and where a metric may cut one at the latest: the top-k kernels keep so many.
inline constexpr int64_t top_k_limit = 1000;

}  // namespace heddle
