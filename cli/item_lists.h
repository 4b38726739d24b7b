#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "cli/run_files.h"
#include "heddle/bundle.h"

namespace heddle::cli {

/// `--allow` and `--deny`: which items may be given.
class ItemListOptions {
 public:
  /// `of`: whose answers, in a sentence of the help ("the answers").
  void add_to(CLI::App& app, const std::string& of);
  /// Lists the files that are read.
  void list(RunFiles& files) const;
  bool given() const { return !allow_.empty() || !deny_.empty(); }
  bool has_allow() const { return !allow_.empty(); }
  bool has_deny() const { return !deny_.empty(); }
  /// The items that the model knows. Of those that it does not a line on standard error tells, unless `quiet`.
  ItemLists read(const SavedRecommender& saved, bool quiet) const;

 private:
  std::string allow_, deny_;  ///< ids with commas between, or @FILE
};

}  // namespace heddle::cli
