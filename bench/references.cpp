#include "bench/references.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "kernels/adam/adam.h"

namespace heddle::bench {

namespace {

constexpr double u = 0x1p-24;
constexpr double underflow = 0x1p-150;

std::size_t index(int64_t i) { return static_cast<std::size_t>(i); }

Reference zeros(int64_t size) { return {std::vector<double>(index(size)), std::vector<double>(index(size))}; }

}  // namespace

double gamma(int64_t roundings) {
  const double n = static_cast<double>(roundings) * u;
  return n / (1 - n);
}

// A sum of n products in any order: each product is rounded once and goes through at most n - 1 additions (the addition to a
// zero start is exact): n roundings, |error| <= gamma(n) sum |v x|; each product may underflow.
Reference spmm(const HostCsr& a, CsrValues kind, const std::vector<int64_t>& value_index, const HostMatrix& x) {
  const int64_t d = x.cols;
  Reference y = zeros(a.rows * d);
  for (int64_t row = 0; row < a.rows; ++row) {
    const int64_t begin = a.row_offsets[index(row)];
    const int64_t end = a.row_offsets[index(row) + 1];
    double* const values = y.values.data() + row * d;
    double* const bounds = y.bounds.data() + row * d;
    for (int64_t k = begin; k < end; ++k) {
      const double value = kind == CsrValues::ones     ? 1.0
                           : kind == CsrValues::direct ? a.values[index(k)]
                                                       : a.values[index(value_index[index(k)])];
      const float* const source = x.values.data() + a.col_indices[index(k)] * d;
      for (int64_t c = 0; c < d; ++c) {
        const double product = value * source[c];
        values[c] += product;
        bounds[c] += std::abs(product);
      }
    }
    const double terms = static_cast<double>(end - begin);
    y.magnitudes.insert(y.magnitudes.end(), bounds, bounds + d);
    for (int64_t c = 0; c < d; ++c) bounds[c] = gamma(end - begin + 1) * bounds[c] + terms * underflow;
  }
  return y;
}

// Each term grows by at most 1 + rounding, and its float error with it; what lies below bfloat16's normal range is kept to
// 2^-134.
double widened_bound(const Reference& reference, std::size_t i, double rounding) {
  if (rounding == 0 || reference.magnitudes.empty()) return reference.bounds[i];
  return reference.bounds[i] * (1 + rounding) + rounding * reference.magnitudes.at(i) + 1e-37;
}

Reference widened(Reference reference, double rounding) {
  for (std::size_t i = 0; i < reference.bounds.size(); ++i) reference.bounds[i] = widened_bound(reference, i, rounding);
  return reference;
}

// Every path from an element of E to one of the result multiplies at most 5 rounded factors a product (the value with x's scale,
// that with x, the row's scale, the layer's two) and goes through the row's additions and that of the base; the sum of all paths'
// magnitudes is the same polynomial of absolute values.
Reference propagation(const HostCsr& a, bool ones, const std::vector<float>& scale, const HostMatrix& e, int64_t layers) {
  Reference result = zeros(a.rows * e.cols);
  std::vector<double> magnitude(result.values.size());
  int64_t longest = 0;
  for (int64_t row = 0; row < a.rows; ++row) {
    longest = std::max(longest, a.row_offsets[index(row + 1)] - a.row_offsets[index(row)]);
  }
  for (std::size_t i = 0; i < magnitude.size(); ++i) {
    result.values[i] = e.values[i];
    magnitude[i] = std::abs(result.values[i]);
  }
  for (int64_t layer = 0; layer < layers; ++layer) {
    std::vector<double> next(e.values.begin(), e.values.end());
    std::vector<double> next_magnitude(next.size());
    for (std::size_t i = 0; i < next.size(); ++i) next_magnitude[i] = std::abs(next[i]);
    for (int64_t row = 0; row < a.rows; ++row) {
      for (int64_t k = a.row_offsets[index(row)]; k < a.row_offsets[index(row + 1)]; ++k) {
        const int64_t col = a.col_indices[index(k)];
        const double value = (ones ? 1.0 : a.values[index(k)]) * scale[index(row)] * scale[index(col)];
        for (int64_t c = 0; c < e.cols; ++c) {
          next[index(row * e.cols + c)] += value * result.values[index(col * e.cols + c)];
          next_magnitude[index(row * e.cols + c)] += std::abs(value) * magnitude[index(col * e.cols + c)];
        }
      }
    }
    result.values = next;
    magnitude = next_magnitude;
  }
  for (std::size_t i = 0; i < magnitude.size(); ++i) {
    const double share = 1.0 / static_cast<double>(layers + 1);
    result.values[i] *= share;
    result.bounds[i] = gamma(layers * (longest + 7) + 1) * magnitude[i] * share + underflow;
  }
  return result;
}

// As for spmm, with k products; parts of the sum that are made apart and added later do not lengthen any chain beyond k.
Reference gemm(const HostMatrix& a, const HostMatrix& b, bool transpose_a, bool transpose_b) {
  const int64_t m = transpose_a ? a.cols : a.rows;
  const int64_t k = transpose_a ? a.rows : a.cols;
  const int64_t n = transpose_b ? b.rows : b.cols;
  Reference c = zeros(m * n);
  for (int64_t row = 0; row < m; ++row) {
    for (int64_t i = 0; i < k; ++i) {
      const double left = a.values[index(transpose_a ? i * m + row : row * k + i)];
      for (int64_t col = 0; col < n; ++col) {
        const double product = left * b.values[index(transpose_b ? col * k + i : i * n + col)];
        c.values[index(row * n + col)] += product;
        c.bounds[index(row * n + col)] += std::abs(product);
      }
    }
  }
  for (double& bound : c.bounds) bound = gamma(k + 1) * bound + static_cast<double>(k) * underflow;
  return c;
}

// x + bias is rounded once, relu is exact (a rounded sum has the sign of the sum), 1 / (1 - p) is rounded twice, the product
// once. Without bias and dropout nothing is rounded and the bound is 0; what is dropped is exactly 0.
Reference bias_relu_dropout(const HostMatrix& x, const Activation& activation) {
  const uint32_t threshold = dropout_threshold(activation.dropout);
  const double scale = 1 / (1 - static_cast<double>(activation.dropout));
  const bool drops = threshold != 0;
  const int roundings = (activation.bias != nullptr ? 1 : 0) + (drops ? 3 : 0);
  const double relative = roundings > 0 ? gamma(roundings + 1) : 0;
  Reference y = zeros(x.rows * x.cols);
  for (int64_t i = 0; i < x.rows * x.cols; ++i) {
    double value = x.values[index(i)];
    if (activation.bias != nullptr) value += (*activation.bias)[index(i % x.cols)];
    if (activation.relu && value < 0) value = 0;
    if (drops) value = random_word(activation.random, static_cast<uint64_t>(i)) < threshold ? 0 : value * scale;
    y.values[index(i)] = value;
    y.bounds[index(i)] = value == 0 ? 0 : relative * std::abs(value) + (drops ? underflow : 0);
  }
  return y;
}

// dx is dy times the rounded scale (three roundings); dbias sums n of them, each with at most n - 1 additions.
ActivationGradient bias_relu_dropout_backward(const HostMatrix& y, const HostMatrix& dy, const Activation& activation) {
  const int64_t n = dy.rows;
  const int64_t d = dy.cols;
  const uint32_t threshold = dropout_threshold(activation.dropout);
  const bool drops = threshold != 0;
  const double scale = 1 / (1 - static_cast<double>(activation.dropout));
  ActivationGradient gradient{zeros(n * d), zeros(d)};
  for (int64_t i = 0; i < n * d; ++i) {
    const bool passes = activation.relu ? !(y.values[index(i)] <= 0)
                                        : !(drops && random_word(activation.random, static_cast<uint64_t>(i)) < threshold);
    const double value = passes ? dy.values[index(i)] * scale : 0;
    gradient.dx.values[index(i)] = value;
    gradient.dx.bounds[index(i)] = drops && value != 0 ? gamma(4) * std::abs(value) + underflow : 0;
    gradient.dbias.values[index(i % d)] += value;
    gradient.dbias.bounds[index(i % d)] += std::abs(value);
  }
  const int64_t roundings = n + (drops ? 3 : 0);
  for (double& bound : gradient.dbias.bounds) bound = gamma(roundings) * bound + (drops ? static_cast<double>(n) * underflow : 0);
  return gradient;
}

namespace {

// exp and log of the C library and of CUDA are within one unit in the last place (2 u); twice that is granted.
constexpr double function_error = 4 * u;

/// A row's softmax and what float arithmetic may do to it.
struct Softmax {
  double most = 0;
  double sum = 0;        // of exp(logit - most), at least 1
  double sum_error = 0;  // relative
  std::vector<double> probability;
  std::vector<double> term_error;  // relative, of exp(logit - most)
};

// logit - most is rounded once: an error of |difference| u in the exponent. The sum of C positive terms adds gamma(C).
// Terms below the normal range err by at most 2^-149 each, against a sum of at least 1.
Softmax softmax_of(const float* logits, int64_t classes) {
  Softmax s;
  s.most = *std::max_element(logits, logits + classes);
  for (int64_t c = 0; c < classes; ++c) {
    const double difference = logits[c] - s.most;
    const double term = std::exp(difference);
    const double error = std::isinf(difference) ? 0 : (1 + std::expm1(-difference * u)) * (1 + function_error) - 1;
    s.sum += term;
    s.sum_error += term * error + 2 * underflow;
    s.probability.push_back(term);
    s.term_error.push_back(error);
  }
  s.sum_error = s.sum_error / s.sum + gamma(classes);
  s.sum_error += s.sum_error * s.sum_error;
  for (double& p : s.probability) p /= s.sum;
  return s;
}

}  // namespace

// Per row: log(sum (1 + e)) = log(sum) + e to first order (sum_error carries the square), log's own error, and the logits'
// difference, exact in double. The mean is made in double and rounded once; the row terms are positive, so a float sum of them
// would add gamma(m): that is not granted.
Reference masked_nll(const HostMatrix& logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& rows,
                     const std::vector<float>& weights) {
  Reference loss = zeros(1);
  double m = 0;
  for (const int32_t row : rows) {
    const float* const values = logits.values.data() + row * logits.cols;
    const Softmax s = softmax_of(values, logits.cols);
    const double log_sum = std::log(s.sum);
    const double weight = weights.empty() ? 1 : static_cast<double>(weights[index(labels[index(row)])]);
    loss.values[0] += weight * (log_sum + (s.most - values[labels[index(row)]]));
    loss.bounds[0] += weight * (s.sum_error + function_error * log_sum);
    m += weight;
  }
  loss.values[0] /= m;
  loss.bounds[0] = loss.bounds[0] / m + 2 * u * std::abs(loss.values[0]);
  return loss;
}

// share = dloss / m is rounded once; share * exp / sum takes up to three roundings more; the label's element subtracts share
// and is rounded once. Below the normal range the exponential and the products err by absolute amounts.
Reference masked_nll_backward(const HostMatrix& logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& rows,
                              float dloss, const std::vector<float>& weights) {
  Reference gradient = zeros(logits.rows * logits.cols);
  const auto weight_of = [&](int32_t row) {
    return weights.empty() ? 1 : static_cast<double>(weights[index(labels[index(row)])]);
  };
  double total = 0;
  for (const int32_t row : rows) total += weight_of(row);
  const int more = weights.empty() ? 0 : 2;  // roundings: of the sum of weights, and of the weighted share
  for (const int32_t row : rows) {
    const double share = static_cast<double>(dloss) * weight_of(row) / total;
    const int64_t first = row * logits.cols;
    const Softmax s = softmax_of(logits.values.data() + first, logits.cols);
    for (int64_t c = 0; c < logits.cols; ++c) {
      const double part = share * s.probability[index(c)];
      const double onehot = labels[index(row)] == c ? share : 0;
      const double relative = (1 + s.term_error[index(c)]) * (1 + s.sum_error) * (1 + gamma(5 + more)) - 1;
      const double error = std::abs(part) * relative + std::abs(onehot) * gamma(2 + more) + (1 + std::abs(share)) * 4 * underflow;
      gradient.values[index(first + c)] = part - onehot;
      gradient.bounds[index(first + c)] = error + u * (std::abs(part - onehot) + error);
    }
  }
  return gradient;
}

int32_t count_correct(const HostMatrix& logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& rows) {
  int32_t correct = 0;
  for (const int32_t row : rows) {
    const float* const begin = logits.values.data() + row * logits.cols;
    const float* const end = begin + logits.cols;
    if (std::any_of(begin, end, [](float value) { return std::isnan(value); })) continue;
    correct += std::max_element(begin, end) - begin == labels[index(row)];
  }
  return correct;
}

namespace {

struct ScoreDifference {
  double value;  // <u, n> - <u, p>
  double error;
};

// Two sums of d products and their difference: d + 1 roundings in each chain.
ScoreDifference score_difference(const HostMatrix& rows, int64_t batch, int64_t b) {
  const int64_t d = rows.cols;
  double value = 0, magnitude = 0;
  for (int64_t c = 0; c < d; ++c) {
    const double user = rows.values[index(b * d + c)];
    const double positive = user * rows.values[index((batch + b) * d + c)];
    const double negative = user * rows.values[index((2 * batch + b) * d + c)];
    value += negative - positive;
    magnitude += std::abs(negative) + std::abs(positive);
  }
  return {value, gamma(d + 2) * magnitude + 2 * static_cast<double>(d) * underflow};
}

}  // namespace

// softplus' slope is at most 1: the difference's error passes as it is; the exponential, log1p and the sum of two add theirs
// relative to softplus, which is the greater of the two terms at least.
Reference bpr_loss(const HostMatrix& rows) {
  const int64_t batch = rows.rows / 3;
  Reference loss = zeros(1);
  for (int64_t b = 0; b < batch; ++b) {
    const ScoreDifference x = score_difference(rows, batch, b);
    const double softplus = std::max(x.value, 0.0) + std::log1p(std::exp(-std::abs(x.value)));
    loss.values[0] += softplus;
    loss.bounds[0] += x.error + (3 * function_error + 2 * u) * softplus + 4 * underflow;
  }
  loss.values[0] /= static_cast<double>(batch);
  loss.bounds[0] = loss.bounds[0] / static_cast<double>(batch) + 2 * u * std::abs(loss.values[0]);
  return loss;
}

// The sigmoid rises: an error of its argument moves it to its values there at most. An exponential, a sum, two divisions, the
// difference of two rows and a product round; an exponential out of range makes 0 of a sigmoid below the normal range.
Reference bpr_loss_backward(const HostMatrix& rows, float dloss) {
  const int64_t batch = rows.rows / 3;
  const int64_t d = rows.cols;
  const double share = dloss / static_cast<double>(batch);
  Reference gradient = zeros(rows.rows * d);
  for (int64_t b = 0; b < batch; ++b) {
    const ScoreDifference x = score_difference(rows, batch, b);
    const auto sigmoid = [](double at) { return 1 / (1 + std::exp(-at)); };
    const double factor = share * sigmoid(x.value);
    const double moved = std::max(sigmoid(x.value + x.error) - sigmoid(x.value), sigmoid(x.value) - sigmoid(x.value - x.error));
    const double factor_error = std::abs(share) * (moved + 0x1p-126) * 2 + std::abs(factor) * (2 * function_error + gamma(8));
    for (int64_t c = 0; c < d; ++c) {
      const double user = rows.values[index(b * d + c)];
      const double difference =
          static_cast<double>(rows.values[index((2 * batch + b) * d + c)]) - rows.values[index((batch + b) * d + c)];
      const double parts[] = {factor * difference, -factor * user, factor * user};
      for (int64_t part = 0; part < 3; ++part) {
        const int64_t at = (part * batch + b) * d + c;
        gradient.values[index(at)] = parts[part];
        gradient.bounds[index(at)] = (factor_error + 2 * underflow) * std::abs(part == 0 ? difference : user) + 2 * underflow;
      }
    }
  }
  return gradient;
}

namespace {

/// Rows divided by their norms.
struct UnitRows {
  int64_t d;
  std::vector<double> values;
  std::vector<double> inverse_norms;  // 0 for a zero row

  double at(int64_t row, int64_t c) const { return values[index(row * d + c)]; }
};

UnitRows unit_rows(const HostMatrix& rows) {
  UnitRows unit{rows.cols, {}, {}};
  for (int64_t row = 0; row < rows.rows; ++row) {
    double squares = 0;
    for (int64_t c = 0; c < rows.cols; ++c) {
      const double x = rows.values[index(row * rows.cols + c)];
      squares += x * x;
    }
    unit.inverse_norms.push_back(squares == 0 ? 0 : 1 / std::sqrt(squares));
    for (int64_t c = 0; c < rows.cols; ++c) {
      unit.values.push_back(rows.values[index(row * rows.cols + c)] * unit.inverse_norms.back());
    }
  }
  return unit;
}

struct Logit {
  double value;
  double error;
};

// Both unit rows are rounded (two each, with what the double norm leaves), d products are summed, and a constant over the
// temperature, itself rounded, scales one side: d + 8 roundings. The terms' magnitudes sum to 1 at most.
Logit cosine_logit(const UnitRows& unit, int64_t user, int64_t item, double temperature) {
  double value = 0, magnitude = 0;
  for (int64_t c = 0; c < unit.d; ++c) {
    const double product = unit.at(user, c) * unit.at(item, c);
    value += product;
    magnitude += std::abs(product);
  }
  return {value / temperature, gamma(unit.d + 8) * magnitude / temperature + underflow};
}

/// A user's probabilities, of the positive (first) and the negatives, and a bound on the relative error of each.
struct Probabilities {
  double loss, loss_error;
  std::vector<double> value, error;
  double push, push_error;  // of all negatives together
};

// A term exp(logit - greatest) errs by the logit's error, by three roundings of the difference and by the function's; terms below
// 2^-100 may be that. All terms are positive: the sum's relative error is theirs on average and m roundings more. Whatever was
// subtracted cancels in the quotients.
Probabilities probabilities_of(const std::vector<Logit>& logits) {
  double greatest = logits[0].value;
  for (const Logit& logit : logits) greatest = std::max(greatest, logit.value);
  Probabilities p{};
  double total = 0, total_error = 0, negatives_error = 0;
  for (const Logit& logit : logits) {
    const double difference = greatest - logit.value;
    p.value.push_back(std::exp(-difference));
    p.error.push_back(std::exp(logit.error + u * (3 * difference + 1)) * (1 + function_error) - 1);
    total += p.value.back();
    const double error = p.value.back() * p.error.back() + 0x1p-100;
    total_error += error;
    if (p.value.size() > 1) {
      p.push += p.value.back();
      negatives_error += error;
    }
  }
  const int64_t terms = static_cast<int64_t>(logits.size());
  total_error = (1 + total_error / total) * (1 + gamma(terms)) - 1;
  total_error = total_error / (1 - total_error);  // of the reciprocal too
  const double push_error = p.push > 0 ? negatives_error / p.push : 0;
  p.push_error = (1 + push_error) * (1 + gamma(terms + 2)) * (1 + total_error) - 1;
  p.push /= total;
  const double above = greatest - logits[0].value;
  p.loss = std::log(total) + above;
  p.loss_error = -std::log1p(-total_error) + logits[0].error + u * (4 * above + 1) + function_error * std::log(total);
  for (std::size_t i = 0; i < p.value.size(); ++i) {
    // The absolute 2^-100 as a relative error, so that what comes after need not tell the two apart.
    p.error[i] = (1 + p.error[i] + 0x1p-100 / p.value[i]) * (1 + total_error) * (1 + gamma(3)) - 1;
    p.value[i] /= total;
  }
  return p;
}

/// The gradient with respect to a unit row, summed up, and its error.
struct UnitGradient {
  explicit UnitGradient(int64_t d) : value(index(d)), error(index(d)) {}
  void add(double factor, double relative_error, const UnitRows& unit, int64_t row) {
    for (int64_t c = 0; c < unit.d; ++c) {
      const double term = factor * unit.at(row, c);
      value[index(c)] += term;
      error[index(c)] += std::abs(term) * relative_error + 2 * underflow;
    }
  }
  std::vector<double> value, error;
};

// (g - <g, x^> x^) / |x|, times `factor`: errors of g pass straight and through <g, x^>; the rest is a sum of d products and
// some eight roundings.
void project(const UnitGradient& g, const UnitRows& unit, int64_t row, double factor, Reference& gradient) {
  const double scale = factor * unit.inverse_norms[index(row)];
  double along = 0, along_error = 0;
  for (int64_t c = 0; c < unit.d; ++c) {
    const double x = unit.at(row, c);
    along += g.value[index(c)] * x;
    along_error += g.error[index(c)] * std::abs(x) + gamma(unit.d + 4) * std::abs(g.value[index(c)] * x);
  }
  for (int64_t c = 0; c < unit.d; ++c) {
    const double x = unit.at(row, c);
    const double value = g.value[index(c)];
    const double error = g.error[index(c)] + along_error * std::abs(x) + gamma(8) * (std::abs(value) + std::abs(along * x));
    gradient.values[index(row * unit.d + c)] = scale * (value - along * x);
    gradient.bounds[index(row * unit.d + c)] = scale * error + 4 * underflow;
  }
}

}  // namespace

SampledSoftmaxReference sampled_softmax_loss(const HostMatrix& rows, int64_t batch, float temperature) {
  const UnitRows unit = unit_rows(rows);
  const int64_t m = rows.rows - 2 * batch;
  const double factor = 1 / (static_cast<double>(temperature) * static_cast<double>(batch));
  SampledSoftmaxReference result{zeros(1), zeros(rows.rows * rows.cols)};
  std::vector<UnitGradient> negatives(index(m), UnitGradient(rows.cols));
  for (int64_t b = 0; b < batch; ++b) {
    std::vector<Logit> logits{cosine_logit(unit, b, batch + b, temperature)};
    for (int64_t j = 0; j < m; ++j) logits.push_back(cosine_logit(unit, b, 2 * batch + j, temperature));
    const Probabilities p = probabilities_of(logits);
    result.loss.values[0] += p.loss;
    result.loss.bounds[0] += p.loss_error;

    UnitGradient user(rows.cols), positive(rows.cols);
    user.add(-p.push, p.push_error + gamma(6), unit, batch + b);
    positive.add(-p.push, p.push_error + gamma(6), unit, b);
    for (int64_t j = 0; j < m; ++j) {
      // A product and a chain of as many additions as there are terms, and the unit rows' own roundings.
      user.add(p.value[index(j + 1)], p.error[index(j + 1)] + gamma(m + 6), unit, 2 * batch + j);
      negatives[index(j)].add(p.value[index(j + 1)], p.error[index(j + 1)] + gamma(batch + 6), unit, b);
    }
    project(user, unit, b, factor, result.gradient);
    project(positive, unit, batch + b, factor, result.gradient);
  }
  for (int64_t j = 0; j < m; ++j) project(negatives[index(j)], unit, 2 * batch + j, factor, result.gradient);
  result.loss.values[0] /= static_cast<double>(batch);
  result.loss.bounds[0] = result.loss.bounds[0] / static_cast<double>(batch) + 2 * u * std::abs(result.loss.values[0]);
  return result;
}

// One rounding to float; the double sum's own n 2^-53 is covered by doubling it.
Reference sum_of_squares(const HostMatrix& x, float factor) {
  double sum = 0;
  for (const float value : x.values) sum += static_cast<double>(value) * value;
  const double n = static_cast<double>(x.values.size());
  const double value = factor * sum;
  return {{value}, {std::abs(value) * (u + 2 * n * 0x1p-53 + 0x1p-40) + underflow}};
}

// The product is rounded once or not at all (fused), the sum once.
Reference add_scaled(const std::vector<float>& x, float factor, const std::vector<float>& y) {
  Reference result = zeros(static_cast<int64_t>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double product = static_cast<double>(factor) * x[i];
    result.values[i] = y[i] + product;
    result.bounds[i] = gamma(3) * std::abs(product) + gamma(1) * std::abs(result.values[i]) + underflow;
  }
  return result;
}

Reference scale(const std::vector<float>& x, double factor, int factors) {
  Reference result = zeros(static_cast<int64_t>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    result.values[i] = factor * x[i];
    result.bounds[i] = gamma(factors) * std::abs(result.values[i]) * (1 + u) + underflow;
  }
  return result;
}

AdamReference::AdamReference(const std::vector<float>& initial, const Settings& settings)
    : weight{std::vector<double>(initial.begin(), initial.end()), std::vector<double>(initial.size())},
      moment1{std::vector<double>(initial.size()), std::vector<double>(initial.size())},
      moment2{std::vector<double>(initial.size()), std::vector<double>(initial.size())},
      settings_(settings),
      moment1_magnitude_(initial.size()),
      lost1_(initial.size()),
      lost2_(initial.size()) {}

// moment1 after t steps is a sum of t terms; a step rounds 1 - beta, two products (three for moment2's) and a sum, so no term
// goes through more than 2 t + 3 roundings; |moment1| errs by gamma of that times the sum of magnitudes, moment2, whose terms are
// positive, relatively. A product may underflow once a step. The update takes moment1 and root = sqrt(moment2), whose relative
// error is half of moment2's and one rounding, through seven more roundings: step size, correction, two products, sum, product,
// quotient. Where moment2 underflows, its root may be off by sqrt of the loss. The weight adds one rounding a step. What adam.h
// reads as 0 is lost, and decays as the moment would have; a moment up to twice its limit may be one that rounding brought below
// it.
void AdamReference::step(const std::vector<float>& gradient) {
  const double t = static_cast<double>(++steps_);
  const double beta1 = settings_.beta1;
  const double beta2 = settings_.beta2;
  double rate = settings_.learning_rate;
  if (settings_.decay_steps > 0) {
    const double done = std::min((t - 1) / static_cast<double>(settings_.decay_steps), 1.0);
    rate *= (1 + std::cos(std::numbers::pi * done)) / 2;
  }
  const double step_size = rate / (1 - std::pow(beta1, t));
  const double correction = 1 / std::sqrt(1 - std::pow(beta2, t));
  const double relative1 = gamma(2 * steps_ + 4);
  const double relative2 = gamma(2 * steps_ + 5);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double g = gradient[i];
    const auto below = [](double value, double limit) { return std::abs(value) < limit ? std::abs(value) : 0; };
    lost1_[i] = beta1 * (lost1_[i] + below(moment1.values[i], 2 * kernels::adam_least_moment1)) +
                (1 - beta1) * below(g, kernels::adam_least_moment1);
    lost2_[i] = beta2 * (lost2_[i] + below(moment2.values[i], 2 * kernels::adam_least_moment2)) +
                (1 - beta2) * std::pow(below(g, kernels::adam_least_squared), 2);
    moment1.values[i] = beta1 * moment1.values[i] + (1 - beta1) * g;
    moment2.values[i] = beta2 * moment2.values[i] + (1 - beta2) * g * g;
    moment1_magnitude_[i] = beta1 * moment1_magnitude_[i] + (1 - beta1) * std::abs(g);
    moment1.bounds[i] = relative1 * moment1_magnitude_[i] + 2 * t * underflow + lost1_[i];
    moment2.bounds[i] = relative2 * moment2.values[i] + 3 * t * underflow + lost2_[i];
    const double root = std::sqrt(moment2.values[i]);
    const double divisor = root * correction + settings_.epsilon;
    const double update = step_size * moment1.values[i] / divisor;
    const double root_error = root * relative2 + std::sqrt(3 * t * underflow + lost2_[i]);
    const double divisor_error = root_error * correction / divisor;
    const double magnitude = step_size * (std::abs(moment1.values[i]) + moment1.bounds[i]) / divisor;
    const double update_error =
        step_size * moment1.bounds[i] / divisor + magnitude * (divisor_error / (1 - divisor_error) + gamma(8)) + underflow;
    weight.values[i] -= update;
    weight.bounds[i] += update_error;
    weight.bounds[i] += gamma(1) * (std::abs(weight.values[i]) + weight.bounds[i]);
  }
}

}  // namespace heddle::bench
