#include "cli/item_lists.h"

#include <fmt/format.h>

#include <utility>

#include "cli/known_ids.h"
#include "heddle/error.h"

namespace heddle::cli {

namespace {

bool names_file(const std::string& written) { return written.starts_with('@'); }

}  // namespace

void ItemListOptions::add_to(CLI::App& app, const std::string& of) {
  app.add_option("--allow", allow_,
                 fmt::format("ids of the only items that {} may have, with commas between, or @FILE with one a line", of))
      ->type_name("LIST");
  app.add_option("--deny", deny_, fmt::format("ids of items that {} may not have, with commas between, or @FILE", of))
      ->type_name("LIST");
}

void ItemListOptions::list(RunFiles& files) const {
  for (const auto& [option, written] : {std::pair("--allow", &allow_), std::pair("--deny", &deny_)}) {
    if (names_file(*written)) files.reads_file(option, written->substr(1));
  }
}

ListedIds ItemListOptions::ids(const SavedRecommender& saved) const {
  const auto listed = [&](const std::string& written) {
    return names_file(written) ? read_ids(written.substr(1)) : listed_items(saved, written);
  };
  ListedIds ids;
  if (has_allow()) ids.allow = listed(allow_);
  if (has_deny()) ids.deny = listed(deny_);
  return ids;
}

ItemLists items_listed(const ListedIds& ids, const SavedRecommender& saved, bool quiet) {
  ItemLists lists;
  if (ids.allow) {
    KnownIds found = known_ids(saved.items, *ids.allow);
    require(!found.numbers.empty(), ErrorKind::usage, "--allow names ",
            found.unknown.empty() ? "no item" : "no item that the model knows", ", so that nothing could be given",
            found.unknown.empty() ? "" : ": " + unknown_item_text(saved, found.unknown.front()));
    tell_unknown_items(saved, found.unknown, "; left out of --allow", quiet);
    lists.allow = std::move(found.numbers);
  }
  if (ids.deny) {
    KnownIds found = known_ids(saved.items, *ids.deny);
    // A whole list that denies nothing is a mistake more often than not, and what is sold out would be given: told in any case.
    const bool in_vain = found.numbers.empty();
    tell_unknown_items(saved, found.unknown, in_vain ? "; --deny denies nothing" : "; left out of --deny", quiet && !in_vain);
    lists.deny = std::move(found.numbers);
  }
  return lists;
}

}  // namespace heddle::cli
