#include "kernels/gat/cpu_gatv2.h"

#include "kernels/common/csr_shares.h"
#include "kernels/common/philox_simd.h"
#include "kernels/common/wide_simd.h"

// Idea: a thread owns whole rows and walks each one's edges, head by head: the score, the running maximum and sum, the row.
// Backward
//   the targets' walk comes first (their gradient, delta and share of da), then the sources'; both compute the scores again.
// Bytes per edge, s = 4 H: forward 4 + s D gathered; backward 4 + s D for the targets' walk, 4 + 3 s + 2 s D for the sources'.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

/// Half of the columns that a vector holds at the end of a head are not there: loads and stores of `some`.
template <class F>
[[gnu::always_inline]] inline void for_columns(int64_t columns, const F& f) {
  for (int64_t c = 0; c < columns; c += lanes) f(c, columns - c < lanes ? static_cast<int>(columns - c) : lanes);
}

[[gnu::always_inline]] inline Vec leaky(Vec z, float slope) { return select(z > Vec{}, z, z * broadcast(slope)); }

/// <a, LeakyReLU(x + y)>: sixteen sums of every sixteenth product, folded, on every instruction set.
float score(const float* x, const float* y, const float* a, int64_t columns, float slope) {
  Wide sum = wide(0);
  for (int64_t c = 0; c < columns; c += wide_floats) {
#pragma GCC unroll 4
    for (int i = 0; i < wide_vectors; ++i) {
      const int64_t rest = columns - c - i * lanes;
      if (rest <= 0) break;
      const int some = rest < lanes ? static_cast<int>(rest) : lanes;
      const int64_t at = c + i * lanes;
      sum.v[i] += load_first(a + at, some) * leaky(load_first(x + at, some) + load_first(y + at, some), slope);
    }
  }
  return fold_sum<1>(sum).v[0][0];
}

float exponential(float x) { return exp_of(broadcast(x))[0]; }

float drop_factor(const GatUse& use, AttentionDropout dropout, int64_t edge, int64_t head) {
  if (dropout.threshold == 0) return 1;
  const auto element = static_cast<uint64_t>(edge * head_stride(use.heads) + head);
  const RandomBlock block =
      random_words_of_calls(use.random.seed, use.random.purpose, use.random.step != nullptr ? *use.random.step : 0,
                            splat(static_cast<uint32_t>(element / 4)), splat(static_cast<uint32_t>(element >> 34)));
  return block.words[0][element % 4] < dropout.threshold ? 0 : dropout.scale;
}

float edge_score(const GatUse& use, int64_t edge, int64_t head) {
  return use.edge_scores != nullptr ? use.edge_scores[edge * use.heads + head] : 0;
}

/// to += factor * x
[[gnu::always_inline]] inline void add(float factor, const float* x, int64_t columns, float* to) {
  for_columns(columns, [&](int64_t c, int some) {
    store_first(to + c, load_first(to + c, some) + broadcast(factor) * load_first(x + c, some), some);
  });
}
void scale(float factor, int64_t columns, float* to) {
  for_columns(columns, [&](int64_t c, int some) { store_first(to + c, broadcast(factor) * load_first(to + c, some), some); });
}

/// to += factor * a * LeakyReLU'(x + y)
void add_score_gradient(float factor, const float* x, const float* y, const float* a, int64_t columns, float slope, float* to) {
  for_columns(columns, [&](int64_t c, int some) {
    const Vec z = load_first(x + c, some) + load_first(y + c, some);
    const Vec rate = select(z > Vec{}, broadcast(factor), broadcast(factor * slope));
    store_first(to + c, load_first(to + c, some) + rate * load_first(a + c, some), some);
  });
}

/// to += factor * LeakyReLU(x + y)
void add_leaky(float factor, const float* x, const float* y, int64_t columns, float slope, float* to) {
  for_columns(columns, [&](int64_t c, int some) {
    const Vec z = load_first(x + c, some) + load_first(y + c, some);
    store_first(to + c, load_first(to + c, some) + broadcast(factor) * leaky(z, slope), some);
  });
}

void zero(float* p, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] = 0;
}

}  // namespace

void gatv2_forward(const GatV2ForwardArgs& args, AttentionDropout dropout, Threads threads) {
  const CsrView& a = args.incoming;
  const int64_t heads = args.use.heads;
  const int64_t width = args.sources.cols;
  const int64_t columns = width / heads;
  const int64_t stride = head_stride(heads);
  parallel_row_shares(threads, a, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t first = h * columns;
        const float* const target = args.targets.data + row * width + first;
        float* const y = args.y.data + row * width + first;
        zero(y, columns);
        float most = -__builtin_inff();
        float sum = 0;
        for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
          const float* const source = args.sources.data + a.col_indices[k] * width + first;
          const float logit = score(source, target, args.a + first, columns, args.use.slope) + edge_score(args.use, k, h);
          if (!(logit <= most)) {
            const float correction = exponential(most - logit);
            sum *= correction;
            scale(correction, columns, y);
            most = logit;
          }
          // Where all scores so far are -inf, so is the maximum: their weight is 0, as exp(-inf - maximum) is.
          const float weight = logit == -__builtin_inff() ? 0 : exponential(logit - most);
          sum += weight;
          add(weight * drop_factor(args.use, dropout, k, h), source, columns, y);
        }
        const bool empty = a.row_offsets[row] == a.row_offsets[row + 1];
        const float inverse = empty ? 0 : 1 / sum;
        scale(inverse, columns, y);
        if (args.statistics != nullptr) {
          args.statistics[row * 2 * stride + h] = empty ? 0 : most;
          args.statistics[(row * 2 + 1) * stride + h] = inverse;
        }
      }
    }
  });
}

void gatv2_backward(const GatV2BackwardArgs& args, AttentionDropout dropout, const GatV2Workspace& workspace, Threads threads) {
  const int64_t heads = args.use.heads;
  const int64_t width = args.sources.cols;
  const int64_t columns = width / heads;
  const int64_t stride = head_stride(heads);
  const float slope = args.use.slope;
  struct EdgeGradient {
    float kept, dlogit;
  };
  // The edge's weight as it was kept, and the gradient of its logit.
  const auto gradient_of = [&](int64_t source, int64_t target, int64_t edge, int64_t h) {
    const int64_t first = h * columns;
    const float* const x = args.sources.data + source * width + first;
    const float logit =
        score(x, args.targets.data + target * width + first, args.a + first, columns, slope) + edge_score(args.use, edge, h);
    const float* const statistics = args.statistics + target * 2 * stride + h;
    const float alpha = exponential(logit - statistics[0]) * statistics[stride];
    const float kept = alpha * drop_factor(args.use, dropout, edge, h);
    const float along = dot(args.dy.data + target * width + first, x, columns);
    return EdgeGradient{kept, kept * along - alpha * workspace.delta[target * stride + h]};
  };
  const CsrView& in = args.incoming;
  parallel_row_shares(threads, in, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      zero(args.dtargets.data + row * width, width);
      zero(workspace.da_rows + row * width, width);
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t first = row * width + h * columns;
        workspace.delta[row * stride + h] = dot(args.dy.data + first, args.y.data + first, columns);
        for (int64_t k = in.row_offsets[row]; k < in.row_offsets[row + 1]; ++k) {
          const float dlogit = gradient_of(in.col_indices[k], row, k, h).dlogit;
          const float* const source = args.sources.data + in.col_indices[k] * width + h * columns;
          add_score_gradient(dlogit, source, args.targets.data + first, args.a + h * columns, columns, slope,
                             args.dtargets.data + first);
          add_leaky(dlogit, source, args.targets.data + first, columns, slope, workspace.da_rows + first);
          if (args.dedge_scores != nullptr) args.dedge_scores[k * heads + h] = dlogit;
        }
      }
    }
  });
  const CsrView& out = args.outgoing;
  parallel_row_shares(threads, out, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      zero(args.dsources.data + row * width, width);
      for (int64_t k = out.row_offsets[row]; k < out.row_offsets[row + 1]; ++k) {
        const int64_t target = out.col_indices[k];
        const int64_t edge = out.value_index != nullptr ? out.value_index[k] : k;
        for (int64_t h = 0; h < heads; ++h) {
          const EdgeGradient gradient = gradient_of(row, target, edge, h);
          const int64_t first = h * columns;
          float* const dsource = args.dsources.data + row * width + first;
          add(gradient.kept, args.dy.data + target * width + first, columns, dsource);
          add_score_gradient(gradient.dlogit, args.sources.data + row * width + first, args.targets.data + target * width + first,
                             args.a + first, columns, slope, dsource);
        }
      }
    }
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
