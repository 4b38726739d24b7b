#include "kernels/scores/cpu_scores.h"

#include <algorithm>
#include <cmath>

#include "kernels/common/parallel.h"

// Idea: sparse_product: a thread owns a row of Y, which stays in the second-level cache while rows of B are added into it; the
//   additions go to scattered places, so there is nothing for vectors to do.
// add_transposed: tiles of 16 rows of X, so that what is written to each row of Y is one cache line.
// standardise_rows: one pass for both sums, of differences from the row's first element: squares of what is left lose nothing to
//   a large mean.
namespace heddle::kernels::cpu {

namespace {

template <class Value>
void add_rows(const SparseProductArgs& args, int64_t row, const Value& value) {
  float* y = args.y.data + row * args.y.cols;
  const int64_t* const starts = args.b.row_offsets;
  for (int64_t k = args.a.row_offsets[row]; k < args.a.row_offsets[row + 1]; ++k) {
    const float factor = args.a.values == nullptr ? 1.0f : args.a.values[k];
    const int64_t from = args.a.col_indices[k];
    for (int64_t j = starts[from]; j < starts[from + 1]; ++j) y[args.b.col_indices[j]] += factor * value(j);
  }
}

}  // namespace

void sparse_product(const SparseProductArgs& args, Threads threads) {
  // A row at a time where there is work for two: a popular item's takes a thousand times as long as another's.
  const Threads used = parts_for(threads, args.y.size()) > 1 ? threads : Threads{};
  parallel_chunks(used, args.y.rows, [&](int64_t row) {
    std::fill_n(args.y.data + row * args.y.cols, args.y.cols, 0.0f);
    if (args.b.values == nullptr) {
      add_rows(args, row, [](int64_t) { return 1.0f; });
    } else {
      add_rows(args, row, [values = args.b.values](int64_t j) { return values[j]; });
    }
  });
}

void add_transposed(const AddTransposedArgs& args, Threads threads) {
  constexpr int64_t tile = 16;
  const int64_t n = args.x.rows;
  const int64_t m = args.x.cols;
  const float* const x = args.x.data;
  const float* const z = args.z.data;
  parallel_ranges(threads, n, tile, m, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += tile) {
      const int64_t last = std::min(first + tile, end);
      for (int64_t c = 0; c < m; ++c) {
        float* const y = args.y.data + c * n;
        if (z == nullptr) {
          for (int64_t r = first; r < last; ++r) y[r] = x[r * m + c];
        } else {
          for (int64_t r = first; r < last; ++r) y[r] = x[r * m + c] + args.scale[r] * z[r * m + c];
        }
      }
    }
  });
}

void standardise_rows(DenseView<const float> x, DenseView<float> y, Threads threads) {
  const int64_t n = x.cols;
  parallel_each(threads, x.rows, n, [&](int64_t row) {
    const float* const from = x.data + row * n;
    float* const to = y.data + row * n;
    const double origin = from[0];
    double sums[standardise_sums] = {}, squares[standardise_sums] = {};
    for (int64_t first = 0; first < n; first += standardise_sums) {
      const int64_t count = std::min(standardise_sums, n - first);
      for (int64_t i = 0; i < count; ++i) {
        const double difference = from[first + i] - origin;
        sums[i] += difference;
        squares[i] += difference * difference;
      }
    }
    for (int64_t width = standardise_sums / 2; width > 0; width /= 2) {
      for (int64_t i = 0; i < width; ++i) {
        sums[i] += sums[i + width];
        squares[i] += squares[i + width];
      }
    }
    const double count = static_cast<double>(n);
    const double mean = sums[0] / count;
    const double variance = squares[0] / count - mean * mean;
    const double scale = variance > 0 ? 1 / std::sqrt(variance) : 0;
    for (int64_t c = 0; c < n; ++c) to[c] = static_cast<float>((from[c] - origin - mean) * scale);
  });
}

}  // namespace heddle::kernels::cpu
