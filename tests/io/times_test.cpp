#include "io/times.h"

#include <doctest/doctest.h>

namespace heddle::test {

using io::detail::Moment;
using io::detail::read_moment;

TEST_CASE("io / times: the forms that people have are the same moment") {
  constexpr double noon = 1717156800;  // 2024-05-31 12:00 UTC, by `date -u -d`
  for (const char* written : {"2024-05-31T12:00:00Z",
                              "2024-05-31 12:00:00 UTC",
                              "2024-05-31 12:00",
                              "2024/5/31 12:00:00",
                              "2024-05-31 14:00:00+02:00",
                              "2024-05-31 14:00 +0200",
                              "2024-05-31 14:00:00 CEST",
                              "31.05.2024 12:00",
                              "31/5/2024 12:00",
                              "5/31/2024 12:00:00 PM",
                              "31-05-2024 12:00",
                              "31 May 2024 12:00",
                              "May 31, 2024 12:00",
                              "Fri May 31 12:00:00 +0000 2024",
                              "Fri, 31 May 2024 12:00:00 GMT",
                              "31-May-2024 12:00",
                              "31.5.24 12:00",
                              "May 31 2024 12:00 pm",
                              "2024-05-31T12:00:00.000Z",
                              "2024-05-31T14:00:00+02:00[Europe/Paris]",
                              "Fri May 31 2024 14:00:00 GMT+0200 (Central European Summer Time)",
                              "20240531T120000Z",
                              "20240531T140000+0200",
                              "20240531 12:00:00",
                              "31/May/2024:14:00:00 +0200",
                              "31-MAY-24 12:00",
                              "2024-05-31 12:00:00 p.m.",
                              "1717156800"}) {
    CAPTURE(written);
    const Moment moment = read_moment(written);
    CHECK(moment.kind != Moment::none);
    CHECK(moment.seconds == noon);
    CHECK(moment.month_first == noon);
  }
  CHECK(read_moment("1970-01-01 00:00:00.25").seconds == 0.25);
  CHECK(read_moment("1970-01-01 12:30 AM").seconds == 1800);
  CHECK(read_moment("2016-12-31 23:59:60").seconds == read_moment("2017-01-01").seconds);  // a leap second
  CHECK(read_moment("978300760000").seconds == 978300760000);                              // milliseconds stay what they are
}

TEST_CASE("io / times: which of two numbers is the day is told where it can be") {
  CHECK(read_moment("31/1/2024").kind == Moment::day_first_only);
  CHECK(read_moment("1/31/2024").kind == Moment::month_first_only);
  const Moment either = read_moment("3/4/2024");
  CHECK(either.kind == Moment::either);
  CHECK(either.seconds == read_moment("2024-04-03").seconds);
  CHECK(either.month_first == read_moment("2024-03-04").seconds);
  CHECK(read_moment("5/5/2024").kind == Moment::sure);
}

TEST_CASE("io / times: what the calendar and the clock have not is none") {
  for (const char* written : {"",
                              "yesterday",
                              "2024-02-30",
                              "2023-02-29",
                              "2024-13-01",
                              "2024-00-10",
                              "2024-05-31 24:00",
                              "2024-05-31 12:60",
                              "31/31/2024",
                              "2024-05-31 12:00 XYZQ",
                              "2024-05-31x",
                              "12:00",
                              "2024-05",
                              "nan",
                              "inf",
                              "1e999",
                              "2024-05-31 13:00 PM",
                              "2024-05-31 12:00 +99:00",
                              "12345-01-01",
                              "20240532T120000",
                              "20240531T250000",
                              "20240531T1200",
                              "2024-05-31 12:00 (noon)",
                              "2024-05-31T12:00Z[Europe/Paris",
                              "31-MAY-2",
                              "2024:05:31"}) {
    CAPTURE(written);
    CHECK(read_moment(written).kind == Moment::none);
  }
  CHECK(read_moment("2024-02-29").kind == Moment::sure);
}

}  // namespace heddle::test
