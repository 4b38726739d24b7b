#pragma once

#include <memory>

#include "cli/fitters.h"

namespace heddle::cli {

/// LightGCN with its settings; progress and evaluations go to standard error. A signal ends training after the step.
std::unique_ptr<Fitter> make_lightgcn_fitter();

}  // namespace heddle::cli
