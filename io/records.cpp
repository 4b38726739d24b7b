#include "io/records.h"

#include <algorithm>
#include <cstring>

#include "io/text.h"

namespace heddle::io::detail {

namespace {

const char* find_char(const char* begin, const char* end, char c) {
  const void* const found = begin == end ? nullptr : std::memchr(begin, c, static_cast<std::size_t>(end - begin));
  return found == nullptr ? end : static_cast<const char*>(found);
}

bool is_at(const char* at, const char* end, std::string_view sought) {
  return static_cast<std::size_t>(end - at) >= sought.size() && std::memcmp(at, sought.data(), sought.size()) == 0;
}

bool separates_by_blanks(const Dialect& dialect) { return dialect.separator == " "; }

/// Whether a field begins at `at`, in a text that begins with a record at `begin`.
bool begins_field(const char* begin, const char* at, const Dialect& dialect) {
  if (separates_by_blanks(dialect)) return at == begin || is_blank(at[-1]) || at[-1] == dialect.line_end;
  while (at != begin && at[-1] == ' ') --at;
  if (at == begin || at[-1] == dialect.line_end) return true;
  const std::string_view separator = dialect.separator;
  return static_cast<std::size_t>(at - begin) >= separator.size() && is_at(at - separator.size(), at, separator);
}

}  // namespace

QuotedEnd end_of_quoted(const char* begin, const char* end, const Dialect& dialect, bool whole) {
  const char quote = dialect.quote;
  bool doubled = false;
  for (const char* at = begin + 1;;) {
    const char* const found = find_char(at, end, quote);
    if (static_cast<std::size_t>(found - begin) > max_quoted_bytes || found == end) return {QuotedEnd::open, end, doubled};
    if (dialect.backslash) {
      const char* slash = found;
      while (slash != begin + 1 && slash[-1] == '\\') --slash;
      if ((found - slash) % 2 != 0) {
        doubled = true;
        at = found + 1;
        continue;
      }
    }
    const char* behind = found + 1;
    if (behind != end && *behind == quote) {
      doubled = true;
      at = behind + 1;
      continue;
    }
    const char* const after = behind;
    while (behind != end && (*behind == ' ' || (*behind == '\r' && dialect.line_end != '\r'))) ++behind;
    if (behind == end) return {whole ? QuotedEnd::closed : QuotedEnd::open, after, doubled};
    const bool blank = separates_by_blanks(dialect) && (behind != after || is_blank(*behind));
    if (*behind == dialect.line_end || blank || is_at(behind, end, dialect.separator)) return {QuotedEnd::closed, after, doubled};
    // The piece may end within a separator of two characters.
    if (!whole && end - behind < static_cast<std::ptrdiff_t>(dialect.separator.size())) return {QuotedEnd::open, end, doubled};
    return {QuotedEnd::plain, end, false};
  }
}

std::size_t end_of_records(std::string_view text, const Dialect& dialect) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto last_line_end = [&](const char* from, const char* to) -> std::size_t {
    const void* const found = from == to ? nullptr : ::memrchr(from, dialect.line_end, static_cast<std::size_t>(to - from));
    return found == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(found) - begin) + 1;
  };
  std::size_t records = 0;
  for (const char* at = begin;;) {
    const char* quote = dialect.quote == '\0' ? end : find_char(at, end, dialect.quote);
    while (quote != end && !begins_field(begin, quote, dialect)) quote = find_char(quote + 1, end, dialect.quote);
    if (const std::size_t found = last_line_end(at, quote); found > 0) records = found;
    if (quote == end) return records;
    const QuotedEnd found = end_of_quoted(quote, end, dialect, false);
    if (found.kind == QuotedEnd::open) {
      // A quote that nothing ends is told where the record is read, which then takes what there is.
      return static_cast<std::size_t>(end - quote) > max_quoted_bytes ? last_line_end(begin, end) : records;
    }
    at = found.kind == QuotedEnd::closed ? found.behind : quote + 1;
  }
}

Records::Records(std::string_view text, const Dialect& dialect)
    : text_(text), at_(text.data()), end_(text.data() + text.size()), dialect_(dialect) {}

bool Records::next() {
  while (at_ != end_) {
    line_ = next_line_;
    fields_.clear();
    first_is_quoted_ = false;
    if (separates_by_blanks(dialect_)) {
      split_at_blanks();
    } else {
      split();
    }
    ++next_line_;
    if (fields_.empty() || (fields_.size() == 1 && fields_.front().empty())) continue;
    const bool marked = !fields_.front().empty() && (fields_.front().front() == '#' || fields_.front().front() == '%');
    if (!marked || !is_comment()) return true;
    ++comments_;
  }
  return false;
}

bool Records::is_comment() const {
  if (first_is_quoted_ || !dialect_.comments) return false;
  const auto count = static_cast<int64_t>(fields_.size());
  return dialect_.columns < 2 || count != dialect_.columns || fields_.front().size() == 1;
}

bool Records::read_quoted(const char*& at) {
  const QuotedEnd found = end_of_quoted(at, end_, dialect_, true);
  if (found.kind != QuotedEnd::closed) {
    if (found.kind == QuotedEnd::open && unended_line_ == 0) unended_line_ = next_line_;
    if (odd_quotes_++ == 0) odd_quotes_line_ = next_line_;
    return false;
  }
  const std::string_view inside(at + 1, static_cast<std::size_t>(found.behind - at) - 2);
  next_line_ += std::count(inside.begin(), inside.end(), dialect_.line_end);
  if (fields_.empty()) first_is_quoted_ = true;
  ++quoted_;
  at = found.behind;
  if (!found.doubled) {
    fields_.push_back(inside);
    return true;
  }
  std::string& text = unquoted_.emplace_back();
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const bool escapes =
        i + 1 < inside.size() &&
        ((inside[i] == dialect_.quote && inside[i + 1] == dialect_.quote) ||
         (dialect_.backslash && inside[i] == '\\' && (inside[i + 1] == dialect_.quote || inside[i + 1] == '\\')));
    i += escapes;
    text += inside[i];
  }
  fields_.push_back(text);
  return true;
}

void Records::split() {
  const std::string_view separator = dialect_.separator;
  const char first = separator.front(), line_end = dialect_.line_end, quote = dialect_.quote;
  const bool one = separator.size() == 1;
  const char* at = at_;
  for (;;) {
    while (at != end_ && *at == ' ') ++at;
    if (quote != '\0' && at != end_ && *at == quote && read_quoted(at)) {
      while (at != end_ && (*at == ' ' || (*at == '\r' && line_end != '\r'))) ++at;
    } else {
      const char* const begin = at;
      while (at != end_ && *at != line_end && !(*at == first && (one || is_at(at, end_, separator)))) ++at;
      const char* field_end = at;
      while (field_end != begin && (field_end[-1] == ' ' || field_end[-1] == '\r')) --field_end;
      fields_.emplace_back(begin, static_cast<std::size_t>(field_end - begin));
    }
    if (at == end_) break;
    if (*at == line_end) {
      ++at;
      break;
    }
    at += separator.size();
  }
  at_ = at;
}

void Records::split_at_blanks() {
  const char line_end = dialect_.line_end, quote = dialect_.quote;
  const char* at = at_;
  for (;;) {
    while (at != end_ && *at != line_end && is_blank(*at)) ++at;
    if (at == end_) break;
    if (*at == line_end) {
      ++at;
      break;
    }
    if (quote != '\0' && *at == quote && read_quoted(at)) continue;
    const char* const begin = at;
    while (at != end_ && *at != line_end && !is_blank(*at)) ++at;
    fields_.emplace_back(begin, static_cast<std::size_t>(at - begin));
  }
  at_ = at;
}

}  // namespace heddle::io::detail
