#pragma once

#include <span>

#include "heddle/kernel/variant.h"

namespace heddle::kernels {

/// A device's table of variants. simt's and cuda's stand in their components (kernels/OP/device_variants.cpp): null, and their
/// tables empty, in a program that is linked without them.
template <class Args>
std::span<const Variant<Args>> table_of(DeviceKind device, std::span<const Variant<Args>> cpu,
                                        std::span<const Variant<Args>> (*simt)(), std::span<const Variant<Args>> (*cuda)()) {
  if (device == DeviceKind::cpu) return cpu;
  const auto table = device == DeviceKind::simt ? simt : cuda;
  return table != nullptr ? table() : std::span<const Variant<Args>>();
}

}  // namespace heddle::kernels
