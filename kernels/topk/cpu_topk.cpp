#include "kernels/topk/cpu_topk.h"

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/topk/candidates.h"
#include "kernels/topk/rank_key.h"

// Idea: scores are compared with the row's k-th best so far while they are in registers; few pass (k (1 + ln(n/k)) of n where
// the order is random), and only those are looked up among the excluded columns and put on the row's heap.
//   Given scores: one pass over each row.
//   Products: a thread owns a block of rows. Columns go by in panels of three vectors, turned so that a vector holds one factor
//   of neighbouring columns; a panel stays in the first-level cache while the block's rows are multiplied with it, eight at a
//   time (AVX-512; four where there are 16 registers). Each score is summed in the order of the factors, so its bits depend
//   neither on the threads, nor on how many rows there are, nor on the width of the vectors.
// Bytes: the scores once; or the left factors once and the right ones once per block, 2 m n d operations.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int panel_vectors = 3;
constexpr int panel = panel_vectors * lanes;
static_assert(panel_columns % panel == 0);
constexpr int rows_at_once = vector_registers == 32 ? 8 : 4;

/// The lanes whose score is not at or below the threshold: all where the threshold is NaN, and those whose score is NaN.
[[gnu::always_inline]] inline uint64_t not_below(Vec scores, float threshold) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)scores, _mm512_set1_ps(threshold), _CMP_NLE_UQ);
#elif defined(__AVX2__)
  return static_cast<uint64_t>(_mm256_movemask_ps(_mm256_cmp_ps((__m256)scores, _mm256_set1_ps(threshold), _CMP_NLE_UQ)));
#else
  uint64_t mask = 0;
  for (int i = 0; i < lanes; ++i) mask |= uint64_t{!(scores[i] <= threshold)} << i;
  return mask;
#endif
}

/// One row on its way through the columns.
struct Row {
  uint64_t* candidates;
  int64_t count;
  const int32_t* excluded[2];  ///< the next excluded column not behind us, of either list
  const int32_t* excluded_end[2];
};

[[gnu::always_inline]] inline void begin_row(Row& row, const ExcludedColumns (&exclude)[2], int64_t r, uint64_t* candidates) {
  row.candidates = candidates;
  row.count = 0;
  for (int list = 0; list < 2; ++list) {
    row.excluded[list] = row.excluded_end[list] = nullptr;
    const ExcludedColumns& columns = exclude[list];
    if (columns.row_offsets == nullptr) continue;
    const int64_t source = columns.rows != nullptr ? columns.rows[r] : r;
    if (source < 0) continue;
    row.excluded[list] = columns.col_indices + columns.row_offsets[source];
    row.excluded_end[list] = columns.col_indices + columns.row_offsets[source + 1];
  }
}

/// Columns are asked for in ascending order.
[[gnu::always_inline]] inline bool is_excluded(Row& row, int32_t column) {
  bool found = false;
  for (int list = 0; list < 2; ++list) {
    const int32_t* next = row.excluded[list];
    while (next != row.excluded_end[list] && *next < column) ++next;
    row.excluded[list] = next;
    found = found || (next != row.excluded_end[list] && *next == column);
  }
  return found;
}

/// Puts the scores whose bit is set on the row's heap, and the threshold where the heap then has it.
[[gnu::noinline]] void offer(Row& row, float& threshold, int64_t k, const float* scores, uint64_t mask, int64_t first_column) {
  for (; mask != 0; mask &= mask - 1) {
    const int i = __builtin_ctzll(mask);
    const float score = scores[i];
    if (score <= threshold || score != score) continue;  // the threshold may have risen since
    const auto column = static_cast<int32_t>(first_column + i);
    if (is_excluded(row, column)) continue;
    row.count = add_candidate(row.candidates, row.count, k, rank_key(score, column));
    if (row.count == k) threshold = score_of(row.candidates[0]);
  }
}

/// What all rows keep: nothing passes a comparison with NaN.
constexpr float no_threshold = __builtin_nanf("");

void write_row(const TopKOutput& best, int64_t r, uint64_t* candidates, int64_t count) {
  sort_candidates(candidates, count);
  int32_t* columns = best.columns + r * best.k;
  float* scores = best.scores + r * best.k;
  for (int64_t i = 0; i < count; ++i) {
    columns[i] = column_of(candidates[i]);
    scores[i] = score_of(candidates[i]);
  }
  for (int64_t i = count; i < best.k; ++i) {
    columns[i] = -1;
    scores[i] = -__builtin_inff();
  }
}

/// scan(block, range, first row, rows, first column, end column, Row[], thresholds[]) for each part of the plan; then writes the
/// best of each row.
template <class Scan>
[[gnu::always_inline]] inline void for_parts(int64_t m, int64_t n, const ExcludedColumns (&exclude)[2], const TopKOutput& best,
                                             const TopKPlan& plan, uint64_t* candidates, Threads threads, const Scan& scan) {
  const int64_t k = best.k;
  parallel_chunks(threads, plan.row_blocks * plan.ranges, [&](int64_t chunk) {
    const int64_t range = chunk % plan.ranges;
    const int64_t first = chunk / plan.ranges * plan.rows_per_block;
    const int64_t count = m - first < plan.rows_per_block ? m - first : plan.rows_per_block;
    const int64_t begin = range * plan.columns_per_range;
    const int64_t end = n - begin < plan.columns_per_range ? n : begin + plan.columns_per_range;
    Row rows[most_rows_per_block];
    float thresholds[most_rows_per_block];
    for (int64_t r = 0; r < count; ++r) {
      begin_row(rows[r], exclude, first + r, candidates + ((first + r) * plan.ranges + range) * k);
      thresholds[r] = no_threshold;
    }
    scan(chunk, first, count, begin, end, rows, thresholds);
    for (int64_t r = 0; r < count; ++r) {
      if (plan.ranges == 1) {
        write_row(best, first + r, rows[r].candidates, rows[r].count);
      } else {
        for (int64_t i = rows[r].count; i < k; ++i) rows[r].candidates[i] = 0;  // below every key
      }
    }
  });
  if (plan.ranges == 1) return;
  parallel_chunks(threads, plan.row_blocks, [&](int64_t block) {
    const int64_t end = (block + 1) * plan.rows_per_block < m ? (block + 1) * plan.rows_per_block : m;
    for (int64_t r = block * plan.rows_per_block; r < end; ++r) {
      uint64_t* all = candidates + r * plan.ranges * k;
      int64_t count = 0;
      for (int64_t i = 0; i < plan.ranges * k; ++i) {
        if (all[i] != 0) count = add_candidate(all, count, k, all[i]);
      }
      write_row(best, r, all, count);
    }
  });
}

/// a[i][j] becomes a[j][i]. Each step weaves the first half of the vectors with the second, element by element.
[[gnu::always_inline]] inline void transpose(Vec (&a)[lanes]) {
#pragma GCC unroll 4
  for (int step = 1; step < lanes; step *= 2) {
    Vec woven[lanes];
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; ++i) {
      const Vec x = a[i], y = a[i + lanes / 2];
#if defined(__AVX512F__)
      woven[2 * i] = __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      woven[2 * i + 1] = __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif defined(__AVX2__)
      woven[2 * i] = __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11);
      woven[2 * i + 1] = __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15);
#else
      woven[2 * i] = __builtin_shufflevector(x, y, 0, 4, 1, 5);
      woven[2 * i + 1] = __builtin_shufflevector(x, y, 2, 6, 3, 7);
#endif
    }
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i) a[i] = woven[i];
  }
}

/// panel_factors[f][c] = right[first + c][f], 0 for the columns past the last.
void turn_panel(DenseView<const float> right, int64_t first, int64_t end, float* panel_factors) {
  const int64_t d = right.cols;
  for (int v = 0; v < panel_vectors; ++v) {
    const int64_t column = first + v * lanes;
    for (int64_t f = 0; f < d; f += lanes) {
      const int factors = d - f < lanes ? static_cast<int>(d - f) : lanes;
      Vec tile[lanes];
#pragma GCC unroll 16
      for (int c = 0; c < lanes; ++c) {
        const float* source = right.data + (column + c) * d + f;
        tile[c] = column + c >= end ? Vec{} : factors == lanes ? load(source) : load_first(source, factors);
      }
      transpose(tile);
      float* target = panel_factors + f * panel + v * lanes;
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) {
        if (i < factors) store(target + i * panel, tile[i]);
      }
    }
  }
}

/// `count` rows of left times the panel of columns from `column` on, `width` of which there are.
template <int count>
[[gnu::always_inline]] inline void score_rows(const float* left, int64_t d, const float* panel_factors, int64_t column,
                                              int64_t width, int64_t k, Row* rows, float* thresholds) {
  Vec sum[count][panel_vectors];
#pragma GCC unroll 8
  for (int r = 0; r < count; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < panel_vectors; ++v) sum[r][v] = Vec{};
  }
  for (int64_t f = 0; f < d; ++f) {
    Vec factor[panel_vectors];
#pragma GCC unroll 3
    for (int v = 0; v < panel_vectors; ++v) factor[v] = load(panel_factors + f * panel + v * lanes);
#pragma GCC unroll 8
    for (int r = 0; r < count; ++r) {
      const Vec own = broadcast(left[r * d + f]);
#pragma GCC unroll 3
      for (int v = 0; v < panel_vectors; ++v) sum[r][v] += own * factor[v];
    }
  }
  const uint64_t there = width >= panel ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
#pragma GCC unroll 8
  for (int r = 0; r < count; ++r) {
    uint64_t mask = 0;
#pragma GCC unroll 3
    for (int v = 0; v < panel_vectors; ++v) mask |= not_below(sum[r][v], thresholds[r]) << (v * lanes);
    mask &= there;
    if (__builtin_expect(mask != 0, 0)) {
      float scores[panel];
#pragma GCC unroll 3
      for (int v = 0; v < panel_vectors; ++v) store(scores + v * lanes, sum[r][v]);
      offer(rows[r], thresholds[r], k, scores, mask, column);
    }
  }
}

}  // namespace

void top_k(const TopKArgs& args, const TopKPlan& plan, const TopKWorkspace& workspace, Threads threads) {
  const int64_t n = args.scores.cols;
  const int64_t k = args.best.k;
  for_parts(args.scores.rows, n, args.exclude, args.best, plan, workspace.candidates, threads,
            [&](int64_t, int64_t first, int64_t count, int64_t begin, int64_t end, Row* rows, float* thresholds) {
              for (int64_t r = 0; r < count; ++r) {
                const float* scores = args.scores.data + (first + r) * n;
                int64_t column = begin;
                for (; column + 4 * lanes <= end; column += 4 * lanes) {
                  uint64_t mask = 0;
#pragma GCC unroll 4
                  for (int v = 0; v < 4; ++v) mask |= not_below(load(scores + column + v * lanes), thresholds[r]) << (v * lanes);
                  if (mask != 0) offer(rows[r], thresholds[r], k, scores + column, mask, column);
                }
                if (column < end) {
                  const uint64_t rest = (uint64_t{1} << (end - column)) - 1;
                  offer(rows[r], thresholds[r], k, scores + column, rest, column);
                }
              }
            });
}

void score_top_k(const ScoreTopKArgs& args, const TopKPlan& plan, const TopKWorkspace& workspace, Threads threads) {
  const int64_t d = args.left.cols;
  const int64_t k = args.best.k;
  for_parts(args.left.rows, args.right.rows, args.exclude, args.best, plan, workspace.candidates, threads,
            [&](int64_t chunk, int64_t first, int64_t count, int64_t begin, int64_t end, Row* rows, float* thresholds) {
              float* panel_factors = workspace.panels + chunk * panel_columns * d;
              for (int64_t column = begin; column < end; column += panel) {
                turn_panel(args.right, column, end, panel_factors);
                const float* left = args.left.data + first * d;
                int64_t r = 0;
                for (; r + rows_at_once <= count; r += rows_at_once) {
                  score_rows<rows_at_once>(left + r * d, d, panel_factors, column, end - column, k, rows + r, thresholds + r);
                }
                for (; r < count; ++r)
                  score_rows<1>(left + r * d, d, panel_factors, column, end - column, k, rows + r, thresholds + r);
              }
            });
}

}  // namespace heddle::kernels::HEDDLE_ISA
