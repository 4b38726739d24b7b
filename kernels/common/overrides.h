#pragma once

#include "heddle/device.h"

namespace heddle::kernels {

/// Throws Error{usage} for a variable HEDDLE_FORCE_... that names a variant which devices of this kind lack: an op that is asked
/// for it would throw, too, but in the midst of the work.
void check_overrides(DeviceKind device);

}  // namespace heddle::kernels
