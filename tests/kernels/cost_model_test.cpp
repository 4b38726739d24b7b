#include "bench/cost_model.h"

#include <doctest/doctest.h>

#include "heddle/error.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

constexpr bench::Card card{.name = "test",
                           .dram_gbs = 1000,
                           .l2_gbs = 2000,
                           .l2_bytes = 1 << 20,
                           .multiprocessors = 10,
                           .clock_ghz = 2,
                           .latency_us = 0.8,
                           .launch_us = 3};

/// Even work; nothing else.
simt::Counts even() {
  simt::Counts counts;
  counts.work = 1000;
  counts.busiest_multiprocessor = 100;
  return counts;
}

}  // namespace

TEST_SUITE_BEGIN("kernels");

TEST_CASE("cost model / each limiter by hand") {
  simt::Counts dram = even();
  dram.launches = 1;
  dram.dram_read_bytes = 9'000'000;
  dram.dram_written_bytes = 1'000'000;  // 10 MB at 1 TB/s
  CHECK(bench::estimate(dram, card).us == doctest::Approx(10 + 3));
  CHECK(bench::estimate(dram, card).limiter == "DRAM");

  simt::Counts l2 = even();
  l2.load_sectors = 1'000'000;
  l2.atomic_sectors = 125'000;  // twice: 32 * 1.25 million bytes at 2 TB/s
  CHECK(bench::estimate(l2, card).us == doctest::Approx(20));
  CHECK(bench::estimate(l2, card).limiter == "L2");
  l2.busiest_multiprocessor = 200;
  CHECK(bench::estimate(l2, card).us == doctest::Approx(40));
  CHECK(bench::estimate(l2, card).limiter == "L2, unevenly");

  simt::Counts shared = even();
  shared.shared_requests = 150'000;
  shared.bank_conflicts = 50'000;  // passes on 10 multiprocessors at 2 GHz
  CHECK(bench::estimate(shared, card).us == doctest::Approx(10));
  CHECK(bench::estimate(shared, card).limiter == "shared memory");

  simt::Counts warp = even();
  warp.busiest_warp = 1000;  // 0.8 us each, 8 at a time
  CHECK(bench::estimate(warp, card).us == doctest::Approx(100));
  CHECK(bench::estimate(warp, card).limiter == "busiest warp");

  simt::Counts launches = even();
  launches.launches = 4;
  CHECK(bench::estimate(launches, card).us == doctest::Approx(12));
  CHECK(bench::estimate(launches, card).limiter == "launches");
}

TEST_CASE("cost model / cards are found by name, and the assumptions say that no GPU ran") {
  CHECK(bench::find_card("RTX 4090").multiprocessors == 128);
  CHECK(error_mismatch(ErrorKind::usage, "card is 'rtx', it must be one of H100 SXM", [] { bench::find_card("rtx"); }) == "");
  CHECK(bench::assumptions(bench::find_card("A100")).find("no GPU ran") != std::string::npos);
  for (const bench::Card& one : bench::cards()) CHECK(one.l2_gbs >= one.dram_gbs);
}

TEST_SUITE_END();

}  // namespace heddle::test
