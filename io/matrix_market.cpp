#include "io/matrix_market.h"

#include <algorithm>
#include <string>

#include "heddle/error.h"
#include "io/limits.h"
#include "io/text.h"

namespace heddle::io::detail {

namespace {

std::string banner_of(std::string_view content) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  std::string banner(content.substr(0, std::min(content.find('\n'), std::size_t{200})));
  for (char& c : banner) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return banner;
}

}  // namespace

bool is_matrix_market(std::string_view content) {
  const std::string banner = banner_of(content);
  return banner.starts_with("%%matrixmarket") || banner.starts_with("%matrixmarket");
}

CoordinateMatrix parse_matrix_market(std::string_view content, std::string_view name) {
  require(is_matrix_market(content), ErrorKind::bad_data, name,
          ":1: a Matrix Market file begins with '%%MatrixMarket matrix coordinate'");
  const std::string banner = banner_of(content);
  const auto says = [&](const char* word) { return banner.find(word) != std::string::npos; };
  require(says(" matrix") && says(" coordinate"), ErrorKind::bad_data, name, ":1: ", in_quotes(banner),
          " is not the coordinate form of a matrix, which is read");
  const bool pattern = says(" pattern");
  require(pattern || says(" real") || says(" integer") || says(" double"), ErrorKind::bad_data, name, ":1: ", in_quotes(banner),
          " has values other than pattern, real and integer");
  CoordinateMatrix matrix;
  matrix.symmetric = says(" symmetric");
  require(matrix.symmetric || says(" general"), ErrorKind::bad_data, name, ":1: ", in_quotes(banner),
          " is neither general nor symmetric");
  Lines lines(content, name);
  const auto whole = [&](Fields& fields, const char* what, int64_t least, int64_t most) {
    std::string_view field;
    if (!fields.next(field)) lines.fail("the ", what, " is missing");
    return parse_integer(lines, field, what, least, most);
  };
  require(lines.next(), ErrorKind::bad_data, name, ": there is no line of sizes");
  Fields sizes(lines);
  matrix.rows = whole(sizes, "number of rows", 1, max_id);
  matrix.cols = whole(sizes, "number of columns", 1, max_id);
  const int64_t count = whole(sizes, "number of entries", 0, INT64_MAX);
  std::string_view more;
  if (sizes.next(more)) lines.fail("a line of sizes has three numbers, found ", in_quotes(lines.line()));
  while (lines.next()) {
    Fields fields(lines);
    matrix.row.push_back(static_cast<int32_t>(whole(fields, "row", 1, matrix.rows) - 1));
    matrix.col.push_back(static_cast<int32_t>(whole(fields, "column", 1, matrix.cols) - 1));
    if (!pattern) {
      std::string_view field;
      if (!fields.next(field)) lines.fail("the value is missing");
      matrix.values.push_back(parse_float(lines, field, "value"));
    }
    if (fields.next(more)) lines.fail("an entry has ", pattern ? "two" : "three", " numbers, found ", in_quotes(lines.line()));
  }
  require(static_cast<int64_t>(matrix.row.size()) == count, ErrorKind::bad_data, name, ": it lists ",
          counted(matrix.row.size(), "entry", "entries"), ", its line of sizes says ", count);
  return matrix;
}

}  // namespace heddle::io::detail
