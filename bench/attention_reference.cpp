#include "bench/attention_reference.h"

#include <algorithm>
#include <cmath>

#include "kernels/gat/gat.h"

namespace heddle::bench {

Reference attention(const AttentionCase& c) {
  const int64_t width = c.x.cols;
  const int64_t columns = width / c.heads;
  const bool second = !c.targets.values.empty();
  const int64_t stride = kernels::head_stride(c.heads);
  const uint32_t threshold = dropout_threshold(c.dropout);
  const double kept_scale = 1 / (1 - static_cast<double>(c.dropout));
  Reference y;
  y.values.resize(static_cast<std::size_t>(c.graph.rows * width));
  y.bounds.resize(y.values.size());
  const auto at = [](const HostMatrix& m, int64_t row, int64_t col) {
    return static_cast<double>(m.values[static_cast<std::size_t>(row * m.cols + col)]);
  };
  for (int64_t i = 0; i < c.graph.rows; ++i) {
    const int64_t begin = c.graph.row_offsets[static_cast<std::size_t>(i)];
    const int64_t end = c.graph.row_offsets[static_cast<std::size_t>(i + 1)];
    for (int64_t h = 0; h < c.heads; ++h) {
      std::vector<double> logits;
      double most = -INFINITY;
      double magnitude = 0;
      for (int64_t k = begin; k < end; ++k) {
        const int64_t j = c.graph.col_indices[static_cast<std::size_t>(k)];
        double raw = c.edge_scores.values.empty() ? 0 : at(c.edge_scores, k, h);
        double size = std::abs(raw);
        for (int64_t column = h * columns; column < (h + 1) * columns; ++column) {
          if (second) {
            const double z = at(c.x, j, column) + at(c.targets, i, column);
            raw += at(c.a_source, 0, column) * (z > 0 ? z : c.slope * z);
            size += std::abs(at(c.a_source, 0, column)) * (std::abs(at(c.x, j, column)) + std::abs(at(c.targets, i, column)));
          } else {
            const double source = at(c.a_source, 0, column) * at(c.x, j, column);
            const double target = at(c.a_target, 0, column) * at(c.x, i, column);
            raw += source + target;
            size += std::abs(source) + std::abs(target);
          }
        }
        const double logit = second || raw > 0 ? raw : c.slope * raw;
        logits.push_back(logit);
        most = std::max(most, logit);
        magnitude = std::max(magnitude, size);
      }
      double sum = 0;
      double relative = 0;
      for (double& logit : logits) {
        // Where the weight itself is below the smallest float its error is bounded by that, not by a factor of it.
        relative = std::max(relative, std::min(std::abs(logit - most), 100.0) * 0x1p-24);
        logit = std::exp(logit - most);
        sum += logit;
      }
      relative = 2 * (relative + 2 * gamma(2 * columns + 6) * magnitude) + gamma(4 * (end - begin) + 20);
      for (int64_t column = h * columns; column < (h + 1) * columns; ++column) {
        double value = 0;
        double absolute = 0;
        for (int64_t k = begin; k < end; ++k) {
          const bool drops = threshold != 0 && random_word(c.random, static_cast<uint64_t>(k * stride + h)) < threshold;
          const double weight = drops ? 0 : logits[static_cast<std::size_t>(k - begin)] / sum * kept_scale;
          const double term = weight * at(c.x, c.graph.col_indices[static_cast<std::size_t>(k)], column);
          value += term;
          absolute += std::abs(term) + 0x1p-110 * std::abs(at(c.x, c.graph.col_indices[static_cast<std::size_t>(k)], column));
        }
        y.values[static_cast<std::size_t>(i * width + column)] = value;
        y.bounds[static_cast<std::size_t>(i * width + column)] = relative * absolute + 1e-30;
      }
    }
  }
  return y;
}

AttentionGradients attention_gradients(const AttentionCase& c, const HostMatrix& dy) {
  constexpr double allowance = 2e-5;
  const HostCsr& a = c.graph;
  const int64_t heads = c.heads;
  const int64_t width = c.x.cols;
  const int64_t columns = width / heads;
  const int64_t stride = kernels::head_stride(heads);
  const uint32_t threshold = dropout_threshold(c.dropout);
  const double kept_scale = 1 / (1 - static_cast<double>(c.dropout));
  const auto at = [](const HostMatrix& m, int64_t row, int64_t col) {
    return static_cast<double>(m.values[static_cast<std::size_t>(row * m.cols + col)]);
  };
  const auto zeros = [](int64_t count) {
    const auto size = static_cast<std::size_t>(count);
    return Reference{std::vector<double>(size), std::vector<double>(size, 1e-30)};
  };
  AttentionGradients result{zeros(a.rows * width), zeros(a.nnz() * heads), zeros(a.rows * heads), zeros(a.rows * heads)};
  const auto add = [](Reference& to, int64_t place, double value, double magnitude) {
    to.values[static_cast<std::size_t>(place)] += value;
    to.bounds[static_cast<std::size_t>(place)] += allowance * magnitude;
  };
  for (int64_t i = 0; i < a.rows; ++i) {
    const int64_t begin = a.row_offsets[static_cast<std::size_t>(i)];
    const int64_t end = a.row_offsets[static_cast<std::size_t>(i + 1)];
    const auto source = [&](int64_t k) { return int64_t{a.col_indices[static_cast<std::size_t>(k)]}; };
    for (int64_t h = 0; h < heads; ++h) {
      std::vector<double> raw, alpha;
      double most = -INFINITY;
      for (int64_t k = begin; k < end; ++k) {
        double score = c.edge_scores.values.empty() ? 0 : at(c.edge_scores, k, h);
        for (int64_t column = h * columns; column < (h + 1) * columns; ++column) {
          score += at(c.a_source, 0, column) * at(c.x, source(k), column) + at(c.a_target, 0, column) * at(c.x, i, column);
        }
        raw.push_back(score);
        most = std::max(most, alpha.emplace_back(score > 0 ? score : c.slope * score));
      }
      double sum = 0;
      for (double& weight : alpha) sum += weight = std::exp(weight - most);
      std::vector<double> dalpha, sizes;
      double inner = 0, inner_size = 0;
      for (int64_t k = begin; k < end; ++k) {
        const auto e = static_cast<std::size_t>(k - begin);
        alpha[e] /= sum;
        const bool drops = threshold != 0 && random_word(c.random, static_cast<uint64_t>(k * stride + h)) < threshold;
        const double scale = drops ? 0 : kept_scale;
        double dot = 0, size = 0;
        for (int64_t column = h * columns; column < (h + 1) * columns; ++column) {
          const double product = at(dy, i, column) * at(c.x, source(k), column);
          dot += product;
          size += std::abs(product);
          const double direct = alpha[e] * scale * at(dy, i, column);
          add(result.dx, source(k) * width + column, direct, std::abs(direct));
        }
        dalpha.push_back(scale * dot);
        sizes.push_back(scale * size);
        inner += alpha[e] * dalpha[e];
        inner_size += alpha[e] * sizes[e];
      }
      for (int64_t k = begin; k < end; ++k) {
        const auto e = static_cast<std::size_t>(k - begin);
        const double slope = raw[e] > 0 ? 1 : c.slope;
        const double draw = slope * alpha[e] * (dalpha[e] - inner);
        // The gradient of a target's score is made of sums over its edges, where none of them is scaled down by the slope.
        const double unscaled = alpha[e] * (sizes[e] + inner_size), size = slope * unscaled;
        add(result.dedge_scores, k * heads + h, draw, size);
        add(result.dsource_scores, source(k) * heads + h, draw, size);
        add(result.dtarget_scores, i * heads + h, draw, unscaled);
        for (int64_t column = h * columns; column < (h + 1) * columns; ++column) {
          const double by_source = at(c.a_source, 0, column), by_target = at(c.a_target, 0, column);
          add(result.dx, source(k) * width + column, draw * by_source, size * std::abs(by_source));
          add(result.dx, i * width + column, draw * by_target, unscaled * std::abs(by_target));
        }
      }
    }
  }
  return result;
}

Reference head_sddmm(const HostCsr& graph, int64_t heads, const HostMatrix& x, const HostMatrix& y) {
  const int64_t width = x.cols;
  const int64_t columns = width / heads;
  Reference s;
  for (int64_t row = 0; row < graph.rows; ++row) {
    for (int64_t k = graph.row_offsets[static_cast<std::size_t>(row)]; k < graph.row_offsets[static_cast<std::size_t>(row + 1)];
         ++k) {
      const int64_t other = graph.col_indices[static_cast<std::size_t>(k)];
      for (int64_t h = 0; h < heads; ++h) {
        double sum = 0;
        double absolute = 0;
        for (int64_t c = h * columns; c < (h + 1) * columns; ++c) {
          const double term = static_cast<double>(x.values[static_cast<std::size_t>(row * width + c)]) *
                              static_cast<double>(y.values[static_cast<std::size_t>(other * width + c)]);
          sum += term;
          absolute += std::abs(term);
        }
        s.values.push_back(sum);
        s.bounds.push_back(gamma(columns + 2) * absolute + 1e-37);
      }
    }
  }
  return s;
}

Reference edge_softmax(const HostCsr& graph, const HostMatrix& x) {
  const int64_t heads = x.cols;
  Reference y{std::vector<double>(x.values.size()), std::vector<double>(x.values.size())};
  for (int64_t row = 0; row < graph.rows; ++row) {
    const int64_t begin = graph.row_offsets[static_cast<std::size_t>(row)];
    const int64_t end = graph.row_offsets[static_cast<std::size_t>(row + 1)];
    for (int64_t h = 0; h < heads; ++h) {
      const auto place = [&](int64_t k) { return static_cast<std::size_t>(k * heads + h); };
      const auto logit = [&](int64_t k) { return static_cast<double>(x.values[place(k)]); };
      double greatest = -INFINITY;
      for (int64_t k = begin; k < end; ++k) greatest = std::max(greatest, logit(k));
      double sum = 0;
      for (int64_t k = begin; k < end; ++k) sum += std::exp(logit(k) - greatest);
      for (int64_t k = begin; k < end; ++k) {
        const double value = std::exp(logit(k) - greatest) / sum;
        y.values[place(k)] = value;
        // The difference rounds once; each correction and each addition does; beyond 100 the weight is below the smallest float.
        const double difference = std::min(greatest - logit(k), 100.0);
        y.bounds[place(k)] = value * (2 * difference * 0x1p-24 + gamma(3 * (end - begin) + 20)) + 0x1p-120;
      }
    }
  }
  return y;
}

}  // namespace heddle::bench
