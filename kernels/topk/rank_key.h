#pragma once

#include <stdint.h>

// Ranks as numbers, for the cpu's files per instruction set (hence static) and for the device's.
namespace heddle::kernels {

#ifdef __CUDACC__
#define HEDDLE_RANK_KEY __host__ __device__ __forceinline__ static
#else
#define HEDDLE_RANK_KEY [[gnu::always_inline]] static inline
#endif

/// A number that is greater the better a column ranks: by score, among equal scores by smaller column. -0 counts as 0. Never 0,
/// which ranks below every column. Not for NaN.
HEDDLE_RANK_KEY uint64_t rank_key(float score, int32_t column) {
  const auto bits = __builtin_bit_cast(uint32_t, score + 0.0f);  // -0 + 0 is 0
  const uint32_t ascending = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return uint64_t{ascending} << 32 | (0xFFFFFFFFu - static_cast<uint32_t>(column));
}

HEDDLE_RANK_KEY int32_t column_of(uint64_t key) { return static_cast<int32_t>(0xFFFFFFFFu - static_cast<uint32_t>(key)); }

HEDDLE_RANK_KEY float score_of(uint64_t key) {
  const auto ascending = static_cast<uint32_t>(key >> 32);
  return __builtin_bit_cast(float, (ascending & 0x80000000u) != 0 ? ascending & 0x7FFFFFFFu : ~ascending);
}

}  // namespace heddle::kernels
