#define HEDDLE_TWIN simt

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "heddle/error.h"
#include "heddle/kernel/kernel.h"
#include "tests/simt/kernels.h"
#include "tests/simt/schedules.h"
#include "tests/support/source_dir.h"

namespace heddle::kernels::simt {
namespace {

__global__ void throwing_kernel(int rank) {
  __syncthreads();
  if (static_cast<int>(threadIdx.x) == rank) throw std::out_of_range("thread threw");
  __syncthreads();
}

__global__ void count_kernel(int64_t* blocks) {
  if (threadIdx.x == 0) __atomic_fetch_add(blocks, 1, __ATOMIC_RELAXED);
}

__global__ void place_kernel(int* seen) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  seen[block * threads + thread_rank()] += 1 + static_cast<int>(threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z);
}

}  // namespace

void throw_at(int rank, Stream& stream) { launch(throwing_kernel, 3, 64, 0, stream, rank); }
void count_blocks(dim3 grid, int64_t* blocks, Stream& stream) { launch(count_kernel, grid, 32, 0, stream, blocks); }
void count_with(dim3 grid, dim3 block, std::size_t shared, int64_t* blocks, Stream& stream) {
  launch(count_kernel, grid, block, shared, stream, blocks);
}
void write_places(dim3 grid, dim3 block, int* seen, Stream& stream) { launch(place_kernel, grid, block, 0, stream, seen); }

}  // namespace heddle::kernels::simt

namespace {

using namespace heddle;
namespace device = heddle::kernels::simt;

/// "defective_kernels.cu:71": the line that the kernel's source marks.
std::string line_of(const std::string& name) {
  const auto path = test::source_dir() / "tests" / "simt" / "defective_kernels.cu";
  std::ifstream source(path);
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    if (line.ends_with("// LINE " + name)) return text("defective_kernels.cu:", number);
  }
  return "no line is marked " + name;
}

bool contains(const std::string& sentence, const std::string& part) { return sentence.find(part) != std::string::npos; }

/// Runs `defect` in every order. Each must end in Error{internal} that holds all `parts`, and leave the executor usable.
template <class Defect>
void check_refused(Defect defect, const std::vector<std::string>& parts) {
  for (const int host_threads : {1, 2}) {
    for (const SimtOptions& options : tests::schedules(6, host_threads)) {
      CAPTURE(static_cast<int>(options.schedule));
      CAPTURE(options.schedule_seed);
      Stream stream = tests::stream_of(options);
      tests::executor_of(stream).set_spin_limit(5000);
      std::string sentence = "nothing was thrown";
      try {
        defect(stream);
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::internal);
        sentence = error.what();
      }
      for (const std::string& part : parts) CHECK_MESSAGE(contains(sentence, part), sentence, " lacks ", part);

      const std::vector<int> x(64, 1);
      std::vector<int> sums(64);
      device::warp_scan(x.data(), sums.data(), 1, stream);
      CHECK(sums[31] == 32);
      CHECK(sums[63] == 32);
    }
  }
}

/// In how many of eight orders `defect` gives something else than `expected`.
template <class Defect>
int wrong_orders(Defect defect, const std::vector<float>& expected) {
  int wrong = 0;
  for (const SimtOptions& options : tests::schedules(6)) {
    Stream stream = tests::stream_of(options);
    std::vector<float> out(expected.size(), -1.0f);
    defect(out.data(), stream);
    wrong += out != expected;
  }
  return wrong;
}

}  // namespace

TEST_CASE("simt / a missing __syncthreads gives wrong results in at least 7 of 8 orders") {
  std::vector<float> x(64);
  std::iota(x.begin(), x.end(), 1.0f);
  const std::vector<float> expected(x.rbegin(), x.rend());
  CHECK(wrong_orders([&](float* out, Stream& stream) { device::missing_syncthreads(x.data(), out, stream); }, expected) >= 7);
}

TEST_CASE("simt / a missing __syncwarp gives wrong results in 8 of 8 orders") {
  std::vector<float> x(32), expected(32);
  std::iota(x.begin(), x.end(), 1.0f);
  for (std::size_t i = 0; i < 32; ++i) expected[i] = x[(i + 1) % 32];
  CHECK(wrong_orders([&](float* out, Stream& stream) { device::missing_syncwarp(x.data(), out, stream); }, expected) == 8);
}

TEST_CASE("simt / a barrier that not all threads reach is a deadlock, named with its line") {
  check_refused([](Stream& stream) { device::barrier_in_branch(stream); },
                {line_of("barrier_in_branch"), "deadlock in block (", "threads 0-31: at __syncthreads", "threads 32-63: ended"});
}

TEST_CASE("simt / threads at two different barriers are refused") {
  check_refused([](Stream& stream) { device::barrier_at_two_lines(stream); },
                {"defective_kernels.cu:", "threads of one block are at different __syncthreads"});
}

TEST_CASE("simt / a mask that names an ended lane is refused") {
  check_refused([](Stream& stream) { device::exited_lane(stream); }, {line_of("exited_lane"), "ended"});
}

TEST_CASE("simt / a mask that names a lane which waits elsewhere is a deadlock") {
  check_refused([](Stream& stream) { device::absent_lane(stream); },
                {line_of("absent_lane"), "deadlock", "threads 0-4, 6-31: in __syncwarp with mask 0xffffffff",
                 "threads 5: at __syncthreads"});
}

TEST_CASE("simt / a mask without the caller's own lane is refused") {
  check_refused([](Stream& stream) { device::own_lane_left_out(stream); }, {line_of("own_lane_left_out"), "leaves its own lane"});
}

TEST_CASE("simt / a shuffle that reads a lane outside its mask is refused") {
  std::vector<int> out(32);
  check_refused(
      [&](Stream& stream) { device::shuffle_outside_mask(out.data(), stream); },
      {line_of("shuffle_outside_mask"), "lane 0 of warp 0 reads lane 16 by __shfl_xor_sync", "mask 0xffff does not name"});
}

TEST_CASE("simt / lanes that meet in different collectives are refused") {
  std::vector<unsigned> out(32);
  check_refused([&](Stream& stream) { device::mismatched_collectives(out.data(), stream); },
                {"defective_kernels.cu:", "lanes of one warp do different things together", "__ballot_sync"});
}

TEST_CASE("simt / a spin-wait that nobody ends is refused, named with its line") {
  int flag = 0;
  check_refused([&](Stream& stream) { device::endless_spin(&flag, stream); }, {line_of("endless_spin"), "spins"});
}

TEST_CASE("simt / an exception of a thread reaches the launcher, and the executor goes on") {
  for (const SimtOptions& options : tests::schedules(2, 2)) {
    Stream stream = tests::stream_of(options);
    for (const int rank : {0, 31, 63}) CHECK_THROWS_WITH_AS(device::throw_at(rank, stream), "thread threw", std::out_of_range);
    CHECK_NOTHROW(device::throw_at(64, stream));
  }
}

TEST_CASE("simt / an executor takes the stacks that an earlier one gave up, and two at once have their own") {
  // Below each stack lies a page that nobody may touch.
  const auto guards = [] {
    std::ifstream mappings("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(mappings, line);) {
      const std::size_t dash = line.find('-');
      if (line.find(" ---p ") == std::string::npos) continue;
      count += std::stoull(line.substr(dash + 1), nullptr, 16) - std::stoull(line, nullptr, 16) == 4096;
    }
    return count;
  };
  const auto run = [] {
    Stream stream = tests::stream_of({.schedule = SimtSchedule::forward, .schedule_seed = 0, .host_threads = 1});
    device::throw_at(1024, stream);
  };
  run();
  const int after_one = guards();
  CHECK(after_one >= 64);
  for (int i = 0; i < 20; ++i) run();
  CHECK(guards() == after_one);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back(run);
  for (std::thread& thread : threads) thread.join();
  const int after_four = guards();
  CHECK(after_four <= after_one + 3 * 64);
  for (int i = 0; i < 20; ++i) run();
  CHECK(guards() == after_four);
}

TEST_CASE("simt / every block runs once, whatever the order and the number of host threads") {
  for (const int host_threads : {1, 2, 3}) {
    for (const SimtOptions& options : tests::schedules(4, host_threads)) {
      Stream stream = tests::stream_of(options);
      for (const unsigned x : {1u, 2u, 7u, 100u}) {
        std::vector<int> seen(static_cast<std::size_t>(x) * 3 * 2 * 64);
        device::write_places({x, 3, 2}, {8, 4, 2}, seen.data(), stream);
        int wrong = 0;
        for (std::size_t i = 0; i < seen.size(); ++i) {
          wrong += seen[i] != 1 + static_cast<int>(i % 8 + 10 * (i / 8 % 4) + 100 * (i / 32 % 2));
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("simt / a grid without blocks runs nothing") {
  Stream stream = tests::stream_of({});
  int64_t blocks = 0;
  for (const kernels::simt::dim3 grid : {kernels::simt::dim3{0, 1, 1}, {1, 0, 1}, {1, 1, 0}})
    device::count_blocks(grid, &blocks, stream);
  CHECK(blocks == 0);
}

TEST_CASE("simt / launches that no device could run are refused with the caller's line") {
  Stream stream = tests::stream_of({});
  int64_t blocks = 0;
  const auto refused = [&](kernels::simt::dim3 grid, kernels::simt::dim3 block, std::size_t shared, const char* reason) {
    std::string sentence = "nothing was thrown";
    try {
      device::count_with(grid, block, shared, &blocks, stream);
    } catch (const Error& error) {
      sentence = error.what();
    }
    CHECK_MESSAGE(contains(sentence, reason), sentence);
    CHECK_MESSAGE(contains(sentence, "executor_test.cpp:"), sentence);
  };
  refused(1, 33, 0, "multiple of 32");
  refused(1, 1056, 0, "at most 1024");
  refused(1, {1, 1, 0}, 0, "multiple of 32");
  refused(1, {1, 1, 96}, 0, "64 threads deep");
  refused({1, 65536, 1}, 32, 0, "65535");
  refused(1, 32, 228 * 1024, "shared memory");
  CHECK(blocks == 0);

  Stream cpu(Device::cpu().backend());
  CHECK_THROWS_AS(device::count_blocks(1, &blocks, cpu), Error);
}

TEST_CASE("simt / host threads may launch on one executor at the same time") {
  Stream stream = tests::stream_of({.schedule = SimtSchedule::forward, .schedule_seed = 0, .host_threads = 2});
  int64_t blocks = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) device::count_blocks(11, &blocks, stream);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(blocks == 3 * 20 * 11);
}
