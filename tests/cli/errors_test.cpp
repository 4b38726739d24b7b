#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "heddle/device.h"
#include "heddle/error.h"
#include "tests/cli/program.h"

using heddle::test::ProgramResult;
using heddle::test::run_interrupted;
using heddle::test::run_program;
using heddle::test::TempDir;

namespace {

/// The run ended with `status`, one line on standard error that holds `words`, and nothing on standard output.
void check_failure(const ProgramResult& result, int status, const std::string& words) {
  CHECK(result.status == status);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("heddle: "));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
}

/// Whether progress was told of more than reading: "lightgcn: training, epoch 1 of 2", "star:9: measuring, case 1 of 1".
bool tells_of_work(const std::string& err) {
  static const std::regex work("(^|\n|: )(training|fitting|ranking|choosing|measuring)( [a-z' ]+)?(,|\n)");
  return std::regex_search(err, work);
}

bool has_cuda() {
  try {
    heddle::Device::cuda();
    return true;
  } catch (const heddle::Error& error) {
    REQUIRE(error.kind() == heddle::ErrorKind::no_device);
    return false;
  }
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("a command line that cannot be meant ends with status 2 and one line") {
    const TempDir folder;
    write_karate(folder);
    const std::string train = "train gcn --data " + folder.path().string() + " ";
    const std::pair<std::string, std::string> cases[] = {
        {"", "a subcommand is needed (see heddle --help)"},
        {"weave", "there is no subcommand 'weave'; there are: train, "},
        {"train", "train needs a model's name; there are: gcn"},
        {"train transformer --data x", "there is no model 'transformer'; there are: gcn"},
        {"train gcn", "--data is required (see heddle train gcn --help)"},
        {"train gcn --data", "--data"},
        {"predict", "MODEL and --data are required"},
        {train + "--heads 8", "there is no option '--heads'"},
        {train + "more", "there is no argument 'more'"},
        {train + "--epochs 0", "--epochs is '0', it must be a whole number from 1"},
        {train + "--epochs abc", "--epochs is 'abc'"},
        {train + "--epochs 2.5", "--epochs is '2.5'"},
        {train + "--epochs 3 --epochs 4", "--epochs is given twice"},
        {train + "--hidden -1", "--hidden is '-1', it must be a whole number from 1 to 1000000"},
        {train + "--hidden 0", "--hidden is '0'"},
        {train + "--hidden abc", "--hidden is 'abc'"},
        {train + "--hidden 99999999999999999999", "--hidden is '99999999999999999999'"},
        {train + "--layers 0", "--layers is '0'"},
        {train + "--dropout 1", "--dropout is '1', it must be a number from 0 to below 1"},
        {train + "--dropout -0.1", "--dropout is '-0.1'"},
        {train + "--dropout nan", "--dropout is 'nan'"},
        {train + "--feature-scaling cubes", "--feature-scaling is 'cubes', it must be one of automatic, rows, none"},
        {train + "--learning-rate 0", "--learning-rate is '0', it must be a number above 0"},
        {train + "--learning-rate nan", "--learning-rate is 'nan'"},
        {train + "--learning-rate inf", "--learning-rate is 'inf'"},
        {train + "--weight-decay -1", "--weight-decay is '-1'"},
        {train + "--patience -1", "--patience is '-1'"},
        {train + "--patience 10", "patience needs a validation split"},
        {train + "--threads 0", "--threads is '0', it must be a whole number from 1 to 1024"},
        {train + "--threads -1", "--threads is '-1'"},
        {train + "--threads 100000", "--threads is '100000'"},
        {train + "--seed -1", "--seed is '-1'"},
        {train + "--seeds 0", "--seeds is '0'"},
        {train + "--seed 18446744073709551615 --seeds 2", "go past 2^64 - 1"},
        {train + "--device gpu", "--device is 'gpu', it must be one of auto, cpu, simt, cuda"},
        {train + "--format parquet", "--format is 'parquet', it must be one of auto, planetoid, content, ogb, dgl, folder, npz"},
        {train + "--layers 1 --save-embeddings " + folder.file("e.npy"), "no hidden representation"},
        {train + "--save " + folder.file("a") + " --save-predictions " + folder.path().string() + "/./a",
         "is named for two outputs"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      check_failure(run_program(arguments), 2, words);
    }
  }

  TEST_CASE("every option that takes a file, an id or a list refuses an empty one, as an unset variable of a shell leaves it") {
    int files = 0, lists = 0;
    const nlohmann::json options = run_program("options --json").json();
    for (const nlohmann::json& command : options["commands"]) {
      const std::string name = command["command"].get<std::string>().substr(std::string("heddle").size());
      for (const nlohmann::json& option : command["options"]) {
        const std::string type = option["type"], of = option["names"].back();
        const bool file = type == "FILE" || type == "PATH";
        if (!file && type != "ID" && type != "LIST") continue;
        CAPTURE(name);
        CAPTURE(of);
        check_failure(
            run_program(name + (of.starts_with("-") ? " " + of : "") + " ''"), 2,
            of + (file ? " is '', it must be the name of a file" : " is '', which names nothing: leave the option out"));
        ++(file ? files : lists);
      }
    }
    CHECK(files > 40);
    CHECK(lists > 10);
  }

  TEST_CASE("a recommender's command line that cannot be meant ends with status 2 and one line") {
    const TempDir folder;
    write_interactions(folder);
    const std::string data = " --data " + folder.path().string() + " ";
    const std::string train = "train lightgcn" + data;
    const std::pair<std::string, std::string> cases[] = {
        {"train lightgcn", "--data is required (see heddle train lightgcn --help)"},
        {train + "--neighbours 3", "there is no option '--neighbours'"},
        {train + "--epochs 0", "--epochs is '0', it must be a whole number from 1"},
        {train + "--dim 0", "--dim is '0'"},
        {train + "--dim 64.5", "--dim is '64.5'"},
        {train + "--layers -1", "--layers is '-1'"},
        {train + "--learning-rate 0", "--learning-rate is '0', it must be a number above 0"},
        {train + "--learning-rate nan", "--learning-rate is 'nan'"},
        {train + "--reg -1", "--reg is '-1', it must be a number of at least 0"},
        {train + "--batch-size 1.5", "--batch-size is '1.5'"},
        {train + "--loss hinge", "--loss is 'hinge', it must be one of softmax, bpr"},
        {train + "--temperature cold", "--temperature is 'cold', it must be 0 or a number of at least 0.001"},
        {train + "--temperature 0.0001", "--temperature is '0.0001', it must be 0 or a number of at least 0.001"},
        {train + "--negatives 0", "--negatives is '0'"},
        {train + "--popularity-share 1.5", "--popularity-share is '1.5', it must be a number from 0 to 1"},
        {train + "--norm-power 2", "--norm-power is '2'"},
        {train + "--schedule linear", "--schedule is 'linear', it must be one of constant, cosine"},
        {train + "--patience -1", "--patience is '-1'"},
        {train + "--precision f16", "--precision is 'f16', it must be one of f32, bf16"},
        {train + "--time-limit -1", "--time-limit is '-1'"},
        {train + "--protocol mine", "--protocol is 'mine', it must be one of default, paper"},
        {train + "--topk 0", "--topk is '0', it must be a whole number from 1 to 1000"},
        {train + "--topk 10,,20", "--topk is ''"},
        {train + "--topk 1001", "--topk is '1001'"},
        {train + "--metrics loose", "--metrics is 'loose', it must be one of standard, retrieved, uniN"},
        {train + "--metrics uni0", "--metrics: the N of uniN is '0'"},
        {train + "--format parquet",
         "--format is 'parquet', it must be one of auto, npz, json_lines, lightgcn, recbole, movielens"},
        {train + "--split thirds", "--split is 'thirds', it must be one of auto, ratio, leave-one-out, files, none"},
        {train + "--test-share 1", "--test-share is '1', it must be a number from 0 to below 1"},
        {train + "--hold-out 1", "--hold-out is '1'"},
        {train + "--k-core -1", "--k-core is '-1'"},
        {train + "--min-rating much", "--min-rating is 'much', it must be a number"},
        {train + "--behaviour-weights buy", "--behaviour-weights is 'buy', it must be a list of NAME=WEIGHT"},
        {train + "--behaviour-weights buy=0", "the weight of buy is '0'"},
        {train + "--behaviour-weights buy=1,buy=2", "names 'buy' twice"},
        {train + "--seed -1", "--seed is '-1'"},
        {train + "--blend word2vec", "--blend is 'word2vec', it must be one of lightgcn, popularity, item-cosine, graph-filter"},
        {train + "--blend lightgcn", "a blend of lightgcn with itself changes nothing"},
        {train + "--blend-weight 1", "--blend-weight is given, but no second model"},
        {train + "--blend graph-filter --blend-weight much", "--blend-weight is 'much', it must be auto or a number"},
        {"train blend --first lightgcn" + data, "--second is required"},
        {"train blend --first popularity --second item-cosine --dim 8" + data,
         "--dim is a setting of lightgcn, which is not trained"},
        {"train graph-filter --rank -1" + data, "--rank is '-1', it must be a whole number from 0 to 4096"},
        {"train graph-filter --rank abc" + data, "--rank is 'abc'"},
        {"train item-cosine --neighbours 0" + data, "--neighbours is '0'"},
        {"compare --models popularity,popularity" + data, "--models names popularity twice"},
        {"compare --models mode" + data, "--models is 'mode'"},
        {"compare --models popularity --dim 8" + data, "--dim is a setting of lightgcn"},
        {"recommend", "MODEL is required"},
        {"recommend x --topk 0", "--topk is '0'"},
        {"recommend x --exclude-seen maybe", "--exclude-seen is 'maybe', it must be one of true, false"},
        {"similar x", "similar needs --item or --user, one of the two"},
        {"similar x --item 1 --user 2", "similar needs --item or --user, one of the two"},
        {"recommend x --all-users", "--all-users needs a file for so many rankings: --out FILE.csv, .jsonl or .trec"},
        {"recommend x --users ids.txt", "--users needs a file for so many rankings"},
        {"recommend x --all-users --user 1 --out y.csv", "--all-users names everybody; give it alone"},
        {"recommend x --items 1 --out y.csv", "--out takes rankings of users"},
        {"recommend x --user 1 --out y.txt", "y.txt ends in none of .csv, .jsonl, .trec, .run"},
        {"recommend x --lines --user 1", "--lines takes its requests from standard input"},
        {"recommend x --user 1 --fallback random", "--fallback is 'random', it must be one of popularity, none"},
        {"bundle x --save y --clear-lists --deny 1", "--clear-lists leaves no list"},
        {"train popularity --data x --no-history", "--no-history says how to save, and nothing is saved (--save FILE)"},
        {"train graph-filter --data x --no-history --save y",
         "--no-history: graph-filter answers from the interactions themselves"},
        {"export x", "--embeddings is required"},
        {"evaluate x", "--data is required"},
        {"evaluate x --new-user-share 0" + data, "--new-user-share is '0'"},
        {"data", "--data is required"},
        {"demo --users 1", "--users is '1', it must be a whole number from 10"},
        {"demo cora", "there is no subcommand 'cora'; there is: gcn"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      check_failure(run_program(arguments), 2, words);
    }
    const TempDir bare;
    bare.write("log.csv", "user,item\na,1\na,2\nb,2\n");
    const std::string log = " --data " + bare.file("log.csv") + " ";
    check_failure(run_program("data --by-time" + log), 2, "time");
    check_failure(run_program("data --min-rating 3" + log), 2, "rating");
    check_failure(run_program("data --behaviour-weights buy=1" + log), 2, "behaviour");
    check_failure(run_program("train popularity --user-column buyer" + log), 3, "buyer");
    check_failure(run_program("compare --split none" + log), 2, "no test interactions");
    check_failure(run_program("train popularity --k-core 50" + data), 3, "core");
    check_failure(run_program(train + "--save " + folder.file("no/such/folder")), 7, folder.file("no") + " does not exist");
    check_failure(run_program("train popularity --data " + folder.file("nothing")), 7, "does not exist");
  }

  TEST_CASE("what can be known to fail is refused before anything is trained, judged or measured") {
    const TempDir shop, nodes, folder;
    write_interactions(shop);
    write_karate(nodes);
    const std::string data = " --data " + shop.path().string(), of_nodes = " --data " + nodes.path().string();
    // Too few interactions of each user to hold a tenth out; and every user has every item.
    std::string few = "user,item\n", full = few;
    for (int user = 0; user < 9; ++user) {
      for (int item = 0; item < 4; ++item) {
        full += std::to_string(user) + "," + std::to_string(item) + "\n";
        if (item < 2) few += std::to_string(user) + "," + std::to_string((item + user) % 9) + "\n";
      }
    }
    const std::string short_data = " --test-share 0.5 --data " + folder.write("few.csv", few),
                      full_data = " --split none --data " + folder.write("full.csv", full);
    const std::string popular = folder.file("popular"), gcn = folder.file("gcn"), flat = folder.file("flat");
    REQUIRE(run_program("train popularity --quiet --save " + popular + data).status == 0);
    REQUIRE(run_program("train gcn --quiet --epochs 1 --save " + gcn + of_nodes).status == 0);
    REQUIRE(run_program("train gcn --quiet --epochs 1 --layers 1 --save " + flat + of_nodes).status == 0);
    const std::string uni = "uni41 ranks each user's test items among 41 others, and there are 40 items in all";
    const std::string nobody = "no user has two training interactions, of which one could be held out for validation";
    const std::pair<std::string, std::string> cases[] = {
        {"train lightgcn --epochs 10000000 --metrics uni41" + data, uni},
        {"train popularity --blend lightgcn --metrics uni41" + data, uni},
        {"train blend --first popularity --second item-cosine --metrics uni41" + data, uni},
        {"compare --models popularity,lightgcn --epochs 10000000 --metrics uni41" + data, uni},
        {"evaluate " + popular + " --metrics uni41" + data, uni},
        {"evaluate " + popular + " --new-users --metrics uni41" + data, uni},
        {"evaluate " + popular + " --new-users --metrics uni41 --split none --data " + shop.file("train.txt"), uni},
        {"compare --models popularity,popularity+item-cosine" + short_data,
         nobody + ", by which the blend's weight would be chosen"},
        {"compare --models popularity,lightgcn --patience 3" + short_data, nobody},
        {"train blend --first popularity --second item-cosine" + short_data, nobody + ", by which the blend's weight"},
        {"train blend --first popularity --second lightgcn --blend-weight 1 --loss bpr" + full_data,
         "the loss bpr has nothing to compare"},
        {"tune --graph star:9 --graph nosuch", "the graph 'nosuch' is neither one of "},
        {"bench spmm --graph star:9 --graph rmat:99,1",
         "the graph 'rmat:99,1' must be rmat:SCALE,EDGEFACTOR, with SCALE from 1 to 26 and EDGEFACTOR from 1 to 4096"},
        {"bench spmm --graph star:9 --graph " + folder.file("none.mtx"), "none.mtx holds no data"},
        {"predict " + gcn + " --save-attention " + folder.file("a.csv") + of_nodes,
         "--save-attention: " + gcn + " holds a gcn, which has no attention"},
        {"predict " + flat + " --save-embeddings " + folder.file("e.npy") + of_nodes, "no hidden representation"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      const ProgramResult result = run_program(arguments, "HEDDLE_PROGRESS_DELAY=0 timeout 60");
      CHECK((result.status == 2 || result.status == 7));
      CHECK(result.out.empty());
      CHECK_MESSAGE(result.err.find(words) != std::string::npos, result.err);
      CHECK_MESSAGE(!tells_of_work(result.err), result.err);
    }
    for (const std::string& works : {"train lightgcn --epochs 2 --dim 2 --temperature 0.2" + data, "train item-cosine" + data,
                                     "evaluate " + popular + data, std::string("tune --graph star:9 --dim 1 --repeats 1")}) {
      CAPTURE(works);
      const ProgramResult result = run_program(works, "HEDDLE_PROGRESS_DELAY=0");
      CHECK(result.status == 0);
      CHECK_MESSAGE(tells_of_work(result.err), result.err);
    }
  }

  TEST_CASE("an unknown name in the environment ends with status 2 and the names there are") {
    const TempDir folder;
    write_karate(folder);
    const std::string train = "train gcn --device cpu --data " + folder.path().string();
    check_failure(run_program(train, "HEDDLE_FORCE_SPMM=warp_speed"), 2,
                  "HEDDLE_FORCE_SPMM is 'warp_speed'; there are cpu_row_vectorised");
    check_failure(run_program(train, "HEDDLE_FORCE_GEMM=warp_speed"), 2, "HEDDLE_FORCE_GEMM is 'warp_speed'; there are ");
    check_failure(run_program(train, "HEDDLE_ISA=mmx"), 2, "HEDDLE_ISA is 'mmx', this processor has: portable");
  }

  TEST_CASE("bad data ends with status 3, file and line") {
    const TempDir folder;
    check_failure(run_program("train gcn --data " + folder.write("edges.txt", "0 1\n1 2.5\n")), 3, "edges.txt:2: ");
    check_failure(run_program("train gcn --data " + folder.write("plain.txt", "0 1\n")), 3, "no node has a label");
    check_failure(run_program("predict " + folder.file("edges.txt") + " --data " + folder.file("plain.txt")), 3, "edges.txt");
  }

  TEST_CASE("an allocation that cannot be had ends with status 4") {
    if (std::string(HEDDLE_SANITIZERS).find("address") != std::string::npos) {
      MESSAGE("skipped: AddressSanitizer needs the address space that this test takes away");
      return;
    }
    const TempDir folder;
    write_karate(folder);
    check_failure(
        run_program("train gcn --device cpu --threads 1 --hidden 1000000 --data " + folder.path().string() + " --layers 3",
                    "ulimit -v 8000000;"),
        4, "memory");
  }

  TEST_CASE("seeds are trained by the threads that can be started, with the same results") {
    if (std::string(HEDDLE_SANITIZERS).size() > 1) {
      MESSAGE("skipped: sanitizers need the address space that this test takes away");
      return;
    }
    const TempDir folder;
    write_karate(folder);
    const std::string line =
        "train gcn --device cpu --threads 4 --quiet --epochs 3 --seeds 8 --json --data " + folder.path().string();
    const nlohmann::json all = run_program(line).json();
    CHECK(all["seeds_at_once"] == 4);
    // Stacks of 2 GB: the three threads of the device and two more find room.
    const nlohmann::json some = run_program(line, "ulimit -s 2000000; ulimit -v 12000000;").json();
    CHECK(some["seeds_at_once"] < 4);
    CHECK(some["seeds_at_once"] >= 1);
    REQUIRE(some["seeds"].size() == 8);
    for (std::size_t i = 0; i < 8; ++i) CHECK(some["seeds"][i]["weights_hash"] == all["seeds"][i]["weights_hash"]);
  }

  TEST_CASE("cuda without a driver ends with status 5") {
    if (has_cuda()) {
      MESSAGE("skipped: there is a cuda device");
      return;
    }
    const TempDir folder;
    write_karate(folder);
    check_failure(run_program("train gcn --device cuda --data " + folder.path().string()), 5, "cuda");
  }

  TEST_CASE("training that diverges ends with status 6 and names the epoch") {
    const TempDir folder;
    write_karate(folder);
    for (const char* seeds : {"", " --seeds 3"}) {
      check_failure(run_program("train gcn --learning-rate 1e30 --data " + folder.path().string() + seeds), 6,
                    "the loss of epoch ");
    }
  }

  TEST_CASE("what cannot be read or written ends with status 7, before training") {
    const TempDir folder;
    write_karate(folder);
    const std::string train = "train gcn --data " + folder.path().string() + " ";
    check_failure(run_program("train gcn --data " + folder.file("nothing")), 7, "does not exist");
    check_failure(run_program("predict " + folder.file("nothing") + " --data " + folder.path().string()), 7, "nothing");
    check_failure(run_program(train + "--save " + folder.file("no/such/folder")), 7, folder.file("no") + " does not exist");
    check_failure(run_program(train + "--save-predictions " + folder.path().string()), 7, "it is a folder");
    if (::geteuid() != 0) check_failure(run_program(train + "--save-embeddings /proc/embeddings.npy"), 7, "cannot write");
    const ProgramResult full = run_program(train + ">/dev/full");
    CHECK(full.status == 7);
    CHECK(full.err.find("cannot write to standard output") != std::string::npos);
  }

  TEST_CASE("what Ctrl-C leaves of a training is the model that was reported") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string model = outputs.file("model.safetensors");
    const std::string saved = outputs.file("model.unfinished.safetensors");
    for (const char* seeds : {"", " --seeds 3"}) {
      const ProgramResult result =
          run_interrupted("train gcn --json --epochs 10000000 --data " + folder.path().string() + " --save " + model + seeds);
      CHECK(result.status == 130);
      CHECK(result.err.find("heddle: interrupted after epoch ") != std::string::npos);
      const nlohmann::json object = nlohmann::json::parse(result.out, nullptr, false);
      REQUIRE(object.is_object());
      CHECK(object["interrupted"] == true);
      CHECK(object["seeds"][0]["epochs"].get<int64_t>() >= 1);
      CHECK(run_program("predict " + saved + " --data " + folder.path().string() + " --json").json()["weights_hash"] ==
            object["seeds"][0]["weights_hash"]);
      CHECK(!std::filesystem::exists(model));
    }
  }
}
