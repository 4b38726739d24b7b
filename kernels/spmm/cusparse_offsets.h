#pragma once

#include "kernels/common/twins.h"

namespace heddle::kernels {

// to[i] = from[i], 64-bit to 32-bit, where each fits.
HEDDLE_DECLARE_DEVICE(void narrow_offsets(const int64_t* from, int32_t* to, int64_t count, Stream& stream))

}  // namespace heddle::kernels
