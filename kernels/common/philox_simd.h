#pragma once

#include "heddle/kernel/philox.h"
#include "kernels/common/simd.h"

// Philox4x32-10 (heddle/kernel/philox.h) for `lanes` calls at once: the same words, in the order of the elements.
namespace heddle::kernels::HEDDLE_ISA {

/// The words of 4 * lanes neighbouring elements; those of element 4 * lanes * block + i stand in words[i / lanes][i % lanes].
struct RandomBlock {
  VecU words[4];
};

inline constexpr int64_t random_block = 4 * lanes;

/// high:low = a * multiplier, per lane.
HEDDLE_SIMD void multiply(VecU a, uint32_t multiplier, VecU& high, VecU& low) {
#if defined(__AVX512F__)
  const __m512i m = _mm512_set1_epi64(multiplier);
  const __m512i even = _mm512_mul_epu32((__m512i)a, m);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), m);
  low = (VecU)_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
  high = (VecU)_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
#elif defined(__AVX2__)
  const __m256i m = _mm256_set1_epi64x(multiplier);
  const __m256i even = _mm256_mul_epu32((__m256i)a, m);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), m);
  low = (VecU)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
  high = (VecU)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
#else
  for (int i = 0; i < lanes; ++i) {
    const uint64_t product = uint64_t{multiplier} * a[i];
    low[i] = static_cast<uint32_t>(product);
    high[i] = static_cast<uint32_t>(product >> 32);
  }
#endif
}

HEDDLE_SIMD VecU splat(uint32_t value) {
  VecU v = {};
  return v + value;
}

/// Lane 4 * block + q makes call number q * (lanes / 4) + block: so that after the 4 x 4 transposes inside 128-bit blocks, which
/// are cheap, the elements stand in their order without a shuffle across blocks.
HEDDLE_SIMD VecU call_of_lane() {
  VecU v;
#pragma GCC unroll 16
  for (int i = 0; i < lanes; ++i) v[i] = static_cast<uint32_t>(i % 4 * (lanes / 4) + i / 4);
  return v;
}

/// The words of `lanes` calls, whose counters' low and high words stand in `low` and `high` by call_of_lane: those of call number
/// n in the elements 4 n ... 4 n + 3.
HEDDLE_SIMD RandomBlock random_words_of_calls(uint64_t seed, uint32_t purpose, uint32_t step, VecU low, VecU high) {
  VecU c0 = low;
  VecU c1 = high;
  VecU c2 = splat(step);
  VecU c3 = splat(purpose);
  uint32_t k0 = static_cast<uint32_t>(seed);
  uint32_t k1 = static_cast<uint32_t>(seed >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    VecU high0, low0, high1, low1;
    multiply(c0, 0xD2511F53u, high0, low0);
    multiply(c2, 0xCD9E8D57u, high1, low1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
#if defined(__AVX512F__)
  const __m512i a = _mm512_unpacklo_epi32((__m512i)c0, (__m512i)c1), b = _mm512_unpackhi_epi32((__m512i)c0, (__m512i)c1);
  const __m512i c = _mm512_unpacklo_epi32((__m512i)c2, (__m512i)c3), d = _mm512_unpackhi_epi32((__m512i)c2, (__m512i)c3);
  return {{(VecU)_mm512_unpacklo_epi64(a, c), (VecU)_mm512_unpackhi_epi64(a, c), (VecU)_mm512_unpacklo_epi64(b, d),
           (VecU)_mm512_unpackhi_epi64(b, d)}};
#elif defined(__AVX2__)
  const __m256i a = _mm256_unpacklo_epi32((__m256i)c0, (__m256i)c1), b = _mm256_unpackhi_epi32((__m256i)c0, (__m256i)c1);
  const __m256i c = _mm256_unpacklo_epi32((__m256i)c2, (__m256i)c3), d = _mm256_unpackhi_epi32((__m256i)c2, (__m256i)c3);
  return {{(VecU)_mm256_unpacklo_epi64(a, c), (VecU)_mm256_unpackhi_epi64(a, c), (VecU)_mm256_unpacklo_epi64(b, d),
           (VecU)_mm256_unpackhi_epi64(b, d)}};
#else
  RandomBlock result;
  for (int call = 0; call < lanes; ++call) result.words[call] = VecU{c0[call], c1[call], c2[call], c3[call]};
  return result;
#endif
}

HEDDLE_SIMD RandomBlock random_words_block(uint64_t seed, uint32_t purpose, uint32_t step, int64_t block) {
  const uint64_t first_call = static_cast<uint64_t>(block) * lanes;
  const uint32_t first_low = static_cast<uint32_t>(first_call);  // a block never straddles 2^32 calls: it starts at a multiple
  return random_words_of_calls(seed, purpose, step, call_of_lane() + first_low, splat(static_cast<uint32_t>(first_call >> 32)));
}

}  // namespace heddle::kernels::HEDDLE_ISA
