#include <doctest/doctest.h>

#include "heddle/error.h"
#include "heddle/interactions.h"

using namespace heddle;

TEST_CASE("io / id table: ids get numbers in the order of insertion and keep them") {
  IdTable table;
  CHECK(table.find("a") == -1);
  for (int32_t i = 0; i < 1000; ++i) REQUIRE(table.insert("id" + std::to_string(i * 7)) == i);
  for (int32_t i = 0; i < 1000; ++i) {
    REQUIRE(table.insert("id" + std::to_string(i * 7)) == i);
    REQUIRE(table.find("id" + std::to_string(i * 7)) == i);
  }
  CHECK(table.size() == 1000);
  CHECK(table.find("id1") == -1);
  CHECK(table[3] == "id21");
  CHECK(IdTable({"x", "", "y"}).find("") == 1);
  CHECK_THROWS_WITH_AS(IdTable({"x", "y", "x"}), "id 'x' comes twice", Error);
}

TEST_CASE("io / id table: an unknown id is met with those that are written most alike") {
  const IdTable table({"coffee mill", "coffee mug", "tea pot", "coffe mill", "7"});
  CHECK(table.near_matches("cofee mill") == std::vector<std::string>{"coffee mill", "coffe mill"});
  CHECK(table.near_matches("COFFEE MUG", 1) == std::vector<std::string>{"coffee mug"});
  CHECK(table.near_matches("coffee mill", 1) == std::vector<std::string>{"coffee mill"});
  CHECK(table.near_matches("zzzzzzzzzzzzzzzzz").empty());
  CHECK(table.near_matches("coffee", 0).empty());
  // A few characters in common are not alike.
  const IdTable products({"P-10732", "P-10671", "A-18", "u1", "u12"});
  CHECK(products.near_matches("A-17") == std::vector<std::string>{"A-18"});
  CHECK(products.near_matches("B-23").empty());
  CHECK(products.near_matches("u7").empty());
  CHECK(products.near_matches("P-10723") == std::vector<std::string>{"P-10732"});
  CHECK(table.require_known("tea pot", "item") == 2);
  CHECK_THROWS_WITH_AS(table.require_known("tee pot", "item"), "item 'tee pot' is unknown; did you mean 'tea pot'?", Error);
  CHECK_THROWS_WITH_AS(IdTable().require_known("x", "user"), "user 'x' is unknown", Error);
}
