#include "io/lightgcn_text.h"

#include <algorithm>
#include <filesystem>

#include "heddle/error.h"
#include "io/file.h"
#include "io/limits.h"
#include "io/reading_progress.h"
#include "io/text.h"
#include "io/utf8.h"

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

}  // namespace

InteractionLog parse_lightgcn(std::span<const InteractionText> texts, const ProgressCallback& progress) {
  ReadingProgress told(progress, texts);
  InteractionLog log;
  IdColumn users, items;
  std::vector<int64_t> items_of_line;
  for (const InteractionText& text : texts) {
    const Utf8Text utf8(text.content);
    told.begin(text, utf8.view().size());
    Lines lines(utf8.view(), text.name);
    const std::size_t before = items.numbers().size();
    while (lines.next()) {
      told.record(lines.left());
      std::string_view rest = lines.line();
      const std::string_view user = next_token(rest);
      users.add(user, [&] { check_id(lines, user, "user"); });
      const std::size_t first = items.numbers().size();
      for (std::string_view item = next_token(rest); !item.empty(); item = next_token(rest)) {
        items.add(item, [&] { check_id(lines, item, "item"); });
      }
      items_of_line.push_back(static_cast<int64_t>(items.numbers().size() - first));
    }
    if (text.part) log.part.insert(log.part.end(), items.numbers().size() - before, *text.part);
  }
  require(!items.numbers().empty(), ErrorKind::bad_data, texts.empty() ? "" : texts.front().name, " has no interactions");
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

bool is_lightgcn(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return !find_file(path, "train.txt").empty();
  const std::optional<std::string> head = text_head(path);
  if (!head) return false;
  const std::string_view text = *head;
  // Any other format has one of these in its first line; two colons are MovieLens's.
  return text.find_first_of(",;\t|") == std::string_view::npos && text.find("::") == std::string_view::npos &&
         text.find(' ') != std::string_view::npos;
}

InteractionLog read_lightgcn(const std::string& path, const InteractionColumns& columns, const ProgressCallback& progress) {
  refuse_columns(columns, "lightgcn", path);
  std::error_code ignored;
  std::vector<std::string> names;
  std::vector<std::optional<InteractionLog::Part>> parts;
  if (fs::is_directory(path, ignored)) {
    const std::string train = find_file(path, "train.txt"), val = find_file(path, "val.txt"), test = find_file(path, "test.txt");
    require(!train.empty(), ErrorKind::bad_data, path, " has no train.txt");
    require(!test.empty(), ErrorKind::bad_data, path, " has train.txt and no test.txt; name the file itself to have it split");
    names = {train};
    parts = {InteractionLog::Part::train};
    if (!val.empty()) {
      names.push_back(val);
      parts.emplace_back(InteractionLog::Part::val);
    }
    names.push_back(test);
    parts.emplace_back(InteractionLog::Part::test);
  } else {
    names = {path};
    parts = {std::nullopt};
  }
  std::vector<ByteBuffer> contents;
  std::vector<InteractionText> texts;
  contents.reserve(names.size());
  texts.reserve(names.size());
  for (const std::string& name : names) contents.push_back(read_text_file(name));
  for (std::size_t i = 0; i < names.size(); ++i) texts.push_back({contents[i].view(), names[i], parts[i]});
  InteractionLog log = parse_lightgcn(texts, progress);
  log.name = data_name(path);
  return log;
}

}  // namespace heddle::io::detail
