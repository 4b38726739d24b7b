#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/commands.h"

namespace heddle::cli {

/// Adds `train lightgcn`, `train popularity`, ..., `train blend` to `heddle train`; `kind_name`: as of add_train.
void add_train_recommenders(CLI::App& train, Action& action, const std::string& kind_name);

}  // namespace heddle::cli
