#include <doctest/doctest.h>

#include <filesystem>

#include "heddle/io.h"
#include "io/file.h"
#include "tests/io/samples.h"
#include "tests/support/compare.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

TEST_SUITE_BEGIN("io");

TEST_CASE("item table / ids are in the column that is called so, the others are columns by their names") {
  const TempDir folder;
  const io::ItemTable table = io::read_item_table(folder.write("t.csv", "price;SKU;kind\n3;a;x\n;b;\"y;\"\"z\"\n"));
  CHECK(table.ids == std::vector<std::string>{"a", "b"});
  REQUIRE(table.columns.size() == 2);
  CHECK(table.columns[0].first == "price");
  CHECK(table.columns[0].second == std::vector<std::string>{"3", ""});
  CHECK(table.columns[1].second == std::vector<std::string>{"x", "y;\"z"});
  // RecBole's types are no part of a name; without a usual name the first column has the ids; gzip is read.
  const io::ItemTable typed = io::read_item_table(folder.write("t.item", gzip("item_id:token\tyear:float\n7\t1999\n")));
  CHECK(typed.ids == std::vector<std::string>{"7"});
  CHECK(typed.columns.front().first == "year");
  CHECK(io::read_item_table(folder.write("u.csv", "thing,kind\n7,x\n")).ids == std::vector<std::string>{"7"});
  CHECK(io::read_item_table(folder.write("n.csv", "item,kind\n")).ids.empty());
}

TEST_CASE("item table / what is no table of items is refused with its line") {
  const TempDir folder;
  const auto refuses = [&](const std::string& content, const std::string& sentence) {
    const std::string path = folder.write("t.csv", content);
    return error_mismatch(ErrorKind::bad_data, path + sentence, [&] { io::read_item_table(path); });
  };
  CHECK(refuses("item,kind\na\n", ":2: found 1 column, the header has 2") == "");
  CHECK(refuses("item,kind\na,x,y\n", ":2: found 3 columns, the header has 2") == "");
  CHECK(refuses("item,kind\na,x\n,y\n", ":3: the item's id is empty") == "");
  CHECK(refuses("item,kind\na,x\na,y\n", ":3: item 'a' comes a second time") == "");
  CHECK(refuses("item,kind,kind\n", ":1: two columns are called 'kind'") == "");
  CHECK(refuses("item,,kind\n", ":1: column 2 has no name") == "");
  CHECK(error_mismatch(ErrorKind::io, "nothing", [&] { io::read_item_table(folder.file("nothing")); }) == "");
}

TEST_CASE("gzip / members behind each other read as the texts behind each other, empty ones too") {
  const TempDir folder;
  std::string text, file;
  for (const int lines : {0, 3, 50'000}) {
    std::string part;
    for (int i = 0; i < lines; ++i) part += "line " + std::to_string(i) + "\n";
    const std::string member = io::detail::gzip_member(part);
    CHECK(io::detail::is_gzip(member));
    CHECK(io::detail::gunzip(member, "f", 1 << 20).view() == part);
    if (lines > 3) CHECK(member.size() < part.size() / 2);
    CHECK(member == io::detail::gzip_member(part));  // without a time in it
    text += part;
    file += member;
  }
  CHECK(io::detail::gunzip(file, "f", 1 << 20).view() == text);
}

TEST_SUITE_END();

}  // namespace heddle::test
