#include "cli/item_lists.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/command_line.h"
#include "cli/known_ids.h"
#include "heddle/error.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

bool names_file(const std::string& written) { return written.starts_with('@'); }

/// Refuses the name of a file where the ids in it are meant.
void refuse_file_name(const SavedRecommender& saved, const char* option, const std::string& written) {
  std::error_code ignored;
  if (saved.items.find(written) >= 0 || !std::filesystem::is_regular_file(written, ignored)) return;
  fail(ErrorKind::usage, option, " is ", io::detail::in_quotes(written),
       ", which is a file and no item that the model knows: ", option, " ", as_word("@" + written), " takes the ids in it");
}

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
  const auto listed = [&](const char* option, const std::string& written) {
    if (names_file(written)) return read_ids(written.substr(1));
    refuse_file_name(saved, option, written);
    return listed_items(saved, written);
  };
  ListedIds ids;
  if (has_allow()) ids.allow = listed("--allow", allow_);
  if (has_deny()) ids.deny = listed("--deny", deny_);
  return ids;
}

ItemLists items_listed(const ListedIds& ids, const SavedRecommender& saved, bool quiet, DeniedInVain denied_in_vain) {
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
    if (in_vain && !found.unknown.empty() && denied_in_vain == DeniedInVain::refused) {
      fail(ErrorKind::usage, "--deny names no item that the model knows, so that its list would be empty: ",
           unknown_item_text(saved, found.unknown.front()), "; --clear-lists leaves out the lists that it has");
    }
    tell_unknown_items(saved, found.unknown, in_vain ? "; --deny denies nothing" : "; left out of --deny", quiet && !in_vain);
    lists.deny = std::move(found.numbers);
  }
  return lists;
}

}  // namespace heddle::cli
