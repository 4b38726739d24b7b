#include "tests/cli/terminal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "cli/text_columns.h"
#include "io/utf8.h"
#include "tests/cli/program.h"

using heddle::cli::columns_of;
using heddle::test::drawings;
using heddle::test::file_content;
using heddle::test::program_path;
using heddle::test::ProgramResult;
using heddle::test::run_on_terminal;
using heddle::test::run_program;
using heddle::test::screen;
using heddle::test::TempDir;
using heddle::test::Terminal;
using heddle::test::TerminalRun;

namespace {

/// Small data of both kinds, and a saved model of each.
struct Files {
  TempDir karate, shop, models;
  std::string classifier = models.file("gcn.safetensors"), recommender = models.file("lightgcn.safetensors");

  Files() {
    write_karate(karate);
    write_interactions(shop);
    REQUIRE(run_program("train gcn --quiet --epochs 3 --data " + karate_data() + " --save " + classifier).status == 0);
    REQUIRE(
        run_program("train lightgcn --quiet" + small() + " --temperature 0.2" + shop_data() + " --save " + recommender).status ==
        0);
  }
  std::string karate_data() const { return karate.path().string() + " "; }
  std::string shop_data() const { return " --data " + shop.path().string() + " "; }
  /// Options that make LightGCN quick, the temperature's search included.
  static std::string small() { return " --dim 4 --batch-size 128 --negatives 8 --epochs 10"; }
};

const Files& files() {
  static const Files made;
  return made;
}

/// A command, how it is run here, and the phases that it names.
struct Command {
  std::string name;
  std::string arguments;
  std::vector<std::string> phases;
};

std::vector<Command> commands() {
  const std::string karate = " --data " + files().karate_data(), shop = files().shop_data(), small = Files::small();
  const std::string bench = " --graph star:64 --repeats 1 --dim 4 --variant ";
  return {
      {"train gcn", karate + "--epochs 50", {"reading the data", "training"}},
      {"train gcn", karate + "--epochs 20 --seeds 3", {"training, seed 1 of 3"}},
      {"train gat", karate + "--epochs 20 --selection last --patience 0", {"reading the data", "training"}},
      {"train lightgcn", shop + small, {"choosing the temperature", "training", "ranking"}},
      {"train lightgcn",
       shop + small + " --patience 3",
       {"1 of at most 10", "ranking for validation", "ranking for the test", "test: ranking", "validation: ranking"}},
      {"train graph-filter", shop + "--rank 4", {"fitting", "ranking"}},
      {"train item-cosine", shop, {"fitting", "ranking"}},
      {"train popularity", shop, {"fitting", "ranking"}},
      {"train blend",
       shop + "--first item-cosine --second lightgcn" + small,
       {"part 1 of 4, to choose the weight: item-cosine: fitting",
        "part 2 of 4, to choose the weight: lightgcn: choosing the temperature", "to choose the weight: lightgcn: training",
        "choosing the blend's weight", "part 3 of 4, on everything: item-cosine: fitting",
        "part 4 of 4, on everything: lightgcn: choosing the temperature", "on everything: lightgcn: training", "test: ranking"}},
      {"predict", files().classifier + karate, {}},
      {"evaluate", files().recommender + shop, {"reading the model", "reading the data", "ranking"}},
      {"evaluate",
       files().recommender + shop + "--new-users --new-user-share 0.3",
       {"as new: lightgcn: training", "as new: ranking", "as known: lightgcn: training", "as known: ranking"}},
      {"recommend", files().recommender + " --user 7", {}},
      {"recommend",
       files().recommender + " --all-users --out " + files().models.file("all.csv"),
       {"reading the model", "ranking"}},
      {"bundle", files().recommender + " --save " + files().models.file("bundle"), {}},
      {"similar", files().recommender + " --item 7", {}},
      {"export", files().recommender + " --embeddings " + files().models.file("items.npy"), {}},
      {"compare",
       shop + small + " --rank 4",
       {"popularity: fitting", "popularity: ranking", "item-cosine: fitting", "graph-filter: fitting",
        "lightgcn: choosing the temperature", "lightgcn: training", "lightgcn: ranking"}},
      {"compare",
       shop + "--models popularity+item-cosine",
       {"popularity+item-cosine: part 1 of 4, to choose the weight: popularity: fitting",
        "popularity+item-cosine: part 3 of 4, on everything: popularity: fitting"}},
      {"data", shop, {"reading the data"}},
      {"data nodes", karate, {"reading the data"}},
      {"demo", "--users 60 --items 40", {"making up a shop", "lightgcn: choosing the temperature", "lightgcn: training"}},
      {"demo", "--users 10 --items 10", {"making up a shop"}},
      {"demo gcn", "", {"training"}},
      {"info", "", {}},
      {"variants", "", {}},
      {"options", "", {}},
      {"bench spmm", bench + "cpu_row_loop", {"star:64: reading the graph", "star:64: measuring"}},
      {"bench sddmm", bench + "cpu_row_loop", {"star:64: measuring"}},
      {"bench softmax", bench + "cpu_row_loop", {"star:64: measuring"}},
      {"bench gat", bench + "cpu_blocks", {"star:64: measuring"}},
      {"bench gemm", "--rows 16 --inner 4 --dim 4 --repeats 1 --variant cpu_blas", {"measuring"}},
      {"bench topk", "--users 4 --items 100 --dim 4 --k 5 --repeats 1", {"measuring"}},
      {"bench sampling", bench + "all", {"star:64: measuring"}},
      {"tune", "--graph star:64 --repeats 1 --dim 4", {"star:64: reading the graph", "star:64: measuring"}},
      {"help", "train lightgcn", {}},
      {"version", "", {}},
  };
}

/// Every command of the program by its own help: those that need a subcommand are in the list only with one.
void collect_commands(const std::string& path, std::set<std::string>& found) {
  const std::string help = run_program(path + " --help").out;
  std::istringstream lines(help);
  bool listed = false;
  bool any = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Subcommands:") || line.starts_with("SUBCOMMANDS:")) {
      listed = true;
    } else if (listed && line.starts_with("  ") && line[2] != ' ') {
      any = true;
      collect_commands((path.empty() ? "" : path + " ") + line.substr(2, line.find(' ', 2) - 2), found);
    }
  }
  // `train` without a model is a mistake that it answers in its own words, though its help calls the model optional.
  const bool runs_alone = help.find(" [SUBCOMMAND]\n") != std::string::npos && path != "train";
  if (!path.empty() && (!any || runs_alone)) found.insert(path);
}

/// What a bar must not tell: "" for a good drawing.
std::string fault_of(const std::string& drawing) {
  static const std::regex negative("(^|[ :])-[0-9]"), count("([0-9]+) of (at most )?([0-9]+)"), percent("([0-9]+) %"),
      bar("^\\[=* *\\] ");
  if (std::regex_search(drawing, negative)) return "a negative number";
  std::smatch found;
  for (std::string rest = drawing; std::regex_search(rest, found, count); rest = found.suffix()) {
    if (std::stoll(found[1]) > std::stoll(found[3])) return "a count past its end";
    if (std::stoll(found[1]) < 1) return "a count that does not begin at 1";
  }
  if (std::regex_search(drawing, found, percent) && std::stoll(found[1]) > 100) return "more than all";
  if (drawing.front() == '[' && !std::regex_search(drawing, bar)) return "a bar that is none";
  return "";
}

void check_drawings(const std::vector<std::string>& drawn, int columns) {
  for (const std::string& drawing : drawn) {
    CAPTURE(drawing);
    CHECK(columns_of(drawing) < columns);
    CHECK(fault_of(drawing) == "");
  }
}

/// The seconds that a drawing says are left; negative: it says none.
double seconds_left(const std::string& drawing) {
  static const std::regex left(", (at most )?(([0-9]+) days? )?(([0-9]+) h ?)?(([0-9]+) min ?)?(([0-9]+) s)? left$");
  std::smatch found;
  if (!std::regex_search(drawing, found, left)) return -1;
  const auto number = [&](std::size_t group) { return found[group].matched ? std::stod(found[group]) : 0; };
  return 86400 * number(3) + 3600 * number(5) + 60 * number(7) + number(9);
}

void check_phases(const Command& command, const std::string& seen) {
  for (const std::string& phase : command.phases) {
    CAPTURE(phase);
    CHECK(seen.find(phase) != std::string::npos);
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("terminal / the commands that are tested on a terminal are all that there are") {
    std::set<std::string> there, tested;
    collect_commands("", there);
    for (const Command& command : commands()) tested.insert(command.name);
    CHECK(there.size() > 25);
    CHECK(there == tested);
  }

  TEST_CASE("terminal / every command draws within a terminal's width, names its phases, and leaves nothing") {
    for (const Command& command : commands()) {
      CAPTURE(command.name);
      // What draws nothing need not do so at every width.
      for (const int columns : command.phases.empty() ? std::vector{80} : std::vector{20, 80, 200}) {
        CAPTURE(columns);
        const TerminalRun run = run_on_terminal(command.name + " " + command.arguments, {.columns = columns});
        CAPTURE(run.seen);
        CHECK(run.status == 0);
        CHECK(!run.out.empty());
        const std::vector<std::string> drawn = drawings(run.seen);
        CHECK(drawn.empty() == command.phases.empty());
        check_drawings(drawn, columns);
        if (columns == 200) check_phases(command, run.seen);
        for (const std::string& line : screen(run.seen, 10'000)) {  // no drawing wraps
          CAPTURE(line);
          // An evaluation's line stays, and the figures that predict tells.
          CHECK((line.starts_with("epoch ") || command.name == "predict"));
        }
      }
    }
  }

  TEST_CASE("terminal / a window that becomes narrow or wide on the way is drawn into as it then is") {
    for (const Command& command : commands()) {
      if (command.phases.empty()) continue;
      CAPTURE(command.name);
      for (const auto& [before, after] : {std::pair(80, 20), std::pair(20, 120)}) {
        CAPTURE(after);
        const TerminalRun run =
            run_on_terminal(command.name + " " + command.arguments, {.columns = before, .then_columns = after});
        CHECK(run.status == 0);
        check_drawings(drawings(run.seen.substr(0, run.changed)), before);
        std::vector<std::string> later = drawings(run.seen.substr(run.changed));
        if (!later.empty()) later.erase(later.begin());  // it may have been on its way
        check_drawings(later, after);
      }
    }
  }

  TEST_CASE("terminal / reports and rows stand on lines of their own, with nothing of the bar beside them") {
    const std::string compare = "compare" + files().shop_data() + Files::small() + " --models popularity,lightgcn";
    const TerminalRun run = run_on_terminal(compare, {.columns = 120, .results_there_too = true});
    CHECK(run.status == 0);
    const std::vector<std::string> lines = screen(run.seen, 120);
    const ProgramResult plain = run_program(compare);
    // The same lines but for seconds and bytes.
    const auto without_figures = [](const std::string& line) { return std::regex_replace(line, std::regex("[0-9.]+"), "0"); };
    std::istringstream expected(plain.out);
    std::size_t i = 0;
    for (std::string line; std::getline(expected, line); ++i) {
      line.erase(line.find_last_not_of(' ') + 1);
      REQUIRE(i < lines.size());
      const auto squeezed = [&](const std::string& text) {
        return std::regex_replace(without_figures(text), std::regex(" +"), " ");
      };
      CHECK(squeezed(lines[i]) == squeezed(line));
    }
    CHECK(i == lines.size());
  }

  TEST_CASE("terminal / a terminal without control sequences gets none, and nor does a file") {
    for (const Command& command : commands()) {
      CAPTURE(command.name);
      const TerminalRun dumb = run_on_terminal(command.name + " " + command.arguments, {.columns = 40, .type = "dumb"});
      CHECK(dumb.status == 0);
      CAPTURE(dumb.seen);
      CHECK(dumb.seen.find('\033') == std::string::npos);
      // "\n" comes as "\r\n" from a terminal; there is no other "\r".
      CHECK(std::count(dumb.seen.begin(), dumb.seen.end(), '\r') == std::count(dumb.seen.begin(), dumb.seen.end(), '\n'));
      check_phases(command, dumb.seen);
      const ProgramResult file = run_program(command.name + " " + command.arguments, "HEDDLE_PROGRESS_DELAY=0");
      CHECK(file.status == 0);
      CAPTURE(file.err);
      CHECK(file.err.find('\033') == std::string::npos);
      CHECK(file.err.find('\r') == std::string::npos);
      check_phases(command, file.err);
    }
  }

  TEST_CASE("terminal / --quiet draws nothing and says nothing") {
    for (const Command& command : commands()) {
      if (command.phases.empty() || command.name.starts_with("bench") || command.name == "tune")
        continue;  // they have no --quiet
      CAPTURE(command.name);
      const TerminalRun run = run_on_terminal(command.name + " --quiet " + command.arguments);
      CHECK(run.status == 0);
      CHECK(run.seen == "");
    }
  }

  TEST_CASE("terminal / without standard error every command does its work, and a mistake has its status") {
    for (const Command& command : commands()) {
      CAPTURE(command.name);
      const TempDir folder;
      const std::string line =
          "-c \"'" + program_path() + "' " + command.name + " " + command.arguments + " 2>&- >" + folder.file("out") + "\"";
      const int status = std::system(("HEDDLE_PROGRESS_DELAY=0 sh " + line).c_str());
      CHECK(status == 0);
      CHECK(!file_content(folder.file("out")).empty());
    }
    const TempDir folder;
    const std::string saved = folder.file("m.safetensors");
    const auto run = [&](const std::string& arguments) {
      return std::system(("HEDDLE_PROGRESS_DELAY=0 '" + program_path() + "' " + arguments).c_str());
    };
    CHECK(run("weave 2>&-") == 2 << 8);
    CHECK(run("info >&- 2>&-") == 7 << 8);
    // No message may land in the file that is opened in the place of standard error.
    CHECK(run("train lightgcn" + files().shop_data() + Files::small() + " --eval-every 1 --save " + saved +
              " <&- 2>&- >/dev/null") == 0);
    CHECK(run_program("similar " + saved + " --item 7").status == 0);
  }

  TEST_CASE("terminal / Ctrl-C ends a comparison with the rows that it has, and status 130") {
    const std::string compare =
        "compare" + files().shop_data() + "--models popularity,item-cosine,lightgcn --temperature 0.2 --epochs 10000000";
    for (const bool json : {false, true}) {
      CAPTURE(json);
      const TerminalRun run =
          run_on_terminal(compare + (json ? " --json" : ""), {.columns = 120, .press_interrupt_at = "lightgcn: training"});
      CHECK(run.status == 130);
      CHECK(run.seen.find("heddle: interrupted at lightgcn, with 2 of 3 models judged") != std::string::npos);
      if (json) {
        const nlohmann::json object = nlohmann::json::parse(run.out, nullptr, false);
        REQUIRE(object.is_object());
        CHECK(object["interrupted"] == true);
        CHECK(object["models"].size() == 2);
      } else {
        CHECK(run.out.find("\npopularity ") != std::string::npos);
        CHECK(run.out.find("\nitem-cosine ") != std::string::npos);
        CHECK(run.out.find("\nlightgcn ") == std::string::npos);
      }
    }
  }

  TEST_CASE(
      "terminal / Ctrl-C leaves nothing of the bar, however narrow the terminal, and no control sequence where it is dumb") {
    const std::string train = "train lightgcn" + files().shop_data() + "--dim 4 --temperature 0.2 --epochs 10000000";
    for (const int columns : {30, 60, 200}) {
      CAPTURE(columns);
      const TerminalRun run = run_on_terminal(train, {.columns = columns, .press_interrupt_at = "tra"});
      CHECK(run.status == 130);
      CAPTURE(run.seen);
      const std::vector<std::string> lines = screen(run.seen, 10'000);
      REQUIRE(lines.size() == 2);
      CHECK(lines[0] == "heddle: stopping after this step; once more ends at once");
      CHECK(lines[1].starts_with("heddle: interrupted "));  // after some steps, or before the first
      // As wide as it is, nothing has wrapped but the sentences.
      CHECK(screen(run.seen, columns).front().starts_with("heddle: stopping"));
    }
    const TerminalRun dumb = run_on_terminal(train, {.type = "dumb", .press_interrupt_at = "tra"});
    CHECK(dumb.status == 130);
    CHECK(dumb.seen.find('\033') == std::string::npos);
  }

  TEST_CASE("terminal / a training whose terminal is closed is saved, and its status tells of that and not of the report") {
    for (const std::string& line :
         {"train lightgcn --dim 4 --temperature 0.2" + files().shop_data(), "train gcn --data " + files().karate_data()}) {
      CAPTURE(line);
      const TempDir folder;
      // The loss is told from the second epoch on: there is something to save by then.
      const TerminalRun run = run_on_terminal(line + " --epochs 10000000 --save " + folder.file("m"),
                                              {.columns = 120, .results_there_too = true, .close_at = "loss"});
      CHECK(run.status == 129);
      CHECK(!file_content(folder.file("m.unfinished")).empty());
    }
  }

  TEST_CASE("terminal / a name in wide characters keeps within the terminal's width, and moves no column") {
    const TempDir folder;
    std::filesystem::create_directory(folder.path() / "图谱图谱图谱图谱");
    const std::string graph =
        folder.write("图谱图谱图谱图谱/数据.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n3 1\n");
    const std::string line = "tune --repeats 1 --dim 4 --graph " + graph + " --graph star:64";
    for (const int more : {5, 6, 9, 12, 60}) {
      const int columns = columns_of(folder.path().string()) + more;
      CAPTURE(columns);
      const TerminalRun run = run_on_terminal(line, {.columns = columns});
      CHECK(run.status == 0);
      CAPTURE(run.seen);
      const std::vector<std::string> drawn = drawings(run.seen);
      check_drawings(drawn, columns);
      for (const std::string& drawing : drawn) {
        CHECK(heddle::io::detail::is_utf8(drawing));
        // The graph's name goes before that of the phase does.
        CHECK((drawing.find("reading") != std::string::npos || drawing.find("measuri") != std::string::npos));
      }
      CHECK(screen(run.seen, columns).empty());  // no drawing wraps
      std::istringstream table(run.out);
      std::vector<int> ends;
      for (std::string row; std::getline(table, row);) {
        const std::size_t at = row.find_first_of("0123456789w", row.find(' '));  // "width", or one
        if (row.starts_with(graph) || row.starts_with("graph") || row.starts_with("star"))
          ends.push_back(columns_of(row.substr(0, row.find(' ', at))));
      }
      CHECK(ends.size() == 3);
      CHECK(std::set<int>(ends.begin(), ends.end()).size() == 1);
    }
  }

  TEST_CASE("terminal / the time left is at most what remains of a time limit, and is not told at once") {
    const TerminalRun run = run_on_terminal(
        "train lightgcn" + files().shop_data() + "--dim 4 --temperature 0.2 --epochs 10000000 --time-limit 5", {.columns = 120});
    CHECK(run.status == 0);
    CAPTURE(run.seen.substr(run.seen.size() - std::min<std::size_t>(run.seen.size(), 2000)));
    int told = 0, not_told = 0;
    for (const std::string& drawing : drawings(run.seen)) {
      if (drawing.find("lightgcn: training") == std::string::npos) continue;
      const double left = seconds_left(drawing);
      ++(left < 0 ? not_told : told);
      CHECK(left <= 5);
    }
    CHECK(told > 0);
    CHECK(not_told > 0);
  }

  TEST_CASE("terminal / a time limit holds for the choice of the temperature too, and the bar counts it") {
    const auto start = std::chrono::steady_clock::now();
    const TerminalRun run =
        run_on_terminal("train lightgcn" + files().shop_data() +
                            "--dim 256 --layers 12 --epochs 10000000 --batch-size 256 --threads 1 --time-limit 4",
                        {.columns = 120});
    CHECK(run.status == 0);
    double longest = 0, full = 0;
    static const std::regex percent("^\\[(=*) *\\]");
    for (const std::string& drawing : drawings(run.seen)) {
      longest = std::max(longest, seconds_left(drawing));
      std::smatch bar;
      if (drawing.find("lightgcn: training") != std::string::npos && std::regex_search(drawing, bar, percent))
        full = std::max(full, static_cast<double>(bar[1].length()) / static_cast<double>(drawing.find(']') - 1));
    }
    CHECK(longest > 0);
    CHECK(longest <= 4);
    CHECK(full > 0.6);  // of ten million epochs it would be nothing
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(sizeof HEDDLE_SANITIZERS > 1 ? 40 : 10));
  }

  TEST_CASE("terminal / titles are cut where a table would be wider than the terminal, and whole in a file") {
    const TempDir folder;
    const std::string title = "A very long title of a walnut coffee mill with a drawer, in brown, for two cups 图谱图谱";
    folder.write("ratings.csv", "userId,movieId,rating,timestamp\n1,20,5,1\n1,21,5,2\n2,21,5,3\n2,20,5,4\n2,22,5,5\n");
    folder.write("movies.csv", "movieId,title,genres\n20,\"" + title + "\",x\n21,Oak,x\n22,Yew,x\n");
    const std::string model = folder.file("m");
    REQUIRE(run_program("train popularity --split none --save " + model + " --data " + folder.path().string()).status == 0);
    const std::string line = "recommend " + model + " --items 22";
    for (const int columns : {30, 40, 60, 200}) {
      CAPTURE(columns);
      const TerminalRun run = run_on_terminal(line, {.columns = columns, .results_there_too = true});
      CAPTURE(run.seen);
      std::istringstream lines(run.seen);
      int rows = 0;
      for (std::string row; std::getline(lines, row); ++rows) {
        while (row.ends_with('\r')) row.pop_back();
        CHECK(columns_of(row) <= std::max(columns, 34));
      }
      CHECK(rows == 4);
      CHECK((run.seen.find("…") != std::string::npos) == (columns < 120));
    }
    CHECK(run_program(line).out.find(title) != std::string::npos);
  }

  TEST_CASE("terminal / what is told of a reading keeps within the terminal's width, of every command that reads data") {
    const TempDir folder;
    std::string log = "customer_id,product_id,how_many_stars_were_given,when_it_was_bought,shop,device,page,campaign\n";
    for (int i = 0; i < 300; ++i)
      log += "c" + std::to_string(i % 20) + ",p" + std::to_string(i * 7 % 13) + ",5,2024-01-0" + std::to_string(1 + i % 9) +
             ",x,y,z,w\n";
    log += "c1,NA,5,2024-01-01,x,y,z,w\n";
    const std::string path = folder.write("log.csv", log);
    for (const std::string command : {"data", "train popularity", "compare --models popularity,item-cosine"}) {
      for (const int columns : {40, 80, 200}) {
        CAPTURE(command);
        CAPTURE(columns);
        const TerminalRun run =
            run_on_terminal(command + " --quiet --data " + path, {.columns = columns, .results_there_too = true});
        CAPTURE(run.seen);
        CHECK(run.status == 0);
        std::istringstream lines(run.seen);
        int told = 0;
        for (std::string row; std::getline(lines, row) && !row.starts_with("data "); ++told) {
          while (row.ends_with('\r')) row.pop_back();
          // A path is one word, which is not parted.
          if (row.find(path) == std::string::npos) CHECK(columns_of(row) <= std::min(columns, 100));
        }
        CHECK(told >= (columns == 40 ? 6 : 4));
      }
    }
  }

  TEST_CASE("terminal / Ctrl-C while a command waits for its input ends it with a line, whatever it waits for") {
    const TempDir folder;
    write_interactions(folder);
    const std::string model = folder.file("m");
    REQUIRE(run_program("train popularity --split none --save " + model + " --data " + folder.path().string()).status == 0);
    struct Waiting {
      std::string line, doing, left;
    };
    std::vector<Waiting> waiting{
        {"recommend " + model + " --lines", "waiting for a request", "every request before it has its answer"}};
    const std::string nothing = "nothing was saved";
    for (const std::string& command :
         std::vector<std::string>{"train lightgcn", "train popularity", "train blend --first lightgcn --second graph-filter",
                                  "compare", "data", "train gcn", "evaluate " + model})
      waiting.push_back({command + " --data -", "reading the data", nothing});
    for (const Waiting& each : waiting) {
      CAPTURE(each.line);
      const TerminalRun run = run_on_terminal(each.line, {.columns = 200, .interrupt_waiting = true});
      CHECK(run.status == 128 + SIGINT);
      CHECK_MESSAGE(run.seen.find("heddle: interrupted while " + each.doing + "; " + each.left + "\r\n") != std::string::npos,
                    run.seen);
      CHECK(run.out.empty());
    }
  }

  TEST_CASE("terminal / the time in which the program is stopped does not count as pace") {
    const TerminalRun run =
        run_on_terminal("train lightgcn" + files().shop_data() + "--dim 4 --temperature 0.2 --epochs 10000000",
                        {.columns = 120, .stop_at = " left"});
    CHECK(run.status == 130);
    const std::vector<std::string> before = drawings(run.seen.substr(0, run.changed)),
                                   after = drawings(run.seen.substr(run.changed));
    const auto last =
        std::find_if(before.rbegin(), before.rend(), [](const std::string& drawing) { return seconds_left(drawing) > 0; });
    REQUIRE(last != before.rend());
    CAPTURE(*last);
    int told = 0;
    for (const std::string& drawing : after) {
      CAPTURE(drawing);
      if (seconds_left(drawing) < 0) continue;
      // It was stopped after 3 s, for 5: counted, they would make the time left more than twice as long.
      CHECK(seconds_left(drawing) < 1.8 * seconds_left(*last));
      ++told;
    }
    CHECK(told > 0);
  }

  TEST_CASE("terminal / what ends in a moment draws nothing, and a delay that is no number is refused") {
    const TerminalRun run = run_on_terminal("train popularity" + files().shop_data(), {.delay = "100000"});
    CHECK(run.status == 0);
    CHECK(run.seen == "");
    CHECK(run_program("demo gcn", "HEDDLE_PROGRESS_DELAY=soon").err.find("HEDDLE_PROGRESS_DELAY is 'soon'") != std::string::npos);
  }
}
