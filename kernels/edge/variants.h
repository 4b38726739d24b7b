#pragma once

#include <span>

#include "heddle/kernel/variant.h"
#include "kernels/edge/edge.h"

// The variants of the ops on edges that have several, and the rules that choose among them.
namespace heddle::kernels {

/// Every variant that `device` has in this build.
std::span<const Variant<HeadSddmmArgs>> head_sddmm_variants(DeviceKind device);
std::span<const Variant<EdgeSoftmaxArgs>> edge_softmax_variants(DeviceKind device);

/// The name of the variant that runs where none is asked for: a pure function of sizes, alignment and device; deterministic
/// variants only.
///   cpu          cpu_row_vectorised
///   simt, cuda   row_per_subwarp where a head's columns fit its lanes, else row_per_thread
const char* pick_head_sddmm(const HeadSddmmArgs& args, DeviceKind device);

/// As above.
///   cpu          cpu_row_vectorised
///   simt, cuda   row_per_warp from 8 numbers (edges times heads) a row on average, which fill a quarter of a warp, else
///                row_per_thread
const char* pick_edge_softmax(const EdgeSoftmaxArgs& args, DeviceKind device);

}  // namespace heddle::kernels
