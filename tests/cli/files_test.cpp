#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>

#include "heddle/io.h"
#include "heddle/kinds.h"
#include "tests/cli/program.h"

// Whatever a subcommand reads and writes: no output may take the place of an input, and what fails after the work loses none of
// it.
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::run_unread;
using heddle::test::TempDir;
namespace fs = std::filesystem;

namespace {

/// The options of a subcommand that name files, as its --help tells them.
struct FileOptions {
  std::string command;               ///< "train gcn"
  std::vector<std::string> options;  ///< "--save", "MODEL", ...
};

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// Adds `command` and all its subcommands.
void collect(const std::string& command, std::vector<FileOptions>& all) {
  const ProgramResult help = run_program(command + " --help");
  REQUIRE(help.status == 0);
  FileOptions found{command, {}};
  std::istringstream lines(help.out);
  bool subcommands = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("ubcommands:") != std::string::npos) subcommands = true;
    const std::vector<std::string> words = words_of(line);
    if (!line.starts_with("  ") || line.starts_with("   ") || words.empty()) continue;
    if (subcommands) {
      if (std::islower(static_cast<unsigned char>(words[0][0])) != 0)
        collect(command.empty() ? words[0] : command + " " + words[0], all);
    } else if (words.size() > 1 && (words[1] == "FILE" || words[1] == "PATH" || words[0] == "--graph")) {
      found.options.push_back(words[0]);
    }
  }
  all.push_back(found);
}

bool is_node_model(const std::string& name) {
  const auto kinds = heddle::kinds();
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const heddle::Kind& kind) { return kind.task == heddle::Task::classify_nodes && kind.name == name; });
}

/// A folder with something to read for every subcommand, and the command lines that read it.
class Workshop {
 public:
  Workshop() {
    write_karate(nodes);
    fs::rename(nodes.file("edges.txt"), nodes.file("edges.csv"));  // a name that any output may have
    write_interactions(shop);
    const std::string tune = "tune --graph star:9 --dim 4 --repeats 1 --save " + inputs.file("tuned.csv");
    REQUIRE(run_program(tune).status == 0);
    REQUIRE(run_program("train gat --epochs 1 --selection last --patience 0 --data " + nodes.path().string() + " --save " +
                        inputs.file("gat.csv"))
                .status == 0);
    REQUIRE(run_program("train lightgcn --epochs 1 --dim 4 --temperature 0.2 --data " + shop.path().string() + " --save " +
                        inputs.file("shop.csv"))
                .status == 0);
    inputs.write("kernel.csv", "// refused before it is read\n");
    inputs.write("users.csv", "7\n9\n");
    inputs.write("items.csv", "item,kind\n1,toy\n2,toy\n");
  }

  /// What an input option names, and the file that must stay as it is.
  struct Input {
    std::string option, named, file;
  };
  /// The inputs of a subcommand; its other options that name files are outputs.
  std::vector<Input> inputs_of(const FileOptions& command) const {
    const bool of_nodes = command.command == "predict" || command.command.starts_with("bench") || command.command == "tune" ||
                          (command.command.starts_with("train ") && is_node_model(command.command.substr(6)));
    const std::string edges = nodes.file("edges.csv"), train = shop.file("train.txt");
    std::vector<Input> list;
    for (const std::string& option : command.options) {
      if (option == "--data") {
        list.push_back({option, (of_nodes ? nodes : shop).path().string(), of_nodes ? edges : train});
        if (!of_nodes) list.push_back({option, train, train});
      }
      if (option == "--graph") list.push_back({option, edges, edges});
      if (option == "--tuned") list.push_back({option, inputs.file("tuned.csv"), inputs.file("tuned.csv")});
      if (option == "--add") list.push_back({option, inputs.file("kernel.csv"), inputs.file("kernel.csv")});
      if (option == "--users") list.push_back({option, inputs.file("users.csv"), inputs.file("users.csv")});
      if (option == "--item-table") list.push_back({option, inputs.file("items.csv"), inputs.file("items.csv")});
      if (option == "MODEL") {
        const std::string model = inputs.file(command.command == "predict" ? "gat.csv" : "shop.csv");
        list.push_back({"", model, model});
      }
    }
    return list;
  }
  std::vector<std::string> outputs_of(const FileOptions& command) const {
    std::vector<std::string> list;
    for (const std::string& option : command.options) {
      const bool input = option == "--data" || option == "--graph" || option == "--tuned" || option == "--add" ||
                         option == "--users" || option == "--item-table" || option == "MODEL";
      if (!input) list.push_back(option);
    }
    return list;
  }
  /// A command line that works, short of outputs: `input` in place of the usual one of its kind.
  std::string line(const FileOptions& command, const Input* input = nullptr) const {
    std::string text = command.command;
    std::vector<std::string> given;
    const auto add = [&](const Input& each) {
      if (std::find(given.begin(), given.end(), each.option) != given.end()) return;
      text += " " + each.option + " " + each.named;
      given.push_back(each.option);
    };
    if (input != nullptr) add(*input);
    for (const Input& each : inputs_of(command)) {
      const bool needed =
          each.option != "--tuned" && each.option != "--add" && each.option != "--users" && each.option != "--item-table";
      if (needed) add(each);
    }
    if (command.command == "train gcn") text += " --epochs 2";
    if (command.command == "train gat") text += " --epochs 2 --selection last --patience 0 --hidden 4";
    if (command.command == "train lightgcn") text += " --epochs 2 --dim 8 --temperature 0.2";
    if (command.command == "train graph-filter") text += " --rank 2";
    if (command.command == "train blend") text += " --first popularity --second item-cosine --blend-weight 1";
    if (command.command == "export") text += " --as npy";
    if (command.command == "recommend") text += " --user 7";
    if (command.command.starts_with("bench") || command.command == "tune") text += " --dim 4 --repeats 1";
    return text;
  }

  TempDir nodes, shop, inputs;
};

std::vector<FileOptions> commands_with_outputs(const Workshop& workshop) {
  std::vector<FileOptions> all;
  collect("", all);
  std::erase_if(all, [&](const FileOptions& each) { return workshop.outputs_of(each).empty(); });
  CHECK(all.size() >= 2 + 5 + 2 + 8);  // node models, recommenders, predict and export, bench's ops and tune
  return all;
}

/// Profiling goes with one training in epochs.
bool refused_here(const std::string& command, const std::string& output) {
  return output == "--profile" && command != "train gcn" && command != "train gat" && command != "train lightgcn";
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("no output of any subcommand takes the place of a file that the run reads, whatever it is called") {
    const Workshop workshop;
    int swept = 0;
    for (const FileOptions& command : commands_with_outputs(workshop)) {
      for (const auto& input : workshop.inputs_of(command)) {
        const std::string before = file_content(input.file);
        REQUIRE(!before.empty());
        struct stat status {};
        REQUIRE(::stat(input.file.c_str(), &status) == 0);
        const TempDir other;
        fs::create_symlink(input.file, other.file("link.csv"));
        fs::create_hard_link(input.file, other.file("twin.csv"));
        const fs::path path(input.file);
        // RecBole's and Planetoid's inputs are folders too: of a data set's folder each file is one.
        const std::string around = (path.parent_path() / ".." / path.parent_path().filename() / "." / path.filename()).string();
        const std::string forms[] = {input.file, around, other.file("link.csv"), other.file("twin.csv")};
        for (const std::string& output : workshop.outputs_of(command)) {
          if (refused_here(command.command, output)) continue;
          for (const std::string& form : forms) {
            if (output == "--save-attention" && !form.ends_with(".csv")) continue;
            CAPTURE(form);
            const ProgramResult result = run_program(workshop.line(command, &input) + " " + output + " " + form);
            CAPTURE(command.command);
            CAPTURE(output);
            CHECK(result.status == 2);
            CHECK_MESSAGE(result.err.find("is part of what this run reads (") != std::string::npos, result.err);
            CHECK(result.out.empty());
            ++swept;
          }
        }
        CHECK(file_content(input.file) == before);
        struct stat after {};
        REQUIRE(::stat(input.file.c_str(), &after) == 0);
        CHECK(after.st_ino == status.st_ino);
        CHECK(after.st_mtim.tv_nsec == status.st_mtim.tv_nsec);
      }
    }
    CHECK(swept > 150);
  }

  TEST_CASE("no two outputs of any subcommand are one file, nor is one of them where standard output goes") {
    const Workshop workshop;
    for (const FileOptions& command : commands_with_outputs(workshop)) {
      std::vector<std::string> outputs = workshop.outputs_of(command);
      std::erase_if(outputs, [&](const std::string& output) { return refused_here(command.command, output); });
      CAPTURE(command.command);
      const TempDir folder;
      const std::string there = folder.write("there.csv", "before");
      fs::create_hard_link(there, folder.file("twin.csv"));
      fs::create_symlink(folder.file("new.csv"), folder.file("link.csv"));
      for (std::size_t i = 0; i + 1 < outputs.size(); ++i) {
        const std::pair<std::string, std::string> pairs[] = {
            {"new.csv", "./new.csv"}, {"there.csv", "twin.csv"}, {"link.csv", "new.csv"}};
        for (const auto& [first, second] : pairs) {
          const ProgramResult result = run_program(workshop.line(command) + " " + outputs[i] + " " + folder.file(first) + " " +
                                                   outputs[i + 1] + " " + folder.file(second));
          CHECK(result.status == 2);
          // A command lists its outputs in an order of its own.
          const auto names = [&](const std::string& one, const std::string& other) {
            return result.err.find("is named for two outputs (" + one + " and " + other + ")") != std::string::npos;
          };
          CHECK_MESSAGE(names(outputs[i], outputs[i + 1]) != names(outputs[i + 1], outputs[i]), result.err);
        }
      }
      const ProgramResult result = run_program(workshop.line(command) + " " + outputs[0] + " " + there + " >" + there);
      CHECK(result.status == 2);
      CHECK_MESSAGE(result.err.find("is where standard output goes") != std::string::npos, result.err);
      CHECK(fs::exists(there));
      CHECK(!fs::exists(folder.file("new.csv")));
    }
  }

  TEST_CASE("standard output and standard error never go to a file that the run reads, of any subcommand") {
    const Workshop workshop;
    std::vector<FileOptions> all;
    collect("", all);
    int swept = 0;
    for (const FileOptions& command : all) {
      for (const auto& input : workshop.inputs_of(command)) {
        const std::string before = file_content(input.file);
        REQUIRE(!before.empty());
        CAPTURE(command.command);
        CAPTURE(input.file);
        std::string line = workshop.line(command, &input);
        if (command.command == "similar") line += " --item 1";
        if (command.command == "recommend" && input.option == "--users") line += " --out " + workshop.inputs.file("r.csv");
        if (command.command == "bundle") line += " --save " + workshop.inputs.file("b");
        if (command.command == "export") line += " --embeddings " + workshop.inputs.file("e.npy");
        const ProgramResult appended = run_program(line + " >>'" + input.file + "'");
        CHECK(appended.status == 2);
        CHECK_MESSAGE(
            appended.err.find("standard output goes to a file that is part of what this run reads (") != std::string::npos,
            appended.err);
        CHECK(file_content(input.file) == before);
        // Not even the sentence is added to it. (run_program's own redirection of standard error comes after this one.)
        const ProgramResult complained = run_program("", "sh -c '\"$0\" " + line + " 2>>\"" + input.file + "\"'");
        CHECK(complained.status == 2);
        CHECK_MESSAGE(
            complained.out.find("standard error goes to a file that is part of what this run reads (") != std::string::npos,
            complained.out);
        CHECK(file_content(input.file) == before);
        ++swept;
      }
    }
    CHECK(swept > 30);
  }

  TEST_CASE("no output becomes a part of the data that is read, of any subcommand") {
    const Workshop workshop;
    int swept = 0;
    for (const FileOptions& command : commands_with_outputs(workshop)) {
      for (const auto& input : workshop.inputs_of(command)) {
        if (!fs::is_directory(input.named)) continue;
        for (const std::string& output : workshop.outputs_of(command)) {
          if (refused_here(command.command, output)) continue;
          for (const char* name : {"second.edges", "features.csv", "val.txt", "new.inter", "ratings.csv"}) {
            if (output == "--save-attention" && !std::string_view(name).ends_with(".csv")) continue;
            const std::string path = input.named + "/" + name;
            CAPTURE(command.command);
            CAPTURE(output);
            CAPTURE(path);
            const ProgramResult result = run_program(workshop.line(command, &input) + " " + output + " " + path);
            CHECK(result.status == 2);
            CHECK_MESSAGE(result.err.find(path + " is named like a part of a data set, and stands where " + input.named +
                                          " is read; give it another name, or another folder") != std::string::npos,
                          result.err);
            CHECK(!fs::exists(path));
            ++swept;
          }
        }
      }
    }
    CHECK(swept > 30);
    // Any other name may stand beside the data.
    CHECK(run_program(workshop.line({"train gcn", {"--data"}}) + " --save " + workshop.nodes.file("model.safetensors")).status ==
          0);
    CHECK(run_program("data --data " + workshop.shop.path().string()).status == 0);
    // What is no data set has no parts that could stand beside it.
    CHECK(run_program(workshop.line({"train gcn", {"--data"}}) + " --tuned " + workshop.inputs.file("tuned.csv") + " --save " +
                      workshop.inputs.file("ind.model"))
              .status == 0);
    const std::string added =
        run_program("bench spmm --add " + workshop.inputs.file("kernel.csv") + " --csv " + workshop.inputs.file("movies.csv"))
            .err;
    CHECK_MESSAGE(added.find("is named like a part of a data set") == std::string::npos, added);
  }

  TEST_CASE("a folder that is not there, and a file in the place of one, are told before the work, of any output") {
    const Workshop workshop;
    const TempDir folder;
    folder.write("orders.csv", "user,item\n");
    int swept = 0;
    for (const FileOptions& command : commands_with_outputs(workshop)) {
      for (const std::string& output : workshop.outputs_of(command)) {
        if (refused_here(command.command, output)) continue;
        CAPTURE(command.command);
        CAPTURE(output);
        const std::string line = workshop.line(command) + " " + output + " ", here = "cd '" + folder.path().string() + "';";
        const ProgramResult missing = run_program(line + "nodir/x.csv", here);
        CHECK(missing.status == 7);
        CHECK_MESSAGE(
            missing.err.find("heddle: cannot write nodir/x.csv: the folder nodir does not exist\n") != std::string::npos,
            missing.err);
        const ProgramResult deeper = run_program(line + folder.file("a/b/x.csv"));
        CHECK_MESSAGE(deeper.err.find(": the folder " + folder.file("a") + " does not exist\n") != std::string::npos, deeper.err);
        const ProgramResult file = run_program(line + "orders.csv/x.csv", here);
        CHECK(file.status == 7);
        CHECK_MESSAGE(
            file.err.find("heddle: cannot write orders.csv/x.csv: orders.csv is a file, not a folder\n") != std::string::npos,
            file.err);
        CHECK(missing.out.empty());
        ++swept;
      }
    }
    CHECK(swept > 30);
  }

  TEST_CASE("a file system without room for a model is found out before it is trained, of every kind") {
    const Workshop workshop;
    const TempDir disk;
    const std::string mount =
        "unshare -rm sh -c 'mount -t tmpfs -o size=4k none \"" + disk.path().string() + "\" || exit 99; exec \"$@\"' sh";
    if (run_program("version", mount).status != 0) {
      MESSAGE("skipped: no file system can be mounted here");
      return;
    }
    const std::string nodes = " --data " + workshop.nodes.path().string(), shop = " --data " + workshop.shop.path().string();
    const std::string lines[] = {"gcn --hidden 1000" + nodes,
                                 "gat --hidden 1000 --selection last --patience 0 --epochs 10000000" + nodes,
                                 "lightgcn --dim 1000 --epochs 10000000" + shop,
                                 "graph-filter --rank 2" + shop,
                                 "item-cosine" + shop,
                                 "popularity" + shop,
                                 "blend --first popularity --second item-cosine --blend-weight 1" + shop};
    for (const std::string& line : lines) {
      CAPTURE(line);
      const ProgramResult result =
          run_program("train " + line + " --save " + disk.file("model"), "HEDDLE_PROGRESS_DELAY=0 timeout 60 " + mount);
      CHECK(result.status == 7);
      CHECK_MESSAGE(result.err.find("heddle: --save: " + disk.file("model") + " will take ") != std::string::npos, result.err);
      CHECK_MESSAGE(result.err.find(" or more, and its file system has 4.1 kB left; make room, or name a file elsewhere\n") !=
                        std::string::npos,
                    result.err);
      for (const char* phase : {"training", "fitting", "preparing the graph"})
        CHECK_MESSAGE(result.err.find(phase) == std::string::npos, result.err);
      CHECK(result.out.empty());
    }
  }

  TEST_CASE("an unfinished training's own name is guarded like the other") {
    const TempDir folder;
    write_interactions(folder);
    const std::string data = folder.file("log.unfinished.csv");
    folder.write("log.unfinished.csv", "user,item\na,1\na,2\nb,2\nb,3\nc,1\nc,3\n");
    const std::string train =
        "train lightgcn --split none --epochs 1 --temperature 0.2 --data " + data + " --save " + folder.file("log.csv");
    CHECK(run_program(train).status == 2);
    CHECK(run_program(train + " --replace-with-unfinished").status == 0);
  }

  TEST_CASE("a full disk takes the file and nothing else: the figures are printed, the sentence says what is lost") {
    const Workshop workshop;
    const TempDir folder;
    fs::create_symlink("/dev/full", folder.file("full.csv"));
    for (const FileOptions& command : commands_with_outputs(workshop)) {
      for (const std::string& output : workshop.outputs_of(command)) {
        if (refused_here(command.command, output)) continue;
        CAPTURE(command.command);
        CAPTURE(output);
        const ProgramResult result = run_program(workshop.line(command) + " " + output + " " + folder.file("full.csv"));
        CHECK(result.status == 7);
        CHECK_MESSAGE(result.err.find("full.csv: No space left on device; ") != std::string::npos, result.err);
        CHECK_MESSAGE(
            result.err.find(" is lost; for it run the command again, with room or with another name") != std::string::npos,
            result.err);
        // Of rankings that are lost there is no figure to print.
        const bool figures = command.command != "export" && command.command != "recommend";
        CHECK(result.out.empty() != figures);
        if (output == "--save" && command.command.starts_with("train"))
          CHECK(result.err.find("the trained model is lost") != std::string::npos);
      }
    }
  }

  TEST_CASE("a save that fails half way leaves the old file, whole, and nothing else") {
    if (std::string(HEDDLE_SANITIZERS).find("address") != std::string::npos) {
      MESSAGE("skipped: a sanitizer's own files meet the limit too");
      return;
    }
    const Workshop workshop;
    for (const std::string kind : {"gcn", "gat", "lightgcn", "popularity", "item-cosine", "graph-filter", "blend"}) {
      CAPTURE(kind);
      const TempDir folder;
      const std::string model = folder.write("model", "yesterday's");
      const FileOptions command{"train " + kind, {"--data"}};
      const ProgramResult result = run_program(workshop.line(command) + " --save " + model, "ulimit -f 1;");
      CHECK(result.status == 7);
      CHECK_MESSAGE(result.err.find("File too large; the trained model is lost") != std::string::npos, result.err);
      CHECK(!result.out.empty());
      CHECK(file_content(model) == "yesterday's");
      CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
    }
  }

  TEST_CASE("every kind of model is saved before its figures are printed, and a report that fails names the file") {
    const Workshop workshop;
    std::vector<std::string> kinds;
    for (const heddle::Kind& kind : heddle::kinds()) kinds.emplace_back(kind.name);
    for (const std::string& kind : kinds) {
      CAPTURE(kind);
      const TempDir folder;
      const std::string model = folder.file("model");
      const std::string line = workshop.line({"train " + kind, {"--data"}});
      const ProgramResult full = run_program(line + " --save " + model + " >/dev/full");
      CHECK(full.status == 7);
      CHECK_MESSAGE(
          full.err.find("cannot write to standard output: No space left on device; saved " + model) != std::string::npos,
          full.err);
      CHECK(fs::file_size(model) > 0);
      fs::remove(model);
      const ProgramResult unread = run_unread(line + " --save " + model);
      CHECK(unread.status == 128 + SIGPIPE);
      CHECK_MESSAGE(
          unread.err.find("standard output was closed before everything was printed; saved " + model) != std::string::npos,
          unread.err);
      CHECK(fs::file_size(model) > 0);
      const ProgramResult unsaved = run_unread(line);
      CHECK(unsaved.status == 128 + SIGPIPE);
      CHECK_MESSAGE(unsaved.err.find("; nothing is kept of the training; --save FILE keeps the model") != std::string::npos,
                    unsaved.err);
    }
  }

  TEST_CASE("a reader of recommendations who has had enough is no error to tell of") {
    const Workshop workshop;
    for (const std::string& line :
         {"recommend " + workshop.inputs.file("shop.csv") + " --user 7", std::string("--help"),
          "similar " + workshop.inputs.file("shop.csv") + " --item 1", std::string("info"),
          "predict --quiet " + workshop.inputs.file("gat.csv") + " --data " + workshop.nodes.path().string()}) {
      const ProgramResult result = run_unread(line);
      CHECK(result.status == 128 + SIGPIPE);
      CHECK(result.err == "");
    }
  }

  TEST_CASE("a saved recommender is its owner's alone, and one that is replaced keeps its mode") {
    const Workshop workshop;
    const TempDir folder;
    const std::string shop = folder.file("shop"), gcn = folder.file("gcn");
    const auto mode = [](const std::string& path) {
      struct stat status {};
      REQUIRE(::stat(path.c_str(), &status) == 0);
      return status.st_mode & 07777;
    };
    for (const mode_t kept : {0600, 0640}) {
      REQUIRE(run_program("train popularity --data " + workshop.shop.path().string() + " --save " + shop, "umask 022;").status ==
              0);
      CHECK(mode(shop) == kept);
      REQUIRE(::chmod(shop.c_str(), 0640) == 0);
    }
    REQUIRE(
        run_program("train gcn --epochs 1 --data " + workshop.nodes.path().string() + " --save " + gcn, "umask 022;").status ==
        0);
    CHECK(mode(gcn) == 0644);
  }

  TEST_CASE("names in any bytes do not cost a model at its end") {
    const TempDir folder;
    const std::string data = folder.write("bestellungen_\xe4.csv", "user,item\na,1\na,2\nb,2\nb,3\nc,1\nc,3\n");
    CHECK(run_program("train popularity --split none --data '" + data + "' --save " + folder.file("m")).status == 0);
    CHECK(heddle::io::read_safetensors(folder.file("m")).metadata.at("data.name") == "bestellungen_\xc3\xa4");
    const std::string graph = folder.write("x\xff.txt", "0 1\n1 2\n"), rows = folder.file("rows.json");
    for (const std::string command : {"bench spmm", "tune"}) {
      CAPTURE(command);
      const ProgramResult result = run_program(command + " --dim 1 --repeats 1 --graph '" + graph + "' --json " + rows);
      CHECK_MESSAGE(result.status == 0, result.err);
      const nlohmann::json written = nlohmann::json::parse(file_content(rows));
      const std::string name = written[command == "tune" ? "cases" : "rows"][0]["graph"];
      CHECK(name.ends_with("x\xef\xbf\xbd.txt"));  // U+FFFD, what stands for a byte of no character
    }
  }
}
