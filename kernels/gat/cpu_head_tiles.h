#pragma once

#include "kernels/common/wide_simd.h"
#include "kernels/gat/gat.h"

// Rows of a block of edges, weighted head by head and added up. Static functions: see simd.h.
namespace heddle::kernels::HEDDLE_ISA {

inline constexpr int64_t most_block_edges = 32;
// A block's floats fit beside its rows into the first-level cache; 256 heads leave room for one edge.
inline constexpr int64_t block_floats = 256;
inline constexpr int max_tile = 4;

struct BlockArray {
  alignas(64) float at[block_floats + wide_slack] = {};  // what is not selected may be read before it is written
};

/// Up to here a node's numbers per head are read as one vector of eight: a wider read would reach past the store that has just
/// written them, and wait until that has left the store buffer.
inline constexpr int few_heads = 8;

/// A vector of columns as a selection from per-head numbers: column c takes number c / columns.
struct ColumnHeads {
  int64_t first = 0;
  VecI index = {};

  [[gnu::always_inline]] inline void set(int64_t column, int64_t columns, int64_t width) {
    first = width <= (lanes < few_heads ? lanes : few_heads) * columns ? 0 : column / columns;
    int64_t head = column / columns;
    int64_t left = columns - column % columns;
    int32_t numbers[lanes] = {};
    for (int l = 0; l < lanes && column + l < width; ++l) {
      numbers[l] = static_cast<int32_t>(head - first);
      if (--left == 0) {
        ++head;
        left = columns;
      }
    }
    __builtin_memcpy(&index, numbers, sizeof index);
  }
  template <bool few>
  [[gnu::always_inline]] inline Vec of(const float* per_head) const {
#if defined(__AVX512F__)
    if constexpr (few) return permute((Vec)_mm512_castps256_ps512(_mm256_loadu_ps(per_head)), index);
#endif
    return permute(load(per_head + first), index);
  }
};

/// Sizes of one use. `stride` is a template argument below where it is at most 16 (whole rows of it make a Wide), else 0.
struct Shape {
  [[gnu::always_inline]] inline Shape(int64_t heads_used, int64_t width_used) : heads(heads_used), width(width_used) {
    const int64_t edges = block_floats / stride;
    if (edges < block_edges) block_edges = edges;
    for (int64_t v = 0; v < table_vectors && v * lanes < width; ++v) table[v].set(v * lanes, columns, width);
  }

  /// Of the vector of columns that begins with `column`, a multiple of `lanes`; made in `room` where the table does not reach.
  [[gnu::always_inline]] inline const ColumnHeads& heads_of(int64_t column, ColumnHeads& room) const {
    if (column < table_vectors * lanes) return table[column / lanes];
    room.set(column, columns, width);
    return room;
  }

  int64_t heads, width;
  int64_t stride = head_stride(heads);
  int64_t columns = heads > 0 ? width / heads : 0;  // of a head
  int64_t block_edges = most_block_edges;
  static constexpr int table_vectors = 32;
  ColumnHeads table[table_vectors];
};

/// to[c] (+)= sum over the block's edges of factors[e][head of c] * rows[source e][c], for `tile` vectors of columns from
/// `column` on; and the same with other factors into `to2` where `both`. `fresh`: the outputs hold nothing yet.
template <int tile, bool both, bool few>
static void add_tile(const Shape& shape, int64_t column, const float* rows, const int32_t* row_ids, int64_t count,
                     const float* factors, const float* factors2, bool fresh, float* to, float* to2) {
  ColumnHeads heads[tile];
  Vec sum[tile], sum2[tile];
  const int64_t rest = shape.width - column - (tile - 1) * lanes;
  const int last = rest < lanes ? static_cast<int>(rest) : lanes;
#pragma GCC unroll 4
  for (int t = 0; t < tile; ++t) {
    ColumnHeads room;
    heads[t] = shape.heads_of(column + t * lanes, room);
    const int some = t + 1 < tile ? lanes : last;
    sum[t] = fresh ? Vec{} : load_first(to + column + t * lanes, some);
    if constexpr (both) sum2[t] = fresh ? Vec{} : load_first(to2 + column + t * lanes, some);
  }
  for (int64_t e = 0; e < count; ++e) {
    const float* const row = rows + row_ids[e] * shape.width + column;
    const float* const factor = factors + e * shape.stride;
    const float* const factor2 = factors2 + e * shape.stride;
#pragma GCC unroll 4
    for (int t = 0; t < tile; ++t) {
      const Vec value = t + 1 < tile ? load(row + t * lanes) : load_first(row + t * lanes, last);
      sum[t] += heads[t].template of<few>(factor) * value;
      if constexpr (both) sum2[t] += heads[t].template of<few>(factor2) * value;
    }
  }
#pragma GCC unroll 4
  for (int t = 0; t < tile; ++t) {
    const int some = t + 1 < tile ? lanes : last;
    store_first(to + column + t * lanes, sum[t], some);
    if constexpr (both) store_first(to2 + column + t * lanes, sum2[t], some);
  }
}

template <bool both, bool few>
[[gnu::always_inline]] static inline void add_rows(const Shape& shape, const float* rows, const int32_t* row_ids, int64_t count,
                                                   const float* factors, const float* factors2, bool fresh, float* to,
                                                   float* to2) {
  int64_t column = 0;
  for (; column + (max_tile - 1) * lanes < shape.width; column += max_tile * lanes) {
    add_tile<max_tile, both, few>(shape, column, rows, row_ids, count, factors, factors2, fresh, to, to2);
  }
  switch ((shape.width - column + lanes - 1) / lanes) {
    case 1: return add_tile<1, both, few>(shape, column, rows, row_ids, count, factors, factors2, fresh, to, to2);
    case 2: return add_tile<2, both, few>(shape, column, rows, row_ids, count, factors, factors2, fresh, to, to2);
    case 3: return add_tile<3, both, few>(shape, column, rows, row_ids, count, factors, factors2, fresh, to, to2);
    default: return;
  }
}

/// row[c] *= factors[head of c].
template <bool few>
static void scale_row(const Shape& shape, const float* factors, float* row) {
  for (int64_t column = 0; column < shape.width; column += lanes) {
    ColumnHeads room;
    const ColumnHeads& heads = shape.heads_of(column, room);
    const int some = shape.width - column < lanes ? static_cast<int>(shape.width - column) : lanes;
    store_first(row + column, load_first(row + column, some) * heads.template of<few>(factors), some);
  }
}

/// row[c] += factors[head of c] * weights[c] + factors2[head of c] * weights2[c].
template <bool few>
static void add_weights(const Shape& shape, const float* factors, const float* weights, const float* factors2,
                        const float* weights2, bool fresh, float* row) {
  for (int64_t column = 0; column < shape.width; column += lanes) {
    ColumnHeads room;
    const ColumnHeads& heads = shape.heads_of(column, room);
    const int some = shape.width - column < lanes ? static_cast<int>(shape.width - column) : lanes;
    Vec sum = fresh ? Vec{} : load_first(row + column, some);
    sum += heads.template of<few>(factors) * load_first(weights + column, some);
    sum += heads.template of<few>(factors2) * load_first(weights2 + column, some);
    store_first(row + column, sum, some);
  }
}

}  // namespace heddle::kernels::HEDDLE_ISA
