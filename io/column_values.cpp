#include "io/column_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "io/table.h"

namespace heddle::io::detail {

bool ColumnValues::looks_like_rating() const {
  constexpr double largest_rating = 100;
  return all_numbers() && (fractions > 0 || distinct <= 21) && least >= -largest_rating && most <= largest_rating;
}

bool looks_like_date(std::string_view field) {
  // Digits with two of the same - . / between them, years of four digits at one end.
  std::size_t digits[3] = {0, 0, 0}, part = 0, at = 0;
  char between = '\0';
  for (; at < field.size() && part < 3; ++at) {
    const char c = field[at];
    if (c >= '0' && c <= '9') {
      ++digits[part];
    } else if (part < 2 && (c == '-' || c == '.' || c == '/') && (between == '\0' || between == c)) {
      between = c;
      ++part;
    } else {
      break;
    }
  }
  if (part != 2 || (at < field.size() && field[at] != ' ' && field[at] != 'T')) return false;
  const auto short_part = [](std::size_t count) { return count == 1 || count == 2; };
  return short_part(digits[1]) && ((digits[0] == 4 && short_part(digits[2])) || (short_part(digits[0]) && digits[2] == 4));
}

ColumnValues values_of(const std::vector<std::vector<std::string>>& rows, std::size_t column) {
  ColumnValues values;
  std::unordered_set<std::string_view> distinct;
  bool first = true;
  double before = 0;
  values.ascending = true;
  for (const std::vector<std::string>& row : rows) {
    if (column >= row.size()) continue;
    ++values.rows;
    const std::string_view field = row[column];
    if (is_missing(field)) {
      ++values.missing;
      continue;
    }
    distinct.insert(field);
    double number = 0;
    const auto [end, status] = std::from_chars(field.data(), field.data() + field.size(), number);
    if (status != std::errc() || end != field.data() + field.size() || !std::isfinite(number)) {
      values.ascending = false;
      const bool date = looks_like_date(field);
      values.dates += date;
      values.times += date;
      continue;
    }
    ++values.numbers;
    values.fractions += field.find('.') != std::string_view::npos && number != std::floor(number);
    constexpr double from = 6e8, to = 2.2e9;  // 1989 to 2039 in seconds
    values.times += (number >= from && number < to) || (number >= 1e3 * from && number < 1e3 * to);
    values.least = first ? number : std::min(values.least, number);
    values.most = first ? number : std::max(values.most, number);
    values.ascending = values.ascending && (first || number == before + 1);
    before = number;
    first = false;
  }
  values.distinct = static_cast<int64_t>(distinct.size());
  values.ascending = values.ascending && values.numbers > 1;
  return values;
}

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

}  // namespace heddle::io::detail
