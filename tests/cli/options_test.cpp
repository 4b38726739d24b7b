#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "heddle/kinds.h"
#include "tests/cli/program.h"
#include "tests/support/source_dir.h"

using heddle::test::file_content;
using heddle::test::run_program;
using heddle::test::source_dir;
using heddle::test::TempDir;
using nlohmann::json;

namespace {

/// What stands between each line `<!-- NAME -->` and the line `<!-- end -->` that follows it.
std::map<std::string, std::string> blocks(const std::string& text) {
  std::map<std::string, std::string> found;
  std::istringstream lines(text);
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    if (line == "<!-- end -->") {
      name.clear();
    } else if (line.starts_with("<!-- ") && line.ends_with(" -->")) {
      name = line.substr(5, line.size() - 9);
      CAPTURE(name);
      CHECK(found.emplace(name, "").second);
    } else if (!name.empty()) {
      found[name] += line + "\n";
    }
  }
  return found;
}

/// The options of every command, by the command's name: "heddle train gcn" has "--data" and others.
std::map<std::string, std::set<std::string>> options_of_commands() {
  std::map<std::string, std::set<std::string>> commands;
  const json listed = run_program("options --json").json()["commands"];
  for (const json& command : listed) {
    std::set<std::string>& options = commands[command["command"]];
    options = {"--help", "-h"};
    for (const json& option : command["options"]) {
      for (const json& name : option["names"]) options.insert(name.get<std::string>());
    }
  }
  return commands;
}

/// Whether `word` behind `command` must be the name of one of the commands below it, and is none. Placeholders (MODEL, FILE) are
/// in capitals, options begin with a dash; what `heddle help` takes is no command below it.
bool is_no_command(const std::map<std::string, std::set<std::string>>& commands, const std::string& command,
                   const std::string& word) {
  const std::string below = command + " ";
  const auto next = commands.lower_bound(below);
  if (next == commands.end() || !next->first.starts_with(below)) return false;
  return (command == "heddle" && !word.starts_with('-')) || std::islower(static_cast<unsigned char>(word.front())) != 0;
}

/// Texts that show commands.
std::vector<std::filesystem::path> texts() {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"", "docs", "bench"}) {
    for (const auto& entry : std::filesystem::directory_iterator(source_dir() / folder)) {
      if (entry.path().extension() == ".md") files.push_back(entry.path());
    }
  }
  return files;
}

/// The command lines of heddle in a text: `heddle ...` in type of fixed width, and lines of it that are indented by four blanks.
std::vector<std::string> command_lines(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("    ")) {
      for (const char* program : {"heddle ", "$heddle ", "build/release/heddle "}) {
        const std::size_t at = line.find(program);
        // Not a folder or a library of that name: a command begins its line, or follows variables that are set for it.
        const bool begins = at != std::string::npos &&
                            (at == 4 || (line[at - 1] == ' ' && line.substr(4, at - 4).find('=') != std::string::npos));
        if (!begins) continue;
        found.push_back("heddle " + line.substr(at + std::string(program).size()));
        break;
      }
      continue;
    }
    for (std::size_t at = 0; (at = line.find("`heddle ", at)) != std::string::npos;) {
      const std::size_t end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      found.push_back(line.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  return found;
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line.substr(0, line.find(" # ")));
  std::vector<std::string> list;
  for (std::string word; stream >> word;) list.push_back(word);
  return list;
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("options: the tables of docs/cli.md are those that the program prints (./dev docs writes them)") {
    const std::map<std::string, std::string> printed = blocks(run_program("options --markdown").out);
    const std::map<std::string, std::string> written = blocks(file_content((source_dir() / "docs/cli.md").string()));
    REQUIRE(printed.size() > 20);
    for (const auto& [name, table] : printed) {
      CAPTURE(name);
      REQUIRE(written.contains(name));
      CHECK(written.at(name) == table);
    }
    for (const auto& [name, table] : written) {
      CAPTURE(name);
      CHECK(printed.contains(name));
    }
  }

  TEST_CASE("options: a command's tables hold every option that its --help does, and no other") {
    const std::map<std::string, std::set<std::string>> commands = options_of_commands();
    REQUIRE(commands.size() > 20);
    for (const auto& [command, options] : commands) {
      CAPTURE(command);
      const std::string help =
          run_program(command.substr(std::min(command.size(), std::string("heddle ").size())) + " --help").out;
      std::set<std::string> helped;
      std::istringstream lines(help);
      for (std::string line; std::getline(lines, line);) {
        // "  -h,--help   ..." in help, "  MODEL FILE ..." for an argument; a text that goes on stands further right.
        if (!line.starts_with("  -")) continue;
        std::istringstream names(line.substr(2, line.find(' ', 2) - 2));
        for (std::string name; std::getline(names, name, ',');) helped.insert(name);
      }
      std::set<std::string> dashed;
      for (const std::string& option : options) {
        if (option.starts_with('-')) dashed.insert(option);
      }
      CHECK(helped == dashed);
    }
  }

  TEST_CASE("options: every command line in the texts is one that the program has, with the options it has") {
    const std::map<std::string, std::set<std::string>> commands = options_of_commands();
    int64_t lines = 0, options = 0;
    for (const std::filesystem::path& text : texts()) {
      CAPTURE(text.string());
      for (const std::string& line : command_lines(file_content(text.string()))) {
        CAPTURE(line);
        const std::vector<std::string> written = words(line);
        std::string command = "heddle";
        std::size_t at = 1;
        while (at < written.size() && commands.contains(command + " " + written[at])) command += " " + written[at++];
        // `heddle train MODEL` and the like stand for any of them.
        const bool some = at < written.size() &&
                          (written[at] == "MODEL" || written[at] == "NAME" || written[at] == "OP" || written[at] == "...");
        CHECK((some || at == written.size() || !is_no_command(commands, command, written[at])));
        ++lines;
        for (; at < written.size(); ++at) {
          if (!written[at].starts_with("--")) continue;
          ++options;
          const std::string option = written[at].substr(0, written[at].find_first_of("=,;.)"));
          CAPTURE(option);
          // A command with others below it stands for them: `heddle train --save`.
          const bool known = std::any_of(commands.begin(), commands.end(), [&](const auto& each) {
            return (each.first == command || each.first.starts_with(command + " ")) && each.second.contains(option);
          });
          CHECK(known);
        }
      }
    }
    CHECK(lines > 50);
    CHECK(options > 50);
  }

  TEST_CASE("options: a misspelt command in a text would be seen at any depth") {
    const std::map<std::string, std::set<std::string>> commands = options_of_commands();
    for (const auto& [command, word] : {std::pair("heddle", "trian"), std::pair("heddle train", "lightgnc"),
                                        std::pair("heddle bench", "spm"), std::pair("heddle demo", "gnc")}) {
      CAPTURE(command);
      CHECK(is_no_command(commands, command, word));
    }
    for (const auto& [command, word] :
         {std::pair("heddle", "--version"), std::pair("heddle train", "MODEL"), std::pair("heddle demo", "--users"),
          std::pair("heddle help", "train"), std::pair("heddle predict", "gcn.safetensors")}) {
      CAPTURE(command);
      CHECK(!is_no_command(commands, command, word));
    }
  }

  TEST_CASE("options: every option that docs/cli.md speaks of is one of the program's") {
    std::set<std::string> all;
    for (const auto& [command, options] : options_of_commands()) all.insert(options.begin(), options.end());
    const std::string text = file_content((source_dir() / "docs/cli.md").string());
    int64_t seen = 0;
    for (std::size_t at = 0; (at = text.find("`--", at)) != std::string::npos;) {
      const std::size_t end = text.find_first_of(" `=\n", at + 1);
      const std::string option = text.substr(at + 1, end - at - 1);
      CAPTURE(option);
      CHECK(all.contains(option));
      ++seen;
      at = end;
    }
    CHECK(seen > 150);
  }

  TEST_CASE("options: every setting of every kind is an option as its row tells it, and refuses what the row does not allow") {
    const json commands = run_program("options --json").json()["commands"];
    int64_t seen = 0;
    for (const heddle::Kind& kind : heddle::kinds()) {
      const auto command = std::find_if(commands.begin(), commands.end(),
                                        [&](const json& each) { return each["command"] == "heddle train " + kind.name; });
      REQUIRE(command != commands.end());
      if (!kind.made_of.empty()) continue;  // its options are called otherwise, and belong to other commands too
      std::vector<heddle::Setting> rows = kind.settings;
      rows.insert(rows.end(), kind.training.begin(), kind.training.end());
      for (const heddle::Setting& row : rows) {
        std::string name = "--" + row.name;
        std::replace(name.begin(), name.end(), '_', '-');
        CAPTURE(kind.name);
        CAPTURE(name);
        const json& options = (*command)["options"];
        const auto option =
            std::find_if(options.begin(), options.end(), [&](const json& each) { return each["names"][0] == name; });
        REQUIRE(option != options.end());
        CHECK((*option)["default"] == row.fallback);
        CHECK((*option)["type"] == row.type);
        CHECK((*option)["meaning"] == row.meaning);
        const auto refused = run_program("train " + kind.name + " --data x " + name + " nothing-like-it");
        CHECK(refused.status == 2);
        CHECK_MESSAGE(refused.err == "heddle: " + name + " is 'nothing-like-it', it must be " + row.allowed + "\n", refused.err);
        ++seen;
      }
    }
    CHECK(seen >= 45);
  }

  TEST_CASE("options: the defaults of a recommender's settings are those that it is trained with") {
    const TempDir folder;
    write_interactions(folder);
    std::map<std::string, json> listed;
    const json commands = run_program("options --json").json()["commands"];
    for (const json& command : commands) listed[command["command"]] = command["options"];
    for (const std::string model : {"lightgcn", "graph-filter", "item-cosine", "popularity"}) {
      CAPTURE(model);
      const json settings = run_program("train " + model + " --quiet --json --data " + folder.path().string()).json()["settings"];
      std::size_t compared = 0;
      for (const json& option : listed.at("heddle train " + model)) {
        if (option["heading"] != "Settings of " + model) continue;
        std::string name = option["names"][0].get<std::string>().substr(2);
        std::replace(name.begin(), name.end(), '-', '_');
        CAPTURE(name);
        REQUIRE(settings.contains(name));
        ++compared;
        const json& used = settings[name];
        CHECK((used.is_string() ? used.get<std::string>() : used.dump()) == option["default"].get<std::string>());
      }
      CHECK(compared == settings.size());
    }
  }
}
