// Compiled for the plain and for the instrumented executor: kernels that keep the rules give the right results in every
// order of their threads, and no check speaks up.
#ifndef HEDDLE_TWIN
#define HEDDLE_TWIN simt
#endif

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/simt/kernels.h"
#include "tests/simt/schedules.h"
#ifdef HEDDLE_TEST_INSTRUMENTED
#include "kernels/simt/race_detector.h"
#endif

namespace {

using namespace heddle;
namespace device = heddle::kernels::HEDDLE_TWIN;

/// Small whole numbers, whose sums a float holds exactly in any order.
template <class T>
std::vector<T> numbers(std::size_t count) {
  std::vector<T> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<T>(i * 37 % 101);
  return x;
}

void check_block_sum(Stream& stream) {
  const auto x = numbers<float>(1000);
  std::vector<float> sums(4, -1.0f);
  device::block_sum(x.data(), sums.data(), 1000, stream);
  for (std::size_t b = 0; b < 4; ++b) {
    const auto first = x.begin() + static_cast<std::ptrdiff_t>(b * 256);
    CHECK(sums[b] == std::accumulate(first, std::min(first + 256, x.end()), 0.0f));
  }
}

void check_transpose(Stream& stream) {
  constexpr int rows = 37, cols = 70;
  const auto x = numbers<float>(rows * cols);
  std::vector<float> y(rows * cols, -1.0f);
  device::transpose(x.data(), y.data(), rows, cols, stream);
  int wrong = 0;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c)
      wrong += x[static_cast<std::size_t>(r * cols + c)] != y[static_cast<std::size_t>(c * rows + r)];
  }
  CHECK(wrong == 0);
}

void check_warp_scan(Stream& stream) {
  const auto x = numbers<int>(192);
  std::vector<int> sums(192), expected(192);
  device::warp_scan(x.data(), sums.data(), 3, stream);
  for (std::ptrdiff_t warp = 0; warp < 6; ++warp) {
    std::partial_sum(x.begin() + 32 * warp, x.begin() + 32 * (warp + 1), expected.begin() + 32 * warp);
  }
  CHECK(sums == expected);
}

void check_group_reduce(Stream& stream) {
  const auto x = numbers<float>(128);
  std::vector<float> sums(16, -1.0f);
  std::vector<double> greatest(16, -1.0);
  device::group_reduce(x.data(), sums.data(), greatest.data(), 2, stream);
  for (std::size_t group = 0; group < 16; ++group) {
    const auto first = x.begin() + static_cast<std::ptrdiff_t>(8 * group);
    CHECK(sums[group] == (group % 2 == 0 ? std::accumulate(first, first + 8, 0.0f) : -1.0f));
    CHECK(greatest[group] == (group % 2 == 0 ? *std::max_element(first, first + 8) : -1.0));
  }
}

void check_reverse(Stream& stream) {
  for (const int block : {32, 96, 1024}) {
    const auto n = static_cast<std::size_t>(block);
    const auto x = numbers<float>(2 * n);
    std::vector<float> y(2 * n, -1.0f);
    device::reverse(x.data(), y.data(), 2, block, stream);
    std::vector<float> expected = x;
    std::reverse(expected.begin(), expected.begin() + block);
    std::reverse(expected.begin() + block, expected.end());
    CHECK(y == expected);
  }
}

void check_histogram(Stream& stream) {
  const auto x = numbers<unsigned char>(3000);
  std::vector<unsigned> bins(64, 0), expected(64, 0);
  int greatest = -1;
  device::histogram(x.data(), 3000, bins.data(), &greatest, stream);
  for (const unsigned char value : x) ++expected[value % 64];
  CHECK(bins == expected);
  CHECK(greatest == 100);
}

void check_warp_exchange(Stream& stream) {
  const auto x = numbers<int>(512);
  std::vector<int> y(512), expected(512);
  device::warp_exchange(x.data(), y.data(), 2, stream);
  for (std::size_t i = 0; i < 512; ++i) expected[i] = x[i / 32 * 32 + (i + 2) % 32];
  CHECK(y == expected);
}

void check_vote(Stream& stream) {
  std::vector<int> x(192, 1);
  for (std::size_t i = 0; i < 64; ++i) x[i] = i % 3 == 0;
  std::fill(x.begin() + 64, x.begin() + 96, 0);
  std::vector<unsigned> ballots(6), expected(6);
  device::vote(x.data(), ballots.data(), 2, stream);
  for (std::size_t i = 0; i < 192; ++i) expected[i / 32] |= static_cast<unsigned>(x[i] > 0) << (i % 32);
  CHECK(ballots == expected);
}

void check_last_block_sum(Stream& stream) {
  const auto x = numbers<float>(32 * 9);
  std::vector<float> partial(9);
  unsigned arrived = 0;
  float total = -1;
  device::last_block_sum(x.data(), partial.data(), &arrived, &total, 9, stream);
  CHECK(total == std::accumulate(x.begin(), x.end(), 0.0f));
}

void check_ticket(Stream& stream) {
  int ticket_number = 0;
  std::vector<int> order(8, -1);
  device::ticket(&ticket_number, order.data(), stream);
  CHECK(ticket_number == 8);
  for (int i = 0; i < 8; ++i) CHECK(order[static_cast<std::size_t>(i)] == (i + 1) % 8);
}

void check_copy4(Stream& stream) {
  constexpr int quads = 300;
  struct alignas(16) Quad {
    float value[4];
  };
  std::vector<Quad> x(quads), y(quads);
  for (std::size_t i = 0; i < 4 * quads; ++i) x[i / 4].value[i % 4] = static_cast<float>(i);
  device::copy4(x[0].value, y[0].value, quads, stream);
  int wrong = 0;
  for (std::size_t i = 0; i < 4 * quads; ++i) wrong += y[i / 4].value[i % 4] != static_cast<float>(2 * i + i % 4 + 1);
  CHECK(wrong == 0);
}

void check_philox(Stream& stream) {
  const uint32_t step = 3;
  const RandomStream random{.seed = 0x123456789ABCDEF0u, .purpose = random_purpose::dropout + 1, .step = &step};
  std::vector<unsigned> words(999), expected(999);
  device::philox(random, words.data(), 999, stream);
  for (std::size_t i = 0; i < 999; ++i) expected[i] = random_word(random, i);
  CHECK(words == expected);
}

constexpr struct {
  const char* name;
  void (*check)(Stream&);
} cases[] = {{"block_sum", check_block_sum},
             {"transpose", check_transpose},
             {"warp_scan", check_warp_scan},
             {"group_reduce", check_group_reduce},
             {"reverse", check_reverse},
             {"histogram", check_histogram},
             {"warp_exchange", check_warp_exchange},
             {"vote", check_vote},
             {"last_block_sum", check_last_block_sum},
             {"ticket", check_ticket},
             {"copy4", check_copy4},
             {"philox", check_philox}};

void check_all(const std::vector<SimtOptions>& all) {
  for (const SimtOptions& options : all) {
    Stream stream = tests::stream_of(options);
#ifdef HEDDLE_TEST_INSTRUMENTED
    simt::RaceDetector detector;
    tests::executor_of(stream).set_observer(&detector);
#endif
    CAPTURE(static_cast<int>(options.schedule));
    CAPTURE(options.schedule_seed);
    for (const auto& one : cases) {
      CAPTURE(one.name);
      CHECK_NOTHROW(one.check(stream));
    }
  }
}

}  // namespace

TEST_CASE("simt / correct kernels give the right results in forward, reverse and eight random orders") {
  check_all(tests::schedules(8));
}

TEST_CASE("simt / correct kernels give the right results on two and three host threads") {
  check_all(tests::schedules(2, 2));
  check_all(tests::schedules(2, 3));
}
