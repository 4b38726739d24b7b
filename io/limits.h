#pragma once

#include <cstdint>
#include <limits>

/// How far a reader goes along with what a file claims, so that a small file cannot ask for a large allocation.
namespace heddle::io::detail {

/// Node and column ids are 32-bit; the largest value is kept free so that the number of nodes fits as well.
inline constexpr int64_t max_id = std::numeric_limits<int32_t>::max() - 1;

/// Labels are class numbers, not identifiers: a model has a row of weights for each class below the largest label.
inline constexpr int64_t max_classes = int64_t{1} << 20;

/// Ids run from 0 with few gaps. `listed` ids or rows in the files allow for this many nodes; every node costs memory.
constexpr int64_t max_nodes(int64_t listed) { return (int64_t{1} << 20) + 64 * listed; }

/// Decompressed bytes allowed from `compressed` ones. Deflate reaches 1032 : 1, which only padding does; a matrix of mostly zeros
/// as CSV reaches 90 : 1 (measured on Cora's features).
constexpr int64_t max_inflated(int64_t compressed) {
  const int64_t by_ratio = 128 * compressed;
  const int64_t always_allowed = int64_t{256} << 20;
  return by_ratio > always_allowed ? by_ratio : always_allowed;
}

}  // namespace heddle::io::detail
