#pragma once

#include "kernels/common/philox_simd.h"
#include "kernels/common/wide_simd.h"
#include "kernels/gat/cpu_gat.h"

// Dropout of attention coefficients, a block of edges at a time. Static functions: see simd.h.
namespace heddle::kernels::HEDDLE_ISA {

/// Random words of a block's edges, edge by edge as the logits stand.
class Words {
 public:
  Words(const RandomStream& random, int64_t stride)
      : random_(random), step_(random.step != nullptr ? *random.step : 0), stride_(stride) {}

  /// Of neighbouring edges from `edge` on; `last` is where the thread's edges end.
  [[gnu::always_inline]] inline const uint32_t* of_run(int64_t edge, int64_t count, int64_t last) {
    if (edge < begin_ || edge + count > end_) {
      const int64_t first_call = edge * stride_ / 4;
      int64_t edges = (capacity - 4) / stride_;
      edges = last - edge < edges ? last - edge : edges;
      const int64_t calls = ((edge + edges) * stride_ + 3) / 4 - first_call;
      for (int64_t call = 0; call < calls; call += lanes) {
        const auto from = static_cast<uint64_t>(first_call + call);
        const VecU low = call_of_lane() + static_cast<uint32_t>(from);
        const VecU carry = (VecU)(low < call_of_lane());  // -1 where the low word went round
        write(call, low, splat(static_cast<uint32_t>(from >> 32)) - carry);
      }
      begin_ = edge;
      end_ = edge + edges;
      first_word_ = first_call * 4;
    }
    return words_ + (edge * stride_ - first_word_);
  }

  /// Of the edges with these numbers.
  [[gnu::always_inline]] inline const uint32_t* of_each(const int64_t* edges, int64_t count) {
    const int64_t calls_each = stride_ < 4 ? 1 : stride_ / 4;
    const int64_t calls = count * calls_each;
    int64_t edge = 0;
    int64_t part = 0;
    for (int64_t first = 0; first < calls; first += lanes) {
      alignas(64) uint32_t low[lanes] = {};
      alignas(64) uint32_t high[lanes] = {};
      const int64_t some = calls - first < lanes ? calls - first : lanes;
      for (int64_t n = 0; n < some; ++n) {
        const auto call = static_cast<uint64_t>(edges[edge] * stride_ / 4 + part);
        const int64_t lane = n % (lanes / 4) * 4 + n / (lanes / 4);  // where call_of_lane has n
        low[lane] = static_cast<uint32_t>(call);
        high[lane] = static_cast<uint32_t>(call >> 32);
        if (++part == calls_each) {
          part = 0;
          ++edge;
        }
      }
      VecU low_words;
      VecU high_words;
      __builtin_memcpy(&low_words, low, sizeof low);
      __builtin_memcpy(&high_words, high, sizeof high);
      write(first, low_words, high_words);
    }
    if (stride_ < 4) {
      for (int64_t e = 0; e < count; ++e) {
        const uint32_t* const from = words_ + e * 4 + edges[e] * stride_ % 4;
        for (int64_t h = 0; h < stride_; ++h) words_[e * stride_ + h] = from[h];  // forwards: never over what is still to be read
      }
    }
    begin_ = end_ = 0;
    return words_;
  }

 private:
  static constexpr int64_t capacity = 512;

  [[gnu::always_inline]] inline void write(int64_t call, VecU low, VecU high) {
    const RandomBlock block = random_words_of_calls(random_.seed, random_.purpose, step_, low, high);
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) __builtin_memcpy(words_ + call * 4 + v * lanes, &block.words[v], sizeof block.words[v]);
  }

  RandomStream random_;
  uint32_t step_;
  int64_t stride_;
  int64_t begin_ = 0, end_ = 0;  // the run whose words are at hand
  int64_t first_word_ = 0;
  alignas(64) uint32_t words_[capacity + 4 * lanes + wide_slack];
};

/// drop(values): `words` stand as the values do. A product with 0, not a selection: NaN stays NaN, as in the sums that it is in.
[[gnu::always_inline]] static inline Wide dropped(const Wide& values, const uint32_t* words, AttentionDropout dropout) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) {
    VecU word;
    __builtin_memcpy(&word, words + i * lanes, sizeof word);
    r.v[i] = values.v[i] * select((VecI)(word < dropout.threshold), Vec{}, broadcast(dropout.scale));
  }
  return r;
}

}  // namespace heddle::kernels::HEDDLE_ISA
