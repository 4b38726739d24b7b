#pragma once

#include <stdint.h>

#include "kernels/common/twins.h"

namespace heddle::kernels {

// `rounds` rounds of independent multiply-adds in registers; returns how many floats one round takes part in, 2 operations each.
// `sink` keeps the compiler from leaving them out.
HEDDLE_DECLARE_CPU(int64_t cpu_multiply_add(int64_t rounds, float* sink))

}  // namespace heddle::kernels
