#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "heddle/error.h"
#include "heddle/kernel/philox.h"

namespace {

using namespace heddle;

constexpr bool equal(const PhiloxWords& a, const PhiloxWords& b) {
  return a.word[0] == b.word[0] && a.word[1] == b.word[1] && a.word[2] == b.word[2] && a.word[3] == b.word[3];
}

// The known answers of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds).
static_assert(equal(philox4x32({{0, 0, 0, 0}}, {0, 0}), {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
constexpr uint32_t ones = 0xffffffff;
static_assert(equal(philox4x32({{ones, ones, ones, ones}}, {ones, ones}), {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
static_assert(equal(philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {0xa4093822, 0x299f31d0}),
                    {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));

}  // namespace

TEST_SUITE_BEGIN("kernels");

TEST_CASE("philox / the published known answers hold at run time too") {
  volatile uint32_t zero = 0;  // keeps the compiler from computing it
  CHECK(equal(philox4x32({{zero, zero, zero, zero}}, {zero, zero}), {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
  CHECK(equal(philox4x32({{~zero, ~zero, ~zero, ~zero}}, {~zero, ~zero}), {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
  CHECK(equal(philox4x32({{0x243f6a88 + zero, 0x85a308d3, 0x13198a2e, 0x03707344}}, {0xa4093822, 0x299f31d0}),
              {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));
}

TEST_CASE("philox / element i of a stream is word i % 4 of counter (i / 4, step, purpose)") {
  const uint32_t step = 9;
  const RandomStream stream{.seed = 0xFEDCBA9876543210u, .purpose = random_purpose::dropout, .step = &step};
  for (const uint64_t index : {uint64_t{0}, uint64_t{1}, uint64_t{6}, uint64_t{7}, (uint64_t{1} << 34) + 5, ~uint64_t{0}}) {
    const uint64_t group = index / 4;
    const PhiloxWords words =
        philox4x32({{static_cast<uint32_t>(group), static_cast<uint32_t>(group >> 32), 9, 0x20000}}, {0x76543210u, 0xFEDCBA98u});
    CHECK(random_word(stream, index) == words.word[index % 4]);
    CHECK(equal(random_words(stream, group), words));
  }
}

TEST_CASE("philox / a stream without a step counter is at step 0") {
  const uint32_t zero = 0;
  CHECK(random_word({.seed = 5, .purpose = 1, .step = nullptr}, 77) == random_word({.seed = 5, .purpose = 1, .step = &zero}, 77));
}

TEST_CASE("philox / seed, purpose, step and index each change the word") {
  const uint32_t one = 1;
  const uint32_t word = random_word({.seed = 5, .purpose = 1, .step = nullptr}, 0);
  CHECK(word != random_word({.seed = 6, .purpose = 1, .step = nullptr}, 0));
  CHECK(word != random_word({.seed = 5 + (uint64_t{1} << 32), .purpose = 1, .step = nullptr}, 0));
  CHECK(word != random_word({.seed = 5, .purpose = 2, .step = nullptr}, 0));
  CHECK(word != random_word({.seed = 5, .purpose = 1, .step = &one}, 0));
  CHECK(word != random_word({.seed = 5, .purpose = 1, .step = nullptr}, 1));
}

TEST_CASE("philox / uniform01 lies in [0, 1) and is a multiple of 2^-24") {
  CHECK(uniform01(0) == 0.0f);
  CHECK(uniform01(0x80000000u) == 0.5f);
  CHECK(uniform01(0xFFFFFFFFu) == 1.0f - 0x1p-24f);
  CHECK(uniform01(0xFFu) == 0.0f);
}

TEST_CASE("philox / the dropout threshold is exact for 0 and 1/2 and never passes 2^32 - 1") {
  CHECK(dropout_threshold(0.0) == 0u);
  CHECK(dropout_threshold(0.5) == 0x80000000u);
  CHECK(dropout_threshold(0.25) == 0x40000000u);
  CHECK(dropout_threshold(0.1) == 429496730u);  // 2^32 / 10 = 429496729.6
  CHECK(dropout_threshold(std::nextafter(1.0, 0.0)) == 0xFFFFFFFFu);
}

TEST_CASE("philox / a dropout probability outside [0, 1) is a usage error") {
  for (const double p : {1.0, -0.1, 2.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(dropout_threshold(p), Error);
  }
}

TEST_CASE("philox / dropout at 0.3 drops 0.3 of a million elements within five standard deviations") {
  const RandomStream stream{.seed = 11, .purpose = random_purpose::dropout, .step = nullptr};
  const uint32_t threshold = dropout_threshold(0.3);
  constexpr int count = 1000000;
  int dropped = 0;
  for (uint64_t group = 0; group < count / 4; ++group) {
    const PhiloxWords words = random_words(stream, group);
    for (const uint32_t word : words.word) dropped += word < threshold;
  }
  CHECK(std::abs(dropped - 0.3 * count) <= 5 * std::sqrt(count * 0.3 * 0.7));
}

TEST_SUITE_END();
