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

Reference attention_dx(const AttentionCase& c, const HostMatrix& dy) {
  const int64_t width = c.x.cols;
  const int64_t columns = width / c.heads;
  const int64_t stride = kernels::head_stride(c.heads);
  const uint32_t threshold = dropout_threshold(c.dropout);
  const double kept_scale = 1 / (1 - static_cast<double>(c.dropout));
  const auto at = [](const HostMatrix& m, int64_t row, int64_t col) {
    return static_cast<double>(m.values[static_cast<std::size_t>(row * m.cols + col)]);
  };
  const auto product = [&](const HostMatrix& a, int64_t i, const HostMatrix& b, int64_t j, int64_t h) {
    double sum = 0;
    for (int64_t column = h * columns; column < (h + 1) * columns; ++column) sum += at(a, i, column) * at(b, j, column);
    return sum;
  };
  Reference dx;
  dx.values.resize(c.x.values.size());
  std::vector<double> magnitudes(c.x.values.size());
  const auto add = [&](int64_t row, int64_t column, double value, double magnitude) {
    dx.values[static_cast<std::size_t>(row * width + column)] += value;
    magnitudes[static_cast<std::size_t>(row * width + column)] += magnitude;
  };
  for (int64_t i = 0; i < c.graph.rows; ++i) {
    const int64_t begin = c.graph.row_offsets[static_cast<std::size_t>(i)];
    const int64_t end = c.graph.row_offsets[static_cast<std::size_t>(i + 1)];
    for (int64_t h = 0; h < c.heads; ++h) {
      std::vector<double> alpha, raw, kept, along;
      double most = -INFINITY, sum = 0, mean = 0, mean_magnitude = 0;
      for (int64_t k = begin; k < end; ++k) {
        const int64_t j = c.graph.col_indices[static_cast<std::size_t>(k)];
        raw.push_back(product(c.a_source, 0, c.x, j, h) + product(c.a_target, 0, c.x, i, h));
        alpha.push_back(raw.back() > 0 ? raw.back() : c.slope * raw.back());
        most = std::max(most, alpha.back());
      }
      for (double& weight : alpha) sum += weight = std::exp(weight - most);
      for (int64_t k = begin; k < end; ++k) {
        const auto e = static_cast<std::size_t>(k - begin);
        alpha[e] /= sum;
        const bool drops = threshold != 0 && random_word(c.random, static_cast<uint64_t>(k * stride + h)) < threshold;
        kept.push_back(drops ? 0 : alpha[e] * kept_scale);
        along.push_back(product(dy, i, c.x, c.graph.col_indices[static_cast<std::size_t>(k)], h));
        mean += kept[e] * along[e];
        mean_magnitude += std::abs(kept[e] * along[e]);
      }
      for (int64_t k = begin; k < end; ++k) {
        const auto e = static_cast<std::size_t>(k - begin);
        const int64_t j = c.graph.col_indices[static_cast<std::size_t>(k)];
        const double slope = raw[e] > 0 ? 1 : c.slope;
        const double dscore = slope * (kept[e] * along[e] - alpha[e] * mean);
        const double size = std::abs(kept[e] * along[e]) + alpha[e] * mean_magnitude;
        for (int64_t column = h * columns; column < (h + 1) * columns; ++column) {
          add(j, column, kept[e] * at(dy, i, column), std::abs(kept[e] * at(dy, i, column)));
          add(j, column, dscore * at(c.a_source, 0, column), size * std::abs(at(c.a_source, 0, column)));
          add(i, column, dscore * at(c.a_target, 0, column), size * std::abs(at(c.a_target, 0, column)));
        }
      }
    }
  }
  for (double magnitude : magnitudes) dx.bounds.push_back(2e-5 * magnitude + 1e-30);
  return dx;
}

}  // namespace heddle::bench
