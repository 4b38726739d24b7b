#pragma once

#include <CLI/App.hpp>

#include "cli/commands.h"

namespace heddle::cli {

/// Adds `train lightgcn`, `train popularity`, ..., `train blend` to `heddle train`.
void add_train_recommenders(CLI::App& train, Action& action);

}  // namespace heddle::cli
