#include "cli/item_lists.h"

#include <fmt/format.h>

#include <utility>

#include "cli/known_ids.h"

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
  const auto known = [&](const char* option, const std::vector<std::string>& listed) {
    KnownIds found = known_ids(saved.items, listed);
    tell_unknown_items(saved, found.unknown, fmt::format("; left out of {}", option), quiet);
    return std::move(found.numbers);
  };
  if (ids.allow) lists.allow = known("--allow", *ids.allow);
  if (ids.deny) lists.deny = known("--deny", *ids.deny);
  return lists;
}

}  // namespace heddle::cli
