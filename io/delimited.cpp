#include "io/delimited.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "heddle/rethrow.h"
#include "io/file.h"
#include "io/reading_progress.h"
#include "io/text.h"
#include "io/utf8.h"

namespace heddle::io::detail {

Records::Records(std::string_view content, std::string_view name, std::string_view separator, bool quotes)
    : rest_(content), name_(name), separator_(separator), quotes_(quotes) {
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
}

bool Records::next() {
  while (!rest_.empty()) {
    number_ = next_number_;
    const bool comment = rest_.front() == '#';
    read_record();
    if (!comment && (fields_.size() > 1 || !fields_.front().empty())) return true;
  }
  return false;
}

void Records::read_record() {
  fields_.clear();
  unquoted_.clear();
  const bool quotes = quotes_ && rest_.front() != '#';
  for (;;) {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    fields_.push_back(quotes && !rest_.empty() && rest_.front() == '"' ? read_quoted() : read_plain());
    if (!at_separator()) break;
    rest_.remove_prefix(separator_.size());
  }
  if (!rest_.empty()) rest_.remove_prefix(1);  // the line's end
  ++next_number_;
}

std::string_view Records::read_plain() {
  const char first = separator_.front();
  std::size_t end = 0;
  for (; end < rest_.size() && rest_[end] != '\n'; ++end) {
    if (rest_[end] == first && rest_.substr(end).starts_with(separator_)) break;
  }
  std::string_view field = rest_.substr(0, end);
  rest_.remove_prefix(end);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\r')) field.remove_suffix(1);
  return field;
}

std::string_view Records::read_quoted() {
  rest_.remove_prefix(1);
  std::string* unquoted = nullptr;
  std::string_view field;
  for (;;) {
    const std::size_t end = rest_.find('"');
    if (end == std::string_view::npos) fail("a quoted field does not end");
    const std::string_view piece = rest_.substr(0, end);
    next_number_ += std::count(piece.begin(), piece.end(), '\n');
    rest_.remove_prefix(end + 1);
    const bool goes_on = rest_.starts_with('"');
    if (goes_on && !unquoted) unquoted = &unquoted_.emplace_back();
    if (unquoted) {
      *unquoted += piece;
    } else {
      field = piece;
    }
    if (!goes_on) break;
    *unquoted += '"';
    rest_.remove_prefix(1);
  }
  while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\r')) rest_.remove_prefix(1);
  if (!rest_.empty() && rest_.front() != '\n' && !at_separator()) fail("something follows the quote that ends a field");
  return unquoted ? std::string_view(*unquoted) : field;
}

std::string_view find_separator(std::string_view content) {
  Lines lines(content, "");
  if (!lines.next()) return ",";
  std::array<int64_t, 3> counts{};
  constexpr std::string_view separators = "\t;,";
  bool quoted = false;
  for (const char c : lines.line()) {
    quoted ^= c == '"';
    const std::size_t which = separators.find(c);
    if (!quoted && which != std::string_view::npos) ++counts[which];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return *most == 0 ? "," : separators.substr(static_cast<std::size_t>(most - counts.begin()), 1);
}

namespace {

enum Role { role_user, role_item, role_rating, role_behaviour, role_time, role_count };
constexpr const char* role_names[role_count] = {"user", "item", "rating", "behaviour", "time"};

/// The usual names of each column, lower case, letters and digits only; earlier ones win.
constexpr std::array<std::string_view, 14> usual_column_names[role_count] = {
    {"user", "userid", "uid", "customer", "customerid", "visitor", "visitorid", "reviewer", "reviewerid", "member", "memberid",
     "buyerid", "sessionid", "username"},
    {"item", "itemid", "iid", "product", "productid", "article", "articleid", "movie", "movieid", "book", "bookid", "isbn",
     "asin", "sku"},
    {"rating", "ratings", "score", "stars", "overall", "rate", "bookrating"},
    {"behaviour", "behavior", "behaviourtype", "behaviortype", "event", "eventtype", "action", "actiontype", "type"},
    {"time", "timestamp", "date", "datetime", "unixtime", "unixreviewtime", "eventtime", "createdat"},
};

std::string plain_name(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      result += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      result += c;
    }
  }
  return result;
}

/// Columns by role, from 0; -1: none.
using Places = std::array<int64_t, role_count>;

Places usual_places(const std::vector<std::string>& header) {
  Places places;
  places.fill(-1);
  for (int role = 0; role < role_count; ++role) {
    for (const std::string_view usual : usual_column_names[role]) {
      if (usual.empty() || places[static_cast<std::size_t>(role)] >= 0) continue;
      const auto found =
          std::find_if(header.begin(), header.end(), [&](const std::string& name) { return plain_name(name) == usual; });
      if (found != header.end()) places[static_cast<std::size_t>(role)] = found - header.begin();
    }
  }
  return places;
}

/// A column's number from 1 as one from 0, or -1 if `column` is a name.
int64_t numbered(const std::string& column) {
  int64_t number = 0;
  const auto [end, status] = std::from_chars(column.data(), column.data() + column.size(), number);
  return status == std::errc() && end == column.data() + column.size() && number >= 1 ? number - 1 : -1;
}

/// The names of RecBole's header without their types.
std::vector<std::string> typed_header(const Records& records) {
  std::vector<std::string> names;
  for (const std::string_view field : records.fields()) {
    const std::size_t colon = field.rfind(':');
    const std::string_view type = colon == std::string_view::npos ? "" : field.substr(colon + 1);
    if (type != "token" && type != "token_seq" && type != "float" && type != "float_seq") {
      records.fail("column ", in_quotes(field), " is not NAME:TYPE with a type token, token_seq, float or float_seq");
    }
    names.emplace_back(field.substr(0, colon));
  }
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string result;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 6); ++i) result += (i ? ", " : "") + in_quotes(names[i]);
  return result + (names.size() > 6 ? ", …" : "");
}

/// Where the columns are, decided by the first record, which `records` stands at; `is_header` says whether it is one.
Places find_columns(const Records& records, const DelimitedForm& form, const InteractionColumns& columns, bool& is_header) {
  const std::string* asked[role_count] = {&columns.user, &columns.item, &columns.rating, &columns.behaviour, &columns.time};
  std::vector<std::string> header(records.fields().begin(), records.fields().end());
  if (form.header == DelimitedForm::Header::typed) header = typed_header(records);
  const Places usual = usual_places(header);
  const bool any_number = std::any_of(records.fields().begin(), records.fields().end(), is_number);
  const bool any_asked = std::any_of(std::begin(asked), std::end(asked), [](const std::string* name) { return !name->empty(); });
  const bool by_name = std::any_of(std::begin(asked), std::end(asked),
                                   [](const std::string* name) { return !name->empty() && numbered(*name) < 0; });
  const bool usual_names = usual[role_user] >= 0 || usual[role_item] >= 0;
  switch (form.header) {
    case DelimitedForm::Header::none: is_header = false; break;
    case DelimitedForm::Header::typed: is_header = true; break;
    // Without a number it is a header, or else the columns are to be numbered: rows of names alone cannot be told from one.
    case DelimitedForm::Header::by_content: is_header = !any_number && (by_name || usual_names || !any_asked); break;
  }
  const auto count = static_cast<int64_t>(header.size());
  Places places = usual;
  if (!is_header && !any_asked) {
    places = {0, 1, -1, -1, -1};
    constexpr double least_time = 1e8;  // ratings are below, seconds since 1973 above
    double third = 0;
    if (count == 3 || count == 4) {
      const std::string_view field = records.fields()[2];
      std::from_chars(field.data(), field.data() + field.size(), third);
      places[count == 3 && third >= least_time ? role_time : role_rating] = 2;
    }
    if (count == 4) places[role_time] = 3;
  } else if (!is_header) {
    places.fill(-1);
  }
  for (std::size_t role = 0; role < role_count; ++role) {
    const std::string& name = *asked[role];
    if (name.empty()) continue;
    const auto found = is_header ? std::find(header.begin(), header.end(), name) : header.end();
    places[role] = found != header.end() ? found - header.begin() : numbered(name);
    if (places[role] < 0 || places[role] >= count) {
      records.fail("there is no column ", in_quotes(name), " for the ", role_names[role], "; ",
                   is_header ? "the header has " : "",
                   is_header ? listed(header) : text("the first row has ", counted(count, "column"), " and is no header"));
    }
  }
  for (const Role role : {role_user, role_item}) {
    if (places[role] >= 0 && places[role] < count) continue;
    records.fail("no column is known for the ", role_names[role], " among ", listed(header), "; name or number it");
  }
  if (places[role_user] == places[role_item]) records.fail("users and items cannot both be in column ", places[role_user] + 1);
  return places;
}

double parse_finite(const Records& records, std::string_view field, const char* what) {
  double value = 0;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (status == std::errc::invalid_argument || end != field.data() + field.size()) {
    records.fail(what, " ", in_quotes(field), " is not a number");
  }
  if (status == std::errc::result_out_of_range || !std::isfinite(value)) {
    records.fail(what, " ", in_quotes(field), " is not a finite number");
  }
  return value;
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = year / 400;  // years are 0 to 9999
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/// Seconds since 1970 of YYYY-MM-DD, with or without [T or blank]hh:mm[:ss[.fraction]] and Z or a shift +hh:mm; none for anything
/// else.
std::optional<double> parse_date(std::string_view field) {
  const auto number = [&](std::size_t digits, int64_t least, int64_t most) -> std::optional<int64_t> {
    int64_t value = 0;
    if (field.size() < digits) return std::nullopt;
    for (std::size_t i = 0; i < digits; ++i) {
      if (field[i] < '0' || field[i] > '9') return std::nullopt;
      value = value * 10 + (field[i] - '0');
    }
    field.remove_prefix(digits);
    return value >= least && value <= most ? std::optional(value) : std::nullopt;
  };
  const auto skip = [&](char c) {
    if (!field.starts_with(c)) return false;
    field.remove_prefix(1);
    return true;
  };
  const auto year = number(4, 1, 9999);
  if (!year || !skip('-')) return std::nullopt;
  const auto month = number(2, 1, 12);
  if (!month || !skip('-')) return std::nullopt;
  const auto day = number(2, 1, 31);
  if (!day) return std::nullopt;
  double seconds = static_cast<double>(days_from_civil(*year, *month, *day)) * 86400;
  if (field.empty()) return seconds;
  if (!skip('T') && !skip(' ')) return std::nullopt;
  const auto hour = number(2, 0, 24);
  if (!hour || !skip(':')) return std::nullopt;
  const auto minute = number(2, 0, 59);
  if (!minute) return std::nullopt;
  seconds += static_cast<double>(*hour * 3600 + *minute * 60);
  if (skip(':')) {
    const auto second = number(2, 0, 60);
    if (!second) return std::nullopt;
    seconds += static_cast<double>(*second);
    if (skip('.')) {
      double scale = 0.1;
      for (; !field.empty() && field.front() >= '0' && field.front() <= '9'; scale /= 10) {
        seconds += scale * (field.front() - '0');
        field.remove_prefix(1);
      }
    }
  }
  if (skip('Z') || field.empty()) return field.empty() ? std::optional(seconds) : std::nullopt;
  const bool east = field.front() == '+';
  if (!skip('+') && !skip('-')) return std::nullopt;
  const auto shift_hours = number(2, 0, 23);
  if (!shift_hours) return std::nullopt;
  skip(':');
  const auto shift_minutes = number(2, 0, 59);
  if (!shift_minutes || !field.empty()) return std::nullopt;
  return seconds - (east ? 1 : -1) * static_cast<double>(*shift_hours * 3600 + *shift_minutes * 60);
}

double parse_time(const Records& records, std::string_view field) {
  if (const std::optional<double> seconds = parse_date(field)) return *seconds;
  if (!is_number(field)) records.fail("time ", in_quotes(field), " is neither a number nor a date as 2024-05-31 12:00:00");
  return parse_finite(records, field, "time");
}

float parse_rating(const Records& records, std::string_view field) {
  const auto rating = static_cast<float>(parse_finite(records, field, "rating"));
  if (!std::isfinite(rating)) records.fail("rating ", in_quotes(field), " is not a finite float32 number");
  return rating;
}

}  // namespace

InteractionLog parse_delimited(std::span<const InteractionText> texts, const DelimitedForm& form,
                               const InteractionColumns& columns, const ProgressCallback& progress) {
  ReadingProgress told(progress, texts);
  InteractionLog log;
  IdTable behaviours;
  Places first_places{};
  for (const InteractionText& text : texts) {
    const Utf8Text utf8(text.content);
    told.begin(text, utf8.view().size());
    Records records(utf8.view(), text.name, form.separator.empty() ? find_separator(utf8.view()) : form.separator, form.quotes);
    if (!records.next()) continue;
    bool is_header = false;
    Places places = find_columns(records, form, columns, is_header);
    if (log.size() == 0) first_places = places;
    for (const Role role : {role_rating, role_behaviour, role_time}) {
      if (first_places[role] < 0) places[role] = -1;
      if (first_places[role] >= 0 && places[role] < 0) {
        records.fail("there is no column for the ", role_names[role], ", which ", texts.front().name, " has");
      }
    }
    const int64_t needed = *std::max_element(places.begin(), places.end()) + 1;
    if (is_header && !records.next()) continue;
    do {
      told.record(records.left());
      const std::vector<std::string_view>& fields = records.fields();
      if (static_cast<int64_t>(fields.size()) < needed) {
        records.fail("found ", counted(fields.size(), "column"), ", expected at least ", needed);
      }
      const auto field = [&](Role role) { return fields[static_cast<std::size_t>(places[role])]; };
      check_id(records, field(role_user), "user");
      check_id(records, field(role_item), "item");
      log.user.push_back(log.users.insert(field(role_user)));
      log.item.push_back(log.items.insert(field(role_item)));
      if (places[role_rating] >= 0) log.rating.push_back(parse_rating(records, field(role_rating)));
      if (places[role_time] >= 0) log.time.push_back(parse_time(records, field(role_time)));
      if (places[role_behaviour] >= 0) {
        check_id(records, field(role_behaviour), "behaviour");
        log.behaviour.push_back(behaviours.insert(field(role_behaviour)));
      }
      if (text.part) log.part.push_back(*text.part);
    } while (records.next());
  }
  require(log.size() > 0, ErrorKind::bad_data, texts.empty() ? "" : texts.front().name, " has no interactions");
  log.behaviours = behaviours.ids();
  return log;
}

void parse_titles(InteractionLog& log, const InteractionText& text, const DelimitedForm& form, std::size_t id,
                  std::size_t title) {
  const Utf8Text utf8(text.content);
  Records records(utf8.view(), text.name, form.separator, form.quotes);
  log.item_names.assign(static_cast<std::size_t>(log.items.size()), "");
  if (form.header != DelimitedForm::Header::none) records.next();
  while (records.next()) {
    const std::vector<std::string_view>& fields = records.fields();
    if (fields.size() <= std::max(id, title)) {
      records.fail("found ", counted(fields.size(), "column"), ", the title should be in column ", title + 1);
    }
    const int32_t item = log.items.find(fields[id]);
    if (item >= 0) log.item_names[static_cast<std::size_t>(item)] = fields[title];
  }
}

bool find_title_columns(const InteractionText& text, std::size_t& id, std::size_t& title) {
  const Utf8Text utf8(text.content);
  Records records(utf8.view(), text.name, "\t", false);
  if (!records.next()) return false;
  const std::vector<std::string> header = typed_header(records);
  const int64_t item = usual_places(header)[role_item];
  id = item >= 0 ? static_cast<std::size_t>(item) : 0;
  for (const char* sought : {"title", "name"}) {
    for (std::size_t column = 0; column < header.size(); ++column) {
      if (column == id || plain_name(header[column]).find(sought) == std::string::npos) continue;
      title = column;
      return true;
    }
  }
  return false;
}

ItemTable parse_item_table(std::string_view content, std::string_view name) {
  const Utf8Text utf8(content);
  Records records(utf8.view(), name, find_separator(utf8.view()), true);
  require(records.next(), ErrorKind::bad_data, name, " has no header line with the names of columns");
  std::vector<std::string> header(records.fields().begin(), records.fields().end());
  const auto typed = [](const std::string& column) {
    return column.find(":token") != std::string::npos || column.ends_with(":float");
  };
  if (std::any_of(header.begin(), header.end(), typed)) header = typed_header(records);
  const std::size_t id_at = static_cast<std::size_t>(std::max<int64_t>(usual_places(header)[role_item], 0));
  ItemTable table;
  std::set<std::string_view> names;
  for (std::size_t column = 0; column < header.size(); ++column) {
    if (header[column].empty()) records.fail("column ", column + 1, " has no name");
    if (!names.insert(header[column]).second) records.fail("two columns are called ", in_quotes(header[column]));
    if (column != id_at) table.columns.emplace_back(header[column], std::vector<std::string>());
  }
  IdTable met;
  while (records.next()) {
    const std::vector<std::string_view>& fields = records.fields();
    if (fields.size() != header.size())
      records.fail("found ", counted(fields.size(), "column"), ", the header line names ", header.size());
    if (fields[id_at].empty()) records.fail("the item's id is empty");
    if (met.find(fields[id_at]) >= 0) records.fail("item ", in_quotes(fields[id_at]), " comes a second time");
    met.insert(fields[id_at]);
    std::size_t to = 0;
    for (std::size_t column = 0; column < fields.size(); ++column) {
      if (column != id_at) table.columns[to++].second.emplace_back(fields[column]);
    }
  }
  table.ids = met.ids();
  return table;
}

}  // namespace heddle::io::detail

namespace heddle::io {

ItemTable read_item_table(const std::string& path) try {
  return detail::parse_item_table(detail::read_text_file(path).view(), path);
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle::io
