#include "kernels/gat/cpu_gat.h"
#include "kernels/common/csr_shares.h"
#include "kernels/common/parallel.h"
#include "kernels/common/philox_simd.h"
#include "kernels/gat/cpu_head_dots.h"
#include "kernels/gat/cpu_wide.h"

// Idea: edges are taken in blocks of up to 32 of one row. A block's logits stand side by side, edge by edge and head by head, so
// that
//   LeakyReLU, exponentials and dropout work on whole vectors whatever the number of heads; then a tile of the row's columns
//   stays in registers while the block's x rows (backward: dy rows) are added, each column with the coefficient of its head,
//   which one permutation of the block's coefficients makes. The maximum and the sums are corrected block by block (Milakov &
//   Gimelshein 2018). Backward the block's dy rows are read twice, the second time from the first-level cache.
// One thread owns whole rows, shared out by rows + edges. Every sum has an order that depends on the block's size and 16 lanes
// only:
//   the same bits for every number of threads and for avx2 and avx512.
// Bytes per edge, s = 4 H: forward 4 + s + s D gathered; backward 4 + 4 s + s D, and 8 for the edge's number where it is needed.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int64_t most_block_edges = 32;
// A block's floats fit beside its rows into the first-level cache; 256 heads leave room for one edge.
constexpr int64_t block_floats = 256;
constexpr int cache_line_floats = 16;
constexpr int max_tile = 4;

// A read of a whole vector from any of a block's coefficients may reach this far past them.
constexpr int64_t slack = 2 * wide_floats;
struct BlockArray {
  alignas(64) float at[block_floats + slack] = {};  // what is not selected may be read before it is written
};

/// Up to here a node's numbers per head are read as one vector of eight: a wider read would reach past the store that has just
/// written them, and wait until that has left the store buffer.
constexpr int few_heads = 8;

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
  Shape(int64_t heads_used, int64_t width_used) : heads(heads_used), width(width_used) {
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

template <int stride>
[[gnu::always_inline]] inline void copy_row(const float* from, float* to, int64_t any_stride) {
  if constexpr (stride == 0) {
    for (int64_t h = 0; h < any_stride; h += wide_floats) store_wide(to + h, load_wide(from + h));
  } else {
    __builtin_memcpy(to, from, stride * sizeof(float));
  }
}

/// Numbers per head repeated over a Wide, or one of several Wides where there are more than 16 heads.
template <int stride>
[[gnu::always_inline]] inline Wide heads_of(const float* per_head, int64_t phase) {
  if constexpr (stride == 0) return load_wide(per_head + phase * wide_floats);
  float repeated[wide_floats];
#pragma GCC unroll 16
  for (int l = 0; l < wide_floats; ++l) repeated[l] = per_head[stride == 0 ? 0 : l % (stride == 0 ? 1 : stride)];
  return load_wide(repeated);
}

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
  alignas(64) uint32_t words_[capacity + 4 * lanes + slack];
};

/// drop(values): `words` stand as the values do.
[[gnu::always_inline]] inline Wide dropped(const Wide& values, const uint32_t* words, AttentionDropout dropout) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) {
    VecU word;
    __builtin_memcpy(&word, words + i * lanes, sizeof word);
    r.v[i] = select((VecI)(word < dropout.threshold), Vec{}, values.v[i] * broadcast(dropout.scale));
  }
  return r;
}

[[gnu::always_inline]] inline Wide leaky(const Wide& raw, float slope) {
  return map(
      raw, [slope](Vec x) __attribute__((always_inline)) { return select(x > Vec{}, x, x * broadcast(slope)); });
}
[[gnu::always_inline]] inline Wide where_positive(const Wide& raw, const Wide& a, const Wide& b) {
  Wide r;
#pragma GCC unroll 4
  for (int i = 0; i < wide_vectors; ++i) r.v[i] = select(raw.v[i] > Vec{}, a.v[i], b.v[i]);
  return r;
}
[[gnu::always_inline]] inline Wide inverse_of(const Wide& x) {
  return map(
      x, [](Vec a) __attribute__((always_inline)) { return broadcast(1.0f) / a; });
}
[[gnu::always_inline]] inline Wide exp_minus(const Wide& x, const Wide& most) {
  return map(
      x, most, [](Vec a, Vec b) __attribute__((always_inline)) { return exp_of(a - b); });
}

/// to[c] (+)= sum over the block's edges of factors[e][head of c] * rows[source e][c], for `tile` vectors of columns from
/// `column` on; and the same with other factors into `to2` where `both`. `fresh`: the outputs hold nothing yet.
template <int tile, bool both, bool few>
void add_tile(const Shape& shape, int64_t column, const float* rows, const int32_t* row_ids, int64_t count, const float* factors,
              const float* factors2, bool fresh, float* to, float* to2) {
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
[[gnu::always_inline]] inline void add_rows(const Shape& shape, const float* rows, const int32_t* row_ids, int64_t count,
                                            const float* factors, const float* factors2, bool fresh, float* to, float* to2) {
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
void scale_row(const Shape& shape, const float* factors, float* row) {
  for (int64_t column = 0; column < shape.width; column += lanes) {
    ColumnHeads room;
    const ColumnHeads& heads = shape.heads_of(column, room);
    const int some = shape.width - column < lanes ? static_cast<int>(shape.width - column) : lanes;
    store_first(row + column, load_first(row + column, some) * heads.template of<few>(factors), some);
  }
}

/// row[c] += factors[head of c] * weights[c] + factors2[head of c] * weights2[c].
template <bool few>
void add_weights(const Shape& shape, const float* factors, const float* weights, const float* factors2, const float* weights2,
                 bool fresh, float* row) {
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

void zero(float* p, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] = 0;
}

[[gnu::always_inline]] inline void prefetch_row(const float* row, int64_t width) {
  for (int64_t c = 0; c < width; c += cache_line_floats) __builtin_prefetch(row + c);
}

template <int stride>
void forward_rows(const GatForwardArgs& args, const Shape& shape, AttentionDropout dropout, int64_t begin, int64_t end) {
  constexpr int period = stride == 0 ? wide_floats : stride;
  constexpr bool few = stride != 0 && stride <= few_heads;
  const CsrView& a = args.incoming;
  const int64_t step = stride == 0 ? shape.stride : stride;
  const int64_t phases = stride == 0 ? step / wide_floats : 1;
  const int64_t heads = shape.heads;
  const bool keeps = args.kept.statistics != nullptr;
  const float slope = args.use.slope;
  const int64_t last_edge = a.row_offsets[end];
  Words words(args.use.random, step);
  BlockArray raw, weight, weight_positive;
  // Per head: the running maximum, the sums and the correction of what is summed already. Repeated where there are few heads.
  BlockArray most, sum, sum_positive, correction;
  for (int64_t row = begin; row < end; ++row) {
    float* const y = args.y.data + row * shape.width;
    float* const positive = keeps ? args.kept.positive + row * shape.width : nullptr;
    const int64_t stop = a.row_offsets[row + 1];
    const int64_t start = a.row_offsets[row];
    for (int64_t k = start; k < stop; k += shape.block_edges) {
      const bool fresh = k == start;
      const bool only = fresh && stop - k <= shape.block_edges;
      const int64_t count = stop - k < shape.block_edges ? stop - k : shape.block_edges;
      const int64_t size = count * step;
      for (int64_t e = 0; e < count; ++e) {
        const int64_t source = a.col_indices[k + e];
        prefetch_row(args.x.data + source * shape.width, shape.width);
        copy_row<stride>(args.source_scores + source * step, raw.at + e * step, step);
      }
      if (args.use.edge_scores != nullptr) {
        for (int64_t e = 0; e < count; ++e) {
          for (int64_t h = 0; h < heads; ++h) raw.at[e * step + h] += args.use.edge_scores[(k + e) * heads + h];
        }
      }
      for (int64_t phase = 0; phase < phases; ++phase) {
        const Wide target = heads_of<stride>(args.target_scores + row * step, phase);
        Wide greatest = fresh ? wide(-__builtin_inff()) : load_wide(most.at + phase * wide_floats);
        const Wide before = greatest;
        for (int64_t f = phase * wide_floats; f < size; f += phases * wide_floats) {
          const Wide value = load_wide(raw.at + f) + target;
          store_wide(raw.at + f, value);
          // What stands behind the block's end takes no part.
          greatest = greater_of(greatest, select(first_of_wide(size - f), leaky(value, slope), wide(-__builtin_inff())));
        }
        greatest = fold_max<period>(greatest);
        store_wide(most.at + phase * wide_floats, greatest);
        Wide total = wide(0);
        Wide total_positive = wide(0);
        if (!fresh) {
          const Wide factor = exp_minus(before, greatest);
          store_wide(correction.at + phase * wide_floats, factor);
          total = load_wide(sum.at + phase * wide_floats) * factor;
          total_positive = load_wide(sum_positive.at + phase * wide_floats) * factor;
        }
        for (int64_t f = phase * wide_floats; f < size; f += phases * wide_floats) {
          const Wide value = load_wide(raw.at + f);
          const Wide p = select(first_of_wide(size - f), exp_minus(leaky(value, slope), greatest), wide(0));
          store_wide(weight.at + f, p);
          total = total + p;
          total_positive = total_positive + where_positive(value, p, wide(0));
        }
        Wide inverse = wide(1);
        if (only) {  // the sums are whole, so the weights can be what they are to be
          inverse = inverse_of(fold_sum<period>(total));
          store_wide(sum.at + phase * wide_floats, inverse);
          store_wide(sum_positive.at + phase * wide_floats, fold_sum<period>(total_positive) * inverse);
        } else {
          store_wide(sum.at + phase * wide_floats, total);
          store_wide(sum_positive.at + phase * wide_floats, total_positive);
        }
        const uint32_t* const drawn = dropout.threshold != 0 ? words.of_run(k, count, last_edge) : nullptr;
        for (int64_t f = phase * wide_floats; f < size; f += phases * wide_floats) {
          Wide kept = load_wide(weight.at + f) * inverse;
          if (drawn != nullptr) kept = dropped(kept, drawn + f, dropout);
          store_wide(weight.at + f, kept);
          if (keeps) store_wide(weight_positive.at + f, where_positive(load_wide(raw.at + f), kept, wide(0)));
        }
      }
      if (!fresh) {
        scale_row<few>(shape, correction.at, y);
        if (keeps) scale_row<few>(shape, correction.at, positive);
      }
      if (keeps) {
        add_rows<true, few>(shape, args.x.data, a.col_indices + k, count, weight.at, weight_positive.at, fresh, y, positive);
      } else {
        add_rows<false, few>(shape, args.x.data, a.col_indices + k, count, weight.at, weight.at, fresh, y, y);
      }
    }
    float* const statistics = keeps ? args.kept.statistics + row * 3 * step : nullptr;
    if (start == stop) {
      zero(y, shape.width);
      if (keeps) {
        zero(positive, shape.width);
        zero(statistics, 3 * step);
      }
      continue;
    }
    if (stop - start > shape.block_edges) {
      for (int64_t phase = 0; phase < phases; ++phase) {
        const int64_t at = phase * wide_floats;
        const Wide inverse = inverse_of(fold_sum<period>(load_wide(sum.at + at)));
        store_wide(sum.at + at, inverse);
        store_wide(sum_positive.at + at, fold_sum<period>(load_wide(sum_positive.at + at)) * inverse);
      }
      scale_row<few>(shape, sum.at, y);
      if (keeps) scale_row<few>(shape, sum.at, positive);
    }
    if (keeps) {
      copy_row<stride>(most.at, statistics, step);
      copy_row<stride>(sum.at, statistics + step, step);
      copy_row<stride>(sum_positive.at, statistics + 2 * step, step);
    }
  }
}

/// Per target: the record that the walk gathers, and the gradient of the target's score.
template <int stride>
void prepare_rows(const GatBackwardArgs& args, const Shape& shape, float* records, int64_t begin, int64_t end) {
  const int64_t step = stride == 0 ? shape.stride : stride;
  for (int64_t row = begin; row < end; ++row) {
    const float* const dy = args.dy.data + row * shape.width;
    const float* const y = args.y.data + row * shape.width;
    const float* const positive = args.kept.positive + row * shape.width;
    const float* const statistics = args.kept.statistics + row * 3 * step;
    float* const record = records + row * gat_record_fields * step;
    float* const dtarget = args.dtarget_scores + row * step;
    copy_row<stride>(args.target_scores + row * step, record, step);
    copy_row<stride>(statistics, record + step, step);
    copy_row<stride>(statistics + step, record + 2 * step, step);
    float* const delta = record + 3 * step;
    head_dots(dy, y, shape.heads, shape.columns, step, delta);
    head_dots(dy, positive, shape.heads, shape.columns, step, dtarget);
    // Over all edges of a target the gradients of its logits sum to 0, so those with raw <= 0 sum to minus the others'.
    for (int64_t h = 0; h < step; ++h) dtarget[h] = (1 - args.use.slope) * (dtarget[h] - delta[h] * statistics[2 * step + h]);
  }
}

template <int stride>
void backward_rows(const GatBackwardArgs& args, const Shape& shape, AttentionDropout dropout, const float* records, int64_t begin,
                   int64_t end) {
  constexpr int period = stride == 0 ? wide_floats : stride;
  constexpr bool few = stride != 0 && stride <= few_heads;
  const CsrView& a = args.outgoing;
  const int64_t step = stride == 0 ? shape.stride : stride;
  const int64_t phases = stride == 0 ? step / wide_floats : 1;
  const float slope = args.use.slope;
  Words words(args.use.random, step);
  BlockArray target, most, inverse, delta, dots, weight, change;
  BlockArray total, own;
  int64_t numbers[most_block_edges];
  for (int64_t row = begin; row < end; ++row) {
    const float* const x = args.x.data + row * shape.width;
    float* const dx = args.dx.data + row * shape.width;
    const int64_t start = a.row_offsets[row];
    const int64_t stop = a.row_offsets[row + 1];
    for (int64_t at = 0; at < phases * wide_floats; at += wide_floats) store_wide(total.at + at, wide(0));
    for (int64_t k = start; k < stop; k += shape.block_edges) {
      const int64_t count = stop - k < shape.block_edges ? stop - k : shape.block_edges;
      const int64_t size = count * step;
      const int32_t* const ids = a.col_indices + k;
      for (int64_t e = 0; e < count; ++e) {
        const float* const record = records + ids[e] * gat_record_fields * step;
        prefetch_row(args.dy.data + ids[e] * shape.width, shape.width);
        copy_row<stride>(record, target.at + e * step, step);
        copy_row<stride>(record + step, most.at + e * step, step);
        copy_row<stride>(record + 2 * step, inverse.at + e * step, step);
        copy_row<stride>(record + 3 * step, delta.at + e * step, step);
      }
      if (args.use.edge_scores != nullptr || dropout.threshold != 0) {
        for (int64_t e = 0; e < count; ++e) numbers[e] = a.value_index == nullptr ? k + e : a.value_index[k + e];
      }
      if (args.use.edge_scores != nullptr) {
        for (int64_t e = 0; e < count; ++e) {
          for (int64_t h = 0; h < shape.heads; ++h) {
            target.at[e * step + h] += args.use.edge_scores[numbers[e] * shape.heads + h];
          }
        }
      }
      const uint32_t* const drawn = dropout.threshold != 0 ? words.of_each(numbers, count) : nullptr;
      for (int64_t e = 0; e < count; ++e) {
        head_dots(args.dy.data + ids[e] * shape.width, x, shape.heads, shape.columns, step, dots.at + e * step);
      }
      for (int64_t phase = 0; phase < phases; ++phase) {
        const Wide source = heads_of<stride>(args.source_scores + row * step, phase);
        Wide sum = load_wide(total.at + phase * wide_floats);
        for (int64_t f = phase * wide_floats; f < size; f += phases * wide_floats) {
          const WideMask inside = first_of_wide(size - f);
          const Wide raw = load_wide(target.at + f) + source;
          const Wide alpha = exp_minus(leaky(raw, slope), load_wide(most.at + f)) * load_wide(inverse.at + f);
          Wide kept = alpha;
          if (drawn != nullptr) kept = dropped(alpha, drawn + f, dropout);
          store_wide(weight.at + f, kept);
          Wide d;
#pragma GCC unroll 4
          for (int i = 0; i < wide_vectors; ++i) {
            d.v[i] = kept.v[i] * load(dots.at + f + i * lanes) - alpha.v[i] * load(delta.at + f + i * lanes);
          }
          d = select(inside, where_positive(raw, d, d * wide(slope)), wide(0));
          if (args.dedge_scores != nullptr) store_wide(change.at + f, d);
          sum = sum + d;
        }
        store_wide(total.at + phase * wide_floats, sum);
      }
      if (args.dedge_scores != nullptr) {
        for (int64_t e = 0; e < count; ++e) {
          const int64_t number = a.value_index == nullptr ? k + e : a.value_index[k + e];
          for (int64_t h = 0; h < shape.heads; ++h) args.dedge_scores[number * shape.heads + h] = change.at[e * step + h];
        }
      }
      add_rows<false, few>(shape, args.dy.data, ids, count, weight.at, weight.at, k == start, dx, dx);
    }
    for (int64_t at = 0; at < phases * wide_floats; at += wide_floats) {
      store_wide(total.at + at, fold_sum<period>(load_wide(total.at + at)));
    }
    copy_row<stride>(total.at, args.dsource_scores + row * step, step);
    // Padded, because a vector of columns reads past the heads.
    copy_row<stride>(args.dtarget_scores + row * step, own.at, step);
    add_weights<few>(shape, total.at, args.source_weights, own.at, args.target_weights, start == stop, dx);
  }
}

/// run.template operator()<stride>().
template <class Run>
[[gnu::always_inline]] inline void with_stride(int64_t stride, const Run& run) {
  switch (stride) {
    case 1: return run.template operator()<1>();
    case 2: return run.template operator()<2>();
    case 4: return run.template operator()<4>();
    case 8: return run.template operator()<8>();
    case 16: return run.template operator()<16>();
    default: return run.template operator()<0>();
  }
}

}  // namespace

void gat_forward(const GatForwardArgs& args, AttentionDropout dropout, Threads threads) {
  const Shape shape(args.use.heads, args.x.cols);
  parallel_row_shares(threads, args.incoming, shape.width, [&](int64_t begin, int64_t end) {
    with_stride(shape.stride, [&]<int stride>() { forward_rows<stride>(args, shape, dropout, begin, end); });
  });
}

void gat_backward(const GatBackwardArgs& args, AttentionDropout dropout, float* records, Threads threads) {
  const Shape shape(args.use.heads, args.x.cols);
  const int64_t small = args.x.rows * shape.width < 4096 ? args.x.rows : 256;
  parallel_ranges(threads, args.x.rows, small > 0 ? small : 1, 0, [&](int64_t begin, int64_t end) {
    with_stride(shape.stride, [&]<int stride>() { prepare_rows<stride>(args, shape, records, begin, end); });
  });
  parallel_row_shares(threads, args.outgoing, shape.width, [&](int64_t begin, int64_t end) {
    with_stride(shape.stride, [&]<int stride>() { backward_rows<stride>(args, shape, dropout, records, begin, end); });
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
