#include <doctest/doctest.h>

#include <algorithm>

#include "heddle/error.h"
#include "heddle/io.h"
#include "io/utf8.h"
#include "tests/io/samples.h"
#include "tests/support/data.h"
#include "tests/support/temp_dir.h"

using namespace heddle;
using namespace heddle::test;

namespace {

using Part = InteractionLog::Part;

std::vector<std::string> pairs(const InteractionLog& log) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < log.user.size(); ++i) result.push_back(log.users[log.user[i]] + ">" + log.items[log.item[i]]);
  return result;
}

using Pairs = std::vector<std::string>;

}  // namespace

TEST_CASE("io / lightgcn: white space, users without items and trailing blanks; numbers order the ids") {
  const TempDir folder;
  folder.write("train.txt", "10 3 1\n\n2\t 20  3 \r\n5\n7 1");
  folder.write("test.txt.gz", gzip("2 1\n4 100 \n"));
  const InteractionLog log = io::load_interactions(folder.path().string());
  CHECK(log.users.ids() == std::vector<std::string>{"2", "4", "5", "7", "10"});
  CHECK(log.items.ids() == std::vector<std::string>{"1", "3", "20", "100"});
  CHECK(pairs(log) == Pairs{"10>3", "10>1", "2>20", "2>3", "7>1", "2>1", "4>100"});
  CHECK(log.part == std::vector<Part>{Part::train, Part::train, Part::train, Part::train, Part::train, Part::test, Part::test});
  CHECK(log.name == folder.path().filename().string());
}

TEST_CASE("io / lightgcn: ids that are not all plain numbers, or with large gaps, are numbered as they come") {
  const TempDir folder;
  CHECK(io::load_interactions(folder.write("a", "5 9 07\n3 7\n")).items.ids() == std::vector<std::string>{"9", "07", "7"});
  CHECK(io::load_interactions(folder.write("a", "5 9 07\n3 7\n")).users.ids() == std::vector<std::string>{"3", "5"});
  const InteractionLog gaps = io::load_interactions(folder.write("b", "2000000000 1\n9 1\n"));
  CHECK(gaps.users.ids() == std::vector<std::string>{"2000000000", "9"});
  CHECK(gaps.part.empty());
}

TEST_CASE("io / csv: named, numbered and usual columns; quotes, CRLF, byte order mark, blanks") {
  const TempDir folder;
  const std::string usual =
      folder.write("shop.csv",
                   "\xef\xbb\xbf"
                   "Event_Time, Customer ID ,product-id,Event\r\n2024-05-31T12:00:00Z,ann,\"a, \"\"b\"\"\",view\r\n"
                   "1970-01-02,bo, c ,buy\r\n1970-01-01 02:00:00.5+02:00,bo,c,view\r\n");
  const InteractionLog log = io::load_interactions(usual);
  CHECK(pairs(log) == Pairs{"ann>a, \"b\"", "bo>c", "bo>c"});
  CHECK(log.time == std::vector<double>{1717156800, 86400, 0.5});
  CHECK(log.behaviours == std::vector<std::string>{"view", "buy"});
  CHECK(log.behaviour == std::vector<int32_t>{0, 1, 0});
  CHECK(log.rating.empty());
  CHECK(log.name == "shop");

  const std::string own = folder.write("own.csv", "who;what;how much\nann;tea;2,5\n");
  CHECK(pairs(io::load_interactions(own, {.format = io::InteractionFormat::csv, .columns = {"who", "what", "", "", ""}})) ==
        Pairs{"ann>tea"});
  CHECK_THROWS_WITH_AS(
      io::load_interactions(own, {.format = io::InteractionFormat::csv, .columns = {"who", "which", "", "", ""}}),
      doctest::Contains("own.csv:1: there is no column 'which' for the item; the header has 'who', 'what', 'how much'"), Error);
  const InteractionLog numbered =
      io::load_interactions(folder.write("n.tsv", "x\tann\ttea\ny\tbo\trice\n"),
                            {.format = io::InteractionFormat::csv, .columns = {"2", "3", "", "", ""}});
  CHECK(pairs(numbered) == Pairs{"ann>tea", "bo>rice"});
}

TEST_CASE("io / csv: without a header the columns are user, item, rating and time") {
  const TempDir folder;
  const InteractionLog four = io::load_interactions(folder.write("four", "1,2,3.5,100\n# note\n4,5,1,50\n"));
  CHECK(pairs(four) == Pairs{"1>2", "4>5"});
  CHECK(four.rating == std::vector<float>{3.5f, 1});
  CHECK(four.time == std::vector<double>{100, 50});
  CHECK(io::load_interactions(folder.write("three", "1,2,3.5\n")).rating.size() == 1);
  CHECK(io::load_interactions(folder.write("timed", "1,2,978300760\n")).time.size() == 1);
  CHECK(io::load_interactions(folder.write("five", "1,2,3,4,5\n")).rating.empty());
}

TEST_CASE("io / csv: a folder keeps its parts, each file with its own separator and further columns") {
  const TempDir folder;
  folder.write("train.csv", "user_id\titem_id\ttime\n1\t7\t10\n");
  folder.write("dev.csv", gzip("user_id,item_id,time,neg_items\r\n1,8,11,\"[1, 2]\"\r\n"));
  folder.write("test.csv", "time,user_id,item_id\n12,1,9\n");
  const InteractionLog log = io::load_interactions(folder.path().string());
  CHECK(pairs(log) == Pairs{"1>7", "1>8", "1>9"});
  CHECK(log.time == std::vector<double>{10, 11, 12});
  CHECK(log.part == std::vector<Part>{Part::train, Part::val, Part::test});
  folder.write("test.csv", "user_id,item_id\n1,9\n");
  CHECK_THROWS_WITH_AS(io::load_interactions(folder.path().string(), {.time = io::Wanted::yes}),
                       doctest::Contains("test.csv:1: there is no column for the time"), Error);
  const InteractionLog untimed = io::load_interactions(folder.path().string());
  CHECK(untimed.time.empty());
  REQUIRE(untimed.reading.notes.size() == 1);
  CHECK(untimed.reading.notes[0].kind == NoteKind::columns);
}

TEST_CASE("io / recbole: typed columns, titles from the .item file") {
  const TempDir folder;
  folder.write("toy.inter", "timestamp:float\titem_id:token\tuser_id:token\ttags:token_seq\n9\tb\t\"u\tx y\n8\ta\tv\t\n");
  folder.write("toy.item", "item_id:token\tyear:float\tmovie_title:token_seq\nz\t1\tNone\na\t2\tAlpha Beta\n");
  const InteractionLog log = io::load_interactions(folder.path().string());
  CHECK(pairs(log) == Pairs{"\"u>b", "v>a"});
  CHECK(log.time == std::vector<double>{9, 8});
  CHECK(log.item_names == std::vector<std::string>{"", "Alpha Beta"});
  CHECK(log.name == "toy");
  folder.write("other.inter", "");
  CHECK_THROWS_WITH_AS(io::load_interactions(folder.path().string()), doctest::Contains("several .inter files"), Error);
}

TEST_CASE("io / movielens: its three generations, titles in UTF-8") {
  const TempDir folder;
  const auto check = [&](const char* ratings, const std::string& content, const char* titles, const std::string& names) {
    const std::string path = folder.write(ratings, content);
    folder.write(titles, names);
    for (const std::string& at : {path, folder.path().string()}) {
      const InteractionLog log = io::load_interactions(at);
      CHECK(pairs(log) == Pairs{"1>20", "2>10"});
      CHECK(log.rating == std::vector<float>{5, 3.5f});
      CHECK(log.time == std::vector<double>{978300760, 978302109});
      CHECK(log.item_names == std::vector<std::string>{"", "Am\xc3\xa9lie, the"});
    }
    std::filesystem::remove(path);
  };
  check("u.data", "1\t20\t5\t978300760\n2\t10\t3.5\t978302109\n", "u.item", "10|Am\xe9lie, the|01-Jan-1995||0\n");
  check("ratings.dat", "1::20::5::978300760\n2::10::3.5::978302109\n", "movies.dat", "10::Am\xe9lie, the::Comedy\n");
  check("ratings.csv", "userId,movieId,rating,timestamp\n1,20,5,978300760\n2,10,3.5,978302109\n", "movies.csv",
        "movieId,title,genres\n10,\"Am\xc3\xa9lie, the\",Comedy\n");
}

TEST_CASE("io / interactions: what is not there, not whole or not meant is said") {
  const TempDir folder;
  const std::string path = folder.path().string();
  CHECK_THROWS_WITH_AS(io::load_interactions(folder.file("gone")), doctest::Contains("gone does not exist"), Error);
  CHECK_THROWS_WITH_AS(io::load_interactions(path), doctest::Contains("holds no interactions; looked for:"), Error);
  CHECK_THROWS_WITH_AS(io::load_interactions(path, {.format = io::InteractionFormat::recbole}),
                       doctest::Contains("has no .inter file"), Error);
  CHECK_THROWS_WITH_AS(io::load_interactions(folder.write("bytes", bytes("\1\2\0\0"))),
                       doctest::Contains("bytes is a binary file of another kind, not interactions"), Error);
  CHECK_THROWS_WITH_AS(io::load_interactions(folder.write("empty.csv", "")), doctest::Contains("empty.csv is empty"), Error);
  folder.write("train.txt", "1 2\n");
  CHECK_THROWS_WITH_AS(io::load_interactions(path), doctest::Contains("has train.txt and no test.txt"), Error);
  CHECK_THROWS_WITH_AS(io::load_interactions(folder.file("train.txt"), {.columns = {"1", "2", "", "", ""}}),
                       doctest::Contains("is read as lightgcn, whose columns are fixed"), Error);
  folder.write("test.txt", "");
  CHECK_THROWS_WITH_AS(io::load_interactions(path), doctest::Contains("test.txt is empty"), Error);
}

TEST_CASE("io / utf-8: well-formed text is kept, anything else read as Latin-1") {
  CHECK(io::detail::is_utf8("plain, and \xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82 long enough"));
  for (const char* bad : {"\xe9", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", "12345678\xff"}) {
    CHECK_FALSE(io::detail::is_utf8(bad));
  }
  CHECK(io::detail::to_utf8("caf\xe9 \xff") == "caf\xc3\xa9 \xc3\xbf");
}

TEST_CASE("io / interactions: the public sets have their published sizes") {
  if (const auto path = shared_data("gowalla")) {
    const InteractionLog log = io::load_interactions(path->string());
    CHECK(log.users.size() == 29858);
    CHECK(log.items.size() == 40981);
    CHECK(std::count(log.part.begin(), log.part.end(), Part::train) == 810128);
    CHECK(std::count(log.part.begin(), log.part.end(), Part::test) == 217242);
    for (const int64_t id : {0, 1, 29857}) CHECK(log.users[id] == std::to_string(id));
  }
  if (const auto path = shared_data("ml-100k")) {
    const InteractionLog log = io::load_interactions(path->string());
    CHECK(log.users.size() == 943);
    CHECK(log.items.size() == 1682);
    CHECK(log.size() == 100000);
    CHECK(log.rating.size() == 100000);
    CHECK(log.item_names[log.items.find("1")] == "Toy Story");
  }
  if (const auto path = shared_data("rechorus-grocery")) {
    const InteractionLog log = io::load_interactions(path->string());
    CHECK(log.users.size() == 14681);
    CHECK(log.items.size() == 8713);
    CHECK(std::count(log.part.begin(), log.part.end(), Part::val) == 14681);
    CHECK(std::count(log.part.begin(), log.part.end(), Part::test) == 14681);
  }
}

TEST_CASE("io / how interactions are read, as text and back") {
  io::InteractionReading reading{.format = io::InteractionFormat::csv, .columns = {.user = "who", .item = "2", .time = "when"}};
  reading.columns.rating = "stars";
  reading.options = {.separator = "tab",
                     .quote = "none",
                     .encoding = "latin-1",
                     .header = io::HeaderLine::absent,
                     .skip_lines = 3,
                     .missing = io::MissingFields::error,
                     .ragged = io::RaggedRows::skip,
                     .dates = io::DateOrder::month_first,
                     .strict = true};
  const Settings settings = io::reading_settings().write(reading);
  CHECK(settings == Settings{{"format", "csv"},
                             {"user_column", "who"},
                             {"item_column", "2"},
                             {"rating_column", "stars"},
                             {"behaviour_column", ""},
                             {"time_column", "when"},
                             {"name_column", ""},
                             {"separator", "tab"},
                             {"quote", "none"},
                             {"encoding", "latin-1"},
                             {"header", "no"},
                             {"skip_lines", "3"},
                             {"missing", "error"},
                             {"ragged", "skip"},
                             {"dates", "month-first"},
                             {"strict", "true"}});
  const io::InteractionReading other{.columns = {.behaviour = "kind"}};
  CHECK(io::reading_settings().write(io::reading_settings().read(settings, other)) == settings);
  CHECK(io::reading_settings().write({}).at("format") == "auto");
  for (const char* format : {"auto", "lightgcn", "recbole", "movielens", "matrix_market", "npz", "json_lines", "csv"})
    CHECK(io::reading_settings().write(io::reading_settings().read({{"format", format}})).at("format") == format);
  for (const auto& [name, value] : Settings{{"separator", "\n"},
                                            {"quote", "ab"},
                                            {"encoding", "ebcdic"},
                                            {"header", "maybe"},
                                            {"skip_lines", "-1"},
                                            {"missing", "x"},
                                            {"ragged", "x"},
                                            {"dates", "x"},
                                            {"strict", "x"}}) {
    CAPTURE(name);
    CHECK_THROWS_AS(io::reading_settings().read({{name, value}}), Error);
  }
  try {
    io::reading_settings().rows().front().read("--format", "parquet");
    FAIL_CHECK("a format that there is not was taken");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()) ==
          "--format is 'parquet', it must be one of auto, npz, json_lines, lightgcn, recbole, movielens, matrix_market, csv");
  }
}

TEST_CASE("io / a log tells how it was read") {
  const TempDir folder;
  const std::string path = folder.write("orders.csv", "who,what\na,x\n");
  const io::InteractionColumns columns{.user = "who", .item = "what"};
  CHECK(io::load_interactions(path, {.format = io::InteractionFormat::csv, .columns = columns}).read_with ==
        io::reading_settings().write({.format = io::InteractionFormat::csv, .columns = columns}));
  CHECK(io::load_interactions(path, {.columns = columns}).read_with.at("format") == "auto");
}
