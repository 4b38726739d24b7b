#pragma once

/// CUDA's words, index variables, vector types and functions on the SIMT executor. All of it stands in the kernels' own
/// namespace: the instrumented build must not share its functions with the plain one, and nvcc's headers define the same names.

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "heddle/kernel/simt.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

namespace heddle::kernels::HEDDLE_TWIN {

using ::heddle::simt::blockDim;
using ::heddle::simt::blockIdx;
using ::heddle::simt::gridDim;
using ::heddle::simt::threadIdx;
using dim3 = ::heddle::simt::Dim3;
inline constexpr int warpSize = 32;

// may_alias: kernels read arrays of float through pointers to float4, which C++ otherwise forbids.
#define HEDDLE_VECTOR2(T, name)                           \
  struct [[gnu::may_alias]] alignas(2 * sizeof(T)) name { \
    T x, y;                                               \
  };                                                      \
  __forceinline__ name make_##name(T x, T y) { return {x, y}; }
#define HEDDLE_VECTOR4(T, name)                           \
  struct [[gnu::may_alias]] alignas(4 * sizeof(T)) name { \
    T x, y, z, w;                                         \
  };                                                      \
  __forceinline__ name make_##name(T x, T y, T z, T w) { return {x, y, z, w}; }
HEDDLE_VECTOR2(float, float2)
HEDDLE_VECTOR2(int, int2)
HEDDLE_VECTOR2(unsigned, uint2)
HEDDLE_VECTOR4(float, float4)
HEDDLE_VECTOR4(int, int4)
HEDDLE_VECTOR4(unsigned, uint4)
#undef HEDDLE_VECTOR2
#undef HEDDLE_VECTOR4

// Barriers, shuffles and votes. The last argument is the caller's place, for messages.

using ::heddle::simt::Collective;
using ::heddle::simt::Place;

__forceinline__ void __syncthreads(const Place& place = Place::current()) { ::heddle::simt::block_barrier(place); }
__forceinline__ void __syncwarp(unsigned mask = 0xFFFFFFFFu, const Place& place = Place::current()) {
  ::heddle::simt::warp_collective(Collective::sync, mask, 0, 0, warpSize, place);
}

template <class T>
__forceinline__ T exchange(Collective collective, unsigned mask, T value, int operand, int width, const Place& place) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8), "shuffles take 32-bit and 64-bit numbers");
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  return std::bit_cast<T>(
      static_cast<Bits>(::heddle::simt::warp_collective(collective, mask, std::bit_cast<Bits>(value), operand, width, place)));
}
template <class T>
__forceinline__ T __shfl_sync(unsigned mask, T value, int lane, int width = warpSize, const Place& place = Place::current()) {
  return exchange(Collective::shuffle, mask, value, lane, width, place);
}
template <class T>
__forceinline__ T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                                 const Place& place = Place::current()) {
  return exchange(Collective::shuffle_up, mask, value, static_cast<int>(delta), width, place);
}
template <class T>
__forceinline__ T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                                   const Place& place = Place::current()) {
  return exchange(Collective::shuffle_down, mask, value, static_cast<int>(delta), width, place);
}
template <class T>
__forceinline__ T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize,
                                  const Place& place = Place::current()) {
  return exchange(Collective::shuffle_xor, mask, value, lane_mask, width, place);
}
__forceinline__ unsigned __ballot_sync(unsigned mask, int predicate, const Place& place = Place::current()) {
  return static_cast<unsigned>(::heddle::simt::warp_collective(Collective::ballot, mask, predicate != 0, 0, warpSize, place));
}
__forceinline__ int __any_sync(unsigned mask, int predicate, const Place& place = Place::current()) {
  return static_cast<int>(::heddle::simt::warp_collective(Collective::any, mask, predicate != 0, 0, warpSize, place));
}
__forceinline__ int __all_sync(unsigned mask, int predicate, const Place& place = Place::current()) {
  return static_cast<int>(::heddle::simt::warp_collective(Collective::all, mask, predicate != 0, 0, warpSize, place));
}
__forceinline__ void __threadfence(const Place& place = Place::current()) { ::heddle::simt::memory_fence(place); }
__forceinline__ void __threadfence_block(const Place& place = Place::current()) { ::heddle::simt::memory_fence(place); }

// Atomics: blocks may run on several host threads, so these are atomic there too.

template <class T, class... Allowed>
inline constexpr bool is_one_of = (std::is_same_v<T, Allowed> || ...);

/// Replaces *address by update(old) and returns the old value.
template <class T, class Update>
__forceinline__ T atomic_update(T* address, Update update, const Place& place) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  Bits* const word = reinterpret_cast<Bits*>(address);
  Bits old = __atomic_load_n(word, __ATOMIC_RELAXED);
  Bits wanted = std::bit_cast<Bits>(static_cast<T>(update(std::bit_cast<T>(old))));
  while (!__atomic_compare_exchange_n(word, &old, wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    wanted = std::bit_cast<Bits>(static_cast<T>(update(std::bit_cast<T>(old))));
  }
  ::heddle::simt::atomic_done(wanted != old, place);
  return std::bit_cast<T>(old);
}
template <class T>
__forceinline__ T atomicAdd(T* address, std::type_identity_t<T> value, const Place& place = Place::current()) {
  static_assert(is_one_of<T, int, unsigned, unsigned long long, float, double>, "CUDA has no atomicAdd of this type");
  if constexpr (std::is_integral_v<T>) {
    const T old = __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
    ::heddle::simt::atomic_done(value != 0, place);
    return old;
  } else {
    return atomic_update(
        address, [value](T old) { return old + value; }, place);
  }
}
template <class T>
__forceinline__ T atomicMax(T* address, std::type_identity_t<T> value, const Place& place = Place::current()) {
  static_assert(is_one_of<T, int, unsigned, long long, unsigned long long>, "CUDA has no atomicMax of this type");
  return atomic_update(
      address, [value](T old) { return old < value ? value : old; }, place);
}
template <class T>
__forceinline__ T atomicMin(T* address, std::type_identity_t<T> value, const Place& place = Place::current()) {
  static_assert(is_one_of<T, int, unsigned, long long, unsigned long long>, "CUDA has no atomicMin of this type");
  return atomic_update(
      address, [value](T old) { return value < old ? value : old; }, place);
}
template <class T>
__forceinline__ T atomicExch(T* address, std::type_identity_t<T> value, const Place& place = Place::current()) {
  static_assert(is_one_of<T, int, unsigned, unsigned long long, float>, "CUDA has no atomicExch of this type");
  return atomic_update(
      address, [value](T) { return value; }, place);
}
template <class T>
__forceinline__ T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value,
                            const Place& place = Place::current()) {
  static_assert(is_one_of<T, int, unsigned, unsigned long long>, "CUDA has no atomicCAS of this type");
  T old = compare;
  const bool exchanged = __atomic_compare_exchange_n(address, &old, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  ::heddle::simt::atomic_done(exchanged && value != compare, place);
  return old;
}

// Loads, bits and arithmetic.

template <class T>
__forceinline__ T __ldg(const T* address) {
  return *address;
}
__forceinline__ int __popc(unsigned x) { return std::popcount(x); }
__forceinline__ int __popcll(unsigned long long x) { return std::popcount(x); }
__forceinline__ int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
__forceinline__ int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
__forceinline__ int __ffs(int x) { return __builtin_ffs(x); }
__forceinline__ int __ffsll(long long x) { return __builtin_ffsll(x); }
__forceinline__ unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((uint64_t{a} * b) >> 32); }
__forceinline__ unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
__forceinline__ float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
__forceinline__ int __float_as_int(float x) { return std::bit_cast<int>(x); }
__forceinline__ float __int_as_float(int x) { return std::bit_cast<float>(x); }

// Of one type only: nvcc's overloads convert mixed arguments by rules of their own.
template <class T>
__forceinline__ constexpr T min(T a, T b) {
  static_assert(std::is_arithmetic_v<T>);
  return b < a ? b : a;
}
template <class T>
__forceinline__ constexpr T max(T a, T b) {
  static_assert(std::is_arithmetic_v<T>);
  return a < b ? b : a;
}

// fmaxf, fminf, fabsf, fmaf, sqrtf, expf, logf, tanhf, ... are <cmath>'s. What the GPU approximates is computed exactly.
__forceinline__ float rsqrtf(float x) { return 1.0f / ::sqrtf(x); }
__forceinline__ float __expf(float x) { return ::expf(x); }
__forceinline__ float __logf(float x) { return ::logf(x); }
__forceinline__ float __fdividef(float a, float b) { return a / b; }

}  // namespace heddle::kernels::HEDDLE_TWIN
