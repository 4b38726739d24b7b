#include "heddle/reading.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "heddle/io.h"
#include "io/delimited.h"
#include "io/interaction_columns.h"
#include "tests/io/samples.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

/// Files as people bring them, each kind from small data: nothing is lost, nothing invented, and what was read is told.
namespace heddle::test {

namespace {

constexpr int users = 24, items = 24, of_each = 6;
constexpr int steps[of_each] = {0, 1, 3, 7, 12, 18};

/// Calls line(user, item, number) for 24 users with 6 of 24 items each.
std::string lines(const std::function<std::string(int, int, int)>& line) {
  std::string text;
  for (int user = 0; user < users; ++user) {
    for (int i = 0; i < of_each; ++i) {
      text += line(user, (5 * user + steps[i]) % items, user * of_each + i);
    }
  }
  return text;
}

std::string decimal(int value) { return std::to_string(value); }

/// An interaction log's text of `header` and user,item,`rest`.
std::string csv(const std::string& header, const std::string& rest = "") {
  return header + "\n" + lines([&](int user, int item, int) { return decimal(user) + "," + decimal(item) + rest + "\n"; });
}

int64_t notes_of(const Reading& reading, NoteKind kind) {
  return std::count_if(reading.notes.begin(), reading.notes.end(), [&](const ReadingNote& note) { return note.kind == kind; });
}

std::string used_for(const FileReading& file, int64_t column) {
  return column <= static_cast<int64_t>(file.columns.size()) ? file.columns[static_cast<std::size_t>(column - 1)].used_for : "?";
}

/// Reads the text and checks that it holds all of them.
InteractionLog whole(const std::string& content, const io::InteractionReading& how = {}, const std::string& name = "shop.csv") {
  const TempDir folder;
  InteractionLog log = io::load_interactions(folder.write(name, content), how);
  CHECK(log.users.size() == users);
  CHECK(log.items.size() == items);
  CHECK(log.size() == users * of_each);
  return log;
}

/// Without ratings, behaviours and times, as where nothing asks for them.
io::InteractionReading nothing_else(io::InteractionReading how = {}) {
  set_wanted(how, {});
  return how;
}

std::string refusal(const std::string& content, const io::InteractionReading& how = {}, const std::string& name = "shop.csv") {
  const TempDir folder;
  Reading told;
  try {
    io::load_interactions(folder.write(name, content), how, &told);
  } catch (const Error& error) {
    CHECK(told.refused == error.what());
    return error.what();
  }
  FAIL("nothing was refused");
  return {};
}

}  // namespace

TEST_CASE("io / reading / blanks: equal columns with few small numbers are user, item, rating") {
  const InteractionLog log = whole(lines(
      [](int user, int item, int n) { return decimal(user) + " " + decimal(100 + item) + " " + decimal(1 + n % 5) + "\n"; }));
  CHECK(log.rating.size() == users * of_each);
  CHECK(notes_of(log.reading, NoteKind::format) == 1);
  CHECK(log.reading.files.front().separator == " ");
  // Two lines are enough where the user comes again.
  const TempDir folder;
  const InteractionLog two = io::load_interactions(folder.write("r.txt", "1 20 4\n1 30 5\n"));
  CHECK(two.items.ids() == std::vector<std::string>{"20", "30"});
  CHECK(two.rating == std::vector<float>{4, 5});
}

TEST_CASE("io / reading / blanks: a header, a colon behind the user, RecBole's types, Matrix Market") {
  const auto triples = [](int user, int item, int n) {
    return "u" + decimal(user) + " i" + decimal(item) + " " + decimal(1 + n % 5) + "\n";
  };
  CHECK(notes_of(whole("user_id item_id rating\n" + lines(triples)).reading, NoteKind::format) == 0);
  whole("user_id:token item_id:token timestamp:float\n" + lines([](int user, int item, int n) {
          return decimal(user) + " " + decimal(item) + " " + decimal(1300000000 + n) + "\n";
        }),
        {}, "shop.inter");
  std::string colons;
  for (int user = 0; user < users; ++user) {
    colons += decimal(user) + ":";
    for (int i = 0; i < of_each; ++i) colons += decimal((5 * user + steps[i]) % items) + " ";
    colons += "\n";
  }
  CHECK(whole(colons).reading.files.front().format == "lightgcn");
  const InteractionLog matrix =
      whole("%%MatrixMarket matrix coordinate real general\n%\n24 24 144\n" +
            lines([](int user, int item, int) { return decimal(user + 1) + " " + decimal(item + 1) + " 1\n"; }));
  CHECK(matrix.reading.files.front().format == "matrix_market");
  CHECK(matrix.users[0] == "1");
}

TEST_CASE("io / reading / blanks: lists of items stay lists, and what can be either is refused with both options") {
  const TempDir folder;
  const InteractionLog lists = io::load_interactions(folder.write("l.txt", "0 1 2\n1 2 3\n2 3 1\n"));
  CHECK(lists.size() == 6);
  CHECK(lists.rating.empty());
  std::string counts;
  for (int i = 0; i < 60; ++i) counts += decimal(i % 20) + " " + decimal(i) + " " + decimal(1000 + 37 * i) + "\n";
  const std::string sentence = refusal(counts);
  CHECK(sentence.find("--format csv") != std::string::npos);
  CHECK(sentence.find("--format lightgcn") != std::string::npos);
}

TEST_CASE("io / reading / guesses: a time is no item, a column that never repeats no user") {
  const InteractionLog clicks = whole(lines([](int user, int item, int n) {
    return decimal(user) + ",2014-04-" + (n % 28 < 9 ? "0" : "") + decimal(1 + n % 28) + "T10:10:09.277Z," +
           decimal(214500000 + item) + ",0\n";
  }));
  CHECK(clicks.time.size() == users * of_each);
  CHECK(notes_of(clicks.reading, NoteKind::columns) == 1);
  CHECK(used_for(clicks.reading.files.front(), 3) == "item");
  const InteractionLog places = whole(lines([](int user, int item, int n) {
    return decimal(user) + "\t2010-10-10T23:55:27Z\t30.2" + decimal(100 + item) + "\t-97.7" + decimal(900 + n % 90) + "\t" +
           decimal(22000 + item) + "\n";
  }));
  CHECK(used_for(places.reading.files.front(), 5) == "item");
  const std::string shown = refusal(lines([](int user, int item, int n) {
    return decimal(n) + "\tU" + decimal(user) + "\t11/11/2019 9:00:58 AM\tN1 N2\tN" + decimal(item) + "-1\n";
  }));
  CHECK(shown.find("column 1 never repeats") != std::string::npos);
  CHECK(shown.find("--user-column") != std::string::npos);
}

TEST_CASE("io / reading / comments: order numbers that begin with # are data") {
  const std::string rows = lines([](int user, int item, int n) {
    return std::string(n % 2 ? "#" : "W") + decimal(1000 + n) + "," + decimal(user) + "," + decimal(item) + "\n";
  });
  whole("order,customer_id,item_id\n" + rows);
  const InteractionLog noted = whole("# exported\norder,customer_id,item_id\n# a note\n" + rows);
  CHECK(noted.reading.files.front().comments == 2);
  const InteractionLog shop = whole("Name,Email,Created at,Lineitem name,Lineitem sku\n" + lines([](int user, int item, int n) {
                                      return "#" + decimal(1001 + n) + ",u" + decimal(user) +
                                             "@example.org,2023-01-01 09:59:00 +0100,\"Mug, no. " + decimal(item) + "\",SKU-" +
                                             decimal(item) + "\n";
                                    }));
  CHECK(shop.users[0] == "u0@example.org");
  CHECK(shop.time.size() == users * of_each);
}

TEST_CASE("io / reading / values: zeros of a click and removals are pointed out, and an option leaves them out") {
  const std::string clicks = "user_id,item_id,click\n" + lines([](int user, int item, int n) {
                               return "u" + decimal(user) + ",i" + decimal(item) + "," + (n % 3 ? "1" : "0") + "\n";
                             });
  CHECK(notes_of(whole(clicks, nothing_else()).reading, NoteKind::values) == 1);
  PrepareOptions taken{.min_rating = 1, .has_min_rating = true};
  io::InteractionReading how;
  set_wanted(how, taken);
  InteractionLog log = whole(clicks, how);
  CHECK(notes_of(log.reading, NoteKind::values) == 0);
  taken.split = SplitMethod::none;
  const InteractionDataset data = prepare(std::move(log), taken);
  CHECK(data.train.nnz() == 96);
  CHECK(data.reading.files.size() == 1);
  const std::string events = "user_id,item_id,event\n" + lines([](int user, int item, int n) {
                               return decimal(user) + "," + decimal(item) + "," + (n % 5 ? "view" : "remove_from_cart") + "\n";
                             });
  CHECK(notes_of(whole(events, nothing_else()).reading, NoteKind::values) == 1);
}

TEST_CASE("io / reading / values: quantities below zero are pointed out, and behaviours only where nobody says which count") {
  const std::string sales = "customer_id,sku,Qty\n" + lines([](int user, int item, int n) {
                              return "u" + decimal(user) + ",i" + decimal(item) + "," + (n % 6 ? "2" : "-1") + "\n";
                            });
  const InteractionLog log = whole(sales, nothing_else());
  REQUIRE(notes_of(log.reading, NoteKind::values) == 1);
  CHECK(
      log.reading.notes.front().sentence ==
      "column 'Qty' (3) is below 0 in 24 rows, which may mean given back: they count as taken; --rating-column 3 --min-rating 0 "
      "leaves them out");
  CHECK(log.reading.notes.front().line == 2);
  const PrepareOptions bought{.behaviour_weights = {{"view", 1}}};
  io::InteractionReading how;
  set_wanted(how, bought);
  const std::string events = "user_id,item_id,event\n" + lines([](int user, int item, int n) {
                               return decimal(user) + "," + decimal(item) + "," + (n % 5 ? "view" : "remove_from_cart") + "\n";
                             });
  CHECK(notes_of(whole(events, how).reading, NoteKind::values) == 0);
}

TEST_CASE("io / reading / missing: rows without a user, of separators and of totals are left out and counted") {
  const std::string good = csv("user_id,item_id,rating", ",3");
  for (const char* nobody : {"", "NA", "N/A", "NULL", "null", "\\N", "nan", "NaN", "none", "nil"}) {
    CAPTURE(nobody);
    const InteractionLog log = whole(good + nobody + ",5,3\n");
    REQUIRE(log.reading.left_out.size() == 1);
    CHECK(log.reading.left_out.front().reason == "no user id");
    CHECK(log.reading.left_out.front().first_line == 146);
  }
  const InteractionLog log = whole(good + ",,\n,,\n,,99\n7,,1\n");
  REQUIRE(log.reading.left_out.size() == 3);
  CHECK(log.reading.rows_left_out() == 4);
  const std::string exact = refusal(good + "NULL,5,3\n", {.options = {.missing = io::MissingFields::error}});
  CHECK(exact.find("shop.csv:146: the user is 'NULL'") != std::string::npos);
  const TempDir folder;
  const InteractionLog kept =
      io::load_interactions(folder.write("k.csv", good + "NULL,5,3\n,5,3\n"), {.options = {.missing = io::MissingFields::keep}});
  CHECK(kept.users.size() == users + 1);
  CHECK(kept.reading.rows_left_out() == 1);
}

TEST_CASE("io / reading / cells: what nobody asked for is not parsed, what was asked for is counted or an error") {
  for (const char* rest : {",Recommended", ",3/5", ",", ",29-01-2021 07:01"}) {
    for (const char* header : {"user_id,item_id,rating", "user_id,item_id,timestamp"}) {
      CAPTURE(rest);
      CHECK(whole(csv(header, rest), nothing_else()).reading.notes.empty());
    }
  }
  const InteractionLog words = whole(csv("user_id,item_id,rating", ",Recommended"));
  CHECK(words.rating.empty());
  CHECK(notes_of(words.reading, NoteKind::cells) == 1);
  CHECK(refusal(csv("user_id,item_id,rating", ",Recommended"), {.rating = io::Wanted::yes})
            .find("rating 'Recommended' is not a number") != std::string::npos);
  const InteractionLog commas = whole("user_id;item_id;rating\n" + lines([](int user, int item, int n) {
                                        return decimal(user) + ";" + decimal(item) + ";" + decimal(n % 5) + ",5\n";
                                      }));
  CHECK(commas.rating.front() == 0.5f);
}

TEST_CASE("io / reading / times: asked for they are read in the column's own form, ambiguous ones refused") {
  const io::InteractionReading timed{.time = io::Wanted::yes};
  const auto dated = [](const char* first, bool beyond_twelve) {
    return "user_id,item_id,date\n" + lines([&](int user, int item, int n) {
             return decimal(user) + "," + decimal(item) + "," +
                    (std::string(first) == "day" ? decimal(1 + n % (beyond_twelve ? 28 : 12)) + "/2"
                                                 : "2/" + decimal(1 + n % (beyond_twelve ? 28 : 12))) +
                    "/2021 07:01\n";
           });
  };
  const InteractionLog day = whole(dated("day", true), timed), month = whole(dated("month", true), timed);
  CHECK(day.time == month.time);
  CHECK(day.time[2] - day.time[1] == 86400);
  const std::string sentence = refusal(dated("day", false), timed);
  CHECK(sentence.find("--dates day-first or --dates month-first") != std::string::npos);
  CHECK(whole(dated("day", false)).time.empty());
  const InteractionLog told =
      whole(dated("month", false), {.options = {.dates = io::DateOrder::month_first}, .time = io::Wanted::yes});
  CHECK(std::equal(told.time.begin(), told.time.begin() + 12, month.time.begin()));
  const InteractionLog blank = whole(csv("user_id,item_id,time", ",2021-01-01 UTC") + "1,2,\n", timed);
  REQUIRE(blank.reading.left_out.size() == 1);
  CHECK(blank.reading.left_out.front().reason == "no time");
}

TEST_CASE("io / reading / parts: validation by each of its names, columns that only train has, unread files") {
  for (const char* val : {"val", "valid", "validation", "dev"}) {
    for (const std::string ending : {".txt", ".csv", ".tsv"}) {
      const TempDir folder;
      const std::string header = ending == ".txt" ? "" : "user_id,item_id\n";
      const std::string row = ending == ".txt" ? "0 1\n" : "0,1\n";
      folder.write("train" + ending, ending == ".txt" ? "0 4 5\n" : "user_id,item_id,rating\n0,4,1\n0,5,2\n");
      folder.write(val + ending, header + row);
      folder.write("test" + ending, header + (ending == ".txt" ? "0 2\n" : "0,2\n"));
      folder.write("notes.md", "x");
      const InteractionLog log = io::load_interactions(folder.path().string(), nothing_else());
      CHECK(std::count(log.part.begin(), log.part.end(), InteractionLog::Part::val) == 1);
      CHECK(log.part.size() == 4);
      CHECK(log.reading.files[1].part == "val");
      CHECK(log.reading.files_not_read == std::vector<std::string>{"notes.md"});
      CHECK(log.reading.notes.empty());
      folder.write("test.json", "x");
      CHECK(notes_of(io::load_interactions(folder.path().string(), nothing_else()).reading, NoteKind::files) == 1);
    }
  }
}

TEST_CASE("io / reading / dialects: quotes in TSV, CR alone, UTF-16, vertical bars, long ids, lines above, sep=") {
  const InteractionLog bands = whole(lines([](int user, int item, int) {
    return "user_" + decimal(user) + "\tart-" + decimal(item) + "\t" + (item % 2 ? "\"Odd\" Bob " : "\"The Band\" ") +
           decimal(item) + "\t445\n";
  }));
  CHECK(bands.reading.files.front().quote.empty());
  CHECK(notes_of(bands.reading, NoteKind::dialect) == 1);
  std::string old_mac = csv("User-ID,ISBN");
  std::replace(old_mac.begin(), old_mac.end(), '\n', '\r');
  CHECK(whole(old_mac).reading.files.front().line_end == "CR");
  for (const bool big : {false, true}) {
    for (const bool mark : {false, true}) {
      std::string wide = mark ? big ? "\xfe\xff" : "\xff\xfe" : "";
      for (const char c : csv("customer_id,product_id")) wide += big ? std::string{'\0', c} : std::string{c, '\0'};
      CHECK(whole(wide).reading.files.front().encoding == (big ? "UTF-16BE" : "UTF-16LE"));
    }
  }
  std::string bars = csv("user_id,item_id,rating", ",3");
  std::replace(bars.begin(), bars.end(), ',', '|');
  CHECK(whole(bars).reading.files.front().separator == "|");
  std::replace(bars.begin(), bars.end(), '|', '^');
  CHECK(whole(bars, {.options = {.separator = "^"}}).reading.files.front().separator == "^");
  whole("user,item\n" + lines([](int user, int item, int) {
          return decimal(user) + ",https://shop.example/" + std::string(300, 'x') + decimal(item) + "\n";
        }));
  const InteractionLog report = whole("Sales\nfrom 2024\n\n" + csv("user_id,item_id,rating", ",3"));
  CHECK(report.reading.files.front().lines_before == 2);
  CHECK(notes_of(report.reading, NoteKind::dialect) == 1);
  CHECK(whole("x,y,z\n" + csv("user_id,item_id,rating", ",3"), {.options = {.skip_lines = 1}}).reading.notes.empty());
  std::string excel = csv("user_id,item_id");
  std::replace(excel.begin(), excel.end(), ',', ';');
  CHECK(whole("sep=;\r\n" + excel).reading.files.front().separator == ";");
  CHECK(whole("user,item\n" +
              lines([](int user, int item, int) { return decimal(user) + ",\"a \\\"b\\\", " + decimal(item) + "\"\n"; }))
            .reading.files.front()
            .backslash_escapes);
}

TEST_CASE("io / reading / rows: more or fewer fields than the header are an error with both counts, or left out") {
  const std::string ragged = csv("user_id,item_id,name", ",Mug") + "7,5,Mug, blue\n7\n";
  CHECK(refusal(ragged).find("shop.csv:146: found 4 columns, the header has 3; --ragged skip") != std::string::npos);
  const InteractionLog log = whole(ragged, {.options = {.ragged = io::RaggedRows::skip}});
  REQUIRE(log.reading.left_out.size() == 1);
  CHECK(log.reading.left_out.front().count == 2);
  CHECK(log.reading.left_out.front().first_line == 146);
}

TEST_CASE("io / reading / encodings: the same bytes are the same id in every file of the data") {
  const TempDir folder;
  folder.write("train.csv", "user,item\nM\xc3\xbcller,a\n");
  folder.write("test.csv", "user,item\nM\xc3\xbcller,b\nM\xfcller,caf\xe9\n");
  const InteractionLog log = io::load_interactions(folder.path().string());
  CHECK(log.users.ids() == std::vector<std::string>{"M\xc3\xbcller"});
  CHECK(log.items[2] == "caf\xc3\xa9");
  REQUIRE(notes_of(log.reading, NoteKind::encoding) == 1);
  CHECK(log.reading.notes.front().line == 3);
  CHECK(log.reading.files[0].encoding == "UTF-8");
  CHECK(log.reading.files[1].encoding == "UTF-8 and Windows-1252");
  const TempDir movies;
  movies.write("ratings.dat", "1::3::3::978300000\n");
  movies.write("movies.dat", "3::It\x92s 3 \x97 Am\xe9lie (2001)::Drama\n");
  const InteractionLog titled = io::load_interactions(movies.path().string());
  CHECK(titled.item_names.front() == "It\u2019s 3 \u2014 Am\u00e9lie (2001)");
  CHECK(titled.reading.files.back().encoding == "Windows-1252");
}

TEST_CASE("io / reading / threads: any number of them reads the same, and tells the same error") {
  std::string large = "user,item,rating,kind\n";
  for (int i = 0; large.size() < 20'000'000; ++i) {
    large += "u" + decimal(static_cast<int>(i * 2654435761U % 50021)) + ",\"i\n" + decimal(i % 977) + "\"," + decimal(i % 5) +
             (i % 7 ? ",view\n" : ",buy\n");
    if (i % 1000 == 0) large += "NA,1,2,view\n";
    if (i % 5000 == 0) large += "# \xe9\n";
  }
  std::replace(large.begin(), large.end(), '\n', '\r');
  std::string quoted = large;
  for (std::size_t at = 0; (at = quoted.find("\"i\r", at)) != std::string::npos;) quoted.replace(at, 3, "\"i;");
  const TempDir folder;
  const std::string path = folder.write("large.csv", quoted), broken = folder.write("broken.csv", quoted + "1,2\r" + quoted);
  const auto read = [&](int threads) { return io::load_interactions(path, {.options = {.threads = threads}}); };
  const InteractionLog one = read(1);
  CHECK(one.size() > 500'000);
  for (const int threads : {2, 5}) {
    const InteractionLog several = read(threads);
    CHECK(several.users.ids() == one.users.ids());
    CHECK(several.items.ids() == one.items.ids());
    CHECK(several.behaviours == one.behaviours);
    CHECK(several.user == one.user);
    CHECK(several.item == one.item);
    CHECK(several.rating == one.rating);
    CHECK(several.behaviour == one.behaviour);
    CHECK(to_json(several.reading) == to_json(one.reading));
  }
  const auto sentence = [&](int threads) {
    try {
      io::load_interactions(broken, {.options = {.threads = threads}});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  CHECK(sentence(1).find("found 2 columns, the header has 4") != std::string::npos);
  CHECK(sentence(4) == sentence(1));
}

TEST_CASE("io / reading / ids: 7.0 of one file and 7 of another are the same, and strangers are told") {
  const TempDir folder;
  folder.write("train.csv", csv("user_id,item_id"));
  folder.write("test.csv", "user_id,item_id\n7.0,3\n8.0,4\n");
  const InteractionLog log = io::load_interactions(folder.path().string());
  CHECK(log.users.size() == users);
  CHECK(log.users[log.user.back()] == "8");
  CHECK(notes_of(log.reading, NoteKind::ids) == 1);
  std::string others = "user_id,item_id\n";
  for (int i = 0; i < 12; ++i) others += "u" + decimal(i) + ",3\n";
  folder.write("test.csv", others);
  const InteractionLog strangers = io::load_interactions(folder.path().string());
  REQUIRE(notes_of(strangers.reading, NoteKind::ids) == 1);
  CHECK(strangers.reading.notes.back().sentence.find("12 of 12 interactions") == 0);
  CHECK(io::load_interactions(folder.write("one.csv", "user,item\n7.0,3\n8.0,4\n")).users[0] == "7.0");
}

TEST_CASE("io / reading / progress: false ends it") {
  const TempDir folder;
  const std::string path = folder.write("shop.csv", csv("user_id,item_id"));
  int calls = 0;
  const ProgressCallback stop = [&](const Progress& progress) {
    ++calls;
    CHECK(progress.phase == "reading the data");
    return false;
  };
  CHECK_THROWS_WITH_AS(io::load_interactions(path, {.options = {.progress = stop}}), "interrupted while the data were read",
                       Error);
  CHECK(calls == 1);
}

TEST_CASE("io / reading / strict: each note and each row left out is an error") {
  const io::InteractionReading strict{.options = {.strict = true}};
  whole(csv("user_id,item_id,rating", ",3"), strict);
  CHECK(refusal(csv("user_id,item_id") + "NA,3\n", strict).find("shop.csv:146: 1 row would be left out: no user id; strict") !=
        std::string::npos);
  CHECK(refusal(csv("user_id,item_id,name", ",caf\xe9"), strict).find("144 bytes not UTF-8") != std::string::npos);
}

TEST_CASE("io / reading / report: as text and as JSON") {
  const TempDir folder;
  const std::string path = folder.write("shop.csv", "order;who;item\n1;ann;tea\n2;NA;tea\n3;bo;rice\n");
  const InteractionLog log = io::load_interactions(path, {.columns = {.user = "who"}});
  const std::string text = to_text(log.reading, 200);
  CHECK(text == "read       " + path +
                    ": interactions, csv (has a header with a user and an item); UTF-8, separated by semicolons, "
                    "quoted by \", with a header; 3 rows\n"
                    "           user: who (column 2); item: item (column 3); not used: order (column 1)\n"
                    "left out   1 row of " +
                    path + ": no user id (line 3)\n");
  for (const char c : to_text(log.reading, 40)) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  const auto json = nlohmann::json::parse(to_json(log.reading));
  CHECK(json["files"][0]["separator"] == ";");
  CHECK(json["files"][0]["columns"][1]["used_for"] == "user");
  CHECK(json["files"][0]["columns"][1]["why"] == "named");
  CHECK(json["left_out"][0]["count"] == 1);
  CHECK_FALSE(json.contains("refused"));
  Reading odd;
  odd.note(NoteKind::ids, "\xff\x1b", 2, "x");
  CHECK(nlohmann::json::parse(to_json(odd))["notes"][0]["kind"] == "ids");
  CHECK(to_text(odd).find('\x1b') == std::string::npos);
}

TEST_CASE("io / reading / docs: formats.md lists the usual names as the reader has them") {
  std::ifstream file(source_dir() / "docs/formats.md");
  const std::string docs((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (int role = 0; role < io::detail::role_name; ++role) {  // a column of names is found by its option alone
    std::string row = std::string("| ") + io::detail::role_names[role] + " |";
    for (const std::string_view name : io::detail::usual_names(static_cast<io::detail::Role>(role))) {
      row += (row.ends_with('|') ? " " : ", ") + std::string(name);
    }
    CHECK_MESSAGE(docs.find(row + " |\n") != std::string::npos, row);
  }
}

TEST_CASE("io / reading / nodes: the dialects of edges, features, labels and splits give one graph") {
  const auto read = [](const std::vector<std::pair<const char*, std::string>>& files) {
    const TempDir folder;
    for (const auto& [name, content] : files) folder.write(name, content);
    return io::load(folder.path().string());
  };
  const std::string edges = "0,1\n1,2\n2,3\n3,0\n", features = "1,2\n3,4\n5,6\n7,8\n", labels = "0\n1\n0\n1\n";
  const std::string right =
      read({{"edges.csv", edges}, {"features.csv", features}, {"labels.csv", labels}, {"train.txt", "2\n"}}).content_hash();
  for (const char* other :
       {"source;target\r\n0;1\r\n1;2\r\n2;3\r\n3;0\r\n",
        "\"source\",\"target\"\n\"0\",\"1\"\n\"1\",\"2\"\n\"2\",\"3\"\n\"3\",\"0\"\n",
        "\"\",\"source\",\"target\"\n\"1\",0,1\n\"2\",1,2\n\"3\",2,3\n\"4\",3,0\n",
        "id,source,target\n0,0,1\n1,1,2\n2,2,3\n3,3,0\n", "source,target\n0.0,1.0\n1.0,2.0\n2.0,3.0\n3.0,0.0\n",
        "kind,target,source\nx,0,1\nx,1,2\nx,2,3\nx,3,0\n", "# nodes\n0 1\n1 2\n2 3\n3 0\n", "0,1,\n1,2,\n2,3,\n3,0,\n",
        "0\t1\n1\t2\n2\t3\n3\t0\n", "source,target\n0,1\n1,2\n2,3\n,3\n3,0\n"}) {
    CAPTURE(other);
    CHECK(read({{"edges.csv", other}, {"features.csv", features}, {"labels.csv", labels}, {"train.txt", "node_id\n2\n"}})
              .content_hash() == right);
  }
  for (const char* other : {"node_id,a,b\n2,5,6\n0,1,2\n3,7,8\n1,3,4\n", ",0,1\n0,1,2\n1,3,4\n2,5,6\n3,7,8\n",
                            "a b\n1 2\n3 4\n5 6\n7 8\n", "\"a\";\"b\"\n1;2\n3;4\n5;6\n7;8\n"}) {
    CAPTURE(other);
    CHECK(read({{"edges.csv", edges}, {"features.csv", other}, {"labels.csv", labels}, {"train.txt", "2\n"}}).content_hash() ==
          right);
  }
  for (const char* other :
       {"node_id,label\n3,1\n0,0\n1,1\n2,0\n", "label,node_id\n1,3\n0,0\n1,1\n0,2\n", "label\r\n0\r\n1\r\n0\r\n1\r\n"}) {
    CAPTURE(other);
    CHECK(read({{"edges.csv", edges}, {"features.csv", features}, {"labels.csv", other}, {"train.txt", "2\n"}}).content_hash() ==
          right);
  }
  const NodeDataset from_one =
      read({{"edges.csv", "1,2\n2,3\n3,4\n4,1\n"}, {"features.csv", features}, {"labels.csv", labels}, {"train.txt", "3\n"}});
  CHECK(from_one.content_hash() == right);
  CHECK(notes_of(from_one.reading, NoteKind::ids) == 1);
  const NodeDataset valid =
      read({{"edges.csv", edges}, {"labels.csv", labels}, {"train.txt", "0\n"}, {"valid.txt", "1\n"}, {"other.txt", "x"}});
  CHECK(valid.val == std::vector<int32_t>{1});
  CHECK(valid.reading.files_not_read == std::vector<std::string>{"other.txt"});
}

}  // namespace heddle::test
