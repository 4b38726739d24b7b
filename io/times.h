#pragma once

#include <string_view>

namespace heddle::io::detail {

/// A moment as a file writes it, in seconds since 1970 (UTC where no zone is given), or a number of any unit as it is.
struct Moment {
  enum Kind {
    none,              ///< it is none
    sure,              ///< it can be read in one way
    day_first_only,    ///< 31/1/2024
    month_first_only,  ///< 1/31/2024
    either,            ///< 1/2/2024
  } kind = none;
  double seconds = 0;      ///< of what is `either` with the day first
  double month_first = 0;  ///< the same with the month first; of other kinds as `seconds`
};

/// Reads a number; 2024-05-31 with - / or . between; 31.5.2024, 5/31/2024, 31.5.24; 31 May 2024, May 31, 2024, 31-MAY-24, Fri May
/// 31 07:01:00 +0000 2024 (month names in English); each with or without 7:01, 07:01:00, 07:01:00.123, AM or PM, and behind it Z,
/// UTC, GMT, +02:00, +0200 or one of the usual abbreviations of zones (CET, EST, PDT, ...), then its name in brackets; 20240531
/// with a clock behind it, and 20240531T070100. A day that the calendar has not is none.
Moment read_moment(std::string_view field);

/// Whether the field says that no time is known: NaT of pandas, 0000-00-00 of MySQL.
bool is_no_time(std::string_view field);

}  // namespace heddle::io::detail
