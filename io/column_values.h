#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the values of a column look like, for columns that no header names.
namespace heddle::io::detail {

/// Of the first rows of a column.
struct ColumnValues {
  int64_t rows = 0;        ///< that have the column
  int64_t missing = 0;     ///< cells that say nothing
  int64_t numbers = 0;     ///< cells that are numbers
  int64_t fractions = 0;   ///< of them: those with a decimal point
  int64_t times = 0;       ///< cells that look like times: dates, seconds or milliseconds of the years 1989 to 2039
  int64_t dates = 0;       ///< of them: those that are dates
  int64_t distinct = 0;    ///< values
  double least = 0;        ///< of the numbers
  double most = 0;         ///< of the numbers
  bool ascending = false;  ///< whether all are whole numbers, each one more than the one before

  int64_t filled() const { return rows - missing; }
  bool all_numbers() const { return filled() > 0 && numbers == filled(); }
  bool looks_like_time() const { return filled() > 0 && 10 * times >= 9 * filled(); }
  /// Few small numbers, whole or fractions: ratings, not ids.
  bool looks_like_rating() const;
  /// Whether enough rows are known and no value comes twice.
  bool never_repeats() const { return filled() >= 10 && distinct == filled(); }
};

/// Of column `column`, from 0, of each row that has it.
ColumnValues values_of(const std::vector<std::vector<std::string>>& rows, std::size_t column);

/// Whether the field looks like a date or a time, whatever its form: 2024-05-31, 31.05.2024 7:01, 2019-10-01T00:00:00Z.
bool looks_like_date(std::string_view field);

/// The name in lower-case letters and digits only: "Customer ID" is "customerid".
std::string plain_name(std::string_view name);

}  // namespace heddle::io::detail
