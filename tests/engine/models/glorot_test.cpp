#include <doctest/doctest.h>

#include <cmath>

#include "heddle/models.h"
#include "tests/engine/datasets.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

TEST_SUITE_BEGIN("engine");

TEST_CASE("glorot / fills its range evenly") {
  const HostMatrix weights = glorot_uniform(300, 100, 7, 0);
  const double limit = std::sqrt(6.0 / 400);
  double sum = 0, squares = 0, least = 1, most = -1;
  for (float value : weights.values) {
    sum += value;
    squares += static_cast<double>(value) * value;
    least = std::min<double>(least, value);
    most = std::max<double>(most, value);
  }
  const double count = 30000;
  CHECK(least >= -limit);
  CHECK(most <= limit);
  CHECK(least < -0.999 * limit);
  CHECK(most > 0.999 * limit);
  // Five standard deviations of the mean of `count` draws from a variance of limit^2 / 3, and of the mean of their squares from
  // a variance of 4 limit^4 / 45.
  CHECK(std::abs(sum / count) < 5 * limit / std::sqrt(3 * count));
  CHECK(std::abs(squares / count - limit * limit / 3) < 5 * limit * limit * std::sqrt(4.0 / 45 / count));
}

TEST_CASE("glorot / seeds and matrices of a model draw apart, equal ones alike") {
  const HostMatrix first = glorot_uniform(5, 7, 1, 0);
  CHECK(first.rows == 5);
  CHECK(first.cols == 7);
  CHECK(bit_difference(glorot_uniform(5, 7, 1, 0).values, first.values) == "");
  CHECK(glorot_uniform(5, 7, 2, 0).values != first.values);
  CHECK(glorot_uniform(5, 7, uint64_t{1} << 32 | 1, 0).values != first.values);
  CHECK(glorot_uniform(5, 7, 1, 1).values != first.values);
}

TEST_CASE("glorot / a model starts from the same weights on every device") {
  const NodeDataset data = karate();
  std::string expected;
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Gcn model(data, {.layers = 3, .seed = 3}, device.device);
    CHECK(model.parameters().size() == 6);
    CHECK(bit_difference(model.parameters()[0].tensor().to_host().values, glorot_uniform(34, 16, 3, 0).values) == "");
    CHECK(bit_difference(model.parameters()[2].tensor().to_host().values, glorot_uniform(16, 16, 3, 1).values) == "");
    CHECK(model.parameters()[5].tensor().to_host().values == std::vector<float>{0, 0});
    if (expected.empty()) expected = weights_hash(model);
    CHECK(weights_hash(model) == expected);
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
