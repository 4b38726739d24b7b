#pragma once

#include "kernels/common/simd.h"

// bfloat16, the upper half of a float: read by a shift, written rounded to the nearest, ties to even; a NaN stays one. Without
// the processor's own instructions for it, which flush subnormals to zero.
namespace heddle::kernels::HEDDLE_ISA {

HEDDLE_SIMD Vec load_bf16(const uint16_t* p) {
#if defined(__AVX512F__)
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return (Vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
#elif defined(__AVX2__)
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return (Vec)_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16);
#else
  VecU bits;
  for (int i = 0; i < lanes; ++i) bits[i] = static_cast<uint32_t>(p[i]) << 16;
  return (Vec)bits;
#endif
}

/// The first `count` elements; the others are 0 and their memory is not touched.
HEDDLE_SIMD Vec load_first_bf16(const uint16_t* p, int count) {
#if defined(__AVX512F__)
  const __m256i halves = _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << count) - 1), p);
  return (Vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
#else
  uint16_t halves[lanes] = {};
  for (int i = 0; i < count; ++i) halves[i] = p[i];
  return load_bf16(halves);
#endif
}

HEDDLE_SIMD void store_first_bf16(uint16_t* p, Vec v, int count) {
  const VecU bits = (VecU)v;
  const VecU rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  // Rounding could carry a NaN into infinity or beyond: its top half is kept, with the bit that makes it quiet.
  const VecU nan = (bits >> 16) | 0x40u;
  const VecU halves = v != v ? nan : rounded;
#if defined(__AVX512F__)
  const __m256i packed = _mm512_cvtepi32_epi16((__m512i)halves);
  if (count == lanes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), packed);
  } else {
    _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1u << count) - 1), packed);
  }
#else
#if defined(__AVX2__)
  if (count == lanes) {
    const __m256i pairs = _mm256_packus_epi32((__m256i)halves, (__m256i)halves);  // within each 128-bit half
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(_mm256_permute4x64_epi64(pairs, 0x08)));
    return;
  }
#endif
  for (int i = 0; i < count; ++i) p[i] = static_cast<uint16_t>(halves[i]);
#endif
}

}  // namespace heddle::kernels::HEDDLE_ISA
