// Counts of kernels against counts by hand.

#include "kernels/simt/counter.h"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/error.h"
#include "tests/simt/counted_kernels.h"
#include "tests/simt/schedules.h"

namespace {

using namespace heddle;
using simt::Counter;
using simt::Counts;
namespace device = heddle::kernels::HEDDLE_TWIN;

/// An executor under count, and its arrays.
class Bench {
 public:
  explicit Bench(const simt::CounterOptions& options = {}, const SimtOptions& simt = {})
      : counter(options), stream_(tests::stream_of(simt)) {
    tests::executor_of(stream_).set_observer(&counter);
  }
  template <class T>
  T* array(const char* name, const std::vector<T>& values) {
    buffers_.push_back(Buffer::upload(stream_, values));
    counter.name_array(name, buffers_.back().data(), buffers_.back().bytes());
    return buffers_.back().as<T>();
  }
  Stream& stream() { return stream_; }
  Counter counter;

 private:
  Stream stream_;
  std::vector<Buffer> buffers_;
};

constexpr int n = 256, degree = 8, width = 64;

/// Row r's columns are r + 1 ... r + 8, around the end: 32 neighbouring rows never name one column at the same step.
device::CountedProduct product(Bench& bench) {
  std::vector<int32_t> offsets(n + 1), columns;
  for (int r = 0; r < n; ++r) {
    for (int k = 1; k <= degree; ++k) columns.push_back((r + k) % n);
    offsets[static_cast<std::size_t>(r) + 1] = (r + 1) * degree;
  }
  const std::vector<float> values(n * degree, 2.0f), x(n * width, 1.0f), y(n * width);
  device::CountedProduct p{n, nullptr, nullptr, nullptr, nullptr, nullptr};
  p.row_offsets = bench.array("row_offsets", offsets);
  p.col_indices = bench.array("col_indices", columns);
  p.values = bench.array("values", values);
  p.x = bench.array("x", x);
  p.y = bench.array("y", y);
  return p;
}

template <class Run>
Counts counts_of(const Run& run) {
  Bench bench;
  const device::CountedProduct p = product(bench);
  run(p, bench.stream());
  CHECK(p.y[0] == 16.0f);
  CHECK(p.y[n * width - 1] == 16.0f);
  return bench.counter.counts();
}

}  // namespace

TEST_CASE("counter / a warp per row reads 25,088 sectors") {
  const Counts counts = counts_of(device::counted_warp_per_row);
  // A row: two passes of 8 non-zeros, of 1 sector each for the column and the value and 4 of x; 2 offsets.
  CHECK(counts.load_sectors == 256 * (2 * 8 * (1 + 1 + 4) + 2));
  CHECK(counts.load_sectors == 25'088);
  CHECK(counts.load_requests == 256 * (2 * 8 * 3 + 2));
  CHECK(counts.load_lanes == counts.load_requests * 32);
  CHECK(counts.store_requests == 256 * 2);
  CHECK(counts.store_sectors == 256 * 8);
  CHECK(counts.lanes_per_request() == 32);
}

TEST_CASE("counter / a warp per row in float4 reads 20,992 sectors") {
  const Counts counts = counts_of(device::counted_warp_per_row_4);
  // A row: one pass by 16 lanes, of 1 + 1 + 8 sectors a non-zero; 2 offsets, read by all 32.
  CHECK(counts.load_sectors == 256 * (8 * (1 + 1 + 8) + 2));
  CHECK(counts.load_sectors == 20'992);
  CHECK(counts.load_lanes == 256 * (8 * 3 * 16 + 2 * 32));
  CHECK(counts.store_sectors == 256 * 8);
}

TEST_CASE("counter / a thread per row reads 393,288 sectors") {
  const Counts counts = counts_of(device::counted_thread_per_row);
  // 8 warps; 64 columns of 8 non-zeros, of 32 sectors each for column, value and x: rows lie 32 bytes apart in the first two.
  // The offsets of 32 rows are 4 sectors, those of the rows after them 5.
  CHECK(counts.load_sectors == 8 * (64 * 8 * 3 * 32 + 4 + 5));
  CHECK(counts.load_sectors == 393'288);
  CHECK(counts.sectors_per_request() > 31.5);
}

TEST_CASE("counter / where everything fits into the cache, DRAM gives and takes each byte once") {
  for (const auto& run : {device::counted_thread_per_row, device::counted_warp_per_row}) {
    const Counts counts = counts_of(run);
    // The offsets' last 4 bytes take a sector of their own.
    CHECK(counts.dram_read_bytes == 4 * (n + 8) + 8 * n * degree + 4 * n * width);
    CHECK(counts.dram_written_bytes == 4 * n * width);
    CHECK(counts.l2_hits + counts.l2_misses == counts.sectors());
  }
}

TEST_CASE("counter / a cache that holds next to nothing reads from DRAM again and again") {
  // One set of two lines: columns, values and x take each other's place.
  Bench bench({.l2_bytes = 256, .l2_ways = 2});
  device::counted_warp_per_row(product(bench), bench.stream());
  const Counts counts = bench.counter.counts();
  CHECK(counts.dram_read_bytes > 256 * 2 * 8 * 4 * 32);
  CHECK(counts.l2_hits + counts.l2_misses == counts.sectors());
}

TEST_CASE("counter / a warm cache is read without DRAM") {
  Bench bench;
  const device::CountedProduct p = product(bench);
  device::counted_warp_per_row(p, bench.stream());
  bench.counter.clear(false);
  device::counted_warp_per_row(p, bench.stream());
  CHECK(bench.counter.counts().dram_read_bytes == 0);
  CHECK(bench.counter.counts().l2_misses == 0);
  CHECK(bench.counter.counts().dram_written_bytes == 4 * n * width);
  bench.counter.clear(true);
  device::counted_warp_per_row(p, bench.stream());
  CHECK(bench.counter.counts().dram_read_bytes > 0);
}

TEST_CASE("counter / counts repeat exactly, in every order that the executor is set to") {
  const auto counts = [](const SimtOptions& simt) {
    Bench bench({.l2_bytes = 4096}, simt);
    device::counted_thread_per_row(product(bench), bench.stream());
    return bench.counter.counts();
  };
  const Counts first = counts({});
  CHECK(counts({}) == first);
  CHECK(counts({.schedule = SimtSchedule::reverse}) == first);
  CHECK(counts({.schedule = SimtSchedule::random, .schedule_seed = 3}) == first);
}

TEST_CASE("counter / traffic is told apart by array") {
  Bench bench;
  device::counted_warp_per_row(product(bench), bench.stream());
  const std::vector<Counter::Array> arrays = bench.counter.arrays();
  REQUIRE(arrays.size() == 5);
  CHECK(arrays[0].name == "row_offsets");
  CHECK(arrays[0].loaded_sectors == 256 * 2);
  CHECK(arrays[1].loaded_sectors == 256 * 16);
  CHECK(arrays[2].loaded_sectors == 256 * 16);
  CHECK(arrays[3].loaded_sectors == 256 * 64);
  CHECK(arrays[3].dram_read_bytes == 4 * n * width);
  CHECK(arrays[4].stored_sectors == 256 * 8);
  CHECK(arrays[4].loaded_sectors == 0);
}

TEST_CASE("counter / a 32 x 32 transpose has 992 bank conflicts, and none with padded rows") {
  for (bool padded : {false, true}) {
    Bench bench;
    std::vector<float> in(1024);
    std::iota(in.begin(), in.end(), 0.0f);
    const float* const from = bench.array("in", in);
    float* const to = bench.array("out", std::vector<float>(1024));
    device::counted_transpose(from, to, padded, bench.stream());
    CHECK(to[1] == 32.0f);
    const Counts counts = bench.counter.counts();
    CHECK(counts.bank_conflicts == (padded ? 0 : 992));
    CHECK(counts.shared_requests == 64);
    CHECK(counts.shared_lanes == 64 * 32);
    CHECK(counts.block_barriers == 1);
    CHECK(counts.load_sectors == 128);
  }
}

TEST_CASE("counter / 16-byte accesses of shared memory go in quarters of a warp, without conflicts") {
  Bench bench;
  const float* const in = bench.array("in", std::vector<float>(128, 1.0f));
  float* const out = bench.array("out", std::vector<float>(128));
  device::counted_shared_quads(in, out, bench.stream());
  const Counts counts = bench.counter.counts();
  CHECK(counts.shared_requests == 2);
  CHECK(counts.bank_conflicts == 0);
  CHECK(counts.work == 16 + 4 + 4 + 16);
  CHECK(counts.warp_barriers == 1);
}

TEST_CASE("counter / lanes that take no part are told, and sectors follow the alignment") {
  for (int count : {32, 8, 1}) {
    Bench bench;
    const float* const x = bench.array("x", std::vector<float>(40, 1.0f));
    float* const out = bench.array("out", std::vector<float>(40));
    device::counted_copy(x, out, count, bench.stream());
    CHECK(bench.counter.counts().lanes_per_request() == count);
    CHECK(bench.counter.counts().load_sectors == static_cast<uint64_t>((count + 7) / 8));
    bench.counter.clear(true);
    device::counted_copy(x + 1, out, count, bench.stream());  // 4 bytes off
    CHECK(bench.counter.counts().load_sectors == static_cast<uint64_t>((count + 8) / 8));
  }
}

TEST_CASE("counter / an atomic is one request, however many lanes meet at its address") {
  for (int lanes_each : {1, 8, 32}) {
    Bench bench;
    int* const counters = bench.array("counters", std::vector<int>(64));
    device::counted_atomics(counters, 2, lanes_each, bench.stream());
    CHECK(counters[0] == lanes_each - 1);
    const Counts counts = bench.counter.counts();
    CHECK(counts.atomic_requests == 2);
    CHECK(counts.atomic_lanes == 64);
    CHECK(counts.atomic_sectors == (lanes_each == 1 ? 8 : 2));
    CHECK(counts.load_requests + counts.store_requests == 0);
    CHECK(counts.dram_written_bytes == (lanes_each == 1 ? 256 : 32));
  }
}

TEST_CASE("counter / shuffles, votes and barriers are counted by warp and by block") {
  Bench bench;
  device::counted_collectives(bench.array("out", std::vector<int>(64)), bench.stream());
  const Counts counts = bench.counter.counts();
  CHECK(counts.launches == 1);
  CHECK(counts.blocks == 1);
  CHECK(counts.shuffles == 2);
  CHECK(counts.votes == 2);
  CHECK(counts.warp_barriers == 2);
  CHECK(counts.block_barriers == 2);
}

TEST_CASE("counter / blocks go to the multiprocessor with the least work") {
  // 32 blocks of 8 rows, all alike.
  for (int multiprocessors : {1, 8, 31, 64}) {
    const simt::CounterOptions options{.multiprocessors = multiprocessors};
    Bench bench(options);
    device::counted_warp_per_row(product(bench), bench.stream());
    const Counts counts = bench.counter.counts();
    const uint64_t block = 8 * (2 * 8 * 6 + 2 + 8);
    CHECK(counts.work == 32 * block);
    CHECK(counts.busiest_multiprocessor == (multiprocessors == 1    ? 32
                                            : multiprocessors == 8  ? 4
                                            : multiprocessors == 31 ? 2
                                                                    : 1) *
                                               block);
    CHECK(counts.busiest_warp == 2 * 8 * 3 + 2 + 2);
    CHECK(counts.imbalance(multiprocessors) == doctest::Approx(multiprocessors <= 8    ? 1.0
                                                               : multiprocessors == 31 ? 62.0 / 32
                                                                                       : 2.0));
  }
}

TEST_CASE("counter / memory of no named array is refused, and the executor goes on") {
  Bench bench;
  std::vector<float> host(40);
  float* const out = bench.array("out", std::vector<float>(40));
  CHECK_THROWS_WITH_AS(device::counted_copy(host.data(), out, 32, bench.stream()), doctest::Contains("reads 4 bytes at"), Error);
  // One float past the end.
  const float* const x = bench.array("x", std::vector<float>(31));
  CHECK_THROWS_WITH_AS(device::counted_copy(x, out, 32, bench.stream()), doctest::Contains("none of the named arrays"), Error);
  CHECK_NOTHROW(device::counted_copy(x, out, 31, bench.stream()));
}

TEST_CASE("counter / arrays that overlap and cards that are none are refused") {
  Counter counter;
  float memory[8];
  counter.name_array("a", memory, 16);
  CHECK_THROWS_WITH_AS(counter.name_array("b", memory + 3, 8), doctest::Contains("overlap"), Error);
  CHECK_NOTHROW(counter.name_array("c", memory + 4, 16));
  CHECK_THROWS_AS(Counter({.multiprocessors = 0}), Error);
  CHECK_THROWS_AS(Counter({.l2_bytes = 64}), Error);
}
