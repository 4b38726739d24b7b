#pragma once

#include <cstddef>

#include "heddle/kernel/portable.h"

/// Shared memory of a block. Every array starts at a multiple of 16 bytes and holds garbage until it is written.
///
///     SHARED(float, tile, 32, 33);   float tile[32][33], one per block
///     SHARED(int, total);            int total
///     DYN_SHARED(float, row);        float* row: the launch's shared_bytes; at most one type per kernel may start there
///
/// On the executor each is a heap block of exactly its size, so that AddressSanitizer sees an overrun.

namespace heddle::kernels::HEDDLE_TWIN {

/// The type of SHARED(T, name, dims...).
template <class T, std::size_t... dims>
struct SharedArray;
/// Without dimensions: one T.
template <class T>
struct SharedArray<T> {
  using type = T;  ///< of the variable
};
/// An array of `first` arrays.
template <class T, std::size_t first, std::size_t... rest>
struct SharedArray<T, first, rest...> {
  /// Of the variable.
  using type = typename SharedArray<T, rest...>::type[first];
};

}  // namespace heddle::kernels::HEDDLE_TWIN

#define HEDDLE_SHARED_TYPE(T, ...) typename ::heddle::kernels::HEDDLE_TWIN::SharedArray<T __VA_OPT__(, ) __VA_ARGS__>::type

#ifdef __CUDACC__
#define SHARED(T, name, ...) __shared__ __align__(16) HEDDLE_SHARED_TYPE(T __VA_OPT__(, ) __VA_ARGS__) name
#define DYN_SHARED(T, name)                                              \
  extern __shared__ __align__(16) unsigned char heddle_dynamic_shared[]; \
  T* const name = reinterpret_cast<T*>(heddle_dynamic_shared)
#else
#define SHARED(T, name, ...)                                                    \
  static constinit thread_local ::heddle::simt::SharedSlot name##_slot{};       \
  auto& name = *static_cast<HEDDLE_SHARED_TYPE(T __VA_OPT__(, ) __VA_ARGS__)*>( \
      name##_slot.find(sizeof(HEDDLE_SHARED_TYPE(T __VA_OPT__(, ) __VA_ARGS__))))
#define DYN_SHARED(T, name) T* const name = static_cast<T*>(::heddle::simt::dynamic_shared())
#endif
