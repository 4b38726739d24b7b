#pragma once

#include <span>

#include "heddle/kernel/gemm.h"
#include "heddle/kernel/variant.h"

namespace heddle::kernels {

/// C = op(A) op(B). Checks the arguments, picks a variant (execution.overrides.gemm, else pick_gemm) and runs it.
/// Throws Error{usage} for sizes that do not fit.
void gemm(const GemmArgs& args, Execution& execution);

std::span<const Variant<GemmArgs>> gemm_variants(DeviceKind device);
const char* pick_gemm(const GemmArgs& args, DeviceKind device);

}  // namespace heddle::kernels
