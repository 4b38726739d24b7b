#include "cli/known_ids.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "cli/command_line.h"
#include "heddle/error.h"
#include "heddle/settings.h"
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

/// Throws for an id that is not in the table; `hint` goes before all others.
int32_t known_id(const IdTable& table, const std::string& id, const char* what, const std::string& hint) {
  const int32_t number = table.find(id);
  if (number >= 0) return number;
  if (!hint.empty()) fail(ErrorKind::usage, what, " ", in_quotes(id), " is unknown", hint);
  if (!table.near_matches(id, 1).empty()) return table.require_known(id, what);
  fail(ErrorKind::usage, what, " ", in_quotes(id), " is unknown", some_of(table, what));
}

}  // namespace

int32_t known_user(const SavedRecommender& saved, const std::string& id) {
  return known_id(saved.users, id, "user", ids_one_by_one(saved.users, id, "--user"));
}

int32_t known_item(const SavedRecommender& saved, const std::string& id) {
  std::string hint = items_titled(saved, id);
  const std::vector<std::string> parts = split_list(id);
  const bool list = parts.size() > 1 &&
                    std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return saved.items.find(part) >= 0; });
  if (hint.empty() && list) hint = "; these are several items, and one is wanted here";
  return known_id(saved.items, id, "item", hint);
}

std::vector<int32_t> known_items(const SavedRecommender& saved, const std::string& list) {
  const std::vector<std::string> parts = split_list(list);
  std::vector<std::size_t> begins;  // of each part, and one behind the last comma
  begins.push_back(0);
  for (std::size_t at = list.find(','); at != std::string::npos; at = list.find(',', at + 1)) begins.push_back(at + 1);
  begins.push_back(list.size() + 1);
  /// Parts `from` to `to` with what stands between them.
  const auto joined = [&](std::size_t from, std::size_t to) {
    std::string_view part = std::string_view(list).substr(begins[from], begins[to + 1] - 1 - begins[from]);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    part.remove_suffix(part.size() - std::min(part.find_last_not_of(' ') + 1, part.size()));
    return std::string(part);
  };
  constexpr std::size_t most_commas = 16;  // of one id
  std::vector<int32_t> numbers;
  for (std::size_t at = 0; at < parts.size();) {
    std::size_t last = at;
    std::string id = parts[at];
    while (saved.items.find(id) < 0 && last + 1 < parts.size() && last - at < most_commas) id = joined(at, ++last);
    if (saved.items.find(id) >= 0) {
      numbers.push_back(saved.items.find(id));
      at = last + 1;
      continue;
    }
    const std::string hint = items_titled(saved, list);  // a title may have commas, too
    if (!hint.empty()) fail(ErrorKind::usage, "item ", in_quotes(list), " is unknown", hint);
    known_item(saved, parts[at]);
  }
  return numbers;
}

}  // namespace heddle::cli
