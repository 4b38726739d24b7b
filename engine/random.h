#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "heddle/kernel/philox.h"

// What is drawn on the host in more than one place of the engine.
namespace heddle {

/// 64 bits of a stream's block of four words, its first two words or (`pair` 1) its last two: a key that sorts elements into an
/// order which depends on nothing but the stream and their numbers.
inline uint64_t random_key(const RandomStream& random, uint64_t block, int pair = 0) {
  const PhiloxWords words = random_words(random, block);
  return uint64_t{words.word[2 * pair]} << 32 | words.word[2 * pair + 1];
}

/// Four independent normals of mean 0 out of a block's four words (Box & Muller 1958), made on the host, since logarithms differ
/// among devices. A radius comes of the uniform number (word + `shift`) / 2^32; with a shift above 0 its logarithm is finite.
inline std::array<float, 4> four_normals(const PhiloxWords& words, double deviation, double shift) {
  std::array<float, 4> normals{};
  for (std::size_t pair = 0; pair < 2; ++pair) {
    const double radius = deviation * std::sqrt(-2 * std::log((words.word[2 * pair] + shift) * 0x1p-32));
    const double angle = 2 * std::numbers::pi * (words.word[2 * pair + 1] * 0x1p-32);
    normals[2 * pair] = static_cast<float>(radius * std::cos(angle));
    normals[2 * pair + 1] = static_cast<float>(radius * std::sin(angle));
  }
  return normals;
}

}  // namespace heddle
