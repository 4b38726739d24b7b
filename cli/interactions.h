#pragma once

#include <CLI/App.hpp>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/report.h"
#include "cli/settings.h"
#include "heddle/interactions.h"
#include "heddle/io.h"

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
  InteractionOptions();
  InteractionOptions(const InteractionOptions&) = delete;
  InteractionOptions& operator=(const InteractionOptions&) = delete;

  void add_to(CLI::App& app);
  /// Throws what io::load_interactions and prepare throw. `told`, if given, gets what was read, also where that ends in an Error.
  LoadedInteractions load(Reading* told = nullptr) const;
  /// The same with everything for training: what can be told of any data.
  LoadedInteractions load_whole(Reading* told = nullptr) const;
  /// The options that read these data as they were read, for another command: "--data orders.csv --separator tab".
  std::string command_line() const;
  bool automatic_split() const { return prepare_.automatic_split; }
  const std::string& path() const { return path_; }

  /// Reads, filters and splits as a saved model's data was (DataOrigin::options), but for the options that the command line gave.
  void adopt(const std::map<std::string, std::string>& options);

 private:
  LoadedInteractions load(const PrepareOptions& prepare, Reading* told) const;

  std::string path_;
  io::InteractionReading how_read_;
  PrepareOptions prepare_;
  SettingList reading_, preparing_;
};

/// Counts, split, content hash and what preparing met.
std::string interactions_text(const InteractionDataset& data, const std::string& hash);
Json interactions_json(const InteractionDataset& data, const std::string& hash);

/// Why data have no test interactions, and how they would: "--split none keeps no interactions for the test; ...".
std::string no_test_text(const InteractionDataset& data);

}  // namespace heddle::cli
