#pragma once

#include <cmath>
#include <string>

#include "heddle/error.h"

namespace heddle {

/// A number for a sentence. What is none is "NaN" whatever its sign bit says, which a stream would write as "-nan".
inline std::string number_text(float number) { return std::isnan(number) ? "NaN" : text(number); }

}  // namespace heddle
