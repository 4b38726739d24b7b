#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "heddle/recommender.h"

/// Small interaction data, and recommending straight from its definition.
namespace heddle::test {

/// A users x items matrix from one list of items per user, with ids "u0", ... and "i0", ...
inline InteractionDataset interactions_of(const std::vector<std::vector<int32_t>>& train, int64_t items,
                                          const std::vector<std::vector<int32_t>>& test = {},
                                          const std::vector<std::vector<int32_t>>& val = {}) {
  InteractionDataset data;
  data.name = "small";
  const auto matrix = [&](const std::vector<std::vector<int32_t>>& rows) {
    HostCsr csr{.rows = static_cast<int64_t>(train.size()), .cols = items, .row_offsets = {0}, .col_indices = {}, .values = {}};
    for (std::size_t user = 0; user < train.size(); ++user) {
      if (user < rows.size()) csr.col_indices.insert(csr.col_indices.end(), rows[user].begin(), rows[user].end());
      csr.row_offsets.push_back(csr.nnz());
    }
    return csr;
  };
  data.train = matrix(train);
  data.val = matrix(val);
  data.test = matrix(test);
  std::vector<std::string> user_ids, item_ids;
  for (std::size_t user = 0; user < train.size(); ++user) user_ids.push_back("u" + std::to_string(user));
  for (int64_t item = 0; item < items; ++item) item_ids.push_back("i" + std::to_string(item));
  data.users = IdTable(std::move(user_ids));
  data.items = IdTable(std::move(item_ids));
  return data;
}

/// Each user has each item with this probability: in training, or, one in four each, in validation or test. The last user and
/// the last item have nothing in training.
inline InteractionDataset random_interactions(int64_t users, int64_t items, double density, uint64_t seed,
                                              bool weighted = false) {
  bench::Draws draws(seed);
  std::vector<std::vector<int32_t>> parts[3];
  for (auto& part : parts) part.resize(static_cast<std::size_t>(users));
  for (std::size_t user = 0; user < static_cast<std::size_t>(users); ++user) {
    for (int32_t item = 0; item < items; ++item) {
      if (draws.uniform() >= density) continue;
      const int64_t part = std::max<int64_t>(draws.below(4) - 1, 0);
      if (part == 0 && (user + 1 == static_cast<std::size_t>(users) || item + 1 == items)) continue;
      parts[part][user].push_back(item);
    }
  }
  InteractionDataset data = interactions_of(parts[0], items, parts[2], parts[1]);
  if (weighted) {
    for (int64_t k = 0; k < data.train.nnz(); ++k) data.train.values.push_back(static_cast<float>(0.5 + draws.uniform()));
  }
  return data;
}

/// A matrix in double, row-major.
struct Dense {
  int64_t rows = 0, cols = 0;
  std::vector<double> values;
  Dense(int64_t rows_, int64_t cols_) : rows(rows_), cols(cols_), values(static_cast<std::size_t>(rows_ * cols_)) {}
  double& at(int64_t r, int64_t c) { return values[static_cast<std::size_t>(r * cols + c)]; }
  double at(int64_t r, int64_t c) const { return values[static_cast<std::size_t>(r * cols + c)]; }
};

inline Dense dense_of(const HostCsr& csr) {
  Dense dense(csr.rows, csr.cols);
  for (int64_t row = 0; row < csr.rows; ++row) {
    for (int64_t k = csr.row_offsets[row]; k < csr.row_offsets[row + 1]; ++k) {
      dense.at(row, csr.col_indices[k]) = csr.values.empty() ? 1.0 : csr.values[k];
    }
  }
  return dense;
}

inline Dense transposed(const Dense& a) {
  Dense result(a.cols, a.rows);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t c = 0; c < a.cols; ++c) result.at(c, r) = a.at(r, c);
  }
  return result;
}

inline Dense product(const Dense& a, const Dense& b) {
  Dense result(a.rows, b.cols);
  for (int64_t r = 0; r < a.rows; ++r) {
    for (int64_t k = 0; k < a.cols; ++k) {
      for (int64_t c = 0; c < b.cols; ++c) result.at(r, c) += a.at(r, k) * b.at(k, c);
    }
  }
  return result;
}

/// Eigenvalues, descending, and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations.
struct Eigen {
  std::vector<double> values;
  Dense vectors;
};
inline Eigen eigen_of(Dense a) {
  const int64_t n = a.rows;
  Dense v(n, n);
  for (int64_t i = 0; i < n; ++i) v.at(i, i) = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        if (std::abs(a.at(p, q)) < 1e-300) continue;
        const double theta = (a.at(q, q) - a.at(p, p)) / (2 * a.at(p, q));
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (int64_t k = 0; k < n; ++k) {
          const double x = a.at(k, p), y = a.at(k, q);
          a.at(k, p) = c * x - s * y;
          a.at(k, q) = s * x + c * y;
        }
        for (int64_t k = 0; k < n; ++k) {
          const double x = a.at(p, k), y = a.at(q, k);
          a.at(p, k) = c * x - s * y;
          a.at(q, k) = s * x + c * y;
        }
        for (int64_t k = 0; k < n; ++k) {
          const double x = v.at(k, p), y = v.at(k, q);
          v.at(k, p) = c * x - s * y;
          v.at(k, q) = s * x + c * y;
        }
      }
    }
  }
  std::vector<int64_t> order(static_cast<std::size_t>(n));
  for (int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  std::sort(order.begin(), order.end(), [&](int64_t i, int64_t j) { return a.at(i, i) > a.at(j, j); });
  Eigen result{{}, Dense(n, n)};
  for (int64_t k = 0; k < n; ++k) {
    result.values.push_back(a.at(order[static_cast<std::size_t>(k)], order[static_cast<std::size_t>(k)]));
    for (int64_t i = 0; i < n; ++i) result.vectors.at(i, k) = v.at(i, order[static_cast<std::size_t>(k)]);
  }
  return result;
}

/// Every user of the model, in order.
inline std::vector<Query> all_users(const Recommender& model) {
  std::vector<Query> queries;
  for (int32_t user = 0; user < model.users(); ++user) queries.push_back({user, {}});
  return queries;
}

/// The model's scores, on the host.
inline std::vector<float> scores_of(const Recommender& model, const std::vector<Query>& queries) {
  Session session(model.device());
  Context& context = session.context();
  context.begin_step();
  const auto count = static_cast<int64_t>(queries.size());
  const DenseView<float> scores{context.arena().allocate_array<float>(count * model.items()), count, model.items()};
  model.score(session, queries, scores);
  return download(context.stream(), scores.data, static_cast<std::size_t>(scores.size()));
}

/// Rankings, asked in a session of their own.
inline std::vector<Ranking> ranked(const Recommender& model, const std::vector<Query>& queries, const RankOptions& options = {}) {
  Session session(model.device());
  return model.rank(session, queries, options);
}

/// Rankings as one list of numbers, to compare bit by bit.
inline std::vector<float> flat(const std::vector<Ranking>& rankings) {
  std::vector<float> values;
  for (const Ranking& ranking : rankings) {
    values.push_back(static_cast<float>(ranking.size()));
    for (const RankedItem& each : ranking) {
      values.push_back(static_cast<float>(each.item));
      values.push_back(each.score);
    }
  }
  return values;
}

/// A model of given scores, a row a user; a visitor with n items has row n % users.
class GivenScores final : public Recommender {
 public:
  GivenScores(HostCsr train, std::vector<float> scores, const Device& device)
      : Recommender(std::make_shared<const HostCsr>(std::move(train)), device), scores_(std::move(scores)) {}
  std::string name() const override { return "given"; }
  std::map<std::string, std::string> settings() const override { return {}; }
  int64_t row_of(const Query& query) const {
    return query.user >= 0 ? query.user : static_cast<int64_t>(query.items.size()) % users();
  }
  void score_block(Session& session, std::span<const Query> queries, DenseView<float> scores) const override {
    for (std::size_t i = 0; i < queries.size(); ++i) {
      upload(session.context().stream(), scores.data + static_cast<int64_t>(i) * items(),
             scores_.data() + row_of(queries[i]) * items(), static_cast<std::size_t>(items()) * sizeof(float));
    }
  }
  std::vector<io::NamedTensor> tensors() const override { return {}; }

 private:
  std::vector<float> scores_;
};

}  // namespace heddle::test
