// Links the instrumented twin of the test kernels: HEDDLE_TWIN is simt_instrumented here.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bench/command.h"
#include "heddle/error.h"
#include "kernels/simt/race_detector.h"
#include "tests/simt/kernels.h"
#include "tests/simt/schedules.h"

namespace {

using namespace heddle;
namespace device = heddle::kernels::HEDDLE_TWIN;

bool contains(const std::string& sentence, const std::string& part) { return sentence.find(part) != std::string::npos; }

template <class Defect>
void check_race_found(Defect defect, const std::vector<std::string>& parts) {
  simt::RaceDetector detector(bench::source_line);
  for (const SimtOptions& options : tests::schedules(8)) {
    CAPTURE(static_cast<int>(options.schedule));
    CAPTURE(options.schedule_seed);
    Stream stream = tests::stream_of(options);
    tests::executor_of(stream).set_observer(&detector);
    std::string sentence = "nothing was thrown";
    try {
      defect(stream);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::internal);
      sentence = error.what();
    }
    for (const std::string& part : parts) CHECK_MESSAGE(contains(sentence, part), sentence, " lacks ", part);

    std::vector<int> x(64, 1), sums(64);  // the executor goes on
    device::warp_scan(x.data(), sums.data(), 1, stream);
    CHECK(sums[63] == 32);
  }
}

}  // namespace

TEST_CASE("simt instrumented / adding without an atomic loses updates in 40 of 40 random orders") {
  int wrong = 0;
  for (int seed = 0; seed < 40; ++seed) {
    Stream stream =
        tests::stream_of({.schedule = SimtSchedule::random, .schedule_seed = static_cast<uint64_t>(seed), .host_threads = 1});
    int counter = 0;
    device::lost_update(&counter, stream);
    wrong += counter != 64;
  }
  CHECK(wrong == 40);
}

TEST_CASE("simt instrumented / adding without an atomic is a race, named with its line, in every order") {
  int counter = 0;
  check_race_found([&](Stream& stream) { device::lost_update(&counter, stream); },
                   {"data race", "write by thread", "block (0, 0, 0) at defective_kernels.cu:"});
}

TEST_CASE("simt instrumented / two threads that write one address race") {
  int out = 0;
  check_race_found([&](Stream& stream) { device::unequal_writes(&out, stream); },
                   {"data race", "write by thread", "then write by thread"});
}

TEST_CASE("simt instrumented / a missing __syncthreads is a race in every order") {
  std::vector<float> x(64), y(64);
  check_race_found([&](Stream& stream) { device::missing_syncthreads(x.data(), y.data(), stream); },
                   {"data race", "write by thread", "read by thread"});
}

TEST_CASE("simt instrumented / a missing __syncwarp is a race in every order") {
  std::vector<float> x(32), y(32);
  check_race_found([&](Stream& stream) { device::missing_syncwarp(x.data(), y.data(), stream); },
                   {"data race", "write by thread", "read by thread"});
}

TEST_CASE("simt instrumented / blocks that hand over data without a fence race in every order") {
  int value = 0, out = 0;
  check_race_found([&](Stream& stream) { device::block_hand_over(&value, &out, stream); },
                   {"data race", "write by thread 0 of block (0, 0, 0)", "read by thread 0 of block (1, 0, 0)"});
}

TEST_CASE("simt instrumented / a thread that reads memory for ever is refused in every order") {
  const int flag = 0;
  for (const SimtOptions& options : tests::schedules(3)) {
    Stream stream = tests::stream_of(options);
    tests::executor_of(stream).set_spin_limit(5000);
    CHECK_THROWS_WITH_AS(device::endless_read(&flag, stream), doctest::Contains("spins"), Error);
  }
}
