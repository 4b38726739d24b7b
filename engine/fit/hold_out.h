#pragma once

#include <cstdint>
#include <string>

#include "heddle/interactions.h"

namespace heddle::fitting {

/// hold_out_validation of share_to_hold_out; throws Error{usage} where no user can spare an interaction, with `way_on` behind.
void hold_out_some(InteractionDataset& data, uint64_t seed, const std::string& way_on = "");

}  // namespace heddle::fitting
