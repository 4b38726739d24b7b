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

ItemLists ItemListOptions::read(const SavedRecommender& saved, bool quiet) const {
  ItemLists lists;
  const auto known = [&](const char* option, const std::string& written) {
    KnownIds ids = known_ids(saved.items, names_file(written) ? read_ids(written.substr(1)) : listed_items(saved, written));
    tell_unknown_items(saved, ids.unknown, fmt::format("; left out of {}", option), quiet);
    return std::move(ids.numbers);
  };
  if (has_allow()) lists.allow = known("--allow", allow_);
  if (has_deny()) lists.deny = known("--deny", deny_);
  return lists;
}

}  // namespace heddle::cli
