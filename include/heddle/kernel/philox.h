#pragma once

#include <cstdint>

#include "heddle/error.h"

#ifdef __CUDACC__
#define HEDDLE_HOST_DEVICE __host__ __device__
#else
#define HEDDLE_HOST_DEVICE
#endif

namespace heddle {

/// Four 32-bit words: a counter of the generator, or what it makes of it.
struct PhiloxWords {
  uint32_t word[4];  ///< least significant first, where they are a counter
};

/// A 64-bit key as two words.
struct PhiloxKey {
  uint32_t low;   ///< its lower half
  uint32_t high;  ///< its upper half
};

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011): four random words from a
/// counter and a key. Distinct counters give independent words; equal ones give the same words on every device.
HEDDLE_HOST_DEVICE constexpr PhiloxWords philox4x32(PhiloxWords counter, PhiloxKey key) {
  constexpr uint32_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;  // table 2 of the paper
  constexpr uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;              // golden ratio, sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{multiplier0} * counter.word[0];
    const uint64_t product1 = uint64_t{multiplier1} * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key.low, static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key.high, static_cast<uint32_t>(product0)}};
    key.low += weyl0;
    key.high += weyl1;
  }
  return counter;
}

/// What random words are for, so that no two uses share any. The number of the use (a parameter, a dropout of a step) is added.
namespace random_purpose {
inline constexpr uint32_t initial_weights = 0x10000;    ///< of a model's parameters
inline constexpr uint32_t dropout = 0x20000;            ///< which elements are dropped
inline constexpr uint32_t gradcheck = 0x30000;          ///< a gradient check's direction and projection
inline constexpr uint32_t sampling = 0x50000;           ///< batches of a recommender's training
inline constexpr uint32_t interaction_split = 0x80000;  ///< what goes to test and validation
inline constexpr uint32_t kept_out_users = 0x90000;     ///< who is kept out to be met as new
inline constexpr uint32_t sampled_negatives = 0xA0000;  ///< the items of a sampled ranking
inline constexpr uint32_t sketch = 0xB0000;             ///< a randomised decomposition's first guess
inline constexpr uint32_t node_split = 0xC0000;         ///< which nodes are trained on, and which are for validation and test
}  // namespace random_purpose

/// An endless array of random words, named by (seed, purpose, step). Passed to kernels by value.
struct RandomStream {
  uint64_t seed = 0;     ///< the context's
  uint32_t purpose = 0;  ///< of random_purpose, and the number of the use
  /// In the memory of the device that reads it, so that a captured graph draws anew each time it is replayed; null: step 0.
  const uint32_t* step = nullptr;
};

/// The words of elements 4 * group ... 4 * group + 3.
HEDDLE_HOST_DEVICE constexpr PhiloxWords random_words(const RandomStream& stream, uint64_t group) {
  const uint32_t step = stream.step != nullptr ? *stream.step : 0;
  return philox4x32({{static_cast<uint32_t>(group), static_cast<uint32_t>(group >> 32), step, stream.purpose}},
                    {static_cast<uint32_t>(stream.seed), static_cast<uint32_t>(stream.seed >> 32)});
}

/// The word of one element. Whoever wants four neighbours takes random_words: the work is the same as for one.
HEDDLE_HOST_DEVICE constexpr uint32_t random_word(const RandomStream& stream, uint64_t index) {
  const PhiloxWords words = random_words(stream, index / 4);
  switch (index % 4) {  // not words.word[index % 4]: on a GPU that would put the words into memory
    case 0: return words.word[0];
    case 1: return words.word[1];
    case 2: return words.word[2];
    default: return words.word[3];
  }
}

/// A multiple of 2^-24 in [0, 1): the 24 bits that a float holds.
HEDDLE_HOST_DEVICE constexpr float uniform01(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

/// An element is dropped where its word is below this: with probability round(p * 2^32) / 2^32, exact for 0 and 0.5.
/// Throws Error{usage} unless 0 <= p < 1.
constexpr uint32_t dropout_threshold(double p) {
  if (!(p >= 0 && p < 1)) fail(ErrorKind::usage, "dropout: the probability ", p, " is not in [0, 1)");
  const double scaled = p * 0x1p32 + 0.5;
  return scaled >= 0x1p32 ? 0xFFFFFFFFu : static_cast<uint32_t>(scaled);
}

}  // namespace heddle
