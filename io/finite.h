#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace heddle::io::detail {

/// The index of the first NaN or infinity in `values`, or -1.
inline int64_t find_not_finite(const float* values, int64_t count) {
  constexpr uint32_t exponent = 0x7f800000;  // all ones: NaN or infinity
  constexpr int64_t block = 4096;            // tested without branches, so that compilers vectorise it
  for (int64_t begin = 0; begin < count; begin += block) {
    const int64_t end = std::min(count, begin + block);
    uint32_t found = 0;
    for (int64_t i = begin; i < end; ++i) found |= (std::bit_cast<uint32_t>(values[i]) & exponent) == exponent;
    if (!found) continue;
    for (int64_t i = begin;; ++i) {
      if ((std::bit_cast<uint32_t>(values[i]) & exponent) == exponent) return i;
    }
  }
  return -1;
}

}  // namespace heddle::io::detail
