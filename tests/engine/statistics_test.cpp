#include "heddle/statistics.h"

#include <doctest/doctest.h>

#include <cmath>

TEST_SUITE_BEGIN("engine");

TEST_CASE("statistics / the deviation is the population's, divided by n") {
  // The differences to the mean 3 are -2, -1, 3: their squares' mean is 14 / 3.
  const double values[] = {1, 2, 6};
  const heddle::MeanAndDeviation found = heddle::mean_and_deviation(values);
  CHECK(found.mean == 3);
  CHECK(std::abs(found.deviation - std::sqrt(14.0 / 3)) <= 1e-15);
  const double one[] = {0.25};
  CHECK(heddle::mean_and_deviation(one).mean == 0.25);
  CHECK(heddle::mean_and_deviation(one).deviation == 0);
  CHECK(std::isnan(heddle::mean_and_deviation({}).mean));
}

TEST_CASE("statistics / the median of an even count is between the two in the middle") {
  CHECK(heddle::median({5, 1, 3}) == 3);
  CHECK(heddle::median({4, 1, 3, 2}) == 2.5);
  CHECK(heddle::median({7}) == 7);
  CHECK(heddle::median({}) == 0);
}

TEST_SUITE_END();
