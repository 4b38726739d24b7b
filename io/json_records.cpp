#include "io/json_records.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "heddle/error.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

constexpr std::string_view json_blanks = " \t\r\n";

/// Where the string that begins at `at` ends: behind its closing quote; npos: nowhere.
std::size_t end_of_string(std::string_view content, std::size_t at) {
  for (++at; at < content.size(); ++at) {
    if (content[at] == '\\') {
      ++at;
    } else if (content[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

/// Where the object that begins at `at` ends; npos: nowhere. What is between its braces is not looked at, but for strings.
std::size_t end_of_object(std::string_view content, std::size_t at) {
  int64_t depth = 0;
  while (at < content.size()) {
    at = content.find_first_of("\"{}", at);
    if (at == std::string_view::npos) return at;
    if (content[at] == '"') {
      at = end_of_string(content, at);
      continue;
    }
    depth += content[at] == '{' ? 1 : -1;
    ++at;
    if (depth == 0) return at;
  }
  return std::string_view::npos;
}

char next_character(std::string_view content, std::size_t at) {
  at = content.find_first_not_of(json_blanks, at);
  return at == std::string_view::npos ? '\0' : content[at];
}

/// Whether the object that `content` begins with has an array under a key that graphs have theirs under.
bool has_graph_keys(std::string_view content) {
  int64_t depth = 0;
  for (std::size_t at = 0; at < content.size();) {
    const char c = content[at];
    if (c == '"') {
      const std::size_t end = end_of_string(content, at);
      if (end == std::string_view::npos) return false;
      const std::string_view key = content.substr(at + 1, end - at - 2);
      at = content.find_first_not_of(json_blanks, end);
      if (at == std::string_view::npos) return false;
      if (depth != 1 || content[at] != ':') continue;
      const bool known = key == "nodes" || key == "links" || key == "edges" || key == "adjacency";
      if (known && next_character(content, at + 1) == '[') return true;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return false;
    ++at;
  }
  return false;
}

/// Hands on a record's values under their joined keys.
class ValueHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit ValueHandler(const std::function<void(const JsonRecords::Value&)>& take) : take_(take) {}

  bool null() override { return put({}, JsonRecords::Value::null); }
  bool boolean(bool value) override { return put(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return put(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return put(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& written) override { return put(written); }
  bool string(string_t& value) override { return put(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    before_.push_back(path_.size());
    return true;
  }
  bool key(string_t& name) override {
    path_.resize(before_.back());
    if (before_.size() > 1) path_ += '.';
    path_ += name;
    return true;
  }
  bool end_object() override {
    path_.resize(before_.back());
    before_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override {
    if (lists_ == 0) put({}, JsonRecords::Value::list);
    ++lists_;
    return true;
  }
  bool end_array() override {
    --lists_;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_at = position;
    return false;
  }

  std::size_t error_at = 0;

 private:
  bool put(std::string_view value, JsonRecords::Value::Kind kind = JsonRecords::Value::scalar) {
    if (lists_ == 0) take_({path_, value, kind});
    return true;
  }

  const std::function<void(const JsonRecords::Value&)>& take_;
  std::string path_;
  std::vector<std::size_t> before_;  // of each open object: the length of the path that leads to it
  int64_t lists_ = 0;
};

}  // namespace

JsonShape json_shape(std::string_view content) {
  const char behind = next_character(content, 1);
  if (content.starts_with('{')) {
    if (behind == '\'') return JsonShape::python;
    if (behind != '"' && behind != '}') return JsonShape::none;
    return has_graph_keys(content) ? JsonShape::graph : JsonShape::records;
  }
  if (!content.starts_with('[')) return JsonShape::none;
  if (behind == '{') {
    const std::size_t brace = content.find('{');
    return next_character(content, brace + 1) == '\'' ? JsonShape::python : JsonShape::records;
  }
  const bool is_value = behind == '[' || behind == '"' || behind == ']' || behind == '-' || (behind >= '0' && behind <= '9');
  return is_value ? JsonShape::other : JsonShape::none;
}

JsonRecords::JsonRecords(std::string_view content, std::string_view name) : content_(content), name_(name) {
  if (content_.starts_with("\xef\xbb\xbf")) content_.remove_prefix(3);
}

bool JsonRecords::next() {
  const auto move_to = [&](std::size_t end) {
    next_line_ += std::count(content_.begin() + static_cast<std::ptrdiff_t>(at_),
                             content_.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    at_ = end;
  };
  const auto skip_blanks = [&] { move_to(std::min(content_.find_first_not_of(json_blanks, at_), content_.size())); };
  skip_blanks();
  if (first_ && at_ < content_.size() && content_[at_] == '[') {
    in_array_ = true;
    ++at_;
    skip_blanks();
  } else if (in_array_ && !first_ && !ended_ && at_ < content_.size() && content_[at_] == ',') {
    ++at_;
    skip_blanks();
  } else if (in_array_ && !first_ && !ended_ && at_ < content_.size() && content_[at_] != ']') {
    heddle::fail(ErrorKind::bad_data, name_, ":", next_line_, ": a comma is missing between two records of the array");
  }
  first_ = false;
  if (in_array_ && !ended_ && at_ < content_.size() && content_[at_] == ']') {
    ended_ = true;
    ++at_;
    skip_blanks();
  }
  if (at_ == content_.size()) {
    require(!in_array_ || ended_, ErrorKind::bad_data, name_, ":", next_line_, ": the array of records does not end");
    return false;
  }
  line_ = next_line_;
  require(!ended_, ErrorKind::bad_data, name_, ":", line_, ": something follows the array of records");
  require(content_[at_] == '{', ErrorKind::bad_data, name_, ":", line_, ": a record is a JSON object, found ",
          in_quotes(content_.substr(at_, std::min(content_.find('\n', at_), content_.size()) - at_)));
  const std::size_t end = end_of_object(content_, at_);
  require(end != std::string_view::npos, ErrorKind::bad_data, name_, ":", line_, ": a record does not end");
  record_ = content_.substr(at_, end - at_);
  move_to(end);
  return true;
}

void JsonRecords::values(const std::function<void(const Value&)>& take) const {
  ValueHandler handler(take);
  const bool whole = nlohmann::json::sax_parse(record_.begin(), record_.end(), &handler);
  require(whole, ErrorKind::bad_data, name_, ":", line_, ": character ", handler.error_at, " of the record is not JSON");
}

}  // namespace heddle::io::detail
