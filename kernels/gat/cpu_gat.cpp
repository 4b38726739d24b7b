#include "kernels/gat/cpu_gat.h"
#include "kernels/common/csr_shares.h"
#include "kernels/common/parallel.h"
#include "kernels/common/wide_simd.h"
#include "kernels/gat/cpu_drop_words.h"
#include "kernels/gat/cpu_head_dots.h"
#include "kernels/gat/cpu_head_tiles.h"

// Idea: edges are taken in blocks of up to 32 of one row. A block's logits stand side by side, edge by edge and head by head,
//   so that LeakyReLU, exponentials and dropout work on whole vectors whatever the number of heads; then a tile of the row's
//   columns stays in registers while the block's x rows (backward: dy rows) are added, each column with the coefficient of its
//   head, which one permutation of the block's coefficients makes. The maximum and the sums are corrected block by block
//   (Milakov & Gimelshein 2018). Backward the block's dy rows are read twice, the second time from the first-level cache.
// One thread owns whole rows, shared out by rows + edges. Every sum has an order that depends on the block's size and 16 lanes
//   only: the same bits for every number of threads and for avx2 and avx512.
// Bytes per edge, s = 4 H: forward 4 + s + s D gathered; backward 4 + 4 s + s D, and 8 for the edge's number where it is needed.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int cache_line_floats = 16;

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
  constexpr int period = stride + (stride == 0);  // at least 1: the remainder is compiled for stride 0 too
  float repeated[wide_floats];
#pragma GCC unroll 16
  for (int l = 0; l < wide_floats; ++l) repeated[l] = per_head[l % period];
  return load_wide(repeated);
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
        // Begun with the least number instead of -inf: where all scores so far are -inf, their weights are then
        // exp(-inf - least) = 0 instead of exp(-inf + inf).
        Wide greatest = fresh ? wide(-__FLT_MAX__) : load_wide(most.at + phase * wide_floats);
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
  parallel_ranges(threads, args.x.rows, 1, shape.width, [&](int64_t begin, int64_t end) {
    with_stride(shape.stride, [&]<int stride>() { prepare_rows<stride>(args, shape, records, begin, end); });
  });
  parallel_row_shares(threads, args.outgoing, shape.width, [&](int64_t begin, int64_t end) {
    with_stride(shape.stride, [&]<int stride>() { backward_rows<stride>(args, shape, dropout, records, begin, end); });
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
