#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "cli/report.h"
#include "heddle/profile.h"

namespace heddle::cli {

/// `--profile FILE`: what a training's ops cost, as a table and as a trace.
struct ProfileOption {
  std::string path;  ///< empty: not asked for

  void add_to(CLI::App& app);
  /// Null where it was not asked for.
  std::unique_ptr<Profiler> make() const { return path.empty() ? nullptr : std::make_unique<Profiler>(); }
};

/// The table for people; empty for null.
std::string profile_text(const Profiler* profiler);
/// A list of {op, phase, calls, total_ms, share, bytes, gb_per_s}; null for null.
Json profile_json(const Profiler* profiler);

}  // namespace heddle::cli
