#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "heddle/device.h"
#include "heddle/error.h"
#include "tests/cli/program.h"

using heddle::test::ProgramResult;
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

bool has_cuda() {
  try {
    heddle::Device::cuda();
    return true;
  } catch (const heddle::Error&) {
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
        {"weave", "there is no subcommand 'weave'"},
        {"train", "train needs a model's name; there are: gcn"},
        {"train transformer --data x", "there is no model 'transformer'; there are: gcn"},
        {"train gcn", "--data is required (see heddle train gcn --help)"},
        {"train gcn --data", "--data"},
        {"predict", "MODEL is required"},
        {train + "--heads 8", "there is no option '--heads'"},
        {train + "more", "there is no argument 'more'"},
        {train + "--epochs 0", "--epochs is '0', it must be a whole number from 1"},
        {train + "--epochs abc", "--epochs is 'abc'"},
        {train + "--epochs 2.5", "--epochs is '2.5'"},
        {train + "--epochs 3 --epochs 4", "--epochs"},
        {train + "--hidden -1", "hidden is -1"},
        {train + "--hidden 0", "hidden is 0"},
        {train + "--hidden abc", "'abc' is not a whole number"},
        {train + "--hidden 99999999999999999999", "not a whole number in range"},
        {train + "--layers 0", "layers is 0"},
        {train + "--dropout 1", "dropout is 1, it must be in [0, 1)"},
        {train + "--dropout -0.1", "dropout is -0.1"},
        {train + "--dropout nan", "dropout is nan"},
        {train + "--feature-scaling cubes", "'cubes' is not one of automatic, rows, none"},
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
        {train + "--device gpu", "device 'gpu' is not one of auto, cpu, simt, cuda"},
        {train + "--format parquet", "--format is 'parquet', it must be one of auto, planetoid, folder, edge_list"},
        {train + "--layers 1 --save-embeddings " + folder.file("e.npy"), "no hidden representation"},
        {train + "--save " + folder.file("a") + " --save-predictions " + folder.path().string() + "/./a",
         "is named for two outputs"},
    };
    for (const auto& [arguments, words] : cases) {
      CAPTURE(arguments);
      check_failure(run_program(arguments), 2, words);
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
    check_failure(run_program("train gcn --data " + folder.write("edges.txt", "0 1\n1 two\n")), 3, "edges.txt:2: ");
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
    check_failure(run_program(train + "--save " + folder.file("no/such/folder")), 7, "is not a folder");
    check_failure(run_program(train + "--save-predictions " + folder.path().string()), 7, "it is a directory");
    if (::geteuid() != 0) check_failure(run_program(train + "--save-embeddings /proc/embeddings.npy"), 7, "cannot write");
    const ProgramResult full = run_program(train + ">/dev/full");
    CHECK(full.status == 7);
    CHECK(full.err.find("cannot write to standard output") != std::string::npos);
  }

  TEST_CASE("Ctrl-C stops after the epoch, saves, says where, and ends with status 130") {
    const TempDir folder;
    write_karate(folder);
    const TempDir outputs;
    const std::string model = outputs.file("model.safetensors");
    ::signal(SIGINT, SIG_DFL);  // a background job of a script has it ignored, and its children inherit that
    for (const char* seeds : {"", " --seeds 3"}) {
      const ProgramResult result =
          run_program("train gcn --json --epochs 10000000 --data " + folder.path().string() + " --save " + model + seeds,
                      "timeout --preserve-status -s INT -k 60 2");
      CHECK(result.status == 130);
      CHECK(result.err.starts_with("heddle: interrupted after epoch "));
      CHECK(result.err.find("saved " + model) != std::string::npos);
      const nlohmann::json object = nlohmann::json::parse(result.out, nullptr, false);
      REQUIRE(object.is_object());
      CHECK(object["interrupted"] == true);
      CHECK(object["seeds"][0]["epochs"].get<int64_t>() >= 1);
      CHECK(run_program("predict " + model + " --data " + folder.path().string() + " --json").json()["weights_hash"] ==
            object["seeds"][0]["weights_hash"]);
    }
  }
}
