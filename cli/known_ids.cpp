#include "cli/known_ids.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "cli/command_line.h"
#include "cli/terminal.h"
#include "heddle/error.h"
#include "heddle/settings.h"
#include "io/records.h"
#include "io/text.h"

namespace heddle::cli {

namespace {

using io::detail::in_quotes;

constexpr std::size_t most_named = 3;

bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

/// "; that is the title of item '17'"; empty where it is no title.
std::string items_titled(const SavedRecommender& saved, const std::string& written) {
  std::vector<std::string> ids;
  for (std::size_t item = 0; item < saved.item_names.size() && ids.size() <= most_named; ++item) {
    if (!written.empty() && equal_but_for_case(saved.item_names[item], written))
      ids.push_back(in_quotes(saved.items[static_cast<int64_t>(item)]));
  }
  if (ids.empty()) return {};
  std::string list;
  for (std::size_t i = 0; i < std::min(ids.size(), most_named); ++i) list += (i == 0 ? "" : ", ") + ids[i];
  return text("; that is the title of item ", list, ids.size() > most_named ? " and others" : "", ", and an id is wanted here");
}

/// "; each has its own --user: --user 17 --user 18" of a list whose parts are all ids.
std::string ids_one_by_one(const IdTable& table, const std::string& written, const char* option) {
  const std::vector<std::string> parts = split_list(written);
  const bool all = std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return table.find(part) >= 0; });
  if (parts.size() < 2 || !all) return {};
  std::string times;
  for (std::size_t i = 0; i < std::min(parts.size(), most_named); ++i) times += text(" ", option, " ", as_word(parts[i]));
  return text("; ", option, " is given for each:", times, parts.size() > most_named ? " …" : "");
}

/// "; the model knows 60 users, such as 'u1', 'u2'".
std::string some_of(const IdTable& table, const char* what) {
  if (table.size() == 0) return {};
  std::string list;
  for (int64_t i = 0; i < std::min<int64_t>(table.size(), most_named); ++i) list += (i == 0 ? "" : ", ") + in_quotes(table[i]);
  return text("; the model knows ", counted(table.size(), what), table.size() > 1 ? ", such as " : ", ", list);
}

/// What is said of an id that is not in the table; `hint` goes before all others.
std::string unknown_text(const IdTable& table, const std::string& id, const char* what, const std::string& hint) {
  if (hint.empty() && !table.near_matches(id, 1).empty()) return table.unknown_text(id, what);
  return text(what, " ", in_quotes(id), " is unknown", hint.empty() ? some_of(table, what) : hint);
}

std::string slip_for_user(const SavedRecommender& saved, const std::string& id) {
  return ids_one_by_one(saved.users, id, "--user");
}

std::string slip_for_item(const SavedRecommender& saved, const std::string& id) {
  std::string title = items_titled(saved, id);
  if (!title.empty()) return title;
  return ids_one_by_one(saved.items, id, "--item");
}

void tell_unknown(const std::string& first, std::size_t count, const std::string& behind) {
  const std::string others = count == 1 ? "" : text(" (and ", count - 1, " more", count == 2 ? " is" : " are", " unknown)");
  say("heddle: " + first + others + behind);
}

}  // namespace

std::string unknown_user_text(const SavedRecommender& saved, const std::string& id) {
  return unknown_text(saved.users, id, "user", slip_for_user(saved, id));
}

std::string unknown_item_text(const SavedRecommender& saved, const std::string& id) {
  return unknown_text(saved.items, id, "item", slip_for_item(saved, id));
}

void refuse_slip_for_user(const SavedRecommender& saved, const std::string& id) {
  const std::string slip = saved.users.find(id) >= 0 ? "" : slip_for_user(saved, id);
  require(slip.empty(), ErrorKind::usage, "user ", in_quotes(id), " is unknown", slip);
}

void refuse_slip_for_item(const SavedRecommender& saved, const std::string& id) {
  const std::string slip = saved.items.find(id) >= 0 ? "" : slip_for_item(saved, id);
  require(slip.empty(), ErrorKind::usage, "item ", in_quotes(id), " is unknown", slip);
}

std::vector<std::string> listed_items(const SavedRecommender& saved, const std::string& list) {
  if (list.empty()) return {};  // the option is not given
  std::vector<std::string> ids = split_ids(saved.items, list);
  for (const std::string& id : ids) {
    if (saved.items.find(id) >= 0) continue;
    const std::string title = items_titled(saved, list);  // a title may have commas, too
    require(title.empty(), ErrorKind::usage, "item ", in_quotes(list), " is unknown", title);
    refuse_slip_for_item(saved, id);
  }
  return ids;
}

void tell_unknown_items(const SavedRecommender& saved, const std::vector<std::string>& unknown, const std::string& behind,
                        bool quiet) {
  if (!unknown.empty() && !quiet) tell_unknown(unknown_item_text(saved, unknown.front()), unknown.size(), behind);
}

void tell_unknown_users(const SavedRecommender& saved, const std::vector<std::string>& unknown, const std::string& behind,
                        bool quiet) {
  if (!unknown.empty() && !quiet) tell_unknown(unknown_user_text(saved, unknown.front()), unknown.size(), behind);
}

}  // namespace heddle::cli
