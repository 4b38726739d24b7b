#include "io/delimited.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <set>

#include "heddle/rethrow.h"
#include "io/blocks.h"
#include "io/column_values.h"
#include "io/id_builder.h"
#include "io/readable_path.h"
#include "io/reading_progress.h"
#include "io/text.h"
#include "io/times.h"

namespace heddle::io::detail {

namespace {

using namespace std::string_view_literals;

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
/// Events that say that something was shown and not taken.
constexpr std::string_view only_shown[] = {"impression", "impressions", "shown", "exposure", "notclicked"};
/// Events that take something back.
constexpr std::string_view removals[] = {"remove", "removed",  "removefromcart", "delete",    "deleted",
                                         "unlike", "dislike",  "unfollow",       "return",    "returned",
                                         "refund", "refunded", "cancel",         "cancelled", "canceled"};

constexpr const char* log_part_names[] = {"train", "val", "test"};

/// Columns by role, from 0; -1: none.
using Places = std::array<int64_t, role_count>;

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

/// Without a number it is a header, or else the columns are to be numbered: rows of names alone cannot be told from one.
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

/// The names of RecBole's header without their types.
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

/// Where the columns are; also writes them to table.file. `like`: another file of the data, of which a text without a header has
/// the columns; null: there is none.
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

/// Why a row is left out.
enum LeftOut { no_user, no_item, no_rating, no_time, no_fields, other_length, ruled, header_again, left_out_count };
constexpr const char* left_out_reasons[left_out_count] = {"no user id",
                                                          "no item id",
                                                          "no rating",
                                                          "no time",
                                                          "no field says anything",
                                                          "more or fewer fields than the columns",
                                                          ruled_line_reason,
                                                          "the header once more"};

struct Counted {
  int64_t count = 0;
  int64_t line = 0;  ///< the first one's, from 1
  void add(int64_t at, int64_t more = 1) {
    if (count == 0) line = at;
    count += more;
  }
  void add(const Counted& later, int64_t lines_before) {
    if (later.count > 0) add(lines_before + later.line, later.count);
  }
};

/// What a row cannot be read for.
struct RowError {
  int64_t line;
  std::string sentence;
};

/// What the rows of one block hold; numbers of users, items and behaviours are its worker's.
struct BlockRows {
  int worker = 0;
  std::vector<int32_t> user, item, behaviour;
  std::vector<float> rating;
  std::vector<double> time, month_first;
  int32_t users_before = 0, items_before = 0, behaviours_before = 0;  ///< ids that its worker had met
  int32_t users_after = 0, items_after = 0, behaviours_after = 0;
  int64_t rows = 0, lines = 0, comments = 0;
  std::array<Counted, left_out_count> left_out;
  Counted unread_ratings, unread_times, zeros, given_back, odd_quotes, other_names;
  int64_t day_first = 0, month_first_only = 0;
  Counted either;
  ForeignBytes foreign;
  std::optional<RowError> error;
};

/// What a worker keeps between blocks.
struct Worker {
  IdBuilder users, items, behaviours;
  std::vector<std::string> names;  ///< of the items, where there is a column of them
  std::size_t usual_rows = 0;      ///< of a block
};

/// How the rows of one text are read.
struct RowRules {
  Places places{};
  int64_t shown = -1;     ///< the column in which a zero may say "not taken"
  int64_t quantity = -1;  ///< the column in which a number below zero may say "given back"
  MissingFields missing = MissingFields::skip;
  RaggedRows ragged = RaggedRows::error;
  Wanted rating = Wanted::if_there, time = Wanted::if_there;
  bool decimal_comma = false;
  bool whole_users = false, whole_items = false;  ///< ids are whole numbers with ".0" behind them, which other files have not
  std::string user_name = {}, item_name = {};     ///< of the header: files that were joined have it in their midst
};

/// "7" of "7.0".
std::string_view without_zeros(std::string_view id) {
  const std::size_t point = id.find('.');
  return point != std::string_view::npos && point > 0 && id.find_first_not_of('0', point + 1) == std::string_view::npos
             ? id.substr(0, point)
             : id;
}

/// How ids of a column are written: all as whole numbers, all as such with ".0" behind them, or otherwise.
enum class IdStyle { whole, whole_with_zeros, other };
IdStyle id_style(const Table& table, int64_t column) {
  int64_t whole = 0, with_zeros = 0, all = 0;
  for (const std::vector<std::string>& row : table.rows) {
    if (column >= static_cast<int64_t>(row.size()) || is_missing(row[static_cast<std::size_t>(column)])) continue;
    const std::string_view id = row[static_cast<std::size_t>(column)];
    const std::string_view digits = without_zeros(id);
    ++all;
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) continue;
    ++(digits.size() == id.size() ? whole : with_zeros);
  }
  if (all == 0) return IdStyle::other;
  return whole == all ? IdStyle::whole : with_zeros == all ? IdStyle::whole_with_zeros : IdStyle::other;
}

class RowReader {
 public:
  RowReader(const Table& table, const RowRules& rules, Worker& worker, BlockRows& rows)
      : table_(table), rules_(rules), worker_(worker), rows_(rows) {}

  void read(std::string_view block) {
    rows_.users_before = static_cast<int32_t>(worker_.users.ids().size());
    rows_.items_before = static_cast<int32_t>(worker_.items.ids().size());
    rows_.behaviours_before = static_cast<int32_t>(worker_.behaviours.ids().size());
    reserve(worker_.usual_rows + worker_.usual_rows / 16);
    std::string converted;
    Records records(as_utf8(block, table_.dialect.line_end, converted, rows_.foreign), table_.dialect);
    records_ = &records;
    try {
      while (records.next()) read_row();
      flush();
    } catch (const Fails& fails) {
      rows_.error = fails.error;
    }
    rows_.lines = records.lines();
    rows_.comments = records.comments();
    if (records.odd_quotes() > 0) rows_.odd_quotes.add(records.odd_quotes_line(), records.odd_quotes());
    if (records.unended_line() > 0 && (!rows_.error || records.unended_line() <= rows_.error->line)) {
      rows_.error = {records.unended_line(), "a quoted field does not end; --quote none takes quotes as characters like others"};
    }
    worker_.usual_rows = std::max(worker_.usual_rows, rows_.user.size());
    rows_.users_after = static_cast<int32_t>(worker_.users.ids().size());
    rows_.items_after = static_cast<int32_t>(worker_.items.ids().size());
    rows_.behaviours_after = static_cast<int32_t>(worker_.behaviours.ids().size());
  }

 private:
  /// Ends a block; not an Error, because which block's error is the first is not known here.
  struct Fails {
    RowError error;
  };
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw Fails{{records_->line(), text(parts...)}};
  }

  void reserve(std::size_t count) {
    rows_.user.reserve(count);
    rows_.item.reserve(count);
    if (rules_.places[role_rating] >= 0) rows_.rating.reserve(count);
    if (rules_.places[role_time] >= 0) rows_.time.reserve(count);
    if (rules_.places[role_behaviour] >= 0) rows_.behaviour.reserve(count);
  }

  std::string_view field(Role role) const { return records_->fields()[static_cast<std::size_t>(rules_.places[role])]; }

  void leave_out(LeftOut reason) { rows_.left_out[reason].add(records_->line()); }

  /// Whether the row has as many fields as there are columns.
  bool fits() {
    const std::vector<std::string_view>& fields = records_->fields();
    const auto count = static_cast<int64_t>(fields.size());
    if (count == table_.dialect.columns || (count == table_.dialect.columns + 1 && fields.back().empty())) return true;
    if (rules_.ragged == RaggedRows::skip) {
      leave_out(other_length);
      return false;
    }
    fail("found ", counted(count, "column"), ", ", table_.file.header ? "the header has " : "the first row has ",
         table_.dialect.columns, table_.ragged_remedy);
  }

  void check_characters(std::string_view id, const char* what) const {
    if (id.size() > max_id_bytes) {
      fail(what, " id ", in_quotes(id), " has ", counted(id.size(), "byte"), ", more than ", max_id_bytes);
    }
    for (const char c : id) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) fail(what, " id ", in_quotes(id), " holds a control character");
    }
  }

  /// Whether the field of a role that every row needs says something.
  bool says(std::string_view value, Role role, LeftOut reason) {
    if (!is_missing(value) || (rules_.missing == MissingFields::keep && !value.empty())) return true;
    if (rules_.missing == MissingFields::error) {
      fail(value.empty() ? text("the ", role_names[role], " is empty") : text("the ", role_names[role], " is ", in_quotes(value)),
           "; --missing skip leaves such rows out");
    }
    const std::vector<std::string_view>& fields = records_->fields();
    const bool none = std::all_of(fields.begin(), fields.end(), [](std::string_view other) { return other.empty(); });
    leave_out(none ? no_fields : reason);
    return false;
  }

  void read_row() {
    ++rows_.rows;
    const std::vector<std::string_view>& fields = records_->fields();
    if (may_be_ruled_line(fields.front()) && is_ruled_line(fields)) return leave_out(ruled);
    if (static_cast<int64_t>(fields.size()) != table_.dialect.columns && !fits()) return;
    std::string_view user = field(role_user), item = field(role_item);
    if (user == rules_.user_name && item == rules_.item_name && !user.empty()) return leave_out(header_again);
    if (rules_.whole_users) user = without_zeros(user);
    if (rules_.whole_items) item = without_zeros(item);
    if (!says(user, role_user, no_user) || !says(item, role_item, no_item)) return;
    check_characters(user, "user");
    check_characters(item, "item");
    float rating = 0;
    Moment time;
    if (rules_.places[role_rating] >= 0 && !read_rating(rating)) return;
    if (rules_.places[role_time] >= 0 && !read_time(time)) return;
    if (rules_.shown >= 0 && is_zero(records_->fields()[static_cast<std::size_t>(rules_.shown)]))
      rows_.zeros.add(records_->line());
    if (rules_.quantity >= 0 && is_below_zero(records_->fields()[static_cast<std::size_t>(rules_.quantity)]))
      rows_.given_back.add(records_->line());
    if (rules_.places[role_rating] >= 0) rows_.rating.push_back(rating);
    if (rules_.places[role_time] >= 0) add_time(time);
    if (rules_.places[role_behaviour] >= 0) {
      const std::string_view behaviour = field(role_behaviour);
      check_characters(behaviour, "behaviour");
      rows_.behaviour.push_back(worker_.behaviours.insert(HashedId(behaviour)));
    }
    if (waiting_ == users_.size()) flush();
    users_[waiting_] = HashedId(user);
    items_[waiting_] = HashedId(item);
    if (rules_.places[role_name] >= 0) names_[waiting_] = field(role_name);
    worker_.users.prefetch(users_[waiting_]);
    worker_.items.prefetch(items_[waiting_]);
    ++waiting_;
  }

  /// The ids that wait: the memory that they are looked up in has come meanwhile.
  void flush() {
    for (std::size_t i = 0; i < waiting_; ++i) rows_.user.push_back(worker_.users.insert(users_[i]));
    for (std::size_t i = 0; i < waiting_; ++i) rows_.item.push_back(worker_.items.insert(items_[i]));
    if (rules_.places[role_name] >= 0) {
      worker_.names.resize(worker_.items.ids().size());
      for (std::size_t i = 0; i < waiting_; ++i) {
        std::string& name = worker_.names[static_cast<std::size_t>(rows_.item[rows_.item.size() - waiting_ + i])];
        if (name.empty()) name = names_[i];
        if (name != names_[i] && !names_[i].empty()) rows_.other_names.add(records_->line());
      }
    }
    waiting_ = 0;
  }

  static bool is_below_zero(std::string_view value) {
    return value.size() > 1 && value.front() == '-' && value[1] >= '0' && value[1] <= '9';
  }
  static bool is_zero(std::string_view value) { return value == "0" || value == "0.0" || value == "false" || value == "False"; }

  std::optional<float> number_of(std::string_view value) const {
    std::array<char, 64> with_point{};
    if (value.size() > 1 && value[0] == '+' && value[1] != '-') value.remove_prefix(1);
    if (rules_.decimal_comma && value.size() < with_point.size()) {
      std::replace_copy(value.begin(), value.end(), with_point.begin(), ',', '.');
      value = {with_point.data(), value.size()};
    }
    double number = 0;
    const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (status != std::errc() || end != value.data() + value.size()) return std::nullopt;
    const auto rating = static_cast<float>(number);
    return std::isfinite(rating) ? std::optional(rating) : std::nullopt;
  }

  bool read_rating(float& rating) {
    const std::string_view value = field(role_rating);
    if (const std::optional<float> number = number_of(value)) {
      rating = *number;
      return true;
    }
    rating = std::numeric_limits<float>::quiet_NaN();
    if (rules_.rating == Wanted::yes) {
      if (is_missing(value)) return says("", role_rating, no_rating);
      fail("rating ", in_quotes(value), is_number(value) ? " is not a finite float32 number" : " is not a number");
    }
    rows_.unread_ratings.add(records_->line());
    return true;
  }

  bool read_time(Moment& time) {
    const std::string_view value = field(role_time);
    time = read_moment(value);
    if (time.kind != Moment::none) return true;
    if (rules_.time == Wanted::yes) {
      if (is_missing(value) || is_no_time(value)) return says("", role_time, no_time);
      if (is_number(value)) fail("time ", in_quotes(value), " is not a finite number");
      fail("time ", in_quotes(value), " is neither a number nor a date as 2024-05-31 12:00:00");
    }
    time.seconds = time.month_first = std::numeric_limits<double>::quiet_NaN();
    rows_.unread_times.add(records_->line());
    return true;
  }

  void add_time(const Moment& time) {
    rows_.day_first += time.kind == Moment::day_first_only;
    rows_.month_first_only += time.kind == Moment::month_first_only;
    if (time.kind == Moment::either) {
      if (rows_.either.count == 0) {
        rows_.month_first.reserve(rows_.time.capacity());
        rows_.month_first = rows_.time;
      }
      rows_.either.add(records_->line());
    }
    rows_.time.push_back(time.seconds);
    if (rows_.either.count > 0) rows_.month_first.push_back(time.month_first);
  }

  const Table& table_;
  const RowRules& rules_;
  Worker& worker_;
  BlockRows& rows_;
  Records* records_ = nullptr;
  std::array<HashedId, 64> users_{}, items_{};
  std::array<std::string, 64> names_{};
  std::size_t waiting_ = 0;
};

/// What the rows of one text said in all.
struct TextSums {
  std::array<Counted, left_out_count> left_out;
  Counted unread_ratings, unread_times, zeros, given_back, odd_quotes, either, other_names;
  int64_t day_first = 0, month_first = 0;
  ForeignBytes foreign;
};

/// The numbers that one worker gave ids, in numbers by the order of first appearance in the files.
using Renumbering = std::vector<std::vector<int32_t>>;

/// Numbers the ids of all workers by first appearance. Most ids are met by every worker, so the others' are looked up in the
/// table of the worker that has most, which threads can do side by side, and few are added to it.
class IdMerge {
 public:
  /// `numbers` gets the final number of each worker's ids; none at all where one worker met all ids, whose numbers stay.
  IdMerge(std::vector<Worker>& workers, IdBuilder Worker::*kind, Renumbering& numbers) : numbers_(numbers) {
    for (Worker& worker : workers) tables_.push_back(&(worker.*kind));
    const auto smaller = [](const IdBuilder* a, const IdBuilder* b) { return a->ids().size() < b->ids().size(); };
    most_ = static_cast<std::size_t>(std::max_element(tables_.begin(), tables_.end(), smaller) - tables_.begin());
    alone_ = std::count_if(tables_.begin(), tables_.end(), [](const IdBuilder* table) { return !table->ids().empty(); }) <= 1;
    numbers_.assign(tables_.size(), {});
    if (alone_) return;
    for (std::size_t i = 0; i < tables_.size(); ++i) numbers_[i].resize(tables_[i]->ids().size());
  }

  /// The first half: tasks in any order, on any threads.
  void add_lookups(std::vector<std::function<void()>>& tasks) {
    constexpr std::size_t piece = std::size_t{1} << 14;
    for (std::size_t i = 0; i < tables_.size() && !alone_; ++i) {
      for (std::size_t begin = 0; begin < tables_[i]->ids().size() && i != most_; begin += piece) {
        tasks.emplace_back([this, i, begin] { look_up(i, begin, std::min(begin + piece, tables_[i]->ids().size())); });
      }
    }
  }

  /// The second half. `range` tells which of its worker's ids a block met first. All ids by their final number.
  template <class Range>
  std::vector<std::string> finish(const std::vector<BlockRows>& blocks, const Range& range) {
    IdBuilder& all = *tables_[most_];
    if (alone_) return std::move(all.ids());
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      for (std::size_t at = 0; at < numbers_[i].size(); ++at) {
        int32_t& number = numbers_[i][at];
        if (i == most_) number = static_cast<int32_t>(at);
        if (number < 0) number = all.insert(HashedId(tables_[i]->ids()[at]));
      }
    }
    std::vector<int32_t> final_number(all.ids().size(), -1);
    int32_t next = 0;
    for (const BlockRows& block : blocks) {
      const std::vector<int32_t>& met = numbers_[static_cast<std::size_t>(block.worker)];
      const auto [first, last] = range(block);
      for (int32_t at = first; at < last; ++at) {
        int32_t& number = final_number[static_cast<std::size_t>(met[static_cast<std::size_t>(at)])];
        if (number < 0) number = next++;
      }
    }
    for (std::vector<int32_t>& of_worker : numbers_) {
      for (int32_t& number : of_worker) number = final_number[static_cast<std::size_t>(number)];
    }
    std::vector<std::string> ids(all.ids().size());
    for (std::size_t i = 0; i < ids.size(); ++i) ids[static_cast<std::size_t>(final_number[i])] = std::move(all.ids()[i]);
    return ids;
  }

 private:
  void look_up(std::size_t table, std::size_t begin, std::size_t end) {
    constexpr std::size_t ahead = 16;
    std::array<HashedId, ahead> hashed;
    const std::vector<std::string>& ids = tables_[table]->ids();
    for (std::size_t at = begin; at < end; at += ahead) {
      const std::size_t count = std::min(ahead, end - at);
      for (std::size_t i = 0; i < count; ++i) {
        hashed[i] = HashedId(ids[at + i]);
        tables_[most_]->prefetch(hashed[i]);
      }
      for (std::size_t i = 0; i < count; ++i) numbers_[table][at + i] = tables_[most_]->find(hashed[i]);
    }
  }

  std::vector<IdBuilder*> tables_;  // by worker
  std::size_t most_ = 0;
  bool alone_ = false;
  Renumbering& numbers_;
};

/// Moves a column of all blocks to `column`; `renumber` is empty where numbers stay.
template <class T>
void join_column(std::vector<BlockRows>& blocks, std::vector<T> BlockRows::*of, const Renumbering* renumber,
                 std::vector<T>& column) {
  std::size_t size = 0;
  for (const BlockRows& block : blocks) size += (block.*of).size();
  column.reserve(size);
  for (BlockRows& block : blocks) {
    std::vector<T> rows = std::move(block.*of);
    if constexpr (std::is_same_v<T, int32_t>) {
      if (renumber != nullptr) {
        const std::vector<int32_t>& numbers = (*renumber)[static_cast<std::size_t>(block.worker)];
        if (!numbers.empty()) {
          for (T& row : rows) row = numbers[static_cast<std::size_t>(row)];
        }
      }
    }
    column.insert(column.end(), rows.begin(), rows.end());
  }
}

/// Reads several texts into one log.
class LogReader {
 public:
  LogReader(const InteractionReading& how, Reading& reading) : how_(how), reading_(reading) {}

  void read(std::vector<InteractionText>& texts, const TableForm& form, std::string_view format, std::string_view why,
            bool one_shape);
  InteractionLog finish();

 private:
  struct OpenedText {
    Table table;
    std::optional<InteractionLog::Part> part;
    RowRules rules = {};
  };
  void make_ids_alike(std::vector<OpenedText>& opened, Role role, bool RowRules::*whole);
  void read_rows(OpenedText& text, const std::string& first_name, const ProgressCallback& progress);
  void merge_names(const Renumbering& numbers, std::size_t items, std::vector<std::string>& merged);
  void tell_two_styles(const IdTable& ids, const char* what);
  void sum_up(Table& table, const RowRules& rules, std::size_t first_block);
  void tell(Table& table, const RowRules& rules, const TextSums& sums);
  void drop_column(Role role, const Table& table, const Counted& unread);

  const InteractionReading& how_;
  Reading& reading_;
  std::vector<Worker> workers_;
  std::vector<BlockRows> blocks_;
  std::vector<std::pair<int64_t, std::optional<InteractionLog::Part>>> parts_;  // rows of each text
  std::optional<Places> first_places_;
  std::array<bool, role_count> dropped_{};
};

/// Files of one log, a day each, have the same header, or as many columns.
void require_one_shape(const Table& first, const Table& other) {
  const bool same = first.header == other.header && first.columns() == other.columns();
  const auto shape = [](const Table& table) {
    return table.file.header ? "the columns " + listed(table.header) : text(counted(table.columns(), "column"), " and no header");
  };
  require(same, ErrorKind::bad_data, first.source.name(), " has ", shape(first), ", and ", other.source.name(), " has ",
          shape(other), ", so that they are not read together; name the files that belong together (--data FILE --data FILE)");
}

void LogReader::read(std::vector<InteractionText>& texts, const TableForm& form, std::string_view format, std::string_view why,
                     bool one_shape) {
  std::vector<OpenedText> opened;
  opened.reserve(texts.size());
  TableForm searched = form;
  searched.search_header = true;
  try {
    for (InteractionText& text : texts) {
      opened.push_back(
          {open_table(std::move(text.source), searched, how_.options, reading_, is_interaction_header, &how_.columns),
           text.part});
      OpenedText& last = opened.back();
      Table& table = last.table;
      table.file.role = "interactions";
      table.file.format = format;
      table.file.why = !why.empty() ? why : table.file.header ? "has a header with a user and an item" : "has columns";
      if (last.part) table.file.part = log_part_names[static_cast<std::size_t>(*last.part)];
      if (form.header == TableForm::Header::typed) take_types_off(table);
      if (one_shape) require_one_shape(opened.front().table, table);
    }
    // Files with a header first: of a file without one, as a piece of another is, they tell the columns.
    const OpenedText* like = nullptr;
    for (const bool with_header : {true, false}) {
      for (OpenedText& text : opened) {
        if (text.table.file.header != with_header) continue;
        const bool alone = with_header || like == nullptr;
        text.rules.places =
            find_columns(text.table, how_, alone ? nullptr : &like->table, alone ? Places() : like->rules.places, reading_);
        if (like == nullptr) like = &text;
      }
    }
    make_ids_alike(opened, role_user, &RowRules::whole_users);
    make_ids_alike(opened, role_item, &RowRules::whole_items);
    double all = 0, before = 0;  // bytes of the files
    for (const OpenedText& text : opened) all += static_cast<double>(text.table.source.size());
    for (OpenedText& text : opened) {
      const double begin = before / std::max(all, 1.0);
      before += static_cast<double>(text.table.source.size());
      read_rows(text, opened.front().table.source.name(), part_of(how_.options.progress, begin, before / std::max(all, 1.0)));
    }
  } catch (const Error&) {
    for (OpenedText& text : opened) reading_.files.push_back(std::move(text.table.file));  // as far as they were read
    throw;
  }
  for (OpenedText& text : opened) reading_.files.push_back(std::move(text.table.file));
}

/// Where one file writes 7 and another 7.0, as pandas does of a column that has gaps, both are the same id.
void LogReader::make_ids_alike(std::vector<OpenedText>& opened, Role role, bool RowRules::*whole) {
  const auto style = [&](const OpenedText& text) { return id_style(text.table, text.rules.places[role]); };
  if (std::none_of(opened.begin(), opened.end(), [&](const OpenedText& text) { return style(text) == IdStyle::whole; })) return;
  for (OpenedText& text : opened) {
    if (style(text) != IdStyle::whole_with_zeros) continue;
    text.rules.*whole = true;
    reading_.note(
        NoteKind::ids, text.table.source.name(), 0,
        heddle::text("the ", role_names[role], "s are written 7.0, and 7 in another file: they are taken for the same"));
  }
}

void LogReader::read_rows(OpenedText& text, const std::string& first_name, const ProgressCallback& progress) {
  Table& table = text.table;
  RowRules& rules = text.rules;
  const std::array<Wanted, role_count> wanted = {Wanted::yes,    Wanted::yes, how_.rating,
                                                 how_.behaviour, how_.time,   Wanted::if_there};
  if (!first_places_) first_places_ = rules.places;
  for (const Role role : {role_rating, role_behaviour, role_time}) {
    if ((*first_places_)[role] < 0 || wanted[role] == Wanted::no) rules.places[role] = -1;
    if ((*first_places_)[role] < 0 || wanted[role] == Wanted::no || rules.places[role] >= 0) continue;
    if (wanted[role] == Wanted::yes) {
      table.fail_at(table.body_line, "there is no column for the ", role_names[role], ", which ", first_name, " has");
    }
    dropped_[role] = true;
    reading_.note(NoteKind::columns, table.source.name(), table.body_line,
                  heddle::text("there is no column for the ", role_names[role], ", which ", first_name,
                               " has: it is not taken from any file"));
  }
  if (table.file.header) {
    rules.user_name = table.header[static_cast<std::size_t>(rules.places[role_user])];
    rules.item_name = table.header[static_cast<std::size_t>(rules.places[role_item])];
  }
  rules.missing = how_.options.missing;
  rules.ragged = how_.options.ragged;
  rules.rating = how_.rating;
  rules.time = how_.time;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    const std::string name = plain_name(table.header[i]);
    if (std::find(std::begin(shown_names), std::end(shown_names), name) != std::end(shown_names))
      rules.shown = static_cast<int64_t>(i);
    if (std::find(std::begin(quantity_names), std::end(quantity_names), name) != std::end(quantity_names))
      rules.quantity = static_cast<int64_t>(i);
  }
  if (rules.places[role_rating] >= 0) {
    const auto column = static_cast<std::size_t>(rules.places[role_rating]);
    bool comma = false, point = false;
    for (const std::vector<std::string>& row : table.rows) {
      if (column >= row.size()) continue;
      comma = comma || row[column].find(',') != std::string::npos;
      point = point || row[column].find('.') != std::string::npos;
    }
    rules.decimal_comma = comma && !point;
  }

  const std::size_t first_block = blocks_.size();
  const int threads = threads_for(table.source, how_.options.threads);
  if (workers_.size() < static_cast<std::size_t>(threads)) workers_.resize(static_cast<std::size_t>(threads));
  BlockReader blocks(table.source, table.dialect, table.body);
  std::mutex mutex;
  const auto parse = [&](int worker, std::string_view block, int64_t sequence) {
    BlockRows rows;
    rows.worker = worker;
    RowReader(table, rules, workers_[static_cast<std::size_t>(worker)], rows).read(block);
    const bool fine = !rows.error;
    const std::lock_guard lock(mutex);
    const std::size_t at = first_block + static_cast<std::size_t>(sequence);
    if (blocks_.size() <= at) blocks_.resize(at + 1);
    blocks_[at] = std::move(rows);
    return fine;
  };
  const std::exception_ptr failure = for_each_block(blocks, threads, progress, parse);
  int64_t line = table.body_line;
  for (std::size_t i = first_block; i < blocks_.size(); ++i) {
    if (blocks_[i].error) table.fail_at(line + blocks_[i].error->line, blocks_[i].error->sentence);
    line += blocks_[i].lines;
  }
  if (failure) std::rethrow_exception(failure);
  sum_up(table, rules, first_block);
  int64_t kept = 0;
  for (std::size_t i = first_block; i < blocks_.size(); ++i) kept += static_cast<int64_t>(blocks_[i].user.size());
  parts_.emplace_back(kept, text.part);
}

void LogReader::sum_up(Table& table, const RowRules& rules, std::size_t first_block) {
  TextSums sums;
  int64_t line = table.body_line;
  for (std::size_t i = first_block; i < blocks_.size(); ++i) {
    const BlockRows& block = blocks_[i];
    for (std::size_t reason = 0; reason < left_out_count; ++reason) sums.left_out[reason].add(block.left_out[reason], line);
    sums.unread_ratings.add(block.unread_ratings, line);
    sums.unread_times.add(block.unread_times, line);
    sums.zeros.add(block.zeros, line);
    sums.given_back.add(block.given_back, line);
    sums.other_names.add(block.other_names, line);
    sums.odd_quotes.add(block.odd_quotes, line);
    sums.either.add(block.either, line);
    sums.day_first += block.day_first;
    sums.month_first += block.month_first_only;
    sums.foreign.add(block.foreign, line);
    table.file.rows += block.rows;
    table.file.comments += block.comments;
    line += block.lines;
  }
  const bool month_first = how_.options.dates == DateOrder::month_first ||
                           (how_.options.dates == DateOrder::automatic && sums.month_first > sums.day_first);
  if (month_first) {
    for (std::size_t i = first_block; i < blocks_.size(); ++i) {
      if (!blocks_[i].month_first.empty()) blocks_[i].time = std::move(blocks_[i].month_first);
    }
  }
  for (std::size_t i = first_block; i < blocks_.size(); ++i) std::vector<double>().swap(blocks_[i].month_first);
  tell(table, rules, sums);
}

/// A column that was not asked for and cannot be read is left away.
void LogReader::drop_column(Role role, const Table& table, const Counted& unread) {
  if (unread.count == 0) return;
  dropped_[role] = true;
  reading_.note(NoteKind::cells, table.source.name(), unread.line,
                text(counted(unread.count, "row"), " of ", table.column_text((*first_places_)[role]), " say no ",
                     role_names[role], ": it is not taken"));
}

void LogReader::tell(Table& table, const RowRules& rules, const TextSums& sums) {
  const std::string& name = table.source.name();
  for (std::size_t reason = 0; reason < left_out_count; ++reason) {
    reading_.leave_out(name, left_out_reasons[reason], sums.left_out[reason].line, sums.left_out[reason].count);
  }
  tell_foreign(table.file, sums.foreign, reading_);
  tell_odd_quotes(table.file, sums.odd_quotes.count, sums.odd_quotes.line, reading_);
  if (sums.zeros.count > 0 && how_.rating != Wanted::yes) {
    const std::string column = table.column_text(rules.shown);
    reading_.note(NoteKind::values, name, sums.zeros.line,
                  text(column, " is 0 in ", counted(sums.zeros.count, "row"),
                       ", which may mean shown and not taken: they are kept; --rating-column ", rules.shown + 1,
                       " --min-rating 1 leaves them out"));
  }
  if (sums.given_back.count > 0 && how_.rating != Wanted::yes) {
    const std::string column = table.column_text(rules.quantity);
    reading_.note(NoteKind::values, name, sums.given_back.line,
                  text(column, " is below 0 in ", counted(sums.given_back.count, "row"),
                       ", which may mean given back: they count as taken; --rating-column ", rules.quantity + 1,
                       " --min-rating 0 leaves them out"));
  }
  if (sums.other_names.count > 0) {
    reading_.note(NoteKind::values, name, sums.other_names.line,
                  text(counted(sums.other_names.count, "row"), " of ", table.column_text(rules.places[role_name]),
                       " another name than an earlier row of the same item: the first is kept"));
  }
  if (rules.rating != Wanted::yes) drop_column(role_rating, table, sums.unread_ratings);
  if (rules.time != Wanted::yes) drop_column(role_time, table, sums.unread_times);
  if (rules.places[role_time] < 0 || dropped_[role_time]) return;
  if (how_.options.dates == DateOrder::automatic && sums.either.count > 0) {
    const std::string column = table.column_text(rules.places[role_time]);
    const std::string remedy = "; --dates day-first or --dates month-first says which";
    if (sums.day_first == 0 && sums.month_first == 0) {
      if (rules.time == Wanted::yes)
        table.fail_at(sums.either.line, column, " has dates that can begin with the day or the month", remedy);
      dropped_[role_time] = true;
      reading_.note(NoteKind::cells, name, sums.either.line,
                    text(column, " has dates that can begin with the day or the month: it is not taken", remedy));
      return;
    }
    if (sums.day_first > 0 && sums.month_first > 0) {
      reading_.note(NoteKind::values, name, sums.either.line,
                    text(column, " has ", counted(sums.day_first, "date"), " with the day first and ", sums.month_first,
                         " with the month first; the others are read as the larger number is", remedy));
    }
  }
}

/// Gives the items the names that the workers met first.
void LogReader::merge_names(const Renumbering& numbers, std::size_t items, std::vector<std::string>& merged) {
  if (std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.names.empty(); })) return;
  merged.resize(items);
  for (const BlockRows& block : blocks_) {
    const auto of = static_cast<std::size_t>(block.worker);
    std::vector<std::string>& names = workers_[of].names;
    for (auto i = static_cast<std::size_t>(block.items_before); i < static_cast<std::size_t>(block.items_after); ++i) {
      if (i >= names.size()) break;
      std::string& name = merged[numbers[of].empty() ? i : static_cast<std::size_t>(numbers[of][i])];
      if (name.empty()) name = std::move(names[i]);
    }
  }
}

/// Tells of ids that are written in two ways in the same files: "7" and "7.0".
void LogReader::tell_two_styles(const IdTable& ids, const char* what) {
  int64_t count = 0;
  std::string first;
  for (const std::string& id : ids.ids()) {
    if (!id.ends_with('0')) continue;
    const std::string_view whole = without_zeros(id);
    if (whole.size() == id.size() || whole.find_first_not_of("0123456789") != std::string_view::npos) continue;
    if (ids.find(std::string(whole)) >= 0 && count++ == 0) first = whole;
  }
  if (count == 0) return;
  reading_.note(NoteKind::ids, "", 0,
                text(counted(count, what), " such as ", first, " also written ", first, ".0: they are taken for two"));
}

InteractionLog LogReader::finish() {
  InteractionLog log;
  Renumbering user_numbers, item_numbers, behaviour_numbers;
  const auto threads = static_cast<int>(workers_.size());
  std::vector<std::string> users, items;
  {
    IdMerge of_users(workers_, &Worker::users, user_numbers), of_items(workers_, &Worker::items, item_numbers),
        of_behaviours(workers_, &Worker::behaviours, behaviour_numbers);
    std::vector<std::function<void()>> lookups;
    for (IdMerge* merge : {&of_users, &of_items, &of_behaviours}) merge->add_lookups(lookups);
    run_all(threads, lookups);
    const auto range = [](int32_t BlockRows::*before, int32_t BlockRows::*after) {
      return [=](const BlockRows& block) { return std::pair(block.*before, block.*after); };
    };
    run_all(threads, {[&] { users = of_users.finish(blocks_, range(&BlockRows::users_before, &BlockRows::users_after)); },
                      [&] { items = of_items.finish(blocks_, range(&BlockRows::items_before, &BlockRows::items_after)); },
                      [&] {
                        log.behaviours =
                            of_behaviours.finish(blocks_, range(&BlockRows::behaviours_before, &BlockRows::behaviours_after));
                      }});
  }
  const std::size_t item_count = items.size();
  run_all(threads, {[&] { log.users = IdTable(std::move(users)); }, [&] { log.items = IdTable(std::move(items)); },
                    [&] { join_column(blocks_, &BlockRows::user, &user_numbers, log.user); },
                    [&] { join_column(blocks_, &BlockRows::item, &item_numbers, log.item); },
                    [&] {
                      if (!dropped_[role_time]) join_column<double>(blocks_, &BlockRows::time, nullptr, log.time);
                    },
                    [&] {
                      if (!dropped_[role_rating]) join_column<float>(blocks_, &BlockRows::rating, nullptr, log.rating);
                    },
                    [&] {
                      if (!dropped_[role_behaviour])
                        join_column(blocks_, &BlockRows::behaviour, &behaviour_numbers, log.behaviour);
                    },
                    [&] { merge_names(item_numbers, item_count, log.item_names); }});
  workers_.clear();
  tell_two_styles(log.users, "user");
  tell_two_styles(log.items, "item");
  if (dropped_[role_behaviour]) log.behaviours.clear();
  for (const auto& [rows, part] : parts_) {
    if (part) log.part.insert(log.part.end(), static_cast<std::size_t>(rows), *part);
  }
  if (how_.behaviour == Wanted::yes) return log;  // whoever asks for them says which count
  const bool numbers =
      std::all_of(log.behaviours.begin(), log.behaviours.end(), [](const std::string& name) { return is_number(name); });
  if (numbers && log.behaviours.size() > 1) {
    reading_.note(
        NoteKind::values, "", 0,
        text("the behaviours are numbers (", listed(log.behaviours), "), which may say that something was only shown, or ",
             "taken back: each counts as taken; --behaviour-weights names those that count"));
  }
  for (const std::string& behaviour : log.behaviours) {
    if (std::find(std::begin(only_shown), std::end(only_shown), plain_name(behaviour)) != std::end(only_shown)) {
      reading_.note(
          NoteKind::values, "", 0,
          text("the behaviour ", in_quotes(behaviour), " may say that something was shown and not taken, and counts as ",
               "taken like others; --behaviour-weights names those that count"));
    }
    if (std::find(std::begin(removals), std::end(removals), plain_name(behaviour)) == std::end(removals)) continue;
    reading_.note(NoteKind::values, "", 0,
                  text("the behaviour ", in_quotes(behaviour), " takes something back, and counts as taken like others; ",
                       "--behaviour-weights names those that count"));
  }
  return log;
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

InteractionLog parse_delimited(std::vector<InteractionText> texts, const TableForm& form, const InteractionReading& how,
                               std::string_view format, std::string_view why, Reading& reading, bool one_shape) {
  LogReader reader(how, reading);
  const std::string first_name = texts.empty() ? "" : texts.front().source.name();
  reader.read(texts, form, format, why, one_shape);
  InteractionLog log = reader.finish();
  require(log.size() > 0, ErrorKind::bad_data, first_name, " has no interactions",
          reading.rows_left_out() > 0
              ? text(": ", reading.left_out.front().reason, " in ", counted(reading.rows_left_out(), "row"))
              : "");
  return log;
}

void parse_titles(InteractionLog& log, TextSource source, const TableForm& form, std::size_t id, std::size_t title,
                  const ReadOptions& options, Reading& reading) {
  ReadOptions of_titles;  // separator, quotes and lines above are told of the interactions
  of_titles.encoding = options.encoding;
  const auto always = [](const std::vector<std::string>&, bool any_number, const void*) { return !any_number; };
  Table table = open_table(std::move(source), form, of_titles, reading, always, nullptr);
  log.item_names.assign(static_cast<std::size_t>(log.items.size()), "");
  of_titles.ragged = RaggedRows::skip;
  for_each_row(table, of_titles, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    if (fields.size() <= std::max(id, title)) {
      table.fail_at(line, "found ", counted(fields.size(), "column"), ", the title should be in column ", title + 1);
    }
    const int32_t item = log.items.find(fields[id]);
    if (item >= 0) log.item_names[static_cast<std::size_t>(item)] = fields[title];
  });
  table.file.role = "titles";
  table.file.format = "csv";
  for (int64_t i = 0; i < table.columns(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    table.file.columns.push_back({.name = at < table.header.size() ? table.header[at] : "",
                                  .number = i + 1,
                                  .used_for = at == id      ? "item"
                                              : at == title ? "title"
                                                            : "",
                                  .why = at == id || at == title ? "usual name" : ""});
  }
  reading.files.push_back(std::move(table.file));
}

bool find_title_columns(TextSource source, const ReadOptions& options, std::size_t& id, std::size_t& title) {
  Reading ignored;
  const TableForm form{"\t", '\0', TableForm::Header::typed};
  const auto always = [](const std::vector<std::string>&, bool, const void*) { return true; };
  ReadOptions of_titles;
  of_titles.encoding = options.encoding;
  Table table = open_table(std::move(source), form, of_titles, ignored, always, nullptr);
  take_types_off(table);
  const int64_t item = usual_places(table.header)[role_item];
  id = item >= 0 ? static_cast<std::size_t>(item) : 0;
  for (const char* sought : {"title", "name"}) {
    for (std::size_t column = 0; column < table.header.size(); ++column) {
      if (column == id || plain_name(table.header[column]).find(sought) == std::string::npos) continue;
      title = column;
      return true;
    }
  }
  return false;
}

ItemTable parse_item_table(TextSource source, const ReadOptions& options, Reading& reading) {
  const auto names_stand_above = [](const std::vector<std::string>&, bool, const void*) { return true; };
  Table table = open_table(std::move(source), {}, options, reading, names_stand_above, nullptr);
  const int64_t header_line = table.body_line;
  table.ragged_remedy = "";  // the commands that read such a table have no option for it
  if (!table.file.header)
    table.fail_at(header_line + 1, "a table of items has a line with the names of its columns above the rows");
  const auto typed = [](const std::string& column) {
    return column.find(":token") != std::string::npos || column.ends_with(":float");
  };
  if (std::any_of(table.header.begin(), table.header.end(), typed)) take_types_off(table);
  const std::vector<std::string>& header = table.header;
  const auto id_at = static_cast<std::size_t>(std::max<int64_t>(usual_places(header)[role_item], 0));
  ItemTable items;
  std::set<std::string_view> names;
  for (std::size_t column = 0; column < header.size(); ++column) {
    if (header[column].empty()) table.fail_at(header_line, "column ", column + 1, " has no name");
    if (!names.insert(header[column]).second) table.fail_at(header_line, "two columns are called ", in_quotes(header[column]));
    if (column != id_at) items.columns.emplace_back(header[column], std::vector<std::string>());
    const bool is_id = column == id_at;
    table.file.columns.push_back({.name = header[column],
                                  .number = static_cast<int64_t>(column) + 1,
                                  .used_for = is_id ? "item" : "column",
                                  .why = is_id && usual_places(header)[role_item] < 0 ? "place"
                                         : is_id                                      ? "usual name"
                                                                                      : "named"});
  }
  IdTable met;
  for_each_row(table, options, reading, [&](const std::vector<std::string_view>& fields, int64_t line) {
    if (fields[id_at].empty()) table.fail_at(line, "the item's id is empty");
    if (met.find(fields[id_at]) >= 0) table.fail_at(line, "item ", in_quotes(fields[id_at]), " comes a second time");
    met.insert(fields[id_at]);
    std::size_t to = 0;
    for (std::size_t column = 0; column < header.size(); ++column) {
      if (column != id_at) items.columns[to++].second.emplace_back(fields[column]);
    }
  });
  items.ids = met.ids();
  table.file.role = "items";
  table.file.format = "csv";
  table.file.why = "is a text with columns";
  reading.files.push_back(std::move(table.file));
  return items;
}

}  // namespace heddle::io::detail

namespace heddle::io {

ItemTable read_item_table(const std::string& path, const ReadOptions& options, Reading* told) try {
  return detail::read_and_tell(path, options, told, [&](const detail::ReadablePath& readable, Reading& reading) {
    return detail::parse_item_table(detail::TextSource(readable.path(), options), options, reading);
  });
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
