#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/cli/program.h"

// What a command line is refused with: a sentence of heddle's own, about what was written, with the way on. Swept over every
// command and every option there is.
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

struct ListedOption {
  std::string name, type;  ///< "--epochs", "N"; a flag has no type
  bool required = false, several = false;
};
struct ListedCommand {
  std::string name;  ///< "train gcn"
  std::vector<ListedOption> options;
  bool below = false;  ///< there are subcommands of it
};

std::vector<ListedCommand> listed_commands() {
  std::vector<ListedCommand> commands;
  const json listed = run_program("options --json").json()["commands"];
  for (const json& command : listed) {
    const std::string whole = command["command"];
    ListedCommand one{whole.size() > 7 ? whole.substr(7) : "", {}};
    for (const json& option : command["options"]) {
      const std::string meaning = option["meaning"];
      const bool several =
          meaning.find("several are allowed") != std::string::npos || meaning.find("may come several times") != std::string::npos;
      one.options.push_back({option["names"].back(), option["type"], option["required"], several});
    }
    commands.push_back(std::move(one));
  }
  for (ListedCommand& command : commands) {
    command.below = std::any_of(commands.begin(), commands.end(), [&](const ListedCommand& each) {
      return each.name != command.name && (command.name.empty() || each.name.starts_with(command.name + " "));
    });
  }
  REQUIRE(commands.size() > 25);
  return commands;
}

/// The words of the library that reads the command line, as far as they are told from ours.
constexpr std::string_view foreign[] = {"required TEXT", "equired but received",
                                        "At Most",       "At Least",
                                        "At least",      "xpected exactly",
                                        "Expected",      "excludes",
                                        "requires",      "ould not convert",
                                        "allowed",       "not expected",
                                        "A subcommand",  "Requires",
                                        "flag override", "too many inputs",
                                        "INI",           "is not understood"};

/// Refused with status 2, nothing printed, and one line in heddle's words that has `words`.
void check_refusal(const ProgramResult& result, const std::string& words) {
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err.starts_with("heddle: "));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  for (const std::string_view each : foreign) {
    CAPTURE(each);
    CHECK_MESSAGE(result.err.find(each) == std::string::npos, result.err);
  }
  CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
}

std::string way_on(const ListedCommand& command) {
  return " (see heddle" + (command.name.empty() ? "" : " " + command.name) + " --help)\n";
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("command line / an option without its value, given twice, or with a value that it does not take, of every command") {
    // A thousand starts of the program, which take minutes with sanitizers in it: there each option is tried in one way, in turn.
    constexpr bool sanitized = !std::string_view(HEDDLE_SANITIZERS).empty();
    int values = 0, flags = 0;
    for (const ListedCommand& command : listed_commands()) {
      for (const ListedOption& option : command.options) {
        if (!option.name.starts_with("--") || option.name == "--version") continue;
        CAPTURE(command.name);
        CAPTURE(option.name);
        const std::string line = command.name + " " + option.name;
        const bool first = !sanitized || (values + flags) % 2 == 0, second = !sanitized || !first;
        if (option.type.empty()) {
          ++flags;
          if (first)
            check_refusal(run_program(line + "=1"), "heddle: " + option.name + " takes no value, and '" + option.name +
                                                        "=1' gives it one" + way_on(command));
          if (!second) continue;
          // A flag that is given twice is no mistake, but the next one is.
          const bool ends = option.name == "--help";
          const ProgramResult twice = run_program(line + " " + option.name + " --no-such-option");
          CHECK(twice.status == (ends ? 0 : 2));
          CHECK((twice.err.find("there is no option '--no-such-option'") != std::string::npos) == !ends);
        } else {
          ++values;
          if (first)
            check_refusal(run_program(line),
                          "heddle: " + option.name + " needs a value: " + option.name + " " + option.type + way_on(command));
          if (second && !option.several)
            check_refusal(run_program(line + " x " + option.name + "=y"),
                          "heddle: " + option.name + " is given twice, it can be given once" + way_on(command));
        }
      }
    }
    CHECK(values > 200);
    CHECK(flags > 50);
  }

  TEST_CASE("command line / an option in the place of a value, and an empty one behind =") {
    check_refusal(run_program("train gcn --data x --save --quiet"),
                  "--save needs a value: --save FILE; --quiet follows it (see heddle train gcn --help)");
    check_refusal(run_program("train gcn --data x --save="),
                  "--save needs a value: nothing follows the = of --save= (see heddle train gcn --help)");
    check_refusal(run_program("train lightgcn --epochs= 3"), "--epochs needs a value: nothing follows the = of --epochs=");
    // A value may look like an option, behind =.
    CHECK(run_program("train gcn --data=--quiet").err.find("--quiet does not exist") != std::string::npos);
    // Who asks for help gets it, whatever else is wrong.
    CHECK(run_program("train gcn --epochs 3 --epochs 4 --help").status == 0);
  }

  TEST_CASE("command line / what is missing, of every command") {
    int swept = 0;
    for (const ListedCommand& command : listed_commands()) {
      std::vector<std::string> missing;
      for (const ListedOption& option : command.options) {
        if (option.required) missing.push_back(option.name);
      }
      CAPTURE(command.name);
      if (!missing.empty()) {
        // The order is the command's own.
        const ProgramResult result = run_program(command.name);
        for (const std::string& each : missing) check_refusal(result, each);
        check_refusal(result,
                      missing.size() == 1 ? missing[0] + " is required" + way_on(command) : " are required" + way_on(command));
        ++swept;
      } else if (command.below && command.name != "demo") {
        check_refusal(run_program(command.name),
                      command.name.empty() ? "a subcommand is needed (see heddle --help)" : " needs a");
        ++swept;
      }
    }
    CHECK(swept > 15);
    check_refusal(
        run_program("bench"),
        "heddle bench needs a subcommand; there are: spmm, sddmm, softmax, gat, gemm, topk, sampling (see heddle bench --help)");
    check_refusal(run_program("train blend --data x"), "--first and --second are required (see heddle train blend --help)");
    check_refusal(run_program("variants --json --markdown"),
                  "--json and --markdown exclude each other, one of them can be given (see heddle variants --help)");
    check_refusal(run_program("options --markdown --json"), "--markdown and --json exclude each other, one of them can be given");
  }

  TEST_CASE("command line / an argument too many is met with what it may have been meant for, of every command") {
    const std::pair<const char*, const char*> cases[] = {
        {"recommend m --items P-1 P-2 P-3",
         "there is no argument 'P-2'; a list has commas between: --items P-1,P-2,P-3 (see heddle recommend --help)"},
        {"recommend m --items=P-1 P-2", "a list has commas between: --items P-1,P-2"},
        {"recommend m --items 'P 1' P-2", "a list has commas between: --items 'P 1,P-2'"},
        {"recommend m --user 4711 4712", "there is no argument '4712'; --user is given for each: --user 4711 --user 4712"},
        {"train lightgcn --data x --topk 10 20", "a list has commas between: --topk 10,20"},
        {"compare --data x --models popularity lightgcn", "a list has commas between: --models popularity,lightgcn"},
        {"bench spmm --dim 16 32", "a list has commas between: --dim 16,32"},
        {"bench spmm --graph a 32 --dim 16 32", "a list has commas between: --dim 16,32"},
        {"compare --models popularity lightgcn", "a list has commas between: --models popularity,lightgcn"},
        {"train gcn --epochs 3 cora", "there is no argument 'cora'; did you mean --data cora?"},
        {"evaluate m --data my orders.csv",
         "there is no argument 'orders.csv'; --data is given for each: --data my --data orders.csv"},
        {"train gcn --data my orders.csv",
         "there is no argument 'orders.csv'; --data takes one value, which is put in quotes where it has blanks (see heddle "
         "train gcn "
         "--help)"},
        {"data orders.csv", "there is no argument 'orders.csv'; did you mean --data orders.csv? (see heddle data --help)"},
        {"data 'my orders.csv'", "did you mean --data 'my orders.csv'?"},
        {"train gcn cora", "there is no argument 'cora'; did you mean --data cora? (see heddle train gcn --help)"},
        {"compare orders.csv", "did you mean --data orders.csv?"},
        {"similar m P-1", "there is no argument 'P-1' (see heddle similar --help)"},
        {"export m items.npy", "did you mean --embeddings items.npy?"},
        {"info m now", "there is no argument 'now' (see heddle info --help)"},
        {"weave", "there is no subcommand 'weave'; there are: train, predict, evaluate, recommend, "},
        {"trian", "there is no subcommand 'trian'; did you mean train? (see heddle --help)"},
        {"bench foo",
         "there is no subcommand 'foo'; there are: spmm, sddmm, softmax, gat, gemm, topk, sampling (see heddle bench --help)"},
        {"bench spm", "there is no subcommand 'spm'; did you mean spmm? (see heddle bench --help)"},
        {"demo cora", "there is no subcommand 'cora'; there is: gcn (see heddle demo --help)"},
        {"help weave", "heddle has no subcommand 'weave'; there are: train, "},
        {"help bench foo", "heddle bench has no subcommand 'foo'; there are: spmm, "},
        {"--json info", "there is no option '--json'; it goes behind heddle info (see heddle --help)"},
        {"--data x", "there is no option '--data'; it goes behind the name of a subcommand (see heddle --help)"},
        {"bench --dim 4", "there is no option '--dim'; it goes behind the name of a subcommand (see heddle bench --help)"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      check_refusal(run_program(arguments), words);
    }
    for (const ListedCommand& command : listed_commands()) {
      if (command.name == "help") continue;
      CAPTURE(command.name);
      std::string places;  // for the arguments that it takes
      for (const ListedOption& option : command.options) places += option.name.starts_with("-") ? "" : " m";
      check_refusal(run_program(command.name + places + " brocade"), "'brocade'");
    }
  }

  TEST_CASE("command line / a value that cannot be meant is told by its option, of every command") {
    int swept = 0;
    const TempDir folder;
    write_karate(folder);
    const std::string orders = folder.write("orders.csv", "user,item\na,1\na,2\nb,2\n");
    for (const ListedCommand& command : listed_commands()) {
      const bool of_nodes = command.name == "train gcn" || command.name == "train gat" || command.name == "predict";
      for (const ListedOption& option : command.options) {
        const bool number = option.type == "N" || option.type == "VALUE",
                   name = option.type == "NAME" || option.type == "true|false";
        if (!option.name.starts_with("--") || (!number && !name)) continue;
        if (option.name == "--graph") continue;  // any word may be a file's name
        std::string line = command.name;
        for (const ListedOption& other : command.options) {
          if (!other.required || other.name == option.name) continue;
          if (other.name == "--data") line += " --data " + (of_nodes ? folder.path().string() : orders);
          if (other.name == "--embeddings") line += " --embeddings " + folder.file("e.npy");
          if (other.name == "--first") line += option.name == "--neighbours" ? " --first item-cosine" : " --first lightgcn";
          if (other.name == "--second") line += " --second graph-filter";
          if (other.name == "--save") line += " --save " + folder.file("saved");
          if (other.name == "--graph") line += " --graph star:3";
          if (!other.name.starts_with("-")) line += " " + orders;
        }
        if (command.name == "recommend") line += " --user a";
        if (command.name == "similar") line += " --item 1";
        if (option.name == "--blend-weight" && command.name != "train blend")
          line += command.name == "train lightgcn" ? " --blend popularity" : " --blend lightgcn";
        CAPTURE(line);
        CAPTURE(option.name);
        for (const char* value : {"brocade", "-7"}) {
          if (value[0] == '-' && (name || option.name == "--min-rating")) continue;
          const ProgramResult result = run_program(line + " " + option.name + " " + value);
          const bool quoted = result.err.find("'") != std::string::npos;
          check_refusal(result,
                        "heddle: " + option.name + " is " + (quoted ? "'" : "") + value + (quoted ? "'" : "") + ", it must be ");
        }
        ++swept;
      }
    }
    CHECK(swept > 150);
  }

  TEST_CASE("command line / no option but --data takes - for a file, and ./- is one") {
    int swept = 0;
    for (const ListedCommand& command : listed_commands()) {
      for (const ListedOption& option : command.options) {
        if ((option.type != "FILE" && option.type != "PATH") || option.name == "--data") continue;
        CAPTURE(command.name);
        CAPTURE(option.name);
        check_refusal(run_program(command.name + (option.name.starts_with("-") ? " " + option.name : "") + " -"),
                      option.name +
                          " is '-', it must be the name of a file: nothing is read from standard input or written to standard "
                          "output by that name (./- is a file called -)");
        ++swept;
      }
    }
    CHECK(swept > 40);
    const TempDir folder;
    write_interactions(folder);
    CHECK(run_program("train popularity --data . --save ./-", "cd '" + folder.path().string() + "';").status == 0);
    CHECK(std::filesystem::exists(folder.file("-")));
  }

  TEST_CASE("command line / a misspelt name of a list is met with what is written nearly so") {
    const TempDir folder;
    write_interactions(folder);
    const std::string data = " --data " + folder.path().string();
    const std::pair<std::string, std::string> cases[] = {
        {"compare --models lightgnc" + data,
         "--models is 'lightgnc', it must be one of lightgcn, popularity, item-cosine, graph-filter, or A+B, a blend of two of "
         "these; did you mean lightgcn?"},
        {"compare --models popularity+lightgnc" + data, "--models is 'lightgnc', it must be one of "},
        {"compare --models lightgcn+lightgcn" + data, "--models: a blend of lightgcn with itself changes nothing"},
        {"train lightgcn --blend item-cosin" + data, "; did you mean item-cosine?"},
        {"train lightgcn --loss sofmax" + data, "--loss is 'sofmax', it must be one of softmax, bpr; did you mean softmax?"},
        {"train lightgcn --split ration" + data, "; did you mean ratio?"},
        {"train lightgcn --metrics retreived" + data, "; did you mean retrieved?"},
        {"train lightgcn --format cvs" + data, "; did you mean csv?"},
        {"train gcn --format edgelist" + data, "; did you mean edge_list?"},
        {"train gcn --selection best-validaton" + data, "; did you mean best-validation?"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      check_refusal(run_program(arguments), words);
    }
  }
}
