#include "io/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "io/utf8.h"

namespace heddle::io::detail {

namespace {

std::string_view trim(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

/// Bytes of the first character of `text`, 0 where it must not be shown as it is.
std::size_t shown_as_it_is(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const std::string_view character = text.substr(0, length);
  if (!is_utf8(character)) return 0;
  // U+0080 to U+009F are control characters; these lines break, or turn the direction of what follows.
  if (character >= "\u0080" && character <= "\u009f") return 0;
  for (const char* const hidden : {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d",
                                   "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff"}) {
    if (character == hidden) return 0;
  }
  return character.size();
}

/// `value`; the characters of `kept` as they are, whatever they do.
std::string shown(std::string_view value, std::string_view kept) {
  constexpr char hex_digits[] = "0123456789abcdef";
  std::string result;
  result.reserve(value.size());
  while (!value.empty()) {
    const std::size_t length = kept.find(value.front()) != std::string_view::npos ? 1 : shown_as_it_is(value);
    result += value.substr(0, length);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(value.front());
      result += {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 15]};
    }
    value.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

}  // namespace

std::string printable(std::string_view value) { return shown(value, ""); }

std::string printable_lines(std::string_view text) { return shown(text, "\n\t"); }

std::string in_quotes(std::string_view value) {
  constexpr std::size_t shown_bytes = 40;
  std::size_t end = std::min(shown_bytes, value.size());
  // A character that the end would cut in two is left out; four bytes are the longest there is.
  for (int bytes = 0; bytes < 3 && end > 0 && end < value.size() && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80;
       ++bytes)
    --end;
  return "'" + printable(value.substr(0, end)) + (end < value.size() ? "…'" : "'");
}

std::string csv_field(std::string_view value, char separator) {
  const bool blank_end = !value.empty() && (is_blank(value.front()) || is_blank(value.back()));
  const char special[] = {separator, '"', '\r', '\n', '\0'};
  if (!blank_end && value.find_first_of(special) == std::string_view::npos) return std::string(value);
  std::string field = "\"";
  for (const char c : value) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + '"';
}

std::string json_string(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : to_utf8(value)) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr const char* digits = "0123456789abcdef";
      quoted += "\\u00";
      quoted += digits[static_cast<unsigned char>(c) >> 4];
      quoted += digits[c & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

Lines::Lines(std::string_view content, std::string_view name, Comments comments)
    : rest_(content), name_(name), anywhere_(comments == Comments::anywhere) {
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
}

bool Lines::next() {
  while (!rest_.empty()) {
    const void* end = std::memchr(rest_.data(), '\n', rest_.size());
    const std::size_t length = end ? static_cast<std::size_t>(static_cast<const char*>(end) - rest_.data()) : rest_.size();
    line_ = trim(rest_.substr(0, length));
    rest_.remove_prefix(end ? length + 1 : length);
    ++number_;
    if (line_.empty()) continue;
    const bool comment = (anywhere_ || above_) && (line_.front() == '#' || line_.front() == '%');
    comments_count_ += comment;
    if (comment) continue;
    above_ = false;
    return true;
  }
  return false;
}

bool Fields::next(std::string_view& field) {
  // The line is trimmed, so anything left starts with a field, unless a comma has nothing before or after it.
  if (rest_.empty() && !after_comma_) return false;
  std::size_t length = 0;
  while (length < rest_.size() && !is_blank(rest_[length]) && rest_[length] != ',') ++length;
  field = rest_.substr(0, length);
  ++count_;
  if (field.empty()) lines_.fail("column ", count_, " is empty");
  rest_.remove_prefix(length);
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  after_comma_ = !rest_.empty() && rest_.front() == ',';
  if (after_comma_) {
    rest_.remove_prefix(1);
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  return true;
}

bool is_number(std::string_view field) {
  double value = 0;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
  return status != std::errc::invalid_argument && end == field.data() + field.size();
}

bool is_header(const Lines& lines) {
  Fields fields(lines);
  for (std::string_view field; fields.next(field);) {
    if (is_number(field)) return false;
  }
  return true;
}

int64_t parse_integer(const Lines& lines, std::string_view field, const char* what, int64_t least, int64_t most) {
  int64_t value = 0;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (status == std::errc::invalid_argument || end != field.data() + field.size()) {
    lines.fail(what, " ", in_quotes(field), is_number(field) ? " is not an integer" : " is not a number");
  }
  if (status == std::errc::result_out_of_range || value < least || value > most) {
    lines.fail(what, " ", in_quotes(field), " is not between ", least, " and ", most);
  }
  return value;
}

float parse_float(const Lines& lines, std::string_view field, const char* what) {
  // By way of double, because from_chars calls a float32 underflow out of range like an overflow.
  double value = 0;
  const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (status == std::errc::invalid_argument || end != field.data() + field.size()) {
    lines.fail(what, " ", in_quotes(field), " is not a number");
  }
  const float result = static_cast<float>(value);
  if (status == std::errc::result_out_of_range || !std::isfinite(result)) {
    lines.fail(what, " ", in_quotes(field), " is not a finite float32 number");
  }
  return result;
}

}  // namespace heddle::io::detail
