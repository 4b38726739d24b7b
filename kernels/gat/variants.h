#pragma once

#include <span>

#include "heddle/kernel/variant.h"
#include "kernels/gat/gat.h"

// The variants of the fused attention operator and the rules that choose among them.
namespace heddle::kernels {

/// Every variant that `device` has in this build. Both tables hold the same names in the same order; any forward one may stand
/// with any backward one.
std::span<const Variant<GatForwardArgs>> gat_forward_variants(DeviceKind device);
std::span<const Variant<GatBackwardArgs>> gat_backward_variants(DeviceKind device);

/// The name of the variant that runs where none is asked for: a pure function of heads, width, alignment and device;
/// deterministic variants only.
///   cpu          cpu_blocks
///   simt, cuda   row_per_subwarp where a head's columns fit its lanes, else column_per_thread
const char* pick_gat_forward(const GatForwardArgs& args, DeviceKind device);
const char* pick_gat_backward(const GatBackwardArgs& args, DeviceKind device);

}  // namespace heddle::kernels
