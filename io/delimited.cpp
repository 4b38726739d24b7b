#include "io/delimited.h"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "io/block_rows.h"
#include "io/blocks.h"
#include "io/column_values.h"
#include "io/id_merge.h"
#include "io/interaction_columns.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

/// Events that say that something was shown and not taken.
constexpr std::string_view only_shown[] = {"impression", "impressions", "shown", "exposure", "notclicked"};
/// Events that take something back.
constexpr std::string_view removals[] = {"remove", "removed",  "removefromcart", "delete",    "deleted",
                                         "unlike", "dislike",  "unfollow",       "return",    "returned",
                                         "refund", "refunded", "cancel",         "cancelled", "canceled"};

constexpr const char* log_part_names[] = {"train", "val", "test"};

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

/// What the rows of one text said in all.
struct TextSums {
  std::array<Counted, left_out_count> left_out;
  Counted unread_ratings, unread_times, zeros, given_back, odd_quotes, either, other_names;
  int64_t day_first = 0, month_first = 0;
  ForeignBytes foreign;
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
  void take_names(const Renumbering& numbers, std::size_t items, std::vector<std::string>& taken);
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
  rules.shown = shown_column(table.header);
  rules.quantity = quantity_column(table.header);
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
  // Which name of an item is the first is known to one worker only.
  const int threads = rules.places[role_name] >= 0 ? 1 : threads_for(table.source, how_.options.threads);
  if (workers_.size() < static_cast<std::size_t>(threads)) workers_.resize(static_cast<std::size_t>(threads));
  BlockReader blocks(table.source, table.dialect, table.body);
  std::mutex mutex;
  const auto parse = [&](int worker, std::string_view block, int64_t sequence) {
    BlockRows rows;
    rows.worker = worker;
    read_block(table, rules, workers_[static_cast<std::size_t>(worker)], block, rows);
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

/// Gives the items the names that rows told; only the first worker reads rows that do.
void LogReader::take_names(const Renumbering& numbers, std::size_t items, std::vector<std::string>& taken) {
  std::vector<std::string>& names = workers_.front().names;
  if (names.empty()) return;
  taken.resize(items);
  for (std::size_t i = 0; i < names.size(); ++i)
    taken[numbers.front().empty() ? i : static_cast<std::size_t>(numbers.front()[i])] = std::move(names[i]);
}

/// What is told of ids that are written in two ways in the same files, "7" and "7.0"; empty where there are none.
std::string two_styles(const IdTable& ids, const char* what) {
  int64_t count = 0;
  std::string first;
  for (const std::string& id : ids.ids()) {
    if (!id.ends_with('0')) continue;
    const std::string_view whole = without_zeros(id);
    if (whole.size() == id.size() || whole.find_first_not_of("0123456789") != std::string_view::npos) continue;
    if (ids.find(std::string(whole)) >= 0 && count++ == 0) first = whole;
  }
  if (count == 0) return {};
  return text(counted(count, what), " such as ", first, " also written ", first, ".0: they are taken for two");
}

InteractionLog LogReader::finish() {
  InteractionLog log;
  Renumbering user_numbers, item_numbers, behaviour_numbers;
  const auto threads = static_cast<int>(workers_.size());
  std::vector<std::string> users, items;
  {
    const auto merge_of = [&](IdBuilder Worker::*kind, Renumbering& numbers) {
      std::vector<IdBuilder*> tables;
      for (Worker& worker : workers_) tables.push_back(&(worker.*kind));
      return IdMerge(std::move(tables), numbers);
    };
    const auto met = [&](int32_t BlockRows::*before, int32_t BlockRows::*after) {
      std::vector<MetIds> ids;
      for (const BlockRows& block : blocks_) ids.push_back({block.worker, block.*before, block.*after});
      return ids;
    };
    IdMerge of_users = merge_of(&Worker::users, user_numbers), of_items = merge_of(&Worker::items, item_numbers),
            of_behaviours = merge_of(&Worker::behaviours, behaviour_numbers);
    std::vector<std::function<void()>> lookups;
    for (IdMerge* merge : {&of_users, &of_items, &of_behaviours}) merge->add_lookups(lookups);
    run_all(threads, lookups);
    run_all(threads,
            {[&] { users = of_users.finish(met(&BlockRows::users_before, &BlockRows::users_after)); },
             [&] { items = of_items.finish(met(&BlockRows::items_before, &BlockRows::items_after)); },
             [&] { log.behaviours = of_behaviours.finish(met(&BlockRows::behaviours_before, &BlockRows::behaviours_after)); }});
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
                    [&] { take_names(item_numbers, item_count, log.item_names); }});
  std::string of_users, of_items;
  std::vector<std::function<void()>> last = {[&] { of_users = two_styles(log.users, "user"); },
                                             [&] { of_items = two_styles(log.items, "item"); }};
  for (Worker& worker : workers_) last.emplace_back([&worker] { worker = Worker(); });  // large tables take time to give back
  run_all(threads, last);
  workers_.clear();
  for (std::string* const styles : {&of_users, &of_items}) {
    if (!styles->empty()) reading_.note(NoteKind::ids, "", 0, std::move(*styles));
  }
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

}  // namespace heddle::io::detail
