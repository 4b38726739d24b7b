// Into how many parts work is cut for how many threads: the one rule of kernels/common/parallel.h, and the loops made by it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "heddle/device.h"
#include "kernels/common/csr_shares.h"
#include "kernels/common/parallel.h"
#include "kernels/device/backend.h"

namespace heddle::test {

namespace {

using namespace heddle::kernels;

Threads threads_of(int count) { return {nullptr, count}; }

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("parts / as many as there is work for, two a thread for small work and up to thirty-two for large") {
  struct Row {
    int threads;
    int64_t work, parts;
  };
  constexpr int64_t huge = int64_t{1} << 40;
  for (const Row& row :
       {Row{1, huge, 1}, Row{2, 0, 1}, Row{2, 8191, 1}, Row{2, 8192, 2}, Row{2, 12288, 3}, Row{2, 16384, 4}, Row{2, 300'000, 4},
        Row{2, 1 << 20, 4}, Row{2, 1 << 22, 16}, Row{2, huge, 64}, Row{64, 8192, 2}, Row{64, 1 << 20, 128}, Row{64, 1 << 26, 256},
        Row{64, huge, 2048}, Row{256, 1 << 20, 256}, Row{256, 1 << 21, 512}, Row{256, huge, 8192}, Row{1024, huge, 32768}}) {
    INFO(row.threads, " threads, work of ", row.work);
    CHECK(parts_for(threads_of(row.threads), row.work) == row.parts);
  }
}

TEST_CASE("parts / more work is never cut into fewer, nor into parts of less than 4096 elements") {
  for (int threads : {2, 3, 64, 256}) {
    int64_t before = 1;
    for (int64_t work = 1; work < int64_t{1} << 32; work += work / 3 + 1) {
      const int64_t parts = parts_for(threads_of(threads), work);
      INFO(threads, " threads, work of ", work);
      CHECK(parts >= before);
      CHECK((parts == 1 || work / parts >= 4096));
      CHECK(parts <= 32 * threads);
      before = parts;
    }
  }
}

TEST_CASE("parts / where grains are few, each is a range: none is twice as long as another") {
  const Device device = Device::cpu({.threads = 2});
  const Threads team = device.backend()->thread_team();
  std::mutex mutex;
  for (int64_t grains : {2, 5, 6, 7}) {
    std::vector<int64_t> lengths;
    parallel_ranges(team, 512 * grains, 512, 7, [&](int64_t begin, int64_t end) {
      const std::scoped_lock lock(mutex);
      lengths.push_back(end - begin);
    });
    INFO(grains, " grains");
    CHECK(lengths == std::vector<int64_t>(static_cast<std::size_t>(parts_for(team, 512 * grains * 7) == 1 ? 1 : grains),
                                          parts_for(team, 512 * grains * 7) == 1 ? 512 * grains : 512));
  }
}

TEST_CASE("parts / ranges cover everything once, in whole grains, on any number of threads") {
  for (int threads : {1, 2, 64}) {
    const Device device = Device::cpu({.threads = threads});
    const Threads team = device.backend()->thread_team();
    for (int64_t count : {0, 1, 63, 64, 65, 1000, 100'003}) {
      for (int64_t grain : {1, 16, 64}) {
        for (int64_t work : {0, 1, 100}) {
          std::mutex mutex;
          std::vector<std::pair<int64_t, int64_t>> ranges;
          parallel_ranges(team, count, grain, work, [&](int64_t begin, int64_t end) {
            const std::lock_guard lock(mutex);
            ranges.emplace_back(begin, end);
          });
          std::sort(ranges.begin(), ranges.end());
          int64_t next = 0;
          for (const auto& [begin, end] : ranges) {
            CHECK(begin == next);
            CHECK(begin % grain == 0);
            CHECK(end > begin);
            next = end;
          }
          CHECK(next == count);
          const int64_t grains = (count + grain - 1) / grain;
          CHECK(static_cast<int64_t>(ranges.size()) == std::min(grains, parts_for(team, count * work)));
        }
      }
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
