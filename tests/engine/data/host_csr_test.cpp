#include <doctest/doctest.h>

#include <vector>

#include "heddle/data.h"

namespace heddle::test {

namespace {

std::vector<int32_t> columns(const HostCsr& matrix, int64_t row) {
  const std::span<const int32_t> found = matrix.row(row);
  return {found.begin(), found.end()};
}

std::vector<float> values(const HostCsr& matrix, int64_t row) {
  const std::span<const float> found = matrix.row_values(row);
  return {found.begin(), found.end()};
}

}  // namespace

TEST_SUITE_BEGIN("engine");

TEST_CASE("HostCsr / a row is its columns and its values, and nothing where there is no such row") {
  const HostCsr matrix{.rows = 3, .cols = 9, .row_offsets = {0, 2, 2, 3}, .col_indices = {4, 7, 0}, .values = {1, 2, 3}};
  CHECK(columns(matrix, 0) == std::vector<int32_t>{4, 7});
  CHECK(columns(matrix, 1).empty());
  CHECK(columns(matrix, 2) == std::vector<int32_t>{0});
  CHECK(values(matrix, 0) == std::vector<float>{1, 2});
  CHECK(values(matrix, 2) == std::vector<float>{3});
  for (const int64_t none : {int64_t{-1}, int64_t{3}, int64_t{1} << 40}) {
    CHECK(columns(matrix, none).empty());
    CHECK(values(matrix, none).empty());
  }
  CHECK(columns(HostCsr(), 0).empty());
  HostCsr unweighted = matrix;
  unweighted.values.clear();
  CHECK(columns(unweighted, 0) == std::vector<int32_t>{4, 7});
  CHECK(values(unweighted, 0).empty());
}

TEST_CASE("HostCsr / rows are added below the last one") {
  HostCsr matrix;
  matrix.cols = 9;
  matrix.append_row(std::vector<int32_t>{4, 7}, std::vector<float>{1, 2});
  matrix.append_row({});
  matrix.append_row(std::vector<int32_t>{0}, std::vector<float>{3});
  CHECK(matrix.rows == 3);
  CHECK(matrix.row_offsets == std::vector<int64_t>{0, 2, 2, 3});
  CHECK(matrix.col_indices == std::vector<int32_t>{4, 7, 0});
  CHECK(matrix.values == std::vector<float>{1, 2, 3});
}

TEST_SUITE_END();

}  // namespace heddle::test
