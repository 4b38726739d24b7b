#include "kernels/topk/topk.h"

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"
#include "kernels/topk/rank_key.h"

// Idea: a block owns one row (of given scores) or a few (of products) and walks the columns. Each row has a list in shared
// memory; a thread appends the columns that rank above the row's k-th best known so far and are not excluded. When a list could
// overflow, the block sorts it (bitonic) and keeps the k best: three or four times a row, since fewer and fewer columns pass.
// The order of appending depends on the schedule, the sorted list does not: ranks are distinct numbers.
//   Products: a thread owns two columns at a time and reads their factors 16 bytes at a time, against rows that stand in shared
//   memory; scores stay in registers, each summed in the order of the factors.
// Bytes: 4 m n; or 4 m n d / rows of a block from the cache (n d once from memory where that holds the right factors).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 128;
constexpr int columns_per_thread = 2;
constexpr int scores_per_thread = 4;
constexpr int factors_at_once = 64;

/// Lists of `capacity` candidates for `rows` rows of a block. `capacity` is a power of two.
template <int rows, int capacity>
struct Lists {
  uint64_t (*keys)[capacity];
  uint64_t* least;  ///< per row: what a key must exceed
  int* count;

  __device__ __forceinline__ void clear() const {
    for (int r = static_cast<int>(threadIdx.x); r < rows; r += block_threads) {
      count[r] = 0;
      least[r] = 0;
    }
    __syncthreads();
  }

  __device__ __forceinline__ void append(int r, uint64_t key) const { keys[r][atomicAdd(&count[r], 1)] = key; }

  /// Sorts row r's list, greatest first, and keeps k. Every thread calls it; appends before it are seen after a barrier only.
  __device__ __forceinline__ void keep_best(int r, int k) const {
    uint64_t* const list = keys[r];
    for (int i = count[r] + static_cast<int>(threadIdx.x); i < capacity; i += block_threads) list[i] = 0;
    for (int size = 2; size <= capacity; size *= 2) {
      for (int stride = size / 2; stride > 0; stride /= 2) {
        __syncthreads();
        for (int pair = static_cast<int>(threadIdx.x); pair < capacity / 2; pair += block_threads) {
          const int low = 2 * stride * (pair / stride) + pair % stride;
          const uint64_t a = list[low], b = list[low + stride];
          if ((a < b) == ((low & size) == 0)) {
            list[low] = b;
            list[low + stride] = a;
          }
        }
      }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      const int kept = min(count[r], k);
      count[r] = kept;
      if (kept == k) least[r] = list[k - 1];
    }
    __syncthreads();
  }

  /// Makes room for `arriving` more candidates in every list.
  __device__ __forceinline__ void make_room(int arriving, int k) const {
    __syncthreads();
    bool full[rows];
    HEDDLE_UNROLL
    for (int r = 0; r < rows; ++r) full[r] = count[r] + arriving > capacity;
    __syncthreads();  // nobody appends before all have looked
    HEDDLE_UNROLL
    for (int r = 0; r < rows; ++r) {
      if (full[r]) keep_best(r, k);
    }
  }

  __device__ __forceinline__ void write(int r, int64_t row, const TopKOutput& best) const {
    __syncthreads();
    keep_best(r, static_cast<int>(best.k));
    for (int64_t i = threadIdx.x; i < best.k; i += block_threads) {
      const uint64_t key = i < count[r] ? keys[r][i] : 0;
      best.columns[row * best.k + i] = key == 0 ? -1 : column_of(key);
      best.scores[row * best.k + i] = key == 0 ? -INFINITY : score_of(key);
    }
  }
};

struct Exclude {
  ExcludedColumns lists[2];
};

__device__ bool is_excluded(const Exclude& exclude, int64_t row, int32_t column) {
  HEDDLE_UNROLL
  for (int i = 0; i < 2; ++i) {
    const ExcludedColumns& list = exclude.lists[i];
    if (list.row_offsets == nullptr) continue;
    const int64_t source = list.rows != nullptr ? list.rows[row] : row;
    if (source < 0) continue;
    int64_t low = list.row_offsets[source];
    int64_t high = list.row_offsets[source + 1];
    const int64_t end = high;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (list.col_indices[middle] < column) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low < end && list.col_indices[low] == column) return true;
  }
  return false;
}

template <int rows, int capacity>
__device__ __forceinline__ void offer(const Lists<rows, capacity>& lists, int r, int64_t row, float score, int64_t column,
                                      const Exclude& exclude) {
  if (score != score) return;  // NaN
  const uint64_t key = rank_key(score, static_cast<int32_t>(column));
  if (key > lists.least[r] && !is_excluded(exclude, row, static_cast<int32_t>(column))) lists.append(r, key);
}

template <int capacity>
__global__ void __launch_bounds__(block_threads)
    top_k_kernel(int64_t n, const float* __restrict__ scores, Exclude exclude, TopKOutput best) {
  SHARED(uint64_t, keys, 1, capacity);
  SHARED(uint64_t, least, 1);
  SHARED(int, count, 1);
  const Lists<1, capacity> lists{keys, least, count};
  constexpr int tile = block_threads * scores_per_thread;
  const int64_t row = blockIdx.x;
  const float* const own = scores + row * n;
  lists.clear();
  for (int64_t first = 0; first < n; first += tile) {
    lists.make_room(tile, static_cast<int>(best.k));
    HEDDLE_UNROLL
    for (int i = 0; i < scores_per_thread; ++i) {
      const int64_t column = first + i * block_threads + threadIdx.x;
      if (column < n) offer(lists, 0, row, own[column], column, exclude);
    }
  }
  lists.write(0, row, best);
}

/// `wide`: the factors may be read in quads.
template <int rows, int capacity, bool wide>
__global__ void __launch_bounds__(block_threads)
    score_top_k_kernel(int64_t m, int64_t n, int64_t d, const float* __restrict__ left, const float* __restrict__ right,
                       Exclude exclude, TopKOutput best) {
  SHARED(uint64_t, keys, rows, capacity);
  SHARED(uint64_t, least, rows);
  SHARED(int, count, rows);
  SHARED(float, own, rows, factors_at_once);
  const Lists<rows, capacity> lists{keys, least, count};
  constexpr int tile = block_threads * columns_per_thread;
  constexpr int step = wide ? 4 : 1;
  const int64_t first_row = int64_t{blockIdx.x} * rows;
  lists.clear();
  for (int64_t first = 0; first < n; first += tile) {
    lists.make_room(tile, static_cast<int>(best.k));
    float sum[rows][columns_per_thread] = {};
    const float* factors[columns_per_thread];
    HEDDLE_UNROLL
    for (int c = 0; c < columns_per_thread; ++c) {
      const int64_t column = first + c * block_threads + threadIdx.x;
      factors[c] = right + min(column, n - 1) * d;
    }
    for (int64_t begin = 0; begin < d; begin += factors_at_once) {
      const int some = static_cast<int>(min(int64_t{factors_at_once}, d - begin));
      if (first == 0 || d > factors_at_once) {
        __syncthreads();
        for (int i = static_cast<int>(threadIdx.x); i < rows * factors_at_once; i += block_threads) {
          const int64_t row = first_row + i / factors_at_once;
          const int f = i % factors_at_once;
          own[i / factors_at_once][f] = row < m && f < some ? left[row * d + begin + f] : 0.0f;
        }
        __syncthreads();
      }
      for (int f = 0; f < some; f += step) {
        float x[columns_per_thread][step];
        HEDDLE_UNROLL
        for (int c = 0; c < columns_per_thread; ++c) {
          if constexpr (wide) {
            const float4 quad = load4(factors[c] + begin + f);
            x[c][0] = quad.x;
            x[c][1] = quad.y;
            x[c][2] = quad.z;
            x[c][3] = quad.w;
          } else {
            x[c][0] = factors[c][begin + f];
          }
        }
        HEDDLE_UNROLL
        for (int r = 0; r < rows; ++r) {
          float y[step];
          if constexpr (wide) {
            const float4 quad = load4(&own[r][f]);
            y[0] = quad.x;
            y[1] = quad.y;
            y[2] = quad.z;
            y[3] = quad.w;
          } else {
            y[0] = own[r][f];
          }
          HEDDLE_UNROLL
          for (int s = 0; s < step; ++s) {
            HEDDLE_UNROLL
            for (int c = 0; c < columns_per_thread; ++c) sum[r][c] += y[s] * x[c][s];
          }
        }
      }
    }
    HEDDLE_UNROLL
    for (int r = 0; r < rows; ++r) {
      HEDDLE_UNROLL
      for (int c = 0; c < columns_per_thread; ++c) {
        const int64_t column = first + c * block_threads + threadIdx.x;
        if (column < n && first_row + r < m) offer(lists, r, first_row + r, sum[r][c], column, exclude);
      }
    }
  }
  for (int r = 0; r < rows && first_row + r < m; ++r) lists.write(r, first_row + r, best);
}

/// A warp per row; squares are summed in double, which they neither overflow nor leave.
__global__ void __launch_bounds__(block_threads) normalise_rows_kernel(int64_t rows, int64_t d, const float* x, float* y) {
  const int64_t row = (int64_t{blockIdx.x} * block_threads + threadIdx.x) / 32;
  if (row >= rows) return;
  double sum = 0;
  for (int64_t i = lane_id(); i < d; i += 32) sum += static_cast<double>(x[row * d + i]) * x[row * d + i];
  sum = group_sum<32>(sum);
  const double factor = sum == 0 ? 0 : 1 / sqrt(sum);
  for (int64_t i = lane_id(); i < d; i += 32) y[row * d + i] = static_cast<float>(x[row * d + i] * factor);
}

template <int rows, int capacity>
void launch_score_top_k(const ScoreTopKArgs& args, Stream& stream) {
  const auto& [left, right, exclude, best] = args;
  const int64_t m = left.rows, d = left.cols;
  const bool wide = d % 4 == 0 && aligned_for_quads(right.data);
  launch(wide ? score_top_k_kernel<rows, capacity, true> : score_top_k_kernel<rows, capacity, false>, (m + rows - 1) / rows,
         block_threads, 0, stream, m, right.rows, d, left.data, right.data, Exclude{{exclude[0], exclude[1]}}, best);
}

}  // namespace

// A list holds k and what one round may add.
void top_k(const TopKArgs& args, Stream& stream) {
  launch(args.best.k <= 512 ? top_k_kernel<1024> : top_k_kernel<2048>, args.scores.rows, block_threads, 0, stream,
         args.scores.cols, args.scores.data, Exclude{{args.exclude[0], args.exclude[1]}}, args.best);
}

void score_top_k(const ScoreTopKArgs& args, Stream& stream) {
  args.best.k <= 256 ? launch_score_top_k<8, 512>(args, stream) : launch_score_top_k<2, 2048>(args, stream);
}

void normalise_rows(DenseView<const float> x, DenseView<float> y, Stream& stream) {
  constexpr int rows_per_block = block_threads / 32;
  launch(normalise_rows_kernel, (x.rows + rows_per_block - 1) / rows_per_block, block_threads, 0, stream, x.rows, x.cols, x.data,
         y.data);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
