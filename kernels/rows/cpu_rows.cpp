#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/rows/rows.h"

// Idea: rows are copied or added a vector at a time; a thread owns whole rows of the output, so sums have the order of the
// places. Rows stand anywhere: the one `prefetch_distance` places ahead is fetched early.
// Bytes: 8 width read and written per gathered row; a sum reads 4 width per place.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int64_t prefetch_distance = 8;
constexpr int cache_line_floats = 16;

[[gnu::always_inline]] inline void prefetch_row(const float* row, int64_t width) {
  for (int64_t c = 0; c < width; c += cache_line_floats) __builtin_prefetch(row + c);
}

/// f(c, count) for the vectors of a row: `count` is lanes but for the last.
template <class F>
[[gnu::always_inline]] inline void for_vectors(int64_t width, const F& f) {
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) f(c, lanes);
  if (c < width) f(c, static_cast<int>(width - c));
}
[[gnu::always_inline]] inline Vec load_some(const float* p, int count) { return count == lanes ? load(p) : load_first(p, count); }
[[gnu::always_inline]] inline void store_some(float* p, Vec v, int count) {
  if (count == lanes) {
    store(p, v);
  } else {
    store_first(p, v, count);
  }
}

}  // namespace

void gather_rows(DenseView<const float> x, const int32_t* ids, DenseView<float> y, Threads threads) {
  const int64_t width = x.cols;
  parallel_ranges(threads, y.rows, 1, width, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      if (p + prefetch_distance < end) prefetch_row(x.data + ids[p + prefetch_distance] * width, width);
      const float* const from = x.data + ids[p] * width;
      float* const to = y.data + p * width;
      for_vectors(width, [&](int64_t c, int count) { store_some(to + c, load_some(from + c, count), count); });
    }
  });
}

void sum_row_groups(const SumRowGroupsArgs& args, Threads threads) {
  const RowGroups& groups = args.groups;
  const int64_t width = args.y.cols;
  const float* const y = args.y.data;
  const int64_t places_each = *groups.group_count > 0 ? groups.count / *groups.group_count : 0;
  parallel_ranges(threads, *groups.group_count, 1, places_each * width, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) {
      const int64_t stop = groups.offsets[g + 1];
      if (const int64_t ahead = stop + prefetch_distance; ahead < groups.count) {
        prefetch_row(y + groups.order[ahead] * width, width);
      }
      float* const target = args.target.data + (args.compact ? g : groups.distinct[g]) * width;
      for_vectors(width, [&](int64_t c, int count) {
        Vec sum = {};
        for (int64_t k = groups.offsets[g]; k < stop; ++k) sum += load_some(y + groups.order[k] * width + c, count);
        store_some(target + c, args.accumulate ? load_some(target + c, count) + sum : sum, count);
      });
    }
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
