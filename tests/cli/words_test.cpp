#include <doctest/doctest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "heddle/error.h"
#include "tests/cli/program.h"
#include "tests/support/source_dir.h"

// A count and its noun agree, and sentences speak of what a user of the program knows.
using heddle::test::file_content;
using heddle::test::ProgramResult;
using heddle::test::run_program;
using heddle::test::source_dir;
using heddle::test::TempDir;

namespace {

/// What heddle counts in sentences. A noun that is counted and is not here must be added.
const char* const nouns =
    "arguments|blocks|bytes|cases|categories|choices|classes|columns|customers|dimensions|edges|elements|entries|epochs|events|"
    "features|fields|files|friendships|heads|ids|instructions|interactions|items|labels|layers|lines|matrices|members|"
    "models|multiprocessors|negatives|nodes|non-zeros|offsets|operands|options|others|parameters|processors|products|"
    "purchases|queries|rows|scores|seeds|self-loops|sources|starts|steps|targets|tensors|threads|tokens|trials|users|values|"
    "variants|"
    "vectors|visitors|ways|weights";

/// Sources whose sentences people may read: all but tests.
std::vector<std::filesystem::path> sources() {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"cli", "engine", "io", "bench", "kernels", "autograd", "include"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_dir() / folder)) {
      const std::string ending = entry.path().extension().string();
      if (ending == ".cpp" || ending == ".h" || ending == ".cu") files.push_back(entry.path());
    }
  }
  return files;
}

/// The places of a source where a number is followed by a noun that is always in the plural: "{} rows" in a format,
/// `count, " rows"` in parts of a sentence; a string before the noun is no number.
std::vector<std::string> plurals_after_counts(const std::string& source) {
  static const std::regex format("\\{[^{}\"]*\\} (?:[a-z-]+ )?(?:" + std::string(nouns) + ")\\b[^\"]*");
  static const std::regex part(
      "[^\"\\s(,][,]\\s*\" (?:(?:edge|row|item|host|metadata|temporary|training|validation|test|arithmetic|memory) )?(?:" +
      std::string(nouns) + ")\\b[^\"]*");
  std::vector<std::string> found;
  for (const std::regex* pattern : {&format, &part}) {
    for (std::sregex_iterator at(source.begin(), source.end(), *pattern), end; at != end; ++at) {
      const std::size_t begin = source.rfind('\n', static_cast<std::size_t>(at->position())) + 1;
      const std::string before = source.substr(begin, static_cast<std::size_t>(at->position()) - begin);
      if (before.find("//") == std::string::npos) found.push_back(at->str());
    }
  }
  return found;
}

/// "1 items", but not "11 items", "0.1 items" or "1,001 items".
const std::regex& one_of_several() {
  static const std::regex pattern("(^|[^0-9.,:@/-])1 (?:[a-z-]+ ){0,2}(?:" + std::string(nouns) + ")\\b");
  return pattern;
}

/// "1 item are", "0 of 1 test user have"
const std::regex& one_that_are() {
  static const std::regex pattern("(^|[^0-9.,:@/-])1 (?:[a-z-]+ ){1,2}(?:are|do|hold|were|have)\\b");
  return pattern;
}

void check_words(const ProgramResult& result) {
  for (const std::string* text : {&result.out, &result.err}) {
    for (const std::regex* pattern : {&one_of_several(), &one_that_are()}) {
      std::smatch match;
      const bool wrong = std::regex_search(*text, match, *pattern);
      CHECK_MESSAGE(!wrong, match.str(), " in: ", *text);
    }
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("words / the noun behind a count is written by what makes it agree, in every source") {
    using Places = std::vector<std::string>;
    CHECK(plurals_after_counts("fmt::format(\"{} epochs\", epochs)") == Places{"{} epochs"});
    CHECK(plurals_after_counts("fmt::format(\"after {:>3} test users\", n)") == Places{"{:>3} test users"});
    CHECK(plurals_after_counts("fail(kind, \"x has \", x.rows, \" rows\")") == Places{"s, \" rows"});
    CHECK(plurals_after_counts("fail(kind, x.size(),\n     \" edge weights for \", y)") ==
          Places{"),\n     \" edge weights for "});
    CHECK(plurals_after_counts("text(counted(rows, \"row\"), path, \" has no rows\", \"{} row\")").empty());
    std::size_t read = 0;
    for (const std::filesystem::path& path : sources()) {
      const std::string source = file_content(path.string());
      read += source.size();
      for (const std::string& place : plurals_after_counts(source)) {
        CAPTURE(path.string());
        FAIL_CHECK(place);
      }
    }
    CHECK(read > 1'000'000);
  }

  TEST_CASE("words / counted and there_are agree with their number") {
    using heddle::counted, heddle::text, heddle::there_are;
    CHECK(text(counted(1, "row"), ", ", counted(0, "row"), ", ", counted(-1, "row"), ", ", counted(7, "entry", "entries"), ", ",
               counted(1, "entry", "entries")) == "1 row, 0 rows, -1 rows, 7 entries, 1 entry");
    CHECK(text(there_are(1, "row"), ", ", there_are(2, "row"), ", ", there_are(1), ", ", there_are(uint8_t{3})) ==
          "there is 1 row, there are 2 rows, there is 1, there are 3");
  }

  TEST_CASE("words / one of a thing is told in the singular, in everything that is printed") {
    const TempDir folder;
    folder.write("edges.txt", "0 1\n1 1\n0 1\n");
    folder.write("labels.txt", "0\n0\n");
    folder.write("features.csv", "1\n2\n");
    folder.write("train.txt", "0\n");
    folder.write("val.txt", "1\n");
    folder.write("test.txt", "");
    const std::string nodes = " --data " + folder.path().string();
    // One user, one item to find, one to train on.
    const std::string log = " --test-share 0.5 --data " + folder.write("log.csv", "user,item\na,1\na,1\na,2\n");
    const std::string single = " --data " + folder.write("single.csv", "user,item\na,1\n");
    const std::string gcn = folder.file("gcn"), shop = folder.file("shop"), light = folder.file("light");
    const std::string lines[] = {
        "train gcn --epochs 1 --seeds 2" + nodes,
        "train gcn --epochs 1 --quiet --save " + gcn + nodes,
        "predict " + gcn + nodes,
        "data" + log,
        "data --split none" + single,
        "data --k-core 2" + log,
        "train popularity --save " + shop + log,
        "train lightgcn --epochs 1 --dim 1 --temperature 0.2 --save " + light + log,
        "train lightgcn --epochs 1 --eval-every 1 --loss bpr" + log,
        "train lightgcn --hold-out 0.5" + single,
        "train lightgcn --metrics uni2" + log,
        "compare --models popularity" + log,
        "compare --models popularity --metrics uni2" + log,
        "evaluate " + shop + log,
        "evaluate " + shop + " --new-users" + log,
        "evaluate " + shop + " --split none" + single,
        "evaluate " + shop + " --data " + folder.write("others.csv", "user,item\nx,1\nx,2\nx,3\n"),
        "recommend " + shop + " --user a --items 1",
        "recommend " + shop + " --user b",
        "recommend " + shop + " --all-users --topk 1 --out " + folder.file("all.csv"),
        "recommend " + shop + " --user b --user a --out " + folder.file("two.csv"),
        "similar " + shop + " --item 1",
        "bundle " + shop + " --deny 1 --allow 1 --save " + folder.file("listed"),
        "info " + folder.file("listed"),
        "info " + light,
        "export " + light + " --embeddings " + folder.file("e.npy"),
        "export " + light + " --of users --as word2vec --embeddings " + folder.file("e.vec"),
        "demo --users 10 --items 10",
        "bench spmm --graph star:1 --dim 1 --repeats 1",
        "bench gemm --rows 1 --inner 1 --dim 1 --repeats 1",
        "tune --graph star:1 --dim 1 --repeats 1",
        "info",
        "data" + std::string(" --data ") + folder.write("short.csv", "user,item\na\n"),
        "train gcn --data " + folder.write("wide.txt", "0 1 2 3\n"),
        "train gcn --data " + folder.write("gap.txt", "0 2147483646\n"),
        "bench spmm --graph " + folder.write("one.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n"),
    };
    int succeeded = 0;
    for (const std::string& line : lines) {
      CAPTURE(line);
      const ProgramResult result = run_program(line);
      succeeded += result.status == 0;
      check_words(result);
    }
    CHECK(succeeded > 15);
    for (const std::string wrong : {"training   1 epochs", "1 test interactions"})
      CHECK(std::regex_search(wrong, one_of_several()));
    for (const std::string wrong : {"0 of 1 model are judged", "gat: 1 column do not make 2 heads", "1 test user have"})
      CHECK(std::regex_search(wrong, one_that_are()));
    const std::string agreeing = "1 model is judged, 11 columns do, 1,001 items are";
    CHECK(!std::regex_search(agreeing, one_that_are()));
    const std::string right = "11 epochs, 0.1 epochs, 1 epoch";
    CHECK(!std::regex_search(right, one_of_several()));
  }

  TEST_CASE("words / sentences begin with what a user of the program knows, not with a function of the library") {
    // Functions of the library that sentences for its users begin with.
    std::set<std::string> functions;
    static const std::regex begins("\"([a-z]+(?:_[a-z0-9]+)+|prepare|evaluate|rank|score|record|backward|arena|bench|io): ");
    for (const std::filesystem::path& path : sources()) {
      const std::string source = file_content(path.string());
      for (std::sregex_iterator at(source.begin(), source.end(), begins), end; at != end; ++at) functions.insert((*at)[1]);
    }
    CHECK(functions.contains("prepare"));
    CHECK(functions.contains("keep_out_users"));
    const TempDir folder;
    const std::string log = " --data " + folder.write("log.csv", "user,item\na,1\na,2\nb,2\nb,1\n");
    const std::string timed = " --data " + folder.write("timed.csv", "user,item,time\na,1,1\na,2,2\nb,2,3\nb,1,4\n");
    const std::string acting =
        " --data " + folder.write("acting.csv", "user,item,behaviour\na,1,view\na,2,buy\nb,2,buy\nb,1,buy\n");
    const std::string shop = folder.file("shop");
    REQUIRE(run_program("train popularity --split none --save " + shop + log).status == 0);
    const std::pair<std::string, const char*> cases[] = {
        {"data --min-rating 3" + log, "heddle: log: a minimum rating is asked for, and the data have no ratings"},
        {"data --behaviour-weights buy=1" + log,
         "heddle: log: weights of behaviours are asked for, and the data have no behaviours"},
        {"data --behaviour-weights bye=1" + acting, "heddle: acting: the data have no behaviour 'bye'; they have 'view', 'buy'"},
        {"data --by-time" + log, "heddle: log: a split by time is asked for, and the data have no times"},
        {"data --by-time --split none" + timed, "heddle: timed: an order by time is asked for, and the split draws nothing"},
        {"data --split files" + log, "heddle: log: the files do not say which interactions are for training"},
        {"data --global-split --split none" + log,
         "heddle: log: shares of all interactions together go with a split by ratio only"},
        {"data --test-share 0.6 --val-share 0.6" + log,
         "heddle: log: the validation share 0.6 and the test share 0.6 leave nothing for training"},
        {"data --k-core 9" + log, "heddle: nothing is left to train on of log: 4 interactions; left out: 4 outside the 9-core"},
        {"train lightgcn --loss bpr --split none" + log,
         "heddle: log: no user has an item and lacks another, so that the loss bpr has nothing to compare"},
        {"train lightgcn --metrics uni3 --test-share 0.5" + log,
         "heddle: uni3 ranks each user's test items among 3 others, and there are 2 items in all"},
        {"train lightgcn --hold-out 0.1 --test-share 0.5" + log,
         "heddle: log: no user has enough interactions to hold out 10 % of each user's for validation; nobody has two"},
        {"evaluate " + shop + " --new-users --data " + folder.write("each.csv", "user,item\na,1\nb,2\n"),
         "heddle: no user of each has two training items"},
        {"train gcn --hidden 0 --data x", "heddle: --hidden is '0', it must be a whole number from 1 to 1000000"},
        {"train gat --attention-dropout 2 --data x", "heddle: --attention-dropout is '2', it must be a number from 0 to below 1"},
        {"train lightgcn --temperature 0.0001" + log,
         "heddle: --temperature is '0.0001', it must be 0 or a number of at least 0.001"},
        {"train graph-filter --rank abc" + log, "heddle: --rank is 'abc', it must be a whole number"},
        {"compare --models graph-filter --alpha -1" + log, "heddle: --alpha is '-1', it must be a number of at least 0"},
        {"data --device gpu" + log, "heddle: there is no option '--device'"},
        {"train popularity --device gpu" + log, "heddle: --device is 'gpu', it must be one of auto, cpu, simt, cuda"},
        {"bench sampling --graph star:1", "heddle: sampling: in the graph 'star:1'"},
    };
    for (const auto& [line, words] : cases) {
      CAPTURE(line);
      const ProgramResult result = run_program(line);
      CHECK(result.status != 0);
      CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
      for (const std::string& function : functions)
        CHECK_MESSAGE(!result.err.starts_with("heddle: " + function + ": "), result.err);
    }
  }
}
