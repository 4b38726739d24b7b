#pragma once

#include <span>

#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"

namespace heddle::kernels {

/// Y = A X, A sparse. Checks the arguments, picks a variant (execution.overrides.spmm, else `tuned`, else pick_spmm) and runs it.
/// Throws Error{usage} for sizes that do not fit, for a null pointer and for a y that overlaps x.
void spmm(const SpmmArgs& args, Execution& execution, const char* tuned = nullptr);

/// Every variant that `device` has in this build.
std::span<const Variant<SpmmArgs>> spmm_variants(DeviceKind device);

/// The name of the variant that runs where none is asked for: a pure function of rows, nnz, longest row, d and the device;
/// deterministic variants only. docs/lab.md tells what it was compared with.
///   cpu                                      cpu_row_vectorised: its parts are even in rows + non-zeros
///   simt, cuda   d <= 4                      parallel_reduction from 8 non-zeros a row on average, else row_per_thread
///                d > 4, longest row <= 512   row_per_subwarp: one launch, the fewest bytes
///                d > 4, else                 merge_path: some bytes more, and no warp walks a hub alone
/// Where the longest row is not known, a matrix of 2^19 non-zeros or more counts as one with a hub.
const char* pick_spmm(const SpmmArgs& args, DeviceKind device);

}  // namespace heddle::kernels
