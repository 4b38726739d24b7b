#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace heddle::io::detail {

/// Bytes of an array, or -1 if an extent is negative or the product does not fit in 64 bits. An extent of 0 makes any array
/// empty.
inline int64_t checked_bytes(const std::vector<int64_t>& shape, int64_t item_size) {
  if (std::any_of(shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; })) return -1;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  int64_t bytes = item_size;
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return -1;
  }
  return bytes;
}

/// "(3, 4)" for a sentence.
inline std::string shape_text(const std::vector<int64_t>& shape) {
  std::string result = "(";
  for (const int64_t extent : shape) result += (result.size() > 1 ? ", " : "") + std::to_string(extent);
  return result + ")";
}

}  // namespace heddle::io::detail
