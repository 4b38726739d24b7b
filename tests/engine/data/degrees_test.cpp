#include <doctest/doctest.h>

#include "tests/engine/interactions.h"

namespace heddle::test {

TEST_SUITE_BEGIN("engine");

TEST_CASE("degrees / of users and items in training, those without any counted") {
  // Users have 3, 1, 0 and 2 items; items 2, 2, 2, 0 and 0 users.
  const InteractionDataset data = interactions_of({{0, 1, 2}, {0}, {}, {1, 2}}, 5, {{4}, {}, {3}});
  const DegreeSummary users = user_degrees(data), items = item_degrees(data);
  CHECK(users.mean == 1.5);
  CHECK(users.median == 2);  // 0, 1, 2, 3
  CHECK(users.most == 3);
  CHECK(items.mean == 1.2);
  CHECK(items.median == 2);
  CHECK(items.most == 2);
  const DegreeSummary none = user_degrees(InteractionDataset());
  CHECK(none.mean == 0);
  CHECK(none.median == 0);
  CHECK(none.most == 0);
}

TEST_SUITE_END();

}  // namespace heddle::test
