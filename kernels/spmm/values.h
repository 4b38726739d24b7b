#pragma once

#include <cstdint>

#include "heddle/kernel/kernel.h"

// Which of CsrView's three kinds of values a matrix has, decided once per launch and not once per non-zero.
namespace heddle::kernels::HEDDLE_TWIN {

enum class Values { ones, in_order, indexed };

template <Values kind>
__device__ __forceinline__ float value_at(const float* __restrict__ values, const int64_t* __restrict__ value_index, int64_t k) {
  if constexpr (kind == Values::ones) {
    return 1.0f;
  } else if constexpr (kind == Values::in_order) {
    return values[k];
  } else {
    return values[value_index[k]];
  }
}

/// Calls run.operator()<kind>() with the matrix's kind.
template <class Run>
void with_values(const CsrView& a, const Run& run) {
  if (a.values == nullptr) {
    run.template operator()<Values::ones>();
  } else if (a.value_index == nullptr) {
    run.template operator()<Values::in_order>();
  } else {
    run.template operator()<Values::indexed>();
  }
}

}  // namespace heddle::kernels::HEDDLE_TWIN
