#include "kernels/elementwise/cpu_elementwise.h"

#include "kernels/common/parallel.h"
#include "kernels/common/philox_simd.h"
#include "kernels/common/simd_math.h"
#include "kernels/loss/loss.h"

// Idea: flat loops over vectors; random words are made in blocks of 4 * lanes neighbouring elements, so ranges start at
// multiples of a block. Bytes: each input read once, each output written once.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

// The grain is the widest random block, whatever the instruction set: ranges then agree among them.
constexpr int64_t grain = 64;

[[gnu::always_inline]] inline int first_of(int64_t remaining) { return remaining < lanes ? static_cast<int>(remaining) : lanes; }

/// f(i, count) for the vectors of [begin, end): `count` is lanes but for the last.
template <class F>
[[gnu::always_inline]] inline void for_vectors(int64_t begin, int64_t end, const F& f) {
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes) f(i, lanes);
  if (i < end) f(i, static_cast<int>(end - i));
}

[[gnu::always_inline]] inline Vec load_some(const float* p, int count) { return count == lanes ? load(p) : load_first(p, count); }
[[gnu::always_inline]] inline void store_some(float* p, Vec v, int count) {
  if (count == lanes) {
    store(p, v);
  } else {
    store_first(p, v, count);
  }
}

/// f(i, count, dropped): `dropped` is a mask.
template <class F>
[[gnu::always_inline]] inline void for_dropped_vectors(const RandomStream& random, DropoutRule rule, int64_t begin, int64_t end,
                                                       const F& f) {
  const uint32_t step = random.step != nullptr ? *random.step : 0;
  for (int64_t i = begin; i < end; i += random_block) {
    const RandomBlock block = random_words_block(random.seed, random.purpose, step, i / random_block);
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) {
      const int64_t at = i + v * lanes;
      if (at < end) f(at, first_of(end - at), block.words[v] < rule.threshold);
    }
  }
}

/// e^x - 1 where x < 0. The product's rounding is a relative error of |x| 2^-24 in the exponential; NaN passes.
[[gnu::always_inline]] inline Vec elu_of(Vec x) {
  const Vec below = select(x < Vec{}, x, Vec{});
  return select(x < Vec{}, exp2_of(below * broadcast(0x1.715476p+0f)) - broadcast(1.0f), x);
}

/// The body of the forward pass; `transform` is what comes before dropout.
template <class Transform>
[[gnu::always_inline]] inline void activate(const BiasReluDropoutArgs& args, DropoutRule rule, int64_t begin, int64_t end,
                                            const Transform& transform) {
  const float* x = args.x.data;
  float* y = args.y.data;
  if (rule.threshold == 0) {
    for_vectors(begin, end, [&](int64_t i, int count) { store_some(y + i, transform(load_some(x + i, count), i), count); });
  } else {
    // Selected, not multiplied by 0: what is dropped is 0 even if it is infinite.
    const Vec scale = broadcast(rule.scale);
    for_dropped_vectors(args.random, rule, begin, end, [&](int64_t i, int count, VecI dropped) {
      store_some(y + i, select(dropped, Vec{}, transform(load_some(x + i, count), i) * scale), count);
    });
  }
}

/// Sums of `vectors` vectors of columns of `x`, the last of `last` columns, over the rows [begin, end), row after row.
template <int vectors>
void sum_columns(const float* x, int64_t d, int64_t begin, int64_t end, int last, float* sums) {
  Vec sum[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) sum[v] = Vec{};
  for (int64_t row = begin; row < end; ++row) {
    const float* source = x + row * d;
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[v] += v + 1 < vectors ? load(source + v * lanes) : load_some(source + v * lanes, last);
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) store_some(sums + v * lanes, sum[v], v + 1 < vectors ? lanes : last);
}

/// Sums of the columns of `x` over the rows [begin, end), row after row; four vectors of columns at a time stay in registers.
void sum_rows(const float* x, int64_t d, int64_t begin, int64_t end, float* sums) {
  int64_t c = 0;
  for (; d - c > 4 * lanes; c += 4 * lanes) sum_columns<4>(x + c, d, begin, end, lanes, sums + c);
  const int vectors = static_cast<int>((d - c + lanes - 1) / lanes);
  const int last = static_cast<int>(d - c) - (vectors - 1) * lanes;
  switch (vectors) {
    case 1: return sum_columns<1>(x + c, d, begin, end, last, sums + c);
    case 2: return sum_columns<2>(x + c, d, begin, end, last, sums + c);
    case 3: return sum_columns<3>(x + c, d, begin, end, last, sums + c);
    default: return sum_columns<4>(x + c, d, begin, end, last, sums + c);
  }
}

void sum_chunks(const float* partials, int64_t chunks, int64_t d, float* sums) {
  for (int64_t c = 0; c < d; ++c) sums[c] = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (int64_t c = 0; c < d; ++c) sums[c] += partials[chunk * d + c];
  }
}

}  // namespace

void bias_relu_dropout(const BiasReluDropoutArgs& args, DropoutRule rule, const float* repeated_bias, Threads threads) {
  const int64_t d = args.x.cols;
  const bool relu = args.relu;
  const bool elu = args.elu;
  parallel_ranges(threads, args.x.rows * d, grain, 1, [&](int64_t begin, int64_t end) {
    // NaN passes: divergence must show.
    const auto positive = [&](Vec v) { return relu ? select(v < Vec{}, Vec{}, v) : elu ? elu_of(v) : v; };
    if (repeated_bias == nullptr) {
      activate(args, rule, begin, end, [&](Vec v, int64_t) { return positive(v); });
    } else {
      int64_t column = begin % d;
      int64_t last = begin;
      // The vectors come in ascending order: the column follows by addition, not by a division each.
      activate(args, rule, begin, end, [&](Vec v, int64_t i) {
        column += i - last;
        last = i;
        while (column >= d) column -= d;
        return positive(v + load(repeated_bias + column));
      });
    }
  });
}

void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, DropoutRule rule, float* partials, Threads threads) {
  const int64_t n = args.dy.rows;
  const int64_t d = args.dy.cols;
  const float* y = args.y.data;
  const float* dy = args.dy.data;
  float* dx = args.dx.data;
  const bool drop = rule.threshold != 0;
  const Vec scale = broadcast(rule.scale);
  if (args.elu) {
    const auto gradient = [&](int64_t i, int count) __attribute__((always_inline)) {
      const Vec value = load_some(y + i, count);
      return load_some(dy + i, count) * select(value > Vec{}, scale, value + scale);
    };
    parallel_ranges(threads, n * d, grain, 1, [&](int64_t begin, int64_t end) {
      if (drop) {
        for_dropped_vectors(args.random, rule, begin, end, [&](int64_t i, int count, VecI dropped) {
          store_some(dx + i, select(dropped, Vec{}, gradient(i, count)), count);
        });
      } else {
        for_vectors(begin, end, [&](int64_t i, int count) { store_some(dx + i, gradient(i, count), count); });
      }
    });
  }
  if (!args.relu && !args.elu && drop) {
    parallel_ranges(threads, n * d, grain, 1, [&](int64_t begin, int64_t end) {
      for_dropped_vectors(args.random, rule, begin, end, [&](int64_t i, int count, VecI dropped) {
        store_some(dx + i, select(dropped, Vec{}, load_some(dy + i, count) * scale), count);
      });
    });
  }
  const int64_t chunks = (n + column_sum_chunk_rows - 1) / column_sum_chunk_rows;
  const auto row_range = [&](int64_t chunk) {
    const int64_t begin = chunk * column_sum_chunk_rows;
    const int64_t end = begin + column_sum_chunk_rows < n ? begin + column_sum_chunk_rows : n;
    if (args.relu) {
      for_vectors(begin * d, end * d, [&](int64_t i, int count) {
        const Vec passed = select(load_some(y + i, count) <= Vec{}, Vec{}, load_some(dy + i, count));  // NaN passes here too
        store_some(dx + i, passed * scale, count);
      });
    } else if (!drop && !args.elu && dx != nullptr && dx != dy) {
      for_vectors(begin * d, end * d, [&](int64_t i, int count) { store_some(dx + i, load_some(dy + i, count), count); });
    }
    // Right behind the pass over the rows, which are still in the second-level cache.
    if (partials != nullptr) sum_rows(dx != nullptr ? dx : dy, d, begin, end, partials + chunk * d);
  };
  parallel_each(threads, chunks, column_sum_chunk_rows * d, row_range);
  if (partials != nullptr) sum_chunks(partials, chunks, d, args.dbias);
}

void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Threads threads) {
  const Vec f = broadcast(factor);
  parallel_ranges(threads, x.rows * x.cols, grain, 1, [&](int64_t begin, int64_t end) {
    for_vectors(begin, end, [&](int64_t i, int count) {
      store_some(y.data + i, load_some(y.data + i, count) + f * load_some(x.data + i, count), count);
    });
  });
}

void scale(DenseView<const float> x, float factor, DenseView<float> y, Threads threads) {
  const Vec f = broadcast(factor);
  parallel_ranges(threads, x.rows * x.cols, grain, 1, [&](int64_t begin, int64_t end) {
    for_vectors(begin, end, [&](int64_t i, int count) { store_some(y.data + i, f * load_some(x.data + i, count), count); });
  });
}

void fill(float value, DenseView<float> y, Threads threads) {
  const Vec v = broadcast(value);
  parallel_ranges(threads, y.rows * y.cols, grain, 1, [&](int64_t begin, int64_t end) {
    for_vectors(begin, end, [&](int64_t i, int count) { store_some(y.data + i, v, count); });
  });
}

void sum_of_squares(DenseView<const float> x, double* partials, Threads threads) {
  const int64_t count = x.rows * x.cols;
  const int64_t chunks = (count + sum_chunk_terms - 1) / sum_chunk_terms;
  parallel_each(threads, chunks, sum_chunk_terms, [&](int64_t chunk) {
    const int64_t begin = chunk * sum_chunk_terms;
    const int64_t end = begin + sum_chunk_terms < count ? begin + sum_chunk_terms : count;
    // 16 interleaved sums, whatever the instruction set. The square of a float is exact in double, so fused and separate
    // rounding agree.
    double sums[16] = {};
    int64_t i = begin;
    for (; i + 16 <= end; i += 16) {
      for (int j = 0; j < 16; ++j) sums[j] += static_cast<double>(x.data[i + j]) * x.data[i + j];
    }
    for (int j = 0; i < end; ++i, ++j) sums[j] += static_cast<double>(x.data[i]) * x.data[i];
    for (int width = 8; width > 0; width /= 2) {
      for (int j = 0; j < width; ++j) sums[j] += sums[j + width];
    }
    partials[chunk] = sums[0];
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
