#include "heddle/bundle.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "engine/bundle/recommender_file.h"
#include "engine/recommend/queries.h"
#include "heddle/error.h"
#include "heddle/io.h"
#include "heddle/rethrow.h"
#include "heddle/settings.h"
#include "io/records.h"

namespace heddle {

namespace {

constexpr std::pair<const char*, Fallback> fallbacks[] = {{"popularity", Fallback::popularity}, {"none", Fallback::none}};

std::vector<int32_t> union_of(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  std::vector<int32_t> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

std::vector<int32_t> in_order(std::vector<int32_t> list) {
  const auto not_below = [](int32_t a, int32_t b) { return a >= b; };
  if (std::adjacent_find(list.begin(), list.end(), not_below) == list.end()) return list;  // as a bundle keeps them
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

/// Lists in any order as they are kept. Throws Error{usage} for an item that there is not.
ItemLists lists_in_order(ItemLists lists, int64_t items) {
  lists.deny = in_order(std::move(lists.deny));
  if (lists.allow) lists.allow = in_order(*std::move(lists.allow));
  for (const std::vector<int32_t>* list : {&lists.deny, lists.allow ? &*lists.allow : nullptr}) {
    if (list == nullptr || list->empty()) continue;
    const int32_t outside = list->front() < 0 ? list->front() : list->back();
    require(outside >= 0 && outside < items, ErrorKind::usage, "a list has item ", outside, ", ", there_are(items));
  }
  return lists;
}

/// Throws Error{usage} unless there is a value for each item.
void check_values(const std::vector<std::string>& values, const std::string& called, int64_t items) {
  require(static_cast<int64_t>(values.size()) == items, ErrorKind::usage, "a bundle has ", called, " of ",
          counted(values.size(), "item"), ", its model has ", items);
}

}  // namespace

const char* to_string(Fallback fallback) {
  for (const auto& [name, known] : fallbacks) {
    if (known == fallback) return name;
  }
  return "unknown";
}

Fallback fallback_named(const std::string& name, const std::string& called) try {
  for (const auto& [known, fallback] : fallbacks) {
    if (name == known) return fallback;
  }
  fail(ErrorKind::usage, called, " is '", name, "', it must be one of popularity, none");
} catch (...) {
  rethrow_as_error();
}

KnownIds known_ids(const IdTable& table, std::span<const std::string> ids) try {
  KnownIds known;
  std::unordered_set<std::string_view> met;
  for (const std::string& id : ids) {
    const int32_t number = table.find(id);
    if (number >= 0) {
      known.numbers.push_back(number);
    } else if (met.insert(id).second) {
      known.unknown.push_back(id);
    }
  }
  known.numbers = in_order(std::move(known.numbers));
  return known;
} catch (...) {
  rethrow_as_error();
}

namespace {

/// The parts of a list in which ids stand in quotes, as a CSV has them; nothing where none does, or quotes do not end.
std::optional<std::vector<std::string>> quoted_parts(const std::string& list) {
  const io::detail::Dialect dialect;
  io::detail::Records record(list, dialect);
  if (list.find('"') == std::string::npos || !record.next() || record.quoted() == 0 || record.odd_quotes() > 0) return {};
  std::vector<std::string> parts(record.fields().begin(), record.fields().end());
  if (record.offset() != list.size()) return {};
  return parts;
}

}  // namespace

std::vector<std::string> split_ids(const IdTable& table, const std::string& list) try {
  if (table.find(list) >= 0) return {list};
  if (std::optional<std::vector<std::string>> quoted = quoted_parts(list)) return *std::move(quoted);
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
  std::vector<std::string> ids;
  for (std::size_t at = 0; at < parts.size();) {
    std::size_t last = at;
    std::string id = parts[at];
    while (table.find(id) < 0 && last + 1 < parts.size() && last - at < most_commas) id = joined(at, ++last);
    const bool known = table.find(id) >= 0;
    ids.push_back(known ? std::move(id) : parts[at]);
    at = known ? last + 1 : at + 1;
  }
  return ids;
} catch (...) {
  rethrow_as_error();
}

ItemLists both_lists(const ItemLists& a, const ItemLists& b) try {
  ItemLists both{.deny = union_of(in_order(a.deny), in_order(b.deny)), .allow = std::nullopt};
  if (a.allow && b.allow) {
    const std::vector<int32_t> of_a = in_order(*a.allow), of_b = in_order(*b.allow);
    std::set_intersection(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), std::back_inserter(both.allow.emplace()));
  } else if (a.allow || b.allow) {
    both.allow = in_order(a.allow ? *a.allow : *b.allow);
  }
  return both;
} catch (...) {
  rethrow_as_error();
}

ItemTableUse take_item_table(const io::ItemTable& table, const IdTable& of, std::vector<std::string>& item_names,
                             std::vector<ItemColumn>& item_columns) try {
  ItemTableUse use;
  std::vector<int32_t> items;
  for (const std::string& id : table.ids) {
    items.push_back(of.find(id));
    use.unknown += items.back() < 0 ? 1 : 0;
  }
  use.without = of.size() - (static_cast<int64_t>(table.ids.size()) - use.unknown);
  std::vector<ItemColumn> columns;
  std::vector<std::string> names = item_names;
  const std::string* named_by = nullptr;
  for (const auto& [name, values] : table.columns) {
    require(values.size() == items.size(), ErrorKind::usage, "a column of items has ", counted(values.size(), "value"), " for ",
            counted(items.size(), "row"));
    std::vector<std::string> of_items(static_cast<std::size_t>(of.size()));
    for (std::size_t row = 0; row < items.size(); ++row) {
      if (items[row] >= 0) of_items[static_cast<std::size_t>(items[row])] = values[row];
    }
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == "name" || lower == "title") {
      require(named_by == nullptr, ErrorKind::usage, "two columns give the items' names, ", named_by == nullptr ? "" : *named_by,
              " and ", name);
      named_by = &name;
      names = std::move(of_items);
    } else {
      columns.push_back({name, std::move(of_items)});
    }
  }
  item_names = std::move(names);
  item_columns = std::move(columns);
  return use;
} catch (...) {
  rethrow_as_error();
}

ItemTableUse set_item_columns(SavedRecommender& saved, const io::ItemTable& table) {
  return take_item_table(table, saved.items, saved.item_names, saved.item_columns);
}

Bundle::Bundle(SavedRecommender saved) try : saved_(std::move(saved)) {
  require(saved_.model != nullptr, ErrorKind::usage, "a bundle needs a model, there is none");
  require(saved_.users.size() == model().users() && saved_.items.size() == model().items(), ErrorKind::usage, "a bundle has ",
          counted(saved_.users.size(), "user"), " and ", counted(saved_.items.size(), "item"), ", its model ", model().users(),
          " and ", model().items());
  if (saved_.item_counts.empty()) saved_.item_counts = recommending::counts_of_items(model().train());
  require(static_cast<int64_t>(saved_.item_counts.size()) == model().items(), ErrorKind::usage, "a bundle has counts of ",
          counted(saved_.item_counts.size(), "item"), ", its model has ", model().items());
  if (!saved_.item_names.empty()) check_values(saved_.item_names, "names", model().items());
  for (const ItemColumn& column : saved_.item_columns) check_values(column.values, "a column " + column.name, model().items());
  saved_.lists = lists_in_order(std::move(saved_.lists), model().items());
  by_popularity_ = recommending::by_count(saved_.item_counts);
} catch (...) {
  rethrow_as_error();
}

Bundle Bundle::load(const std::string& path, const Device& device) try {
  return Bundle(load_recommender(path, device));
} catch (...) {
  rethrow_as_error();
}

Bundle Bundle::of(std::unique_ptr<Recommender> model, const InteractionDataset& data,
                  const std::map<std::string, std::string>& extra, std::span<const Kind> own) try {
  return Bundle(recommending::saved_of(std::move(model), data, extra, own));
} catch (...) {
  rethrow_as_error();
}

Bundle Bundle::of(Fitted<Recommender> fitted, const InteractionDataset& data, std::span<const Kind> own) try {
  return of(std::move(fitted.model), fitted.report.learnt(data), fitted.report.metadata(), own);
} catch (...) {
  rethrow_as_error();
}

void Bundle::save(const std::string& path, bool history, std::span<const Kind> own) const try {
  save_recommender(saved_, path, history, own);
} catch (...) {
  rethrow_as_error();
}

void Bundle::set_lists(ItemLists lists) try { saved_.lists = lists_in_order(std::move(lists), model().items()); } catch (...) {
  rethrow_as_error();
}

ItemTableUse Bundle::set_item_columns(const io::ItemTable& table) try {
  return heddle::set_item_columns(saved_, table);
} catch (...) {
  rethrow_as_error();
}

std::string Bundle::item_name(int32_t item) const try {
  return saved_.item_names.empty() ? std::string() : saved_.item_names[static_cast<std::size_t>(item)];
} catch (...) {
  rethrow_as_error();
}

RankOptions Bundle::rank_options(const AnswerOptions& options, const ItemLists& lists) const {
  recommending::check_k(options.k);
  RankOptions ranking{.k = std::min(options.k, std::max<int64_t>(model().items(), 1)),
                      .exclude_taken = options.exclude_taken,
                      .leave_out = lists.deny,
                      .progress = options.progress};
  if (lists.allow) ranking.only = std::span<const int32_t>(*lists.allow);
  recommending::check_rank_request(model(), {}, ranking);
  return ranking;
}

Ranking Bundle::most_popular(const RankOptions& options) const {
  Ranking ranking;
  const auto listed = [](std::span<const int32_t> list, int32_t item) {
    return std::binary_search(list.begin(), list.end(), item);
  };
  for (const int32_t item : by_popularity_) {
    if (static_cast<int64_t>(ranking.size()) == options.k) break;
    if (listed(options.leave_out, item) || (options.only && !listed(*options.only, item))) continue;
    ranking.push_back({item, saved_.item_counts[static_cast<std::size_t>(item)]});
  }
  return ranking;
}

void Bundle::require_users(const char* what) const {
  require(saved_.history, ErrorKind::usage, "this model was saved without history: it knows no users, so ", what,
          "; save it with history for that");
}

std::vector<Answer> Bundle::answer(Session& session, std::span<const Request> requests, const AnswerOptions& options) const try {
  const ItemLists lists = both_lists(saved_.lists, options.lists);
  const RankOptions ranking = rank_options(options, lists);
  std::vector<Answer> answers(requests.size());
  std::vector<Query> queries;      // of those of whom something is known
  std::vector<std::size_t> whose;  // and which answers they are
  std::vector<Query> with_basket;  // known users who have a basket besides, each asked alone
  std::vector<std::size_t> whose_basket;
  std::vector<std::vector<int32_t>> baskets;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Request& request = requests[i];
    Answer& answer = answers[i];
    KnownIds basket = known_ids(saved_.items, request.items);
    answer.unknown_items = std::move(basket.unknown);
    int32_t user = -1;
    if (request.user) {
      if (request.items.empty()) require_users("nothing can be recommended to one; it answers visitors, by their items");
      user = saved_.users.find(*request.user);
      answer.known_user = user >= 0;
    }
    const int64_t in_training = user < 0 ? 0 : static_cast<int64_t>(model().train().row(user).size());
    answer.known_items = in_training > 0 ? in_training : static_cast<int64_t>(basket.numbers.size());
    if (in_training > 0 && options.exclude_taken && !basket.numbers.empty()) {
      with_basket.push_back({user, {}});
      whose_basket.push_back(i);
      baskets.push_back(std::move(basket.numbers));
    } else if (in_training > 0) {
      queries.push_back({user, {}});
      whose.push_back(i);
    } else if (!basket.numbers.empty()) {
      queries.push_back({-1, std::move(basket.numbers)});
      whose.push_back(i);
    } else {
      answer.fallback = options.fallback;
      if (options.fallback == Fallback::popularity) answer.ranking = most_popular(ranking);
    }
  }
  if (!queries.empty()) {
    std::vector<Ranking> rankings = model().rank(session, queries, ranking);
    for (std::size_t i = 0; i < rankings.size(); ++i) answers[whose[i]].ranking = std::move(rankings[i]);
  }
  for (std::size_t i = 0; i < with_basket.size(); ++i) {
    const std::vector<int32_t> left_out = union_of(lists.deny, baskets[i]);
    recommending::ranking_told(ranking, i, with_basket.size());
    RankOptions own = ranking;
    own.leave_out = left_out;
    own.progress = {};
    answers[whose_basket[i]].ranking = model().rank(session, {&with_basket[i], 1}, own).front();
  }
  return answers;
} catch (...) {
  rethrow_as_error();
}

Answer Bundle::answer(Session& session, const Request& request, const AnswerOptions& options) const try {
  return std::move(answer(session, {&request, 1}, options).front());
} catch (...) {
  rethrow_as_error();
}

AlikeAnswer Bundle::similar_items(Session& session, std::span<const std::string> ids, const AnswerOptions& options) const try {
  require(!ids.empty(), ErrorKind::usage, "no item is asked about");
  require(saved_.history || saved_.has_vectors, ErrorKind::usage, "this model was saved without history, and ", model().name(),
          " compares items by who has them, so it cannot tell which are alike; save it with history for that");
  KnownIds known = known_ids(saved_.items, ids);
  if (known.numbers.empty()) saved_.items.require_known(ids.front(), "item");
  const ItemLists lists = both_lists(saved_.lists, options.lists);
  AlikeAnswer answer{.ranking = model().similar(session, known.numbers, rank_options(options, lists)),
                     .given = std::move(known.numbers),
                     .unknown = std::move(known.unknown)};
  return answer;
} catch (...) {
  rethrow_as_error();
}

AlikeAnswer Bundle::similar_users(Session& session, std::span<const std::string> ids, int64_t k) const try {
  require(!ids.empty(), ErrorKind::usage, "no user is asked about");
  require_users("none can be alike");
  KnownIds known = known_ids(saved_.users, ids);
  if (known.numbers.empty()) saved_.users.require_known(ids.front(), "user");
  recommending::check_k(k);
  AlikeAnswer answer{.ranking = model().similar_users(session, known.numbers, std::min(k, model().users())),
                     .given = std::move(known.numbers),
                     .unknown = std::move(known.unknown)};
  return answer;
} catch (...) {
  rethrow_as_error();
}

std::vector<float> Bundle::score(Session& session, std::span<const std::string> users, std::span<const std::string> items) const
    try {
  require(users.size() == items.size(), ErrorKind::usage, "scores are asked for of ", counted(users.size(), "user"), " and ",
          counted(items.size(), "item"), "; they come in pairs");
  require_users("nothing can be scored for one");
  std::vector<float> scores(users.size(), std::numeric_limits<float>::quiet_NaN());
  std::vector<int32_t> known_users, known_items;
  std::vector<std::size_t> whose;
  for (std::size_t i = 0; i < users.size(); ++i) {
    const int32_t user = saved_.users.find(users[i]), item = saved_.items.find(items[i]);
    if (user < 0 || item < 0) continue;
    known_users.push_back(user);
    known_items.push_back(item);
    whose.push_back(i);
  }
  std::vector<float> found(whose.size());
  model().score_pairs(session, known_users, known_items, found);
  for (std::size_t i = 0; i < whose.size(); ++i) scores[whose[i]] = found[i];
  return scores;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
