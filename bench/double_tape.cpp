#include "bench/double_tape.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace heddle::bench {

namespace {

/// body(row, k, column) for every entry.
template <class Body>
void for_entries(const HostCsr& a, const Body& body) {
  for (int64_t row = 0; row < a.rows; ++row) {
    for (int64_t k = a.row_offsets[static_cast<std::size_t>(row)]; k < a.row_offsets[static_cast<std::size_t>(row) + 1]; ++k) {
      body(row, k, int64_t{a.col_indices[static_cast<std::size_t>(k)]});
    }
  }
}

/// y = exp(x - max) / sum over `count` numbers that lie `step` apart; returns log of the sum, plus the maximum.
double softmax(const double* x, int64_t count, int64_t step, double* y) {
  double most = -INFINITY;
  for (int64_t i = 0; i < count; ++i) most = x[i * step] > most ? x[i * step] : most;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += y[i * step] = std::exp(x[i * step] - most);
  for (int64_t i = 0; i < count; ++i) y[i * step] /= sum;
  return std::log(sum) + most;
}

}  // namespace

DoubleTape::Ref DoubleTape::make(int64_t rows, int64_t cols) {
  const DoubleMatrix zeros{rows, cols, std::vector<double>(static_cast<std::size_t>(rows * cols))};
  nodes_.push_back({zeros, zeros, nullptr});
  return nodes_.size() - 1;
}

DoubleTape::Ref DoubleTape::leaf(const HostMatrix& matrix) {
  const Ref x = make(matrix.rows, matrix.cols);
  nodes_[x].value.values.assign(matrix.values.begin(), matrix.values.end());
  return x;
}

void DoubleTape::backward(Ref output, const HostMatrix& dy) {
  nodes_[output].gradient.values.assign(dy.values.begin(), dy.values.end());
  for (Ref x = output + 1; x-- > 0;) {
    if (nodes_[x].backward) nodes_[x].backward();
  }
}

DoubleTape::Ref DoubleTape::record(int64_t rows, int64_t cols, const std::function<void(Ref)>& forward,
                                   const std::function<void(Ref)>& backward) {
  const Ref y = make(rows, cols);
  forward(y);
  nodes_[y].backward = [backward, y] { backward(y); };
  return y;
}

DoubleTape::Ref DoubleTape::matmul(Ref a, Ref b) {
  const Ref y = make(rows(a), cols(b));
  const auto products = [this, a, b, y](const auto& body) {
    for (int64_t i = 0; i < rows(y); ++i) {
      for (int64_t j = 0; j < cols(y); ++j) {
        for (int64_t k = 0; k < cols(a); ++k) body(i * cols(a) + k, k * cols(b) + j, i * cols(y) + j);
      }
    }
  };
  products([&](int64_t at_a, int64_t at_b, int64_t at_y) { values(y)[at_y] += values(a)[at_a] * values(b)[at_b]; });
  nodes_[y].backward = [this, a, b, y, products] {
    products([&](int64_t at_a, int64_t at_b, int64_t at_y) {
      gradients(a)[at_a] += gradients(y)[at_y] * values(b)[at_b];
      gradients(b)[at_b] += values(a)[at_a] * gradients(y)[at_y];
    });
  };
  return y;
}

DoubleTape::Ref DoubleTape::spmm(const HostCsr& a, Ref x) {
  const Ref y = make(a.rows, cols(x));
  const auto products = [this, a, x](const auto& body) {
    for_entries(a, [&](int64_t row, int64_t k, int64_t column) {
      const double value = a.values[static_cast<std::size_t>(k)];
      for (int64_t c = 0; c < cols(x); ++c) body(value, column * cols(x) + c, row * cols(x) + c);
    });
  };
  products([&](double value, int64_t at_x, int64_t at_y) { values(y)[at_y] += value * values(x)[at_x]; });
  nodes_[y].backward = [this, x, y, products] {
    products([&](double value, int64_t at_x, int64_t at_y) { gradients(x)[at_x] += value * gradients(y)[at_y]; });
  };
  return y;
}

DoubleTape::Ref DoubleTape::add(Ref a, Ref b) {
  const Ref y = make(rows(a), cols(a));
  for (int64_t i = 0; i < size(y); ++i) values(y)[i] = values(a)[i] + values(b)[i];
  nodes_[y].backward = [this, a, b, y] {
    for (int64_t i = 0; i < size(y); ++i) {
      gradients(a)[i] += gradients(y)[i];
      gradients(b)[i] += gradients(y)[i];
    }
  };
  return y;
}

DoubleTape::Ref DoubleTape::elementwise(Ref x, const std::function<double(double)>& f,
                                        const std::function<double(double, double)>& df) {
  return record(
      rows(x), cols(x),
      [&](Ref y) {
        for (int64_t i = 0; i < size(y); ++i) values(y)[i] = f(values(x)[i]);
      },
      [this, x, df](Ref y) {
        for (int64_t i = 0; i < size(y); ++i) gradients(x)[i] += df(values(x)[i], gradients(y)[i]);
      });
}

DoubleTape::Ref DoubleTape::scale(Ref x, double factor) {
  return elementwise(
      x, [factor](double v) { return factor * v; }, [factor](double, double d) { return factor * d; });
}

// What is not below zero passes: a NaN does, forward and backward.
DoubleTape::Ref DoubleTape::relu(Ref x) {
  return elementwise(
      x, [](double v) { return v < 0 ? 0 : v; }, [](double v, double d) { return v <= 0 ? 0 : d; });
}

// Where dropout behind it has left no gradient there is none, whatever the value was.
DoubleTape::Ref DoubleTape::elu(Ref x) {
  return elementwise(
      x, [](double v) { return v < 0 ? std::exp(v) - 1 : v; },
      [](double v, double d) { return d == 0 ? 0 : d * (v > 0 ? 1 : std::exp(v)); });
}

DoubleTape::Ref DoubleTape::leaky_relu(Ref x, double slope) {
  return elementwise(
      x, [slope](double v) { return v > 0 ? v : slope * v; }, [slope](double v, double d) { return v > 0 ? d : slope * d; });
}

DoubleTape::Ref DoubleTape::add_bias(Ref x, Ref bias) {
  const Ref y = make(rows(x), cols(x));
  for (int64_t i = 0; i < size(y); ++i) values(y)[i] = values(x)[i] + values(bias)[i % cols(x)];
  nodes_[y].backward = [this, x, bias, y] {
    for (int64_t i = 0; i < size(y); ++i) {
      gradients(x)[i] += gradients(y)[i];
      gradients(bias)[i % cols(x)] += gradients(y)[i];
    }
  };
  return y;
}

DoubleTape::Ref DoubleTape::dropout(Ref x, const DoubleDropout& dropout) {
  const Ref y = make(rows(x), cols(x));
  const double factor = 1 / (1 - static_cast<double>(dropout.p));
  const auto dropped = [this, x, dropout, factor](int64_t i, double value) {
    const int64_t stride = dropout.stride > 0 ? dropout.stride : cols(x);
    const int64_t element = i / cols(x) * stride + i % cols(x);
    const bool drops = random_word(dropout.random, static_cast<uint64_t>(element)) < dropout_threshold(dropout.p);
    return !drops ? factor * value : dropout.multiplies ? 0 * value : 0;
  };
  for (int64_t i = 0; i < size(y); ++i) values(y)[i] = dropped(i, values(x)[i]);
  nodes_[y].backward = [this, x, y, dropped] {
    for (int64_t i = 0; i < size(y); ++i) gradients(x)[i] += dropped(i, gradients(y)[i]);
  };
  return y;
}

DoubleTape::Ref DoubleTape::l2_penalty(Ref x, double factor) {
  const Ref y = make(1, 1);
  for (int64_t i = 0; i < size(x); ++i) values(y)[0] += factor / 2 * values(x)[i] * values(x)[i];
  nodes_[y].backward = [this, x, y, factor] {
    for (int64_t i = 0; i < size(x); ++i) gradients(x)[i] += factor * values(x)[i] * gradients(y)[0];
  };
  return y;
}

DoubleTape::Ref DoubleTape::masked_nll(Ref logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& listed,
                                       const std::vector<float>& weights) {
  const Ref y = make(1, 1);
  const int64_t classes = cols(logits);
  std::vector<double> shares(static_cast<std::size_t>(size(logits)));
  const auto weight_of = [labels, weights](int32_t row) {
    const auto label = static_cast<std::size_t>(labels[static_cast<std::size_t>(row)]);
    return weights.empty() ? 1 : static_cast<double>(weights[label]);
  };
  double total = 0;
  for (const int32_t row : listed) total += weight_of(row);
  for (const int32_t row : listed) {
    const double share = weight_of(row) / total;
    const double log_sum = softmax(values(logits) + row * classes, classes, 1, shares.data() + row * classes);
    values(y)[0] += share * (log_sum - values(logits)[row * classes + labels[static_cast<std::size_t>(row)]]);
  }
  nodes_[y].backward = [this, logits, y, labels, listed, shares, weight_of, total, classes] {
    for (const int32_t row : listed) {
      const double share = weight_of(row) / total;
      for (int64_t c = 0; c < classes; ++c) {
        const double label = c == labels[static_cast<std::size_t>(row)] ? 1 : 0;
        const int64_t at = row * classes + c;
        gradients(logits)[at] += gradients(y)[0] * share * (shares[static_cast<std::size_t>(at)] - label);
      }
    }
  };
  return y;
}

DoubleTape::Ref DoubleTape::gather_rows(Ref x, const std::vector<int32_t>& ids) {
  HostCsr selection;
  selection.rows = static_cast<int64_t>(ids.size());
  selection.cols = rows(x);
  for (const int32_t id : ids) {
    selection.col_indices.push_back(id);
    selection.values.push_back(1);
    selection.row_offsets.push_back(selection.nnz());
  }
  return spmm(selection, x);
}

DoubleTape::Ref DoubleTape::propagate(const HostCsr& a, bool ones, const std::vector<float>& scale, Ref x, int64_t layers) {
  Ref term = x, sum = x;
  for (int64_t layer = 0; layer < layers; ++layer) {
    // A^ = S A S as three products: 0 times infinity shows where a scale is 0.
    const Ref y = make(a.rows, cols(x));
    const auto products = [this, a, ones, scale, x](const auto& body) {
      for_entries(a, [&](int64_t row, int64_t k, int64_t column) {
        const double value = ones ? 1 : static_cast<double>(a.values[static_cast<std::size_t>(k)]);
        const double weight = value * scale[static_cast<std::size_t>(row)] * scale[static_cast<std::size_t>(column)];
        for (int64_t c = 0; c < cols(x); ++c) body(weight, column * cols(x) + c, row * cols(x) + c);
      });
    };
    products([&](double weight, int64_t at_x, int64_t at_y) { values(y)[at_y] += weight * values(term)[at_x]; });
    nodes_[y].backward = [this, term, y, products] {
      products([&](double weight, int64_t at_x, int64_t at_y) { gradients(term)[at_x] += weight * gradients(y)[at_y]; });
    };
    term = y;
    sum = add(sum, term);
  }
  return this->scale(sum, 1 / static_cast<double>(layers + 1));
}

DoubleTape::Ref DoubleTape::bpr_loss(Ref x) {
  const Ref y = make(1, 1);
  const int64_t d = cols(x);
  const int64_t batch = rows(x) / 3;
  const auto difference = [this, x, d, batch](int64_t b) {
    double positive = 0, negative = 0;
    for (int64_t c = 0; c < d; ++c) {
      positive += values(x)[b * d + c] * values(x)[(batch + b) * d + c];
      negative += values(x)[b * d + c] * values(x)[(2 * batch + b) * d + c];
    }
    return negative - positive;
  };
  const double share = 1 / static_cast<double>(batch);
  for (int64_t b = 0; b < batch; ++b) {
    const double z = difference(b);
    values(y)[0] += share * (z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)));
  }
  nodes_[y].backward = [this, x, y, d, batch, difference, share] {
    for (int64_t b = 0; b < batch; ++b) {
      const double factor = gradients(y)[0] * share / (1 + std::exp(-difference(b)));
      for (int64_t c = 0; c < d; ++c) {
        const int64_t user = b * d + c, positive = user + batch * d, negative = positive + batch * d;
        gradients(x)[user] += factor * (values(x)[negative] - values(x)[positive]);
        gradients(x)[positive] -= factor * values(x)[user];
        gradients(x)[negative] += factor * values(x)[user];
      }
    }
  };
  return y;
}

DoubleTape::Ref DoubleTape::sampled_softmax_loss(Ref x, int64_t batch, double temperature) {
  const int64_t d = cols(x);
  const int64_t m = rows(x) - 2 * batch;
  // Unit rows, then cosines and the softmax over the positive and the negatives of each user.
  const Ref unit = make(rows(x), d);
  std::vector<double> inverse(static_cast<std::size_t>(rows(x)));
  for (int64_t row = 0; row < rows(x); ++row) {
    double squares = 0;
    for (int64_t c = 0; c < d; ++c) squares += values(x)[row * d + c] * values(x)[row * d + c];
    inverse[static_cast<std::size_t>(row)] = squares == 0 ? 0 : 1 / std::sqrt(squares);
    for (int64_t c = 0; c < d; ++c) values(unit)[row * d + c] = values(x)[row * d + c] * inverse[static_cast<std::size_t>(row)];
  }
  nodes_[unit].backward = [this, x, unit, d, inverse] {
    for (int64_t row = 0; row < rows(x); ++row) {
      double along = 0;
      for (int64_t c = 0; c < d; ++c) along += gradients(unit)[row * d + c] * values(unit)[row * d + c];
      for (int64_t c = 0; c < d; ++c) {
        const int64_t at = row * d + c;
        gradients(x)[at] += (gradients(unit)[at] - along * values(unit)[at]) * inverse[static_cast<std::size_t>(row)];
      }
    }
  };
  HostCsr pairs;  // of each user: the positive, then the negatives
  pairs.rows = batch;
  pairs.cols = rows(x);
  for (int64_t b = 0; b < batch; ++b) {
    pairs.col_indices.push_back(static_cast<int32_t>(batch + b));
    for (int64_t j = 0; j < m; ++j) pairs.col_indices.push_back(static_cast<int32_t>(2 * batch + j));
    pairs.row_offsets.push_back(pairs.nnz());
  }
  std::vector<int32_t> users, labels(static_cast<std::size_t>(batch), 0);
  for (int64_t b = 0; b < batch; ++b) users.push_back(static_cast<int32_t>(b));
  const Ref cosines = head_sddmm(pairs, gather_rows(unit, users), unit, 1);
  const Ref logits = scale(cosines, 1 / temperature);
  const Ref by_user = make(batch, m + 1);  // the same numbers, a row a user
  nodes_[by_user].value.values = nodes_[logits].value.values;
  nodes_[by_user].backward = [this, logits, by_user] {
    for (int64_t i = 0; i < size(logits); ++i) gradients(logits)[i] += gradients(by_user)[i];
  };
  return masked_nll(by_user, labels, users);
}

DoubleTape::Ref DoubleTape::head_scores(Ref x, Ref a, int64_t heads) {
  const Ref y = make(rows(x), heads);
  const int64_t width = cols(x), columns = width / heads;
  for (int64_t i = 0; i < size(x); ++i) values(y)[i / width * heads + i % width / columns] += values(x)[i] * values(a)[i % width];
  nodes_[y].backward = [this, x, a, y, heads, width, columns] {
    for (int64_t i = 0; i < size(x); ++i) {
      const double d = gradients(y)[i / width * heads + i % width / columns];
      gradients(x)[i] += d * values(a)[i % width];
      gradients(a)[i % width] += d * values(x)[i];
    }
  };
  return y;
}

DoubleTape::Ref DoubleTape::edge_sums(const HostCsr& graph, Ref sources, Ref targets) {
  const int64_t width = cols(sources);
  const Ref s = make(graph.nnz(), width);
  for_entries(graph, [&](int64_t row, int64_t k, int64_t column) {
    for (int64_t c = 0; c < width; ++c) {
      values(s)[k * width + c] = values(sources)[column * width + c] + values(targets)[row * width + c];
    }
  });
  nodes_[s].backward = [this, graph, sources, targets, s, width] {
    for_entries(graph, [&](int64_t row, int64_t k, int64_t column) {
      for (int64_t c = 0; c < width; ++c) {
        gradients(sources)[column * width + c] += gradients(s)[k * width + c];
        gradients(targets)[row * width + c] += gradients(s)[k * width + c];
      }
    });
  };
  return s;
}

DoubleTape::Ref DoubleTape::head_sddmm(const HostCsr& graph, Ref x, Ref y, int64_t heads) {
  const int64_t width = cols(x), columns = width / heads;
  const Ref s = make(graph.nnz(), heads);
  const auto products = [graph, heads, width, columns](const auto& body) {
    for_entries(graph, [&](int64_t row, int64_t k, int64_t column) {
      for (int64_t c = 0; c < width; ++c) body(row * width + c, column * width + c, k * heads + c / columns);
    });
  };
  products([&](int64_t at_x, int64_t at_y, int64_t at_s) { values(s)[at_s] += values(x)[at_x] * values(y)[at_y]; });
  nodes_[s].backward = [this, x, y, s, products] {
    products([&](int64_t at_x, int64_t at_y, int64_t at_s) {
      gradients(x)[at_x] += gradients(s)[at_s] * values(y)[at_y];
      gradients(y)[at_y] += gradients(s)[at_s] * values(x)[at_x];
    });
  };
  return s;
}

DoubleTape::Ref DoubleTape::edge_softmax(const HostCsr& graph, Ref x) {
  const int64_t heads = cols(x);
  const Ref y = make(rows(x), heads);
  const auto for_rows = [graph, heads](const auto& body) {
    for (std::size_t row = 0; row < static_cast<std::size_t>(graph.rows); ++row) {
      for (int64_t h = 0; h < heads; ++h) {
        body(graph.row_offsets[row] * heads + h, graph.row_offsets[row + 1] - graph.row_offsets[row]);
      }
    }
  };
  for_rows([&](int64_t first, int64_t count) { softmax(values(x) + first, count, heads, values(y) + first); });
  nodes_[y].backward = [this, x, y, heads, for_rows] {
    for_rows([&](int64_t first, int64_t count) {
      double sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += values(y)[first + i * heads] * gradients(y)[first + i * heads];
      for (int64_t i = 0; i < count; ++i) {
        const int64_t at = first + i * heads;
        gradients(x)[at] += values(y)[at] * (gradients(y)[at] - sum);
      }
    });
  };
  return y;
}

DoubleTape::Ref DoubleTape::head_spmm(const HostCsr& graph, Ref s, Ref x, int64_t heads) {
  const int64_t width = cols(x), columns = width / heads;
  const Ref y = make(graph.rows, width);
  const auto products = [graph, heads, width, columns](const auto& body) {
    for_entries(graph, [&](int64_t row, int64_t k, int64_t column) {
      for (int64_t c = 0; c < width; ++c) body(k * heads + c / columns, column * width + c, row * width + c);
    });
  };
  products([&](int64_t at_s, int64_t at_x, int64_t at_y) { values(y)[at_y] += values(s)[at_s] * values(x)[at_x]; });
  nodes_[y].backward = [this, s, x, y, products] {
    products([&](int64_t at_s, int64_t at_x, int64_t at_y) {
      gradients(s)[at_s] += gradients(y)[at_y] * values(x)[at_x];
      gradients(x)[at_x] += gradients(y)[at_y] * values(s)[at_s];
    });
  };
  return y;
}

}  // namespace heddle::bench
