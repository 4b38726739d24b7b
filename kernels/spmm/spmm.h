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

/// The name of the variant that runs where none is asked for: a pure function of rows, nnz, d and the device; deterministic
/// variants only. The spread of the degrees is not known here, so the choice is one that a hub row cannot spoil wherever the
/// matrix is large enough for that to matter:
///   cpu                              cpu_row_vectorised: its parts are even in rows + non-zeros
///   simt, cuda   d <= 4              parallel_reduction from 8 non-zeros a row on average, else row_per_thread
///                d > 4, nnz < 2^19   row_per_subwarp: one launch, where more would cost as much as the product
///                d > 4, else         degree_bins
const char* pick_spmm(const SpmmArgs& args, DeviceKind device);

}  // namespace heddle::kernels
