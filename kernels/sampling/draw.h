#pragma once

#include "kernels/sampling/sampling.h"

// One sample at a time: what a thread does, on every device. Integers only, so that all of them draw the same.
namespace heddle::kernels {

/// The upper half of the 128-bit product, from 32-bit halves: no intermediate result exceeds 64 bits.
HEDDLE_HOST_DEVICE constexpr uint64_t multiply_high(uint64_t a, uint64_t b) {
  const uint64_t a_low = a & 0xFFFFFFFFu, a_high = a >> 32, b_low = b & 0xFFFFFFFFu, b_high = b >> 32;
  const uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
  return a_high * b_high + (middle >> 32) + ((a_low * b_high + (middle & 0xFFFFFFFFu)) >> 32);
}

/// In [0, bound), from two random words. Of the 2^64 values that they take each result gets floor or ceil(2^64 / bound): its
/// probability is 1 / bound within a factor of 1 +- bound / 2^64, so that no rejection is needed.
HEDDLE_HOST_DEVICE constexpr int64_t draw_below(uint32_t high, uint32_t low, int64_t bound) {
  return static_cast<int64_t>(multiply_high(uint64_t{high} << 32 | low, static_cast<uint64_t>(bound)));
}

/// The `rank`-th of 0, 1, 2, ... that is not among the `count` ascending, distinct `taken`. Before taken[i] there are
/// taken[i] - i others, a number that never falls: the first i at which it exceeds the rank is how many taken ones precede it.
HEDDLE_HOST_DEVICE constexpr int64_t draw_not_taken(const int32_t* taken, int64_t count, int64_t rank) {
  int64_t first = 0, last = count;
  while (first < last) {
    const int64_t middle = (first + last) / 2;
    if (taken[middle] - middle <= rank) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return rank + first;
}

/// Triple b of sample_bpr, from the words of the groups 2 b and 2 b + 1.
HEDDLE_HOST_DEVICE constexpr void draw_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random,
                                           int64_t b, int32_t* ids) {
  const CsrView& matrix = interactions.matrix;
  const PhiloxWords first = random_words(random, 2 * static_cast<uint64_t>(b));
  const PhiloxWords second = random_words(random, 2 * static_cast<uint64_t>(b) + 1);
  const int32_t user = interactions.eligible[draw_below(first.word[0], first.word[1], interactions.eligible_count)];
  const int64_t begin = matrix.row_offsets[user];
  const int64_t count = matrix.row_offsets[user + 1] - begin;
  const int32_t* const taken = matrix.col_indices + begin;
  const int64_t rank = draw_below(second.word[0], second.word[1], matrix.cols - count);
  ids[b] = user;
  ids[batch + b] = static_cast<int32_t>(matrix.rows + taken[draw_below(first.word[2], first.word[3], count)]);
  ids[2 * batch + b] = static_cast<int32_t>(matrix.rows + draw_not_taken(taken, count, rank));
}

/// What sample_softmax draws, and how much of it.
struct SoftmaxDraws {
  int64_t batch;
  int64_t popular;    // negatives that are the item of an interaction
  int64_t negatives;  // in all
};

/// Draw i of the batch's interactions and then of the negatives, from the words of group i.
HEDDLE_HOST_DEVICE constexpr void draw_softmax(const InteractionsView& interactions, const SoftmaxDraws& draws,
                                               const RandomStream& random, int64_t i, int32_t* ids) {
  const CsrView& matrix = interactions.matrix;
  const PhiloxWords words = random_words(random, static_cast<uint64_t>(i));
  const bool uniform = i >= draws.batch + draws.popular;
  const int64_t drawn = draw_below(words.word[0], words.word[1], uniform ? matrix.cols : matrix.nnz);
  const int64_t item = uniform ? drawn : matrix.col_indices[drawn];
  if (i < draws.batch) ids[i] = interactions.row_of[drawn];
  ids[draws.batch + i] = static_cast<int32_t>(matrix.rows + item);
}

}  // namespace heddle::kernels
