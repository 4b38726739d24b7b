#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace heddle::io::detail {

/// The index of the first NaN or infinity in `values`, or -1.
inline int64_t find_not_finite(const float* values, int64_t count) {
  constexpr uint32_t kExponent = 0x7f800000;  // all ones: NaN or infinity
  constexpr int64_t kBlock = 4096;            // tested without branches, so that compilers vectorise it
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t end = std::min(count, begin + kBlock);
    uint32_t found = 0;
    for (int64_t i = begin; i < end; ++i) found |= (std::bit_cast<uint32_t>(values[i]) & kExponent) == kExponent;
    if (!found) continue;
    for (int64_t i = begin;; ++i) {
      if ((std::bit_cast<uint32_t>(values[i]) & kExponent) == kExponent) return i;
    }
  }
  return -1;
}

}  // namespace heddle::io::detail
