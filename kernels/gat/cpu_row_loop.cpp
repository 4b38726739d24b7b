#include <cmath>

#include "kernels/common/csr_shares.h"
#include "kernels/gat/launchers.h"

// Idea: one thread walks a row's edges, head by head: the maximum, then weights, sums and rows, as the formulas of gat.h say.
// Logits are made anew in each walk. The plain reference. Bytes per edge: forward 4 H D gathered, with the scores twice; backward
// 8 H D gathered, of dy twice.
namespace heddle::kernels {

namespace {

float drop_factor(const GatUse& use, uint32_t threshold, int64_t edge, int64_t head) {
  if (threshold == 0) return 1;
  const auto element = static_cast<uint64_t>(edge * head_stride(use.heads) + head);
  return random_word(use.random, element) < threshold ? 0.0f : 1.0f / (1.0f - use.dropout);
}

float raw_score(const GatUse& use, const float* source_scores, int64_t source, const float* target_scores, int64_t target,
                int64_t edge, int64_t head) {
  const int64_t stride = head_stride(use.heads);
  float raw = source_scores[source * stride + head];
  if (use.edge_scores != nullptr) raw += use.edge_scores[edge * use.heads + head];
  return raw + target_scores[target * stride + head];
}

float leaky(float raw, float slope) { return raw > 0 ? raw : raw * slope; }

float product(const float* a, const float* b, int64_t count) {
  float sum = 0;
  for (int64_t c = 0; c < count; ++c) sum += a[c] * b[c];
  return sum;
}

}  // namespace

void gat_forward_cpu_row_loop(const GatForwardArgs& args, void*, Stream& stream) {
  const CsrView& a = args.incoming;
  const int64_t heads = args.use.heads;
  const int64_t stride = head_stride(heads);
  const int64_t width = args.x.cols;
  const int64_t columns = width / heads;
  const uint32_t threshold = dropout_threshold(args.use.dropout);
  const auto one_head = [&](int64_t row, int64_t h) {
    const int64_t begin = a.row_offsets[row];
    const int64_t end = a.row_offsets[row + 1];
    const auto raw_of = [&](int64_t k) {
      return raw_score(args.use, args.source_scores, a.col_indices[k], args.target_scores, row, k, h);
    };
    float* const y = args.y.data + row * width + h * columns;
    float* const positive = args.kept.positive == nullptr ? nullptr : args.kept.positive + row * width + h * columns;
    for (int64_t c = 0; c < columns; ++c) {
      y[c] = 0;
      if (positive != nullptr) positive[c] = 0;
    }
    float most = begin == end ? 0 : -INFINITY;
    for (int64_t k = begin; k < end; ++k) {
      const float logit = leaky(raw_of(k), args.use.slope);
      if (!(logit <= most)) most = logit;  // a NaN, too, takes its place
    }
    float sum = 0;
    float sum_positive = 0;
    for (int64_t k = begin; k < end; ++k) {
      const float raw = raw_of(k);
      const float weight = std::exp(leaky(raw, args.use.slope) - most);
      const float kept = weight * drop_factor(args.use, threshold, k, h);
      const float* const x = args.x.data + a.col_indices[k] * width + h * columns;
      sum += weight;
      if (raw > 0) sum_positive += weight;
      for (int64_t c = 0; c < columns; ++c) {
        y[c] += kept * x[c];
        if (positive != nullptr && raw > 0) positive[c] += kept * x[c];
      }
    }
    const float inverse = begin == end ? 0 : 1 / sum;
    for (int64_t c = 0; c < columns; ++c) {
      y[c] *= inverse;
      if (positive != nullptr) positive[c] *= inverse;
    }
    if (positive == nullptr) return;
    args.kept.statistics[row * 3 * stride + h] = most;
    args.kept.statistics[(row * 3 + 1) * stride + h] = inverse;
    args.kept.statistics[(row * 3 + 2) * stride + h] = sum_positive * inverse;
  };
  parallel_row_shares(stream.thread_team(), a, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t h = 0; h < heads; ++h) one_head(row, h);
    }
  });
}

std::size_t gat_backward_cpu_row_loop_workspace(const GatBackwardArgs& args) {
  return static_cast<std::size_t>(args.x.rows * args.use.heads) * sizeof(float);
}

void gat_backward_cpu_row_loop(const GatBackwardArgs& args, void* workspace, Stream& stream) {
  const CsrView& a = args.outgoing;
  const int64_t heads = args.use.heads;
  const int64_t stride = head_stride(heads);
  const int64_t width = args.x.cols;
  const int64_t columns = width / heads;
  const uint32_t threshold = dropout_threshold(args.use.dropout);
  auto* const delta = static_cast<float*>(workspace);
  parallel_ranges(stream.thread_team(), a.rows, 1, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t first = row * width + h * columns;
        const float with_positive = product(args.dy.data + first, args.kept.positive + first, columns);
        delta[row * heads + h] = product(args.dy.data + first, args.y.data + first, columns);
        // Over all edges of a target the gradients of its logits sum to 0, so those with raw <= 0 sum to minus the others'.
        args.dtarget_scores[row * stride + h] =
            (1 - args.use.slope) * (with_positive - delta[row * heads + h] * args.kept.statistics[(row * 3 + 2) * stride + h]);
      }
    }
  });
  const auto one_head = [&](int64_t row, int64_t h) {
    float* const dx = args.dx.data + row * width + h * columns;
    const float* const x = args.x.data + row * width + h * columns;
    for (int64_t c = 0; c < columns; ++c) dx[c] = 0;
    float dsource = 0;
    for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
      const int64_t target = a.col_indices[k];
      const int64_t edge = a.value_index == nullptr ? k : a.value_index[k];
      const float raw = raw_score(args.use, args.source_scores, row, args.target_scores, target, edge, h);
      const float* const kept_of_target = args.kept.statistics + target * 3 * stride + h;
      const float alpha = std::exp(leaky(raw, args.use.slope) - kept_of_target[0]) * kept_of_target[stride];
      const float kept = alpha * drop_factor(args.use, threshold, edge, h);
      const float* const dy = args.dy.data + target * width + h * columns;
      const float dlogit = kept * product(dy, x, columns) - alpha * delta[target * heads + h];
      const float draw = raw > 0 ? dlogit : dlogit * args.use.slope;
      dsource += draw;
      for (int64_t c = 0; c < columns; ++c) dx[c] += kept * dy[c];
      if (args.dedge_scores != nullptr) args.dedge_scores[edge * heads + h] = draw;
    }
    args.dsource_scores[row * stride + h] = dsource;
    const float dtarget = args.dtarget_scores[row * stride + h];
    for (int64_t c = 0; c < columns; ++c) {
      dx[c] += dsource * args.source_weights[h * columns + c] + dtarget * args.target_weights[h * columns + c];
    }
  };
  parallel_row_shares(stream.thread_team(), a, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t h = 0; h < heads; ++h) one_head(row, h);
    }
  });
}

}  // namespace heddle::kernels
