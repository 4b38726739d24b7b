#pragma once

#include "kernels/common/wide_simd.h"

// Dot products head by head. Static functions: see simd.h.
namespace heddle::kernels::HEDDLE_ISA {

#if defined(__AVX2__)
/// 8 heads of 8 columns: a vector holds one head or two, so sums of neighbours are taken three times.
HEDDLE_SIMD void head_dots_8x8(const float* x, const float* y, float* dots) {
#if defined(__AVX512F__)
  const auto neighbours = [](Vec a, Vec b) __attribute__((always_inline)) {
    return (Vec)_mm512_add_ps(_mm512_shuffle_ps((__m512)a, (__m512)b, 0x88), _mm512_shuffle_ps((__m512)a, (__m512)b, 0xDD));
  };
  // Quarter q of `last` holds halves of the sums of heads (0 2 4 6), (0 2 4 6), (1 3 5 7), (1 3 5 7).
  const __m512i evens = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m512i odds = _mm512_setr_epi32(4, 12, 5, 13, 6, 14, 7, 15, 0, 0, 0, 0, 0, 0, 0, 0);
  const Vec last = neighbours(neighbours(load(x) * load(y), load(x + 16) * load(y + 16)),
                              neighbours(load(x + 32) * load(y + 32), load(x + 48) * load(y + 48)));
  const __m256 low = _mm512_castps512_ps256(_mm512_permutexvar_ps(evens, (__m512)last));
  const __m256 high = _mm512_castps512_ps256(_mm512_permutexvar_ps(odds, (__m512)last));
#else
  __m256 halves[2];
#pragma GCC unroll 2
  for (int v = 0; v < 2; ++v) {
    const float* const a = x + v * 32;
    const float* const b = y + v * 32;
    const __m256 first = _mm256_hadd_ps((__m256)(load(a) * load(b)), (__m256)(load(a + 8) * load(b + 8)));
    const __m256 second = _mm256_hadd_ps((__m256)(load(a + 16) * load(b + 16)), (__m256)(load(a + 24) * load(b + 24)));
    halves[v] = _mm256_hadd_ps(first, second);
  }
  const __m256 low = _mm256_permute2f128_ps(halves[0], halves[1], 0x20);
  const __m256 high = _mm256_permute2f128_ps(halves[0], halves[1], 0x31);
#endif
  _mm256_storeu_ps(dots, _mm256_add_ps(low, high));
}
#endif

/// dots[h] = <x, y> over the columns of head h; what lies behind the heads up to `stride` is zeroed.
HEDDLE_SIMD void head_dots(const float* x, const float* y, int64_t heads, int64_t columns, int64_t stride, float* dots) {
#if defined(__AVX2__)
  if (heads == 8 && columns == 8 && stride == 8) return head_dots_8x8(x, y, dots);
#endif
  for (int64_t h = 0; h < heads; ++h) dots[h] = dot(x + h * columns, y + h * columns, columns);
  for (int64_t h = heads; h < stride; ++h) dots[h] = 0;
}

}  // namespace heddle::kernels::HEDDLE_ISA
