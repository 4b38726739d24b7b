#include "io/interaction_columns.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <vector>

#include "io/column_values.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

constexpr std::string_view user_names[] = {"user",      "userid",        "uid",        "customer", "customerid", "visitor",
                                           "visitorid", "reviewer",      "reviewerid", "member",   "memberid",   "buyerid",
                                           "sessionid", "username",      "client",     "clientid", "account",    "accountid",
                                           "profileid", "customeremail", "email",      "session"};
constexpr std::string_view item_names[] = {
    "item",   "itemid", "iid",     "product", "productid",  "article",     "articleid",   "movie",      "movieid",
    "book",   "bookid", "isbn",    "asin",    "sku",        "stockcode",   "lineitemsku", "businessid", "trackid",
    "songid", "gameid", "animeid", "newsid",  "locationid", "productname", "lineitemname"};
constexpr std::string_view rating_names[] = {"rating", "ratings",    "score", "stars", "overall",
                                             "rate",   "bookrating", "label", "click", "clicked"};
constexpr std::string_view behaviour_names[] = {"behaviour", "behavior", "behaviourtype", "behaviortype",    "event",
                                                "eventtype", "action",   "actiontype",    "interactiontype", "type"};
constexpr std::string_view time_names[] = {"time",      "timestamp", "date",      "datetime",    "unixtime", "unixreviewtime",
                                           "eventtime", "createdat", "eventdate", "invoicedate", "orderdate"};
/// Columns in which a number below zero says that something was given back.
constexpr std::string_view quantity_names[] = {"quantity", "qty", "units", "count", "menge", "anzahl", "quantite", "cantidad"};
/// Columns in which a zero says that something was shown and not taken.
constexpr std::string_view shown_names[] = {"label", "click", "clicked", "isclick", "target", "converted", "purchased"};

const std::string& asked_for(const InteractionColumns& columns, Role role) {
  const std::string* const all[role_count] = {&columns.user,      &columns.item, &columns.rating,
                                              &columns.behaviour, &columns.time, &columns.name};
  return *all[role];
}

/// A column's number from 1 as one from 0, or -1 if `column` is a name.
int64_t numbered(const std::string& column) {
  int64_t number = 0;
  const auto [end, status] = std::from_chars(column.data(), column.data() + column.size(), number);
  return status == std::errc() && end == column.data() + column.size() && number >= 1 ? number - 1 : -1;
}

/// The place of the first column of one of these names; -1: there is none.
int64_t place_of_one(const std::vector<std::string>& header, std::span<const std::string_view> names) {
  const auto found = std::find_if(header.begin(), header.end(), [&](const std::string& name) {
    return std::find(names.begin(), names.end(), plain_name(name)) != names.end();
  });
  return found == header.end() ? -1 : found - header.begin();
}

/// Whether the rows are those of a matrix: many columns of few small numbers each, from the second on.
bool is_dense_matrix(const Table& table) {
  constexpr int64_t least_columns = 8;
  constexpr std::size_t least_rows = 3, most_values = 21;
  if (table.columns() < least_columns || table.rows.size() < least_rows) return false;
  std::set<std::string_view> values;
  for (const std::vector<std::string>& row : table.rows) {
    for (std::size_t i = 1; i < row.size(); ++i) {
      if (is_missing(row[i])) continue;
      if (!is_number(row[i]) || !values.insert(row[i]).second) {
        if (!is_number(row[i])) return false;
      } else if (values.size() > most_values) {
        return false;
      }
    }
  }
  return !values.empty();
}

[[noreturn]] void fail_matrix(const Table& table, int64_t line) {
  table.fail_at(
      line, "looks like a matrix, with a row for each user and a column for each item: ", counted(table.columns(), "column"),
      " of few small numbers; in Python, scipy.sparse.save_npz('data.npz', scipy.sparse.csr_matrix(matrix)) writes one ",
      "that is read, and --user-column 1 --item-column 2 takes a line for one interaction");
}

/// The columns of a text without a header, by their place, and by their values where these say that the place misleads.
Places guessed_places(const Table& table, Reading& reading) {
  const int64_t count = table.columns();
  std::vector<ColumnValues> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(values_of(table.rows, static_cast<std::size_t>(i)));
  const auto of = [&](int64_t column) -> const ColumnValues& { return values[static_cast<std::size_t>(column)]; };
  Places places = {0, 1, -1, -1, -1, -1};
  const std::string& name = table.source.name();
  const int64_t line = table.body_line + 1;
  if (count < 2) return places;
  if (is_dense_matrix(table)) fail_matrix(table, line);
  bool other_times = false;
  for (int64_t i = 1; i < count; ++i) other_times = other_times || of(i).looks_like_time();
  const bool dates_first = 10 * of(0).dates >= 9 * of(0).filled() && of(0).filled() > 0;
  // Numbers of that size are ids, too: of two columns, and beside another column of times.
  if (dates_first || (count > 2 && of(0).looks_like_time() && !other_times)) {
    const bool two_ids =
        count >= 3 && dates_first && !other_times && !of(1).never_repeats() && of(1).fractions == 0 && of(2).fractions == 0;
    if (!two_ids) {
      table.fail_at(line, "there is no header, and column 1 looks like times; number the columns of user and item, as in ",
                    count > 2 ? "--user-column 2 --item-column 3, or " : "", "--user-column 1 --item-column 2");
    }
    reading.note(NoteKind::columns, name, line,
                 "there is no header, and column 1 looks like times: users are taken from column 2, items from column 3; "
                 "--user-column, --item-column and --time-column say otherwise");
    return {1, 2, -1, -1, 0, -1};
  }
  if (count > 2 && of(0).never_repeats()) {
    table.fail_at(line, "there is no header, and column 1 never repeats, so that it does not hold the users; ",
                  "number the columns of user and item (--user-column, --item-column)");
  }
  if (of(1).looks_like_time() && !of(1).looks_like_rating()) {
    // The item is the first column behind the time that can be one: not a time, not fractions, not the same everywhere.
    int64_t item = -1;
    for (int64_t i = 2; i < count && item < 0; ++i) {
      if (!of(i).looks_like_time() && !of(i).looks_like_rating() && of(i).fractions == 0 && of(i).distinct > 1) item = i;
    }
    if (item < 0) {
      table.fail_at(line, "there is no header, column 2 looks like times, and no other column can hold the items; ",
                    "number the columns of user and item (--user-column, --item-column)");
    }
    places[role_item] = item;
    places[role_time] = 1;
    reading.note(NoteKind::columns, name, line,
                 text("there is no header, and column 2 looks like times: the items are taken from column ", item + 1,
                      "; --user-column, --item-column and --time-column say otherwise"));
    return places;
  }
  // Few small numbers with more ids behind them: ratings, or a shop with few items. Nothing tells which.
  const bool ids_third = count > 2 && !of(2).looks_like_time() && !of(2).looks_like_rating() && of(2).fractions == 0;
  if (ids_third && of(1).filled() >= 10 && of(1).looks_like_rating() && of(1).distinct <= 11 &&
      of(2).distinct >= 3 * of(1).distinct) {
    table.fail_at(line, "there is no header, column 2 holds few small numbers, as ratings are, and column 3 more than that, as ",
                  "ids are; --user-column 1 --item-column 3 --rating-column 2 takes the items from column 3, "
                  "--user-column 1 --item-column 2 from column 2");
  }
  if (count == 3 || count == 4) {
    const bool time = of(2).looks_like_time();
    if (time || of(2).all_numbers()) places[time ? role_time : role_rating] = 2;
    if (count == 4 && !time && (of(3).looks_like_time() || (of(3).all_numbers() && places[role_rating] == 2)))
      places[role_time] = 3;
  }
  return places;
}

/// The columns of a text without a header as in another file of the data, of which it is a piece or a part.
Places places_like(const Table& table, const Table& like, const Places& of_like, Reading& reading) {
  const int64_t count = table.columns();
  const int64_t line = table.body_line + 1;
  const bool fits = count == like.columns();
  const std::string& name = table.source.name();
  if (!fits && (of_like[role_user] > 1 || of_like[role_item] > 1 || count < 2)) {
    table.fail_at(line, "there is no header, and ", counted(count, "column"), ", where ", like.source.name(), " has ",
                  like.columns(), "; number the columns of user and item (--user-column, --item-column)");
  }
  Places places = of_like;
  for (int64_t& place : places) place = place < count ? place : -1;
  if (!fits) {  // what stands behind user and item is found by itself
    const Places own = guessed_places(table, reading);
    const bool same = own[role_user] == places[role_user] && own[role_item] == places[role_item];
    for (const Role role : {role_rating, role_behaviour, role_time, role_name}) places[role] = same ? own[role] : -1;
  }
  if (like.file.header) {
    reading.note(
        NoteKind::header, name, line,
        text("there is no header, and ", like.source.name(), " has one: the columns are taken from there, users from column ",
             places[role_user] + 1, ", items from column ", places[role_item] + 1));
  }
  return places;
}

}  // namespace

std::span<const std::string_view> usual_names(Role role) {
  switch (role) {
    case role_user: return user_names;
    case role_item: return item_names;
    case role_rating: return rating_names;
    case role_behaviour: return behaviour_names;
    case role_time: return time_names;
    case role_name:  // found by its option alone
    case role_count: break;
  }
  return {};
}

Places usual_places(const std::vector<std::string>& header) {
  Places places;
  places.fill(-1);
  for (int role = 0; role < role_count; ++role) {
    for (const std::string_view usual : usual_names(static_cast<Role>(role))) {
      if (places[static_cast<std::size_t>(role)] >= 0) break;
      const auto found =
          std::find_if(header.begin(), header.end(), [&](const std::string& name) { return plain_name(name) == usual; });
      if (found != header.end()) places[static_cast<std::size_t>(role)] = found - header.begin();
    }
  }
  return places;
}

int64_t shown_column(const std::vector<std::string>& header) { return place_of_one(header, shown_names); }
int64_t quantity_column(const std::vector<std::string>& header) { return place_of_one(header, quantity_names); }

bool is_interaction_header(const std::vector<std::string>& names, bool any_number, const void* asked) {
  const auto& columns = *static_cast<const InteractionColumns*>(asked);
  bool any_asked = false, by_name = false;
  for (int role = 0; role < role_count; ++role) {
    const std::string& column = asked_for(columns, static_cast<Role>(role));
    any_asked = any_asked || !column.empty();
    by_name = by_name || (!column.empty() && numbered(column) < 0);
  }
  const Places usual = usual_places(names);
  if (usual[role_user] >= 0 && usual[role_item] >= 0) return true;
  // Names that are asked for, both there, leave no doubt.
  const auto is_there = [&](const std::string& column) {
    return !column.empty() && numbered(column) < 0 && std::find(names.begin(), names.end(), column) != names.end();
  };
  if ((is_there(columns.user) && (usual[role_item] >= 0 || is_there(columns.item))) ||
      (is_there(columns.item) && usual[role_user] >= 0))
    return true;
  return !any_number && (by_name || usual[role_user] >= 0 || usual[role_item] >= 0 || !any_asked);
}

void take_types_off(Table& table) {
  for (std::string& name : table.header) {
    const std::size_t colon = name.rfind(':');
    const std::string_view type = colon == std::string::npos ? "" : std::string_view(name).substr(colon + 1);
    if (type != "token" && type != "token_seq" && type != "float" && type != "float_seq") {
      table.fail_at(table.body_line, "column ", in_quotes(name),
                    " is not NAME:TYPE with a type token, token_seq, float or float_seq");
    }
    name.resize(colon);
  }
}

std::string listed(const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 6); ++i) result += (i ? ", " : "") + in_quotes(names[i]);
  return result + (names.size() > 6 ? ", …" : "");
}

Places find_columns(Table& table, const InteractionReading& how, const Table* like, const Places& of_like, Reading& reading) {
  bool any_asked = false;
  for (int role = 0; role < role_count; ++role) any_asked = any_asked || !asked_for(how.columns, static_cast<Role>(role)).empty();
  const bool has_header = table.file.header;
  const int64_t count = table.columns();
  const int64_t line = table.body_line + (has_header ? 0 : 1);
  std::array<const char*, role_count> why{};
  Places places;
  places.fill(-1);
  if (has_header) {
    places = usual_places(table.header);
    why.fill("usual name");
  } else if (!any_asked && like != nullptr) {
    places = places_like(table, *like, of_like, reading);
    why.fill(like->file.header ? "usual name" : "place");
  } else if (!any_asked) {
    places = guessed_places(table, reading);
    why.fill("place");
    if (places[role_time] == 1) why[role_item] = why[role_time] = "values";
    if (places[role_time] == 0) why[role_user] = why[role_item] = why[role_time] = "values";
  }
  for (std::size_t role = 0; role < role_count; ++role) {
    const std::string& name = asked_for(how.columns, static_cast<Role>(role));
    if (name.empty()) continue;
    const auto found = has_header ? std::find(table.header.begin(), table.header.end(), name) : table.header.end();
    places[role] = found != table.header.end() ? found - table.header.begin() : numbered(name);
    why[role] = "named";
    if (places[role] < 0 || places[role] >= count) {
      table.fail_at(
          line, "there is no column ", in_quotes(name), " for the ", role_names[role], "; ", has_header ? "the header has " : "",
          has_header ? listed(table.header) : text("the first row has ", counted(count, "column"), " and is no header"));
    }
    // What somebody names is not also what its usual name says.
    for (std::size_t other = 0; other < role_count; ++other) {
      if (other != role && places[other] == places[role] && asked_for(how.columns, static_cast<Role>(other)).empty())
        places[other] = -1;
    }
  }
  const std::array<Wanted, role_count> wanted = {Wanted::yes, Wanted::yes, how.rating, how.behaviour, how.time, Wanted::if_there};
  const std::vector<std::string> first = table.header.empty() && !table.rows.empty() ? table.rows.front() : table.header;
  for (const Role role : {role_user, role_item}) {
    if (places[role] >= 0 && places[role] < count) continue;
    if (!any_asked && is_dense_matrix(table)) fail_matrix(table, line);
    table.fail_at(line, "no column is known for the ", role_names[role], " among ", listed(first),
                  "; name or number it (--user-column, --item-column)",
                  count == 1 ? ", or say what separates them (--separator)" : "");
  }
  if (places[role_user] == places[role_item]) {
    table.fail_at(line, "users and items cannot both be in column ", places[role_user] + 1);
  }
  for (int64_t i = 0; i < count; ++i) {
    ColumnReading column{.name = has_header ? table.header[static_cast<std::size_t>(i)] : "", .number = i + 1};
    for (std::size_t role = 0; role < role_count; ++role) {
      if (places[role] != i) continue;
      column.used_for = role_names[role];
      column.why = wanted[role] == Wanted::no ? "not asked for" : why[role];
    }
    table.file.columns.push_back(std::move(column));
  }
  return places;
}

}  // namespace heddle::io::detail
