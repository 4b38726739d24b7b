#pragma once

#include <CLI/App.hpp>

#include "cli/commands.h"

namespace heddle::cli {

/// Adds `heddle demo gcn`.
void add_demo_gcn(CLI::App& demo, Action& action);

}  // namespace heddle::cli
