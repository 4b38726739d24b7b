#pragma once

#include <span>

#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"

namespace heddle::kernels {

/// simt's variants, in the same order, compiled so that an observer of the executor sees what they do. In the library
/// heddle_instrumented_kernels alone.
std::span<const Variant<SpmmArgs>> instrumented_spmm_variants();

}  // namespace heddle::kernels
