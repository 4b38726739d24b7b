#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "cli/report.h"
#include "cli/setting_options.h"
#include "heddle/interactions.h"

namespace heddle::cli {

/// Interactions as they were read and split.
struct LoadedInteractions {
  InteractionDataset data;
  std::string hash;
  double seconds = 0;  ///< reading and splitting
};

/// Which interactions, read how, filtered and split how.
class InteractionOptions {
 public:
  InteractionOptions() = default;
  InteractionOptions(const InteractionOptions&) = delete;
  InteractionOptions& operator=(const InteractionOptions&) = delete;

  void add_to(CLI::App& app);
  /// Throws what io::load_interactions and prepare throw.
  LoadedInteractions load(ProgressBar& progress) const;
  /// The first half of `load`. `told`, if given, gets what was read, also where that ends in an Error. Throws what
  /// io::load_interactions throws.
  InteractionLog read(ProgressBar& progress, Reading* told = nullptr) const;
  /// The second half; `whole`: everything for training. Throws what prepare throws. `seconds` stays 0.
  LoadedInteractions split(InteractionLog&& log, ProgressBar& progress, bool whole = false) const;
  /// Whether whatever is doubtful is an error.
  bool strict() const;
  /// Whether the data themselves say how they are split.
  bool automatic_split() const;
  /// The options that read these data as they were read, for another command: "--data orders.csv --separator tab".
  std::string command_line() const;
  const std::vector<std::string>& paths() const { return paths_; }

  /// Reads, filters and splits as a saved model's data was (DataOrigin::options), but for the options that the command line gave.
  void adopt(const Settings& options) { adopted_ = options; }

 private:
  Settings settings() const;

  std::vector<std::string> paths_;
  SettingOptions settings_;  ///< of reading and preparing
  Settings adopted_;
};

/// Counts, split, content hash and what preparing met.
std::string interactions_text(const InteractionDataset& data, const std::string& hash);
Json interactions_json(const InteractionDataset& data, const std::string& hash);

/// Why data have no test interactions, and how they would: "--split none keeps no interactions for the test; ...".
std::string no_test_text(const InteractionDataset& data);

}  // namespace heddle::cli
