#include "io/records.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace heddle::test {

namespace {

using io::detail::Dialect;
using io::detail::end_of_records;
using io::detail::Records;
using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(std::string_view text, const Dialect& dialect) {
  Rows rows;
  Records records(text, dialect);
  while (records.next()) rows.emplace_back(records.fields().begin(), records.fields().end());
  return rows;
}

/// The same, read in pieces of at least `piece` bytes that end with records, as a large file is.
Rows rows_in_pieces(std::string_view text, const Dialect& dialect, std::size_t piece) {
  Rows rows;
  std::size_t begin = 0, size = piece;
  while (begin < text.size()) {
    const bool last = begin + size >= text.size();
    const std::string_view part = text.substr(begin, size);
    const std::size_t end = last ? part.size() : end_of_records(part, dialect);
    if (end == 0) {
      ++size;
      continue;
    }
    for (std::vector<std::string>& row : rows_of(part.substr(0, end), dialect)) rows.push_back(std::move(row));
    begin += end;
    size = piece;
  }
  return rows;
}

}  // namespace

TEST_CASE("io / records: fields, quotes, blanks around them, empty lines, the three line ends") {
  CHECK(rows_of("a, b ,c\r\n\n1,,3", {}) == Rows{{"a", "b", "c"}, {"1", "", "3"}});
  CHECK(rows_of("\"a, \"\"b\"\"\" ,2\n\"two\nlines\",3\n", {}) == Rows{{"a, \"b\"", "2"}, {"two\nlines", "3"}});
  CHECK(rows_of("a\rb,c\r", {.line_end = '\r'}) == Rows{{"a"}, {"b", "c"}});
  CHECK(rows_of("a::b:c::d\n", {.separator = "::"}) == Rows{{"a", "b:c", "d"}});
  CHECK(rows_of("  a \t b\n c\n", {.separator = " "}) == Rows{{"a", "b"}, {"c"}});
  CHECK(rows_of("'a,b',\"c\"\n", {.quote = '\''}) == Rows{{"a,b", "\"c\""}});
  CHECK(rows_of("\"a\\\"b\",c\n", {.backslash = true}) == Rows{{"a\"b", "c"}});
}

TEST_CASE("io / records: a quote that quotes no field is a character, and counted") {
  const std::string text = "1,\"Odd\" Bob\n2,\"The Band\"\n3,5\" pipe\n";
  const Dialect dialect;
  CHECK(rows_of(text, dialect) == Rows{{"1", "\"Odd\" Bob"}, {"2", "The Band"}, {"3", "5\" pipe"}});
  Records records(text, dialect);
  while (records.next()) {
  }
  CHECK(records.odd_quotes() == 1);
  CHECK(records.odd_quotes_line() == 1);
  CHECK(records.quoted() == 1);
  Records open("1,2\n3,\"4\n5,6\n", dialect);
  while (open.next()) {
  }
  CHECK(open.unended_line() == 2);
}

TEST_CASE("io / records: # and % begin a comment only where the line has not the columns of the file") {
  const Dialect two{.columns = 2};
  CHECK(rows_of("#1001,a\n# a note\n%x,b\n#,c\n\"#2\",d\n", two) == Rows{{"#1001", "a"}, {"%x", "b"}, {"#2", "d"}});
  CHECK(rows_of("# note\n1\n", {.columns = 1}) == Rows{{"1"}});
}

TEST_CASE("io / records: read in pieces of any size they are the same") {
  const std::string text =
      "id,text\n1,\"two\nlines, \"\"quoted\"\"\"\n2,\"Odd\" Bob\n#3,x\n# a note, \"open\n4, \" "
      "blank\"\n\"5\",\"\"\n6,a\"b\n\n7,\"\n\n\"\r\n8,9";
  for (const Dialect& dialect :
       {Dialect{.columns = 2}, Dialect{.backslash = true, .columns = 2}, Dialect{.quote = '\0', .columns = 2},
        Dialect{.separator = ", ", .columns = 2}, Dialect{.separator = " ", .columns = 2}}) {
    const Rows whole = rows_of(text, dialect);
    CHECK(whole.size() > 5);
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      CAPTURE(piece);
      CHECK(rows_in_pieces(text, dialect, piece) == whole);
    }
  }
}

}  // namespace heddle::test
