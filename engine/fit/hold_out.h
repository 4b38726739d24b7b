#pragma once

#include <cstdint>
#include <string>

#include "heddle/interactions.h"

namespace heddle::fitting {

/// hold_out_validation; throws Error{usage} where no user has enough interactions to hold any out, with `way_on` behind.
void hold_out_some(InteractionDataset& data, double share, uint64_t seed, const std::string& way_on = "");

}  // namespace heddle::fitting
