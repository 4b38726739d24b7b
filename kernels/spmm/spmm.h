#pragma once

#include <span>

#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"

namespace heddle::kernels {

/// Y = A X, A sparse. Checks the arguments, picks a variant (execution.overrides.spmm, else pick_spmm) and runs it.
/// Throws Error{usage} for sizes that do not fit, for a null pointer and for a y that overlaps x.
void spmm(const SpmmArgs& args, Execution& execution);

/// Every variant that `device` has in this build.
std::span<const Variant<SpmmArgs>> spmm_variants(DeviceKind device);

/// The name of the variant that runs where none is asked for: a pure function, deterministic variants only.
const char* pick_spmm(const SpmmArgs& args, DeviceKind device);

}  // namespace heddle::kernels
