#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/run_files.h"
#include "heddle/bundle.h"

namespace heddle::cli {

/// The ids that `--allow` and `--deny` give, whether or not a model knows them.
struct ListedIds {
  std::optional<std::vector<std::string>> allow, deny;
};
/// What becomes of a `deny` of which the model knows none: an answer is given all the same, a list that is to be saved is not.
enum class DeniedInVain { told, refused };

/// The items among these that the model knows. Of those that it does not a line on standard error tells, unless `quiet`; of a
/// `deny` of which it knows none even then. Throws Error{usage} for an `allow` of which it knows none, by which nothing could be
/// given, and for such a `deny` where that is refused.
ItemLists items_listed(const ListedIds& ids, const SavedRecommender& saved, bool quiet,
                       DeniedInVain denied_in_vain = DeniedInVain::told);

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
  /// Reads the files among them. The model's ids say how a list is parted at its commas.
  ListedIds ids(const SavedRecommender& saved) const;
  ItemLists read(const SavedRecommender& saved, bool quiet, DeniedInVain denied_in_vain = DeniedInVain::told) const {
    return items_listed(ids(saved), saved, quiet, denied_in_vain);
  }

 private:
  std::string allow_, deny_;  ///< ids with commas between, or @FILE
};

}  // namespace heddle::cli
