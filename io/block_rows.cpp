#include "io/block_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "io/interactions.h"
#include "io/records.h"
#include "io/text.h"
#include "io/times.h"

namespace heddle::io::detail {

std::string_view without_zeros(std::string_view id) {
  const std::size_t point = id.find('.');
  return point != std::string_view::npos && point > 0 && id.find_first_not_of('0', point + 1) == std::string_view::npos
             ? id.substr(0, point)
             : id;
}

namespace {

/// Reads the rows of a block.
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
    if (rules_.places[role_name] >= 0) names_[waiting_] = {std::string(field(role_name)), records_->line()};
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
        if (name.empty()) name = names_[i].text;
        if (name != names_[i].text && !names_[i].text.empty()) rows_.other_names.add(names_[i].line);
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
  struct NameOfRow {
    std::string text;
    int64_t line = 0;
  };
  std::array<NameOfRow, 64> names_{};
  std::size_t waiting_ = 0;
};

}  // namespace

void read_block(const Table& table, const RowRules& rules, Worker& worker, std::string_view block, BlockRows& rows) {
  RowReader(table, rules, worker, rows).read(block);
}

}  // namespace heddle::io::detail
