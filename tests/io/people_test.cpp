#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/io.h"
#include "heddle/reading.h"
#include "io/delimited.h"
#include "io/interaction_columns.h"
#include "io/interactions.h"
#include "io/text_source.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

/// Interactions as people write them, beyond what one program does: other marks, other places, several files.
namespace heddle::test {

namespace {

constexpr int people = 24, things = 24, each_has = 6;

/// Calls line(user, item, number) for 24 users with 6 of 24 items each.
std::string log_of(const std::function<std::string(int, int, int)>& line, int from = 0, int to = people) {
  constexpr int steps[each_has] = {0, 1, 3, 7, 12, 18};
  std::string text;
  for (int user = from; user < to; ++user) {
    for (int i = 0; i < each_has; ++i) text += line(user, (5 * user + steps[i]) % things, user * each_has + i);
  }
  return text;
}

std::string str(int value) { return std::to_string(value); }

std::string plain_csv(int from = 0, int to = people) {
  return "user_id,item_id\n" + log_of([](int user, int item, int) { return str(user) + "," + str(item) + "\n"; }, from, to);
}

std::string triples(const std::string& between, const std::string& header = "") {
  return (header.empty() ? "" : header + "\n") + log_of([&](int user, int item, int n) {
           return "u" + str(user) + between + "i" + str(item) + between + str(1 + n % 5) + "\n";
         });
}

int64_t count_of(const Reading& reading, NoteKind kind) {
  return std::count_if(reading.notes.begin(), reading.notes.end(), [&](const ReadingNote& note) { return note.kind == kind; });
}

/// Reads a text that holds 24 users, 24 items and all of their interactions, and nothing else.
InteractionLog whole_log(const std::string& content, const io::InteractionReading& how = {},
                         const std::string& name = "log.csv") {
  const TempDir folder;
  InteractionLog log = io::load_interactions(folder.write(name, content), how);
  CHECK(log.users.size() == people);
  CHECK(log.items.size() == things);
  CHECK(log.size() == people * each_has);
  return log;
}

std::string refused(const std::function<InteractionLog()>& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("nothing was refused");
  return {};
}

std::string refused(const std::string& content, const io::InteractionReading& how = {}) {
  const TempDir folder;
  return refused([&] { return io::load_interactions(folder.write("log.csv", content), how); });
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("io / people / separators: Hive's, carets, a code by option, tabs and blanks that align numbers") {
  CHECK(whole_log(triples("\x01", "user_id\x01item_id\x01rating")).reading.files.front().separator == "\x01");
  CHECK(whole_log(triples("^", "user_id^item_id^rating")).reading.files.front().separator == "^");
  CHECK(whole_log(triples("\x02", "user\x02item\x02stars"), {.options = {.separator = "\\x02"}}).item.size() == 144);
  CHECK(whole_log(triples(" | ", "user | item | stars")).reading.files.front().separator == "|");
  CHECK(whole_log(triples("::", "user_id::item_id::rating")).reading.files.front().format == "csv");
  const auto aligned = [](int user, int item, int n) {
    const std::string id = str(user);
    return std::string(8 - id.size(), ' ') + id + "   " + str(100 + item) + " \t " + str(1 + n % 5) + "\n";
  };
  CHECK(whole_log(log_of(aligned)).reading.files.front().separator == " ");
  // Blanks inside of names separate nothing.
  CHECK(whole_log(log_of([](int user, int item, int) { return "Ann " + str(user) + "\tTea " + str(item) + "\n"; }),
                  {.options = {.header = io::HeaderLine::absent}})
            .reading.files.front()
            .separator == "\t");
  CHECK(whole_log(log_of([](int user, int item, int) { return "u" + str(user) + ":i" + str(item) + "\n"; }))
            .reading.files.front()
            .format == "lightgcn");
}

TEST_CASE("io / people / blanks: quoted fields, unusual names above numbers, RecBole's header without tabs") {
  const InteractionLog quoted = whole_log(log_of(
      [](int user, int item, int n) { return "\"Ann " + str(user) + "\" \"Tea " + str(item) + "\" " + str(1 + n % 5) + "\n"; }));
  CHECK(quoted.users[0] == "Ann 0");
  CHECK(has(refused(triples(" ", "who what stars")), "no column is known for the user among 'who', 'what', 'stars'"));
  whole_log(triples(" ", "who what stars"), {.columns = {.user = "who", .item = "what"}});
  const InteractionLog typed = whole_log(triples(" ", "user_id:token item_id:token rating:float"), {}, "typed.txt");
  CHECK(typed.reading.files.front().format == "recbole");
}

TEST_CASE("io / people / quotes: single ones, and blanks before them") {
  const InteractionLog single = whole_log(
      "'user_id','item_id'\n" + log_of([](int user, int item, int) { return "'u, " + str(user) + "','i " + str(item) + "'\n"; }));
  CHECK(single.users[0] == "u, 0");
  CHECK(single.reading.files.front().quote == "'");
  const InteractionLog apostrophes =
      whole_log("user,item\n" + log_of([](int user, int item, int) { return "u" + str(user) + ",'Tis " + str(item) + "\n"; }));
  CHECK(apostrophes.items[0] == "'Tis 0");
  whole_log("user, item, name\n" +
            log_of([](int user, int item, int) { return str(user) + ", \"it, " + str(item) + "\", \"a, \"\"b\"\"\"\n"; }));
}

TEST_CASE("io / people / marks: ids that begin with #, all of them or the first, and a header behind one") {
  const auto orders = [](bool all) {
    return log_of([&](int user, int item, int) {
      return std::string(all || user % 2 == 0 ? "#" : "W") + str(1000 + user) + "," + str(item) + ",3\n";
    });
  };
  CHECK(whole_log(orders(true)).users[0] == "#1000");
  CHECK(whole_log(orders(false)).reading.files.front().comments == 0);
  CHECK(whole_log("# exported\n" + orders(false)).reading.files.front().comments == 1);
  const InteractionLog named = whole_log("# exported\n#item_id\tuser_id\n" + log_of([](int user, int item, int) {
                                           return "i" + str(item) + "\tu" + str(user) + "\n";
                                         }));
  CHECK(named.users[0] == "u0");
  CHECK(named.reading.files.front().header);
  CHECK(named.reading.files.front().comments == 1);
  const InteractionLog pairs = whole_log(
      "% item_id user_id\n" + log_of([](int user, int item, int) { return "i" + str(item) + " u" + str(user) + "\n"; }));
  CHECK(pairs.users[0] == "u0");
  const TempDir folder;
  CHECK(has(refused([&] { return io::load_interactions(folder.write("c.txt", "# one, two\n# three, four\n")); }), "has no rows"));
}

TEST_CASE("io / people / lines: a report's title with as many fields, rules between rows, the header once more") {
  const std::string rows = triples(",", "user_id,item_id,rating");
  const InteractionLog padded = whole_log("Sales report,,\n2024,,\n" + rows);
  CHECK(padded.reading.files.front().lines_before == 2);
  CHECK(count_of(padded.reading, NoteKind::dialect) == 1);
  CHECK(whole_log("Sales report,May,2024\n" + rows).reading.files.front().lines_before == 1);
  const std::string bars = log_of([](int user, int item, int) { return "| " + str(user) + " | " + str(item) + " |\n"; });
  const InteractionLog ruled = whole_log("| user_id | item_id |\n|:---|---:|\n" + bars);
  REQUIRE(ruled.reading.left_out.size() == 1);
  CHECK(ruled.reading.left_out.front().reason == "a line drawn between rows");
  const InteractionLog psql = whole_log(" user_id | item_id \n---------+---------\n" + log_of([](int user, int item, int) {
                                          return " " + str(user) + " | " + str(item) + " \n";
                                        }));
  CHECK(psql.reading.rows_left_out() == 1);
  const InteractionLog joined = whole_log(plain_csv(0, 10) + plain_csv(10, people));
  REQUIRE(joined.reading.left_out.size() == 1);
  CHECK(joined.reading.left_out.front().reason == "the header once more");
}

TEST_CASE("io / people / missing: what else says nothing, in lists of items too") {
  for (const char* nobody : {"<NA>", "#N/A", "(null)", "(NULL)", "<na>"}) {
    CAPTURE(nobody);
    const InteractionLog log = whole_log(plain_csv() + nobody + ",5\n");
    REQUIRE(log.reading.left_out.size() == 1);
    CHECK(log.reading.left_out.front().count == 1);
  }
  for (const char* somebody : {"nancy", "nobody", "<x>", "#1", "-", "(1)", "Nile", "no"}) {
    const TempDir folder;
    CHECK(io::load_interactions(folder.write("n.csv", plain_csv() + somebody + ",5\n")).users.size() == people + 1);
  }
  const TempDir folder;
  const std::string lists = folder.write("l.txt", "a x y\nnan x\nb NULL z\n");
  const InteractionLog log = io::load_interactions(lists);
  CHECK(log.users.ids() == std::vector<std::string>{"a", "b"});
  CHECK(log.items.ids() == std::vector<std::string>{"x", "y", "z"});
  CHECK(log.reading.rows_left_out() == 2);
  CHECK(io::load_interactions(lists, {.options = {.missing = io::MissingFields::keep}}).users.size() == 3);
  CHECK(has(refused([&] { return io::load_interactions(lists, {.options = {.missing = io::MissingFields::error}}); }),
            "l.txt:2: the user is 'nan'"));
}

TEST_CASE("io / people / guesses: a time first, ratings second, a matrix") {
  const InteractionLog dated = whole_log(log_of(
      [](int user, int item, int n) { return "2014-04-" + str(10 + n % 18) + ",u" + str(user) + ",i" + str(item) + "\n"; }));
  CHECK(dated.users[0] == "u0");
  CHECK(count_of(dated.reading, NoteKind::columns) == 1);
  CHECK(has(refused(log_of(
                [](int user, int item, int n) { return str(1398300000 + n / 3) + ",u" + str(user) + ",i" + str(item) + "\n"; })),
            "column 1 looks like times; number the columns of user and item, as in --user-column 2 --item-column 3, or"));
  // Large numbers are ids where there are times beside them, or nothing else.
  whole_log(log_of([](int user, int item, int n) {
    return str(1398300000 + user) + "," + str(item) + "," + str(1398300000 + 60 * n) + "\n";
  }));
  const std::string rated =
      refused(log_of([](int user, int item, int n) { return str(user) + "," + str(1 + n % 5) + "," + str(9000 + item) + "\n"; }));
  CHECK(has(rated, "--item-column 3 --rating-column 2"));
  CHECK(has(rated, "--user-column 1 --item-column 2"));
  const auto matrix = [](const std::string& between, const std::string& first) {
    std::string text = first;
    for (int row = 0; row < 12; ++row) {
      for (int column = 0; column < 20; ++column) text += (column > 0 ? between : "") + str(row * column % 6);
      text += "\n";
    }
    return text;
  };
  std::string names = "user";
  for (int column = 1; column < 20; ++column) names += ",i" + str(column);
  for (const std::string& text : {matrix(",", ""), matrix(" ", ""), matrix(";", ""), matrix(",", names + "\n")}) {
    const std::string sentence = refused(text);
    CAPTURE(sentence);
    CHECK(has(sentence, "looks like a matrix"));
    CHECK(has(sentence, "save_npz"));
  }
}

TEST_CASE("io / people / ids: 7 and 7.0 in one file are told, a file without a header has the columns of one with it") {
  const InteractionLog mixed = io::load_interactions(TempDir().write("m.csv", "user,item\n7,a\n7.0,b\n8.5,c\n"));
  CHECK(mixed.users.size() == 3);
  REQUIRE(count_of(mixed.reading, NoteKind::ids) == 1);
  CHECK(has(mixed.reading.notes.front().sentence, "such as 7 also written 7.0"));
  const TempDir folder;
  folder.write("train.csv", "rating,item_id,user_id\n5,a,1\n4,b,2\n");
  folder.write("test.csv", "3,b,1\n1,a,2\n");
  const InteractionLog log = io::load_interactions(folder.path().string());
  CHECK(log.users.ids() == std::vector<std::string>{"1", "2"});
  CHECK(log.items.ids() == std::vector<std::string>{"a", "b"});
  CHECK(count_of(log.reading, NoteKind::header) == 1);
  folder.write("test.csv", "3,b\n");
  CHECK(has(refused([&] { return io::load_interactions(folder.path().string()); }), "there is no header, and 2 columns, where"));
}

TEST_CASE("io / people / names: a column of them is told with the items") {
  const std::string shop = "user,item,title\na,1,Tea\nb,1,Tea\nb,2,Milk\nc,2,Whole milk\n";
  const TempDir folder;
  const std::string path = folder.write("shop.csv", shop);
  CHECK(io::load_interactions(path).item_names.empty());
  for (const int threads : {1, 3}) {
    const InteractionLog log = io::load_interactions(path, {.columns = {.name = "title"}, .options = {.threads = threads}});
    CHECK(log.item_names == std::vector<std::string>{"Tea", "Milk"});
    CHECK(count_of(log.reading, NoteKind::values) == 1);
  }
  const InteractionLog json =
      io::load_interactions(folder.write("shop.jsonl", "{\"user\": 1, \"item\": 2, \"about\": {\"name\": \"Tea\"}}\n"),
                            {.columns = {.name = "about.name"}});
  CHECK(json.item_names == std::vector<std::string>{"Tea"});
}

TEST_CASE("io / people / names: the first of an item is kept, however many threads read and blocks there are") {
  constexpr int64_t rows = 150'000, items = 3'000;  // 3.6 MB: several blocks of the reader
  std::string shop = "user,item,title\n";
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t item = row % items;
    const int64_t title = row < rows / 2 ? item : -item;  // the second half has other names
    shop += std::to_string(row / 10) + "," + std::to_string(item) + ",title " + std::to_string(title) + "\n";
  }
  const TempDir folder;
  const std::string path = folder.write("shop.csv", shop);
  std::vector<std::string> expected;
  for (int64_t item = 0; item < items; ++item) expected.push_back("title " + std::to_string(item));
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    const InteractionLog log = io::load_interactions(path, {.columns = {.name = "title"}, .options = {.threads = threads}});
    CHECK(log.item_names == expected);
    const auto told = std::find_if(log.reading.notes.begin(), log.reading.notes.end(), [](const ReadingNote& note) {
      return note.sentence.find("another name") != std::string::npos;
    });
    REQUIRE(told != log.reading.notes.end());
    CAPTURE(told->sentence);
    CHECK(told->line == 2 + rows / 2 + 1);  // the first row of the second half is of item 0, whose name is the same
    CHECK(has(told->sentence, std::to_string(rows / 2 - rows / 2 / items)));
  }
}

TEST_CASE("io / people / several files: named, by a pattern, all of a folder") {
  const TempDir folder;
  const std::string one = folder.write("2024-01-01.csv", plain_csv(0, 8)), two = folder.write("2024-01-02.csv", plain_csv(8, 20)),
                    three = folder.write("2024-01-03.csv", plain_csv(20, people));
  folder.write("README.md", "which shop");
  const std::string whole = whole_log(plain_csv()).users.ids().back();
  const auto check = [&](const InteractionLog& log) {
    CHECK(log.size() == people * each_has);
    CHECK(log.users.ids().back() == whole);
    CHECK(log.reading.files.size() == 3);
    CHECK(log.reading.notes.empty());
  };
  check(io::load_interaction_files({one, two, three}));
  check(io::load_interaction_files({folder.path().string() + "/2024-*.csv"}));
  check(io::load_interactions(folder.path().string() + "/2024-0[1-3]-0?.csv"));
  const InteractionLog series = io::load_interactions(folder.path().string());
  check(series);
  CHECK(series.reading.files_not_read == std::vector<std::string>{"README.md"});
  CHECK(has(refused([&] { return io::load_interaction_files({one, two, one}); }), "is named twice"));
  CHECK(has(refused([&] { return io::load_interactions(folder.path().string() + "/1999-*.csv"); }), "no file matches"));
  CHECK_THROWS_AS(io::load_interaction_files({}), Error);
  // A piece that `split` cut off has no header.
  const std::string piece =
      folder.write("2024-01-02.csv", log_of([](int user, int item, int) { return str(user) + "," + str(item) + "\n"; }, 8, 20));
  const InteractionLog cut = io::load_interaction_files({one, piece, three});
  CHECK(cut.size() == people * each_has);
  CHECK(count_of(cut.reading, NoteKind::header) == 1);
  CHECK(has(refused([&] { return io::load_interactions(folder.path().string()); }), "so that they are not read together"));
  folder.write("2024-01-02.csv", "{\"user_id\": 8, \"item_id\": 3}\n");
  CHECK(has(refused([&] {
              return io::load_interaction_files({one, two, three});
            }),
            "are of different formats (csv and json_lines)"));
}

TEST_CASE("io / people / several files: lists, JSON, and what is no series") {
  const TempDir lists;
  lists.write("a.txt", "0 4 5\n1 4\n");
  lists.write("b.txt", "2 5 6\n");
  CHECK(io::load_interactions(lists.path().string()).size() == 5);
  const TempDir json;
  json.write("a.jsonl", "{\"user\": 1, \"item\": 2}\n");
  json.write("b.jsonl", "{\"item\": 3, \"user\": 1}\n");
  const InteractionLog log = io::load_interactions(json.path().string());
  CHECK(log.items.ids() == std::vector<std::string>{"2", "3"});
  CHECK(log.reading.files[1].path.ends_with("b.jsonl"));
  const TempDir parts;
  parts.write("train.jsonl", "{\"user\": 1, \"item\": 2}\n{\"user\": 2, \"item\": 3}\n");
  parts.write("Test.jsonl", "{\"user\": 1, \"item\": 3}\n");
  const InteractionLog split = io::load_interactions(parts.path().string());
  CHECK(split.part.back() == InteractionLog::Part::test);
  CHECK(split.reading.files.back().part == "test");
  const TempDir named;
  named.write("shop.train.csv", plain_csv());
  named.write("shop.test.csv", plain_csv());
  CHECK(has(refused([&] { return io::load_interactions(named.path().string()); }), "are named like parts of a data set"));
  const TempDir other;
  other.write("train.csv", plain_csv());
  other.write("Test.tsv", "user_id\titem_id\n0\t3\n");
  CHECK(io::load_interactions(other.path().string()).part.size() == 145);
  const TempDir hive;
  hive.write("000000_0",
             "1\x01"
             "2\n");
  hive.write("000001_0",
             "1\x01"
             "3\n");
  CHECK(io::load_interactions(hive.path().string()).items.ids() == std::vector<std::string>{"2", "3"});
  const std::string matrix = parts.write("a.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 1\n");
  CHECK(has(refused([&] {
              return io::load_interaction_files({matrix, parts.file("train.jsonl")});
            }),
            "are of different formats"));
  const TempDir inter;
  inter.write("train.inter", "user_id:token\titem_id:token\n1\t2\n");
  inter.write("test.inter", "user_id:token\titem_id:token\n1\t3\n");
  CHECK(io::load_interactions(inter.path().string()).part.size() == 2);
}

TEST_CASE("io / people / times: no time, and a sign before a rating") {
  const io::InteractionReading timed{.time = io::Wanted::yes};
  for (const char* never : {"NaT", "0000-00-00 00:00:00", "0000-00-00"}) {
    CAPTURE(never);
    const TempDir folder;
    const InteractionLog log =
        io::load_interactions(folder.write("t.csv", std::string("user,item,time\n1,2,2024-05-31\n1,3,") + never + "\n"), timed);
    REQUIRE(log.reading.left_out.size() == 1);
    CHECK(log.reading.left_out.front().reason == "no time");
  }
  CHECK(io::load_interactions(TempDir().write("r.csv", "user,item,rating\n1,2,+4\n1,3,4.5\n")).rating ==
        std::vector<float>{4, 4.5f});
}

TEST_CASE("io / people / docs: formats.md has the reader's own formats, words and names") {
  std::ifstream file(source_dir() / "docs/formats.md");
  const std::string docs((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::size_t at = docs.find("## Interaction data");
  REQUIRE(at != std::string::npos);
  for (const io::detail::InteractionFormatEntry& entry : io::detail::interaction_formats()) {
    CAPTURE(std::string(entry.name));
    at = docs.find("| `" + std::string(entry.name) + "` | ", at);  // in the order in which they are tried
    REQUIRE(at != std::string::npos);
  }
  std::string words;
  for (const std::string_view word : io::detail::missing_words)
    words += (words.empty() ? "" : ", ") + ("`" + std::string(word) + "`");
  CHECK_MESSAGE(has(docs, words), words);
  // Encodings: each is named, can be asked for in any case, and is told by its own name.
  const std::size_t row = docs.find("| `--encoding` | "), row_end = docs.find('\n', row);
  REQUIRE(row != std::string::npos);
  const TempDir folder;
  for (const auto& [name, encoding] : io::detail::known_encodings()) {
    CAPTURE(std::string(name));
    CHECK(has(docs.substr(row, row_end - row), "`" + std::string(name) + "`"));
    const std::string told = io::detail::to_string(encoding);
    std::string upper = name, log;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const bool wide = told.starts_with("UTF-16"), big = told == "UTF-16BE";
    for (const char c : std::string("user,item\na,1\nb,2\n")) {
      if (wide && big) log += '\0';
      log += c;
      if (wide && !big) log += '\0';
    }
    const InteractionLog read = io::load_interactions(folder.write("log.csv", log), {.options = {.encoding = upper}});
    CHECK(read.size() == 2);
    CHECK(read.reading.files.front().encoding == told);
  }
}

}  // namespace heddle::test
