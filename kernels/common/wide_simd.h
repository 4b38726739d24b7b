#pragma once

#include "kernels/common/simd.h"
#include "kernels/common/simd_math.h"

// Sixteen floats on every instruction set, so that sums of several parts have one order on all of them.
namespace heddle::kernels::HEDDLE_ISA {

inline constexpr int wide_floats = 16;
inline constexpr int wide_vectors = wide_floats / lanes;

/// A read of a whole vector from any place of an array may reach this far past its end.
inline constexpr int64_t wide_slack = 2 * wide_floats;

struct Wide {
  Vec v[wide_vectors];
};
struct WideMask {
  VecI v[wide_vectors];
};

HEDDLE_SIMD Wide wide(float value) {
  Wide r;
#pragma GCC unroll 4
  for (Vec& v : r.v) v = broadcast(value);
  return r;
}
HEDDLE_SIMD Wide load_wide(const float* p) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) r.v[i] = load(p + i * lanes);
  return r;
}
HEDDLE_SIMD void store_wide(float* p, const Wide& w) {
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) store(p + i * lanes, w.v[i]);
}

/// f(vector) or f(vector, vector), vector by vector.
template <class F>
[[gnu::always_inline]] static inline Wide map(const Wide& a, const F& f) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) r.v[i] = f(a.v[i]);
  return r;
}
template <class F>
[[gnu::always_inline]] static inline Wide map(const Wide& a, const Wide& b, const F& f) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) r.v[i] = f(a.v[i], b.v[i]);
  return r;
}
HEDDLE_SIMD Wide operator+(const Wide& a, const Wide& b) {
  return map(
      a, b, [](Vec x, Vec y) __attribute__((always_inline)) { return x + y; });
}
HEDDLE_SIMD Wide operator*(const Wide& a, const Wide& b) {
  return map(
      a, b, [](Vec x, Vec y) __attribute__((always_inline)) { return x * y; });
}
HEDDLE_SIMD Wide greater_of(const Wide& a, const Wide& b) {
  return map(
      a, b, [](Vec x, Vec y) __attribute__((always_inline)) { return greater_of(x, y); });
}

/// The lanes below `count`.
HEDDLE_SIMD WideMask first_of_wide(int64_t count) {
  WideMask m;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) {
    VecI number;
#pragma GCC unroll 16
    for (int l = 0; l < lanes; ++l) number[l] = i * lanes + l;
    m.v[i] = number < static_cast<int32_t>(count);
  }
  return m;
}
HEDDLE_SIMD Wide select(const WideMask& mask, const Wide& a, const Wide& b) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) r.v[i] = select(mask.v[i], a.v[i], b.v[i]);
  return r;
}

/// v[index[l]] in lane l; every index is in [0, lanes).
HEDDLE_SIMD Vec permute(Vec v, VecI index) {
#if defined(__AVX512F__)
  return (Vec)_mm512_maskz_permutexvar_ps(0xFFFF, (__m512i)index, (__m512)v);  // the plain one warns in GCC 12
#elif defined(__AVX2__)
  return (Vec)_mm256_permutevar8x32_ps((__m256)v, (__m256i)index);
#else
  Vec r = {};
  for (int l = 0; l < lanes; ++l) r[l] = v[index[l]];
  return r;
#endif
}

/// Lane l gets lane l ^ step; step is a power of two below 16.
template <int step>
[[gnu::always_inline]] static inline Wide exchange(const Wide& w) {
  Wide r;
  if constexpr (step >= lanes) {
#pragma GCC unroll 4
    for (int i = 0; i < wide_vectors; ++i) r.v[i] = w.v[i ^ (step / lanes)];
  } else {
    VecI index;
#pragma GCC unroll 16
    for (int l = 0; l < lanes; ++l) index[l] = l ^ step;
#pragma GCC unroll 4
    for (int i = 0; i < wide_vectors; ++i) r.v[i] = permute(w.v[i], index);
  }
  return r;
}

/// Combines the lanes that are a multiple of `period` apart (a power of two up to 16); each of them gets the result.
template <int period, class F>
[[gnu::always_inline]] static inline Wide fold(Wide w, const F& f) {
  if constexpr (period <= 8) w = f(w, exchange<8>(w));
  if constexpr (period <= 4) w = f(w, exchange<4>(w));
  if constexpr (period <= 2) w = f(w, exchange<2>(w));
  if constexpr (period <= 1) w = f(w, exchange<1>(w));
  return w;
}
template <int period>
[[gnu::always_inline]] static inline Wide fold_sum(const Wide& w) {
  return fold<period>(
      w, [](const Wide& a, const Wide& b) __attribute__((always_inline)) { return a + b; });
}
template <int period>
[[gnu::always_inline]] static inline Wide fold_max(const Wide& w) {
  return fold<period>(
      w, [](const Wide& a, const Wide& b) __attribute__((always_inline)) { return greater_of(a, b); });
}

/// e^x for x <= 0: the exponent's product rounds, which is a relative error of |x| 2^-24 in the result.
HEDDLE_SIMD Vec exp_of(Vec x) { return exp2_of(x * broadcast(0x1.715476p+0f)); }

/// The sum of x[c] y[c] over [0, count): sixteen sums of every sixteenth product, folded.
HEDDLE_SIMD float dot(const float* x, const float* y, int64_t count) {
  Wide sum = wide(0);
  int64_t c = 0;
  for (; c + wide_floats <= count; c += wide_floats) {
#pragma GCC unroll 4
    for (int i = 0; i < wide_vectors; ++i) sum.v[i] += load(x + c + i * lanes) * load(y + c + i * lanes);
  }
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) {
    const int64_t rest = count - c - i * lanes;
    if (rest <= 0) break;
    const int some = rest < lanes ? static_cast<int>(rest) : lanes;
    sum.v[i] += load_first(x + c + i * lanes, some) * load_first(y + c + i * lanes, some);
  }
  return fold_sum<1>(sum).v[0][0];
}

}  // namespace heddle::kernels::HEDDLE_ISA
