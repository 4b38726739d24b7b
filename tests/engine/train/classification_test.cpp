#include "heddle/classification.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "heddle/error.h"
#include "tests/support/compare.h"

namespace heddle::test {

TEST_SUITE_BEGIN("engine");

TEST_CASE("classification / precision, recall, F1 and confusion by hand") {
  // Labels   0 0 0 0 1 1 2 2 2 -   predictions 0 0 1 2 1 1 2 0 2 1; the last node has no label and is not asked about.
  const std::vector<int32_t> labels{0, 0, 0, 0, 1, 1, 2, 2, 2, -1}, predicted{0, 0, 1, 2, 1, 1, 2, 0, 2, 1};
  const Classification figures = classification(predicted, labels, std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(figures.nodes == 9);
  CHECK(figures.accuracy == doctest::Approx(6.0 / 9));
  REQUIRE(figures.classes.size() == 3);
  const ClassFigures &a = figures.classes[0], &b = figures.classes[1], &c = figures.classes[2];
  CHECK(a.nodes == 4);
  CHECK(a.predicted == 3);
  CHECK(a.correct == 2);
  CHECK(a.precision == doctest::Approx(2.0 / 3));
  CHECK(a.recall == doctest::Approx(0.5));
  CHECK(a.f1 == doctest::Approx(4.0 / 7));
  CHECK(b.precision == doctest::Approx(2.0 / 3));
  CHECK(b.recall == 1);
  CHECK(b.f1 == doctest::Approx(0.8));
  CHECK(c.f1 == doctest::Approx(2.0 / 3));
  CHECK(figures.macro_f1 == doctest::Approx((4.0 / 7 + 0.8 + 2.0 / 3) / 3));
  std::vector<std::array<int64_t, 3>> confusion;
  for (const Confusion& each : figures.confusion) confusion.push_back({each.label, each.predicted, each.nodes});
  CHECK(confusion == std::vector<std::array<int64_t, 3>>{{0, 0, 2}, {0, 1, 1}, {0, 2, 1}, {1, 1, 2}, {2, 0, 1}, {2, 2, 2}});
}

TEST_CASE("classification / classes that do not occur do not count, those only predicted do") {
  const std::vector<int32_t> labels{0, 0, 5}, predicted{0, 3, 5};
  const Classification figures = classification(predicted, labels, std::vector<int32_t>{0, 1, 2});
  CHECK(figures.classes.size() == 6);
  CHECK(figures.classes[3].f1 == 0);
  CHECK(figures.macro_f1 == doctest::Approx((2.0 / 3 + 0 + 1) / 3));
  const Classification none = classification(predicted, labels, {});
  CHECK(none.nodes == 0);
  CHECK(none.accuracy == 0);
  CHECK(none.macro_f1 == 0);
}

TEST_CASE("classification / what does not fit is refused") {
  const std::vector<int32_t> two{0, 1}, three{0, 1, 1}, with_none{0, -1};
  const auto refused = [](const char* sentence, const std::vector<int32_t>& predicted, const std::vector<int32_t>& labels,
                          const std::vector<int32_t>& nodes) {
    return error_mismatch(ErrorKind::usage, sentence, [&] { classification(predicted, labels, nodes); });
  };
  CHECK(refused("3 predictions for 2 labels", three, two, {0}) == "");
  CHECK(refused("node 2, there are 2 labels", two, two, {2}) == "");
  CHECK(refused("node 1 has no label", two, with_none, {1}) == "");
  CHECK(refused("node 1 is predicted to be of class -1", with_none, two, {1}) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
