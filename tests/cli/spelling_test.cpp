#include <doctest/doctest.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/program.h"

using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;

namespace {

/// The names of options of a subcommand and of all below it, with the words that name it: {"train lightgcn", "--dim"}.
void collect_options(const std::string& path, std::vector<std::pair<std::string, std::string>>& found) {
  const std::string help = run_program(path + " --help").out;
  std::istringstream lines(help);
  bool subcommands = false;
  const std::regex option("^ +(-[a-z],)?(--[a-z0-9-]+)");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("Subcommands:") || line.starts_with("SUBCOMMANDS:")) {
      subcommands = true;
    } else if (subcommands && line.starts_with("  ") && line[2] != ' ') {
      collect_options((path.empty() ? "" : path + " ") + line.substr(2, line.find(' ', 2) - 2), found);
    } else if (!subcommands && std::regex_search(line, match, option)) {
      found.emplace_back(path, match[2]);
    }
  }
}

/// An option's name as the other side of the Atlantic writes it; the same where both write it alike.
std::string other_spelling(std::string name) {
  const std::pair<const char*, const char*> words[] = {
      {"behaviour", "behavior"}, {"neighbour", "neighbor"},  {"colour", "color"},        {"favour", "favor"},
      {"honour", "honor"},       {"labour", "labor"},        {"normalis", "normaliz"},   {"vectoris", "vectoriz"},
      {"optimis", "optimiz"},    {"initialis", "initializ"}, {"regularis", "regulariz"}, {"standardis", "standardiz"},
      {"quantis", "quantiz"},    {"randomis", "randomiz"},   {"summaris", "summariz"},   {"visualis", "visualiz"},
      {"organis", "organiz"},    {"recognis", "recogniz"},   {"analys", "analyz"},       {"centre", "center"},
      {"catalogue", "catalog"},  {"licence", "license"}};
  for (const auto& [british, american] : words) {
    for (const auto& [from, to] : {std::pair(british, american), std::pair(american, british)}) {
      const std::size_t at = name.find(from);
      if (at != std::string::npos) return name.replace(at, std::string(from).size(), to);
    }
  }
  return name;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("spelling / every option is taken in British and in American") {
    std::vector<std::pair<std::string, std::string>> options;
    collect_options("", options);
    CHECK(options.size() > 300);
    int different = 0;
    for (const auto& [command, option] : options) {
      CAPTURE(command);
      CAPTURE(option);
      const std::string other = other_spelling(option);
      if (other == option) continue;
      ++different;
      // What follows says which option it was taken for.
      const ProgramResult here = run_program(command + " " + option);
      const ProgramResult there = run_program(command + " " + other);
      CHECK(here.status == 2);
      CHECK(here.err.find("there is no option") == std::string::npos);
      CHECK(there.status == here.status);
      CHECK(there.err == here.err);
      CHECK(run_program(command + " " + other + "=@@").err == run_program(command + " " + option + "=@@").err);
    }
    CHECK(different >= 10);
    // Words that stand for themselves stay what they are.
    const TempDir folder;
    folder.write("log.csv", "user,--behavior-weights\na,1\na,2\nb,2\nb,3\nc,1\n");
    CHECK(run_program("data --split none --item-column=--behavior-weights --data " + folder.file("log.csv")).status == 0);
  }

  TEST_CASE("spelling / a mistake in a name is met with what was meant") {
    const std::pair<const char*, const char*> cases[] = {
        {"recomend x --user 7", "there is no subcommand 'recomend'; did you mean recommend? (see heddle --help)"},
        {"Train gcn", "there is no subcommand 'Train'; did you mean train?"},
        {"trian", "there is no subcommand 'trian'; did you mean train?"},
        {"train LightGCN --data x", "there is no model 'LightGCN'; did you mean lightgcn? There are: gcn, "},
        {"train ligthgcn", "there is no model 'ligthgcn'; did you mean lightgcn?"},
        {"train item_cosine", "there is no model 'item_cosine'; did you mean item-cosine?"},
        {"train gcn --data x --epocs 3", "there is no option '--epocs'; did you mean --epochs? (see heddle train gcn --help)"},
        {"train gcn --epocs=3", "there is no option '--epocs'; did you mean --epochs?"},
        {"train gcn --dta x", "there is no option '--dta'; did you mean --data?"},
        {"train lightgcn --data x --temp 0.3", "there is no option '--temp'; did you mean --temperature?"},
        {"data --data x --behavior buy=1", "did you mean --behaviour-column or --behaviour-weights?"},
        {"train lightgcn --data x --heads 8",
         "there is no option '--heads'; --heads is an option of heddle train gat (see heddle train lightgcn --help)"},
        {"train popularity --epochs=3 --data x",
         "there is no option '--epochs'; --epochs is an option of heddle train gcn, heddle train gat, heddle train lightgcn and "
         "others"},
        {"train gcn --data x --zzz", "there is no option '--zzz' (see heddle train gcn --help)"},
        {"bench spm", "there is no subcommand 'spm'; did you mean spmm?"},
        {"help trian", "heddle has no subcommand 'trian'; did you mean train?"},
        {"help train lightgnc", "heddle train has no subcommand 'lightgnc'; did you mean lightgcn?"},
        {"compare --models LightGCN --data x", "--models is 'LightGCN', it must be one of lightgcn,"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      const ProgramResult result = run_program(arguments);
      CHECK(result.status == 2);
      CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
      CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
    }
  }

  TEST_CASE("spelling / help and version are words as well as options") {
    CHECK(run_program("help").out == run_program("--help").out);
    CHECK(run_program("help train lightgcn").out == run_program("train lightgcn --help").out);
    CHECK(run_program("help demo").out == run_program("demo -h").out);
    const std::string version = run_program("--version").out;
    CHECK(version.starts_with("heddle "));
    CHECK(std::count(version.begin(), version.end(), '\n') == 1);
    CHECK(run_program("-v").out == version);
    CHECK(run_program("version").out == version);
  }

  TEST_CASE("spelling / sentences show letters as they are written, and control characters as numbers") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = folder.file("m.safetensors");
    REQUIRE(run_program("train popularity --quiet --data " + folder.path().string() + " --save " + model).status == 0);
    CHECK(run_program("similar " + model + " --item 'Röd Kitchen mug'")
              .err.starts_with("heddle: item 'Röd Kitchen mug' is unknown; the model knows 40 items, such as '"));
    CHECK(run_program("similar " + model + " --item '日本語'")
              .err.starts_with("heddle: item '日本語' is unknown; the model knows 40 items"));
    CHECK(run_program("similar " + model + " --item \"$(printf 'a\\033[31mb\\302\\233c\\342\\200\\256d\\377')\"")
              .err.starts_with("heddle: item 'a\\x1b[31mb\\xc2\\x9bc\\xe2\\x80\\xaed\\xff' is unknown;"));
    // Forty bytes end within a letter of two.
    CHECK(run_program("similar " + model + " --item 'xööööööööööööööööööööööööööööö'")
              .err.starts_with("heddle: item 'xööööööööööööööööööö…' is unknown;"));
    CHECK(run_program("\"$(printf 'a\\033[31m')\"").err.find("'a\\x1b[31m'") != std::string::npos);
    CHECK(run_program("info --de\"$(printf '\\033[31m')\"").err.find('\033') == std::string::npos);
  }

  TEST_CASE("spelling / what is no model is called what it is, by every command that reads one") {
    const TempDir folder;
    write_karate(folder);
    write_interactions(folder);
    const std::string data = " --data " + folder.path().string();
    const std::string model = folder.file("m.safetensors");
    REQUIRE(run_program("train popularity --quiet --data " + folder.file("train.txt") + " --save " + model).status == 0);
    folder.write("orders.csv", "user,item\nmüller,7\n");
    folder.write("latin.csv", "user,item\nm\xfcller,7\n");
    folder.write("empty", "");
    folder.write("array.npy", std::string("\x93NUMPY\x01\x00v\x00{", 11));
    folder.write("a.zip", std::string("PK\x03\x04\x14\x00\x00\x00", 8));
    folder.write("image.png", "\x89PNG\r\n\x1a\n");
    REQUIRE(std::system(("gzip -kf " + folder.file("orders.csv") + " " + model).c_str()) == 0);
    const std::pair<const char*, const char*> cases[] = {
        {"orders.csv", "orders.csv is a text file, not a model; heddle train MODEL --data "},
        {"latin.csv", "latin.csv is a text file, not a model; heddle train MODEL --data "},
        {"orders.csv.gz", "orders.csv.gz is gzip-compressed, a text file, not a model; heddle train MODEL --data "},
        {"m.safetensors.gz", "m.safetensors.gz is a gzip-compressed model; "},
        {"empty", "empty is an empty file, not a model; "},
        {"array.npy", "array.npy is a NumPy array, not a model; heddle export writes such"},
        {"a.zip", "a.zip is a zip archive, not a model; "},
        {"image.png", "image.png is an image (PNG), not a model; a model is what heddle train --save writes"},
    };
    for (const std::string& command :
         {std::string("recommend FILE --user 7"), std::string("similar FILE --item 7"), std::string("info FILE"),
          "bundle FILE --save " + folder.file("b"), "export FILE --embeddings " + folder.file("e.npy"), "evaluate FILE" + data,
          "predict FILE" + data}) {
      for (const auto& [file, words] : cases) {
        CAPTURE(command);
        CAPTURE(file);
        const ProgramResult result = run_program(std::regex_replace(command, std::regex("FILE"), folder.file(file)));
        CHECK(result.status == 3);
        CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
        CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
      }
    }
  }
}
