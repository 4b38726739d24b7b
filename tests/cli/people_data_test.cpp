#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/program.h"
#include "tests/support/temp_dir.h"

/// The program on data as people have them: several files, standard input, ids with commas, names in the log, tables of items.
namespace heddle::test {

namespace {

/// user,item,title of 24 users with 6 of 24 items each, those of users `from` to `to`.
std::string games_log(int from, int to) {
  constexpr int steps[] = {0, 1, 3, 7, 12, 18};
  std::string text = "user_id,item_id,title\n";
  for (int user = from; user < to; ++user) {
    for (const int step : steps) {
      const std::string item = std::to_string((5 * user + step) % 24);
      text += "u" + std::to_string(user) + ",\"Game, Part " + item + "\",Title " + item + "\n";
    }
  }
  return text;
}

bool tells(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("heddle data reads several files, a pattern, a folder of files of one shape and standard input alike") {
    const TempDir folder;
    const std::string one = folder.write("2024-01.csv", games_log(0, 10)), two = folder.write("2024-02.csv", games_log(10, 24));
    const std::string place = folder.path().string();
    const TempDir other;
    const std::string hash = run_program("data --json --data " + other.write("all.csv", games_log(0, 24))).json()["data"]["hash"];
    for (const std::string& data : {one + " " + two, one + " --data " + two, "'" + place + "/2024-*.csv'", place}) {
      CAPTURE(data);
      const nlohmann::json report = run_program("data --json --data " + data).json();
      CHECK(report["data"]["hash"] == hash);
      CHECK(report["data"]["reading"]["files"].size() == 2);
    }
    const ProgramResult told = run_program("data --quiet --data " + one + " " + two);
    CHECK(tells(told.out, "train with heddle train lightgcn --data " + one + " --data " + two));
    for (const char* input : {"-", "/dev/stdin"}) {
      const ProgramResult piped = run_program(std::string("data --json --data ") + input + " < " + other.file("all.csv"));
      CAPTURE(piped.err);
      CHECK(piped.json()["data"]["hash"] == hash);
    }
    CHECK(tells(run_program("data --data " + one + " " + one).err, "is named twice"));
    CHECK(run_program("data --data '" + place + "/1999-*.csv'").status == 7);
  }

  TEST_CASE("names in the log, and a table of items at training, are told in answers; ids with commas stand in quotes") {
    const TempDir folder;
    const std::string log = folder.write("shop.csv", games_log(0, 24)), model = folder.file("m");
    CHECK(run_program("train item-cosine --data " + log + " --name-column title --save " + model).status == 0);
    const ProgramResult named = run_program("recommend " + model + " --user u3 --topk 2");
    CHECK(tells(named.out, "Title "));
    const nlohmann::json listed =
        run_program("recommend " + model + " --json --items '\"Game, Part 3\",\"Game, Part 4\"'").json()["results"];
    const nlohmann::json single =
        run_program("recommend " + model + " --json --item 'Game, Part 3' --item 'Game, Part 4'").json()["results"];
    CHECK(listed == single);
    CHECK(single[0]["items"].size() == 10);
    const std::string table = folder.write("items.csv", "id,name,shelf\n\"Game, Part 3\",Third,S3\nnone,x,y\n");
    const nlohmann::json report =
        run_program("train item-cosine --json --data " + log + " --item-table " + table + " --save " + model).json();
    CHECK(report["item_table"]["rows_unknown"] == 1);
    CHECK(report["item_table"]["items_without_row"] == 23);
    CHECK(report["item_table"]["reading"]["files"][0]["role"] == "items");
    CHECK(tells(run_program("similar " + model + " --item 'Game, Part 4' --topk 20 --json").out, "\"shelf\":\"S3\""));
    const std::string odd = folder.write("odd.csv", "id,name\n\"Game, Part 3\",caf\xe9\n");
    CHECK(tells(run_program("train item-cosine --strict --data " + log + " --item-table " + odd).err, "strict reading"));
    CHECK(tells(run_program("bundle " + model + " --strict --item-table " + odd + " --save " + folder.file("b")).err,
                "strict reading"));
  }

  TEST_CASE("what filters leave nothing of is not in the model, unless --keep-empty; ids in another spelling are told") {
    const TempDir folder;
    std::string rated = "user,item,rating\n";
    for (int user = 0; user < 12; ++user) {
      for (int item = 0; item < 6; ++item) {
        rated += std::to_string(user) + "," + std::to_string((user + item) % 12) + "," + (user == 11 ? "1" : "5") + "\n";
      }
    }
    const std::string log = folder.write("r.csv", rated), model = folder.file("m");
    const nlohmann::json gone = run_program("data --json --min-rating 3 --data " + log).json()["data"];
    CHECK(gone["users"] == 11);
    CHECK(gone["users_left_empty"] == 1);
    CHECK(run_program("data --json --min-rating 3 --keep-empty --data " + log).json()["data"]["users"] == 12);
    CHECK(run_program("train popularity --data " + log + " --save " + model).status == 0);
    std::string floats = "user,item\n";
    for (int user = 0; user < 10; ++user) {
      for (int item = 0; item < 5; ++item) floats += std::to_string(user) + ".0," + std::to_string(item) + "\n";
    }
    const ProgramResult judged = run_program("evaluate " + model + " --data " + folder.write("f.csv", floats));
    CHECK(judged.status == 2);
    CHECK(tells(judged.err,
                "50 of 50 interactions have a user that the model does not know, such as '0.0', and it knows ids such as "
                "'0'"));
  }
}

}  // namespace heddle::test
