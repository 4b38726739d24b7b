#include "io/lightgcn_text.h"

#include <algorithm>
#include <filesystem>

#include "heddle/error.h"
#include "io/column_values.h"
#include "io/delimited.h"
#include "io/interaction_columns.h"
#include "io/interaction_files.h"
#include "io/limits.h"
#include "io/reading_progress.h"
#include "io/text.h"

namespace fs = std::filesystem;

namespace heddle::io::detail {

namespace {

/// The id as a number if it is written as one in the only way: digits, no leading zero, at most max_id; -1 otherwise.
int32_t plain_number(std::string_view id) {
  if (id.empty() || id.size() > 10 || (id[0] == '0' && id.size() > 1)) return -1;
  int64_t value = 0;
  for (const char c : id) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value <= max_id ? static_cast<int32_t>(value) : -1;
}

/// The ids of one kind in the order of the files. As long as all are plain numbers there are no strings, only values.
class IdColumn {
 public:
  /// Adds an id that check_id has passed, unless it is a plain number, which needs no check.
  template <class Check>
  void add(std::string_view id, const Check& check) {
    const int32_t value = plain_ ? plain_number(id) : -1;
    if (value < 0) {
      check();
      if (plain_) number_by_appearance();
    }
    numbers_.push_back(plain_ ? value : table_.insert(id));
  }

  /// Numbers the ids; the two results are the table and each entry's number in it.
  void finish() {
    if (!plain_) return;
    const int64_t most = numbers_.empty() ? -1 : *std::max_element(numbers_.begin(), numbers_.end());
    if (most >= max_nodes(static_cast<int64_t>(numbers_.size()))) return number_by_appearance();
    std::vector<int32_t> rank(static_cast<std::size_t>(most + 1), -1);
    for (const int32_t value : numbers_) rank[static_cast<std::size_t>(value)] = 0;
    std::vector<std::string> ids;
    for (std::size_t value = 0; value < rank.size(); ++value) {
      if (rank[value] < 0) continue;
      rank[value] = static_cast<int32_t>(ids.size());
      ids.push_back(std::to_string(value));
    }
    table_ = IdTable(std::move(ids));
    for (int32_t& number : numbers_) number = rank[static_cast<std::size_t>(number)];
  }

  bool plain() const { return plain_; }
  IdTable& table() { return table_; }
  std::vector<int32_t>& numbers() { return numbers_; }

 private:
  void number_by_appearance() {
    for (int32_t& number : numbers_) number = table_.insert(std::to_string(number));
    plain_ = false;
  }

  bool plain_ = true;
  IdTable table_;
  std::vector<int32_t> numbers_;
};

/// The next run of characters that are not blank; empty at the end of the line.
std::string_view next_token(std::string_view& rest) {
  std::size_t begin = 0;
  while (begin < rest.size() && is_blank(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !is_blank(rest[end])) ++end;
  const std::string_view token = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return token;
}

/// Of "user:item", or "user:" alone; npos where there is no colon.
std::size_t colon_behind_user(std::string_view line) {
  std::string_view rest = line;
  const std::string_view token = next_token(rest);
  const std::size_t colon = token.find(':');
  const bool one = colon != std::string_view::npos && colon > 0 && token.find(':', colon + 1) == std::string_view::npos &&
                   !token.substr(colon + 1).starts_with('/');  // of a URL
  return one ? colon + static_cast<std::size_t>(token.data() - line.data()) : std::string_view::npos;
}

/// Whether a colon stands behind the user of each of the first lines.
bool has_colons(std::string_view text) {
  Lines lines(text, "", Comments::above);
  int64_t count = 0;
  for (; count < 100 && lines.next(); ++count) {
    if (colon_behind_user(lines.line()) == std::string_view::npos) return false;
  }
  return count > 0;
}

/// Whether the last comment above the data names columns for user and item, and not these two in this order.
bool names_other_columns(std::string_view head) {
  std::string_view last;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    if (!line.starts_with('#') && !line.starts_with('%') && line.find_first_not_of(" \t\r") != std::string_view::npos) break;
    if (!line.empty() && (line.front() == '#' || line.front() == '%')) last = line;
    head.remove_prefix(std::min(line.size() + 1, head.size()));
  }
  last.remove_prefix(std::min(last.find_first_not_of("#% \t"), last.size()));
  const auto usual = [](Role role, std::string_view name) {
    const auto names = usual_names(role);
    return std::find(names.begin(), names.end(), plain_name(name)) != names.end();
  };
  int64_t user = -1, item = -1, count = 0;
  for (std::string_view name = next_token(last); !name.empty(); name = next_token(last), ++count) {
    if (user < 0 && usual(role_user, name)) user = count;
    if (item < 0 && usual(role_item, name)) item = count;
  }
  return user >= 0 && item >= 0 && (user > item || count > 2);
}

/// Whether most lines have an entry twice: of the items of a user each stands there once, of a matrix's numbers they do not.
bool repeats_items(const std::vector<std::vector<std::string>>& rows) {
  std::size_t repeating = 0;
  for (const std::vector<std::string>& row : rows) {
    std::vector<std::string_view> items(row.begin() + 1, row.end());
    std::sort(items.begin(), items.end());
    repeating += std::adjacent_find(items.begin(), items.end()) != items.end();
  }
  return 10 * repeating >= 9 * rows.size();
}

constexpr const char* part_names[] = {"train", "val", "test"};

}  // namespace

InteractionLog parse_lightgcn(std::vector<InteractionText> texts, Reading& reading, const ReadOptions& options) {
  const ProgressCallback& progress = options.progress;
  InteractionLog log;
  IdColumn users, items;
  std::vector<int64_t> items_of_line;
  const std::string first_name = texts.empty() ? "" : texts.front().source.name();
  double all = 0, before_this = 0;  // bytes of the files
  for (const InteractionText& text : texts) all += static_cast<double>(std::max<int64_t>(text.source.size(), 1));
  for (InteractionText& text : texts) {
    const std::string& name = text.source.name();
    const double begin = before_this / all;
    before_this += static_cast<double>(std::max<int64_t>(text.source.size(), 1));
    const std::string bytes = text.source.read_all();
    std::string converted;
    ForeignBytes foreign;
    const std::string_view content = as_utf8(bytes, '\n', converted, foreign);
    const bool colons = has_colons(content);
    RecordsProgress told(progress, content.size(), begin, before_this / all);
    Lines lines(content, name, Comments::above);
    int64_t comments = 0, rows = 0;
    const std::size_t before = items.numbers().size();
    while (lines.next()) {
      told.record(lines.left());
      std::string line;  // only of a line with a colon
      std::string_view rest = lines.line();
      if ((rest.front() == '#' || rest.front() == '%') && users.plain()) {
        ++comments;
        continue;
      }
      if (colons) {
        line = rest;
        const std::size_t colon = colon_behind_user(line);
        if (colon == std::string_view::npos) lines.fail("no colon stands behind the user, as in the lines above");
        line[colon] = ' ';
        rest = line;
      }
      ++rows;
      const std::string_view user = next_token(rest);
      const auto says = [&](std::string_view id, const char* what) {
        if (options.missing == MissingFields::keep || !is_missing(id)) return true;
        if (options.missing == MissingFields::error)
          lines.fail("the ", what, " is ", in_quotes(id), "; --missing skip leaves such rows out");
        return false;
      };
      if (!says(user, "user")) {
        reading.leave_out(name, "no user id", lines.number());
        continue;
      }
      users.add(user, [&] { check_id(lines, user, "user"); });
      const std::size_t first = items.numbers().size();
      for (std::string_view item = next_token(rest); !item.empty(); item = next_token(rest)) {
        if (!says(item, "item")) {
          reading.leave_out(name, "no item id", lines.number());
          continue;
        }
        items.add(item, [&] { check_id(lines, item, "item"); });
      }
      items_of_line.push_back(static_cast<int64_t>(items.numbers().size() - first));
    }
    if (text.part) log.part.insert(log.part.end(), items.numbers().size() - before, *text.part);
    reading.files.push_back({.path = name,
                             .role = "interactions",
                             .part = text.part ? part_names[static_cast<std::size_t>(*text.part)] : "",
                             .format = "lightgcn",
                             .why = colons ? "has lines 'user:item item ...'" : "has lines 'user item item ...'",
                             .encoding = foreign.foreign > 0 ? "Windows-1252" : to_string(text.source.encoding()),
                             .compression = to_string(text.source.compression()),
                             .separator = " ",
                             .line_end = content.find("\r\n") != std::string_view::npos ? "CRLF" : "LF",
                             .comments = comments + lines.comments(),
                             .rows = rows});
    if (foreign.foreign > 0) {
      reading.note(
          NoteKind::encoding, name, foreign.first_line,
          heddle::text(counted(foreign.foreign, "byte"), " not UTF-8, read as Windows-1252; --encoding says what it is"));
    }
  }
  require(!items.numbers().empty(), ErrorKind::bad_data, first_name, " has no interactions",
          reading.rows_left_out() > 0
              ? heddle::text(": ", reading.left_out.front().reason, " in ", counted(reading.rows_left_out(), "row"))
              : "");
  users.finish();
  items.finish();
  log.user.reserve(items.numbers().size());
  for (std::size_t line = 0; line < items_of_line.size(); ++line) {
    log.user.insert(log.user.end(), static_cast<std::size_t>(items_of_line[line]), users.numbers()[line]);
  }
  log.item = std::move(items.numbers());
  log.users = std::move(users.table());
  log.items = std::move(items.table());
  return log;
}

LineShape line_shape(std::string_view head) {
  constexpr std::size_t most_lines = 2000;
  std::vector<std::vector<std::string>> rows;
  Lines lines(head, "", Comments::above);
  while (rows.size() < most_lines && lines.next()) {
    std::string_view rest = lines.line();
    std::vector<std::string>& row = rows.emplace_back();
    for (std::string_view token = next_token(rest); !token.empty() && row.size() < 16; token = next_token(rest))
      row.emplace_back(token);
  }
  if (rows.empty()) return LineShape::lists;
  const std::vector<std::string> first = rows.front();
  if (names_other_columns(head)) return LineShape::table;
  const bool named = std::none_of(first.begin(), first.end(), [](const std::string& field) { return is_number(field); });
  const auto is_usual = [&](Role role) {
    const auto names = usual_names(role);
    return std::any_of(first.begin(), first.end(), [&](const std::string& field) {
      return std::find(names.begin(), names.end(), plain_name(field)) != names.end();
    });
  };
  if (named && first.size() >= 2 && is_usual(role_user) && is_usual(role_item)) return LineShape::table;
  if (std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.front().starts_with('"'); }))
    return LineShape::table;  // a field in quotes has blanks in it
  const std::size_t columns = first.size();
  const bool equal = std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return row.size() == columns; });
  if (equal && columns >= 8 && rows.size() >= 3 && repeats_items(rows)) return LineShape::matrix;
  if (equal && columns >= 3 && named && rows.size() >= 3) {
    // Words above numbers are names.
    std::vector<std::vector<std::string>> below(rows.begin() + 1, rows.end());
    for (std::size_t i = 1; i < columns; ++i) {
      if (values_of(below, i).all_numbers()) return LineShape::table;
    }
  }
  if (!equal || columns < 3 || columns >= 16 || has_colons(head)) return LineShape::lists;
  const ColumnValues user = values_of(rows, 0), item = values_of(rows, 1), third = values_of(rows, 2);
  const bool users_repeat = 10 * user.distinct < 9 * user.rows;
  if (third.looks_like_time() || item.looks_like_time()) return LineShape::table;
  if (columns >= 4 && values_of(rows, 3).looks_like_time()) return LineShape::table;
  if (third.fractions > 0) return LineShape::table;
  const bool fewer = rows.size() >= 10 && 2 * third.distinct <= item.distinct;
  if (third.looks_like_rating() && (users_repeat || fewer)) return LineShape::table;
  return users_repeat && rows.size() > 2 ? LineShape::ambiguous : LineShape::lists;
}

bool is_lightgcn(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const std::string train = train_file(path, {".txt"});
    if (train.empty()) return false;
    const std::optional<std::string> head = text_head(train);
    return !head || (head->find_first_of(",;|") == std::string_view::npos && line_shape(*head) != LineShape::table);
  }
  const std::optional<std::string> head = text_head(path);
  if (!head) return false;
  const std::string_view text = *head;
  // Any other format has one of these in its first line; two colons are MovieLens's.
  return !text.starts_with("%%MatrixMarket") && text.find_first_of(",;\t|") == std::string_view::npos &&
         text.find("::") == std::string_view::npos && text.substr(0, text.find('\n')).find(":token") == std::string_view::npos &&
         (text.find(' ') != std::string_view::npos || has_colons(text)) && line_shape(text) != LineShape::table;
}

InteractionLog read_lightgcn(const std::string& path, const InteractionReading& how, Reading& reading) {
  refuse_columns(how.columns, "lightgcn", path);
  std::error_code ignored;
  std::vector<InteractionText> texts;
  if (fs::is_directory(path, ignored)) {
    texts = part_texts(path, {".txt"}, how.options);
    require(!texts.empty(), ErrorKind::bad_data, path, " has no train.txt");
    require(texts.back().part == InteractionLog::Part::test, ErrorKind::bad_data, path,
            " has train.txt and no test.txt; name the file itself to have it split");
  } else {
    texts.push_back({TextSource(path, how.options)});
  }
  InteractionLog log = read_lists(std::move(texts), how, reading);
  log.name = data_name(path);
  return log;
}

InteractionLog read_lists(std::vector<InteractionText> texts, const InteractionReading& how, Reading& reading) {
  if (how.format == InteractionFormat::automatic) {
    const std::string& name = texts.front().source.name();
    switch (line_shape(texts.front().source.head())) {
      case LineShape::ambiguous:
        fail(ErrorKind::bad_data, name,
             " has as many fields in each line and users in several lines: --format csv reads it as user, item and more columns, "
             "--format lightgcn as a user and its items");
      case LineShape::matrix:
        fail(ErrorKind::bad_data, name,
             " looks like a matrix, with a row for each user and a column for each item: its lines are of one length and repeat "
             "numbers; in Python, scipy.sparse.save_npz('data.npz', scipy.sparse.csr_matrix(matrix)) writes one that is read, "
             "and --format lightgcn reads a line as a user and its items");
      case LineShape::lists:
      case LineShape::table: break;
    }
  }
  return parse_lightgcn(std::move(texts), reading, how.options);
}

}  // namespace heddle::io::detail
