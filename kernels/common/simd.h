#pragma once

#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

// A float vector as wide as the instruction set of this compilation (HEDDLE_ISA). Everything is static: a file that is compiled
// once per instruction set must not offer the linker a symbol that another file could end up calling.
namespace heddle::kernels::HEDDLE_ISA {

#if defined(__AVX512F__)
inline constexpr int lanes = 16;
inline constexpr int vector_registers = 32;
#elif defined(__AVX2__)
inline constexpr int lanes = 8;
inline constexpr int vector_registers = 16;
#else
inline constexpr int lanes = 4;
inline constexpr int vector_registers = 16;
#endif

using Vec = float __attribute__((vector_size(lanes * sizeof(float))));
using VecI = int32_t __attribute__((vector_size(lanes * sizeof(int32_t))));
using VecU = uint32_t __attribute__((vector_size(lanes * sizeof(uint32_t))));

#define HEDDLE_SIMD [[gnu::always_inline]] static inline

// Not Vec{} + value: that would be an addition, since it changes -0.
HEDDLE_SIMD Vec broadcast(float value) {
#if defined(__AVX512F__)
  return (Vec)_mm512_set1_ps(value);
#elif defined(__AVX2__)
  return (Vec)_mm256_set1_ps(value);
#else
  return Vec{value, value, value, value};
#endif
}

HEDDLE_SIMD Vec load(const float* p) {
  Vec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

HEDDLE_SIMD void store(float* p, Vec v) { __builtin_memcpy(p, &v, sizeof v); }

#if defined(__AVX512F__)
/// The first `count` elements (0 <= count <= lanes); the others are 0 and their memory is not touched.
HEDDLE_SIMD Vec load_first(const float* p, int count) {
  return (Vec)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p);
}
HEDDLE_SIMD void store_first(float* p, Vec v, int count) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), (__m512)v);
}
HEDDLE_SIMD Vec square_root(Vec v) { return (Vec)_mm512_sqrt_ps((__m512)v); }
#elif defined(__AVX2__)
HEDDLE_SIMD __m256i first_lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
HEDDLE_SIMD Vec load_first(const float* p, int count) { return (Vec)_mm256_maskload_ps(p, first_lanes(count)); }
HEDDLE_SIMD void store_first(float* p, Vec v, int count) { _mm256_maskstore_ps(p, first_lanes(count), (__m256)v); }
HEDDLE_SIMD Vec square_root(Vec v) { return (Vec)_mm256_sqrt_ps((__m256)v); }
#else
HEDDLE_SIMD Vec load_first(const float* p, int count) {
  Vec v = {};
  for (int i = 0; i < count; ++i) v[i] = p[i];
  return v;
}
HEDDLE_SIMD void store_first(float* p, Vec v, int count) {
  for (int i = 0; i < count; ++i) p[i] = v[i];
}
HEDDLE_SIMD Vec square_root(Vec v) {
  for (int i = 0; i < lanes; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
}
#endif

/// `a` where the mask is set (-1), else `b`.
HEDDLE_SIMD Vec select(VecI mask, Vec a, Vec b) { return mask ? a : b; }

}  // namespace heddle::kernels::HEDDLE_ISA
