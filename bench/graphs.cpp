#include "bench/graphs.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace heddle::bench {

std::string data_folder() {
  const char* const folder = std::getenv("HEDDLE_DATA");
  return folder == nullptr ? "" : folder;
}

float Draws::mixed() {
  const double magnitude = std::ldexp(1.0 + uniform(), static_cast<int>(below(20)) - 10);
  return static_cast<float>((word() & 1) != 0 ? -magnitude : magnitude);
}

HostCsr csr_from_rows(const std::vector<std::vector<int32_t>>& columns, int64_t cols, uint64_t seed) {
  Draws draws(seed);
  HostCsr csr;
  csr.rows = static_cast<int64_t>(columns.size());
  csr.cols = cols;
  for (const std::vector<int32_t>& row : columns) {
    csr.col_indices.insert(csr.col_indices.end(), row.begin(), row.end());
    csr.row_offsets.push_back(csr.nnz());
  }
  csr.values.resize(csr.col_indices.size());
  for (float& value : csr.values) value = draws.mixed();
  return csr;
}

HostCsr random_graph(int64_t rows, int64_t cols, int64_t nnz, uint64_t seed) {
  Draws draws(seed);
  std::vector<std::vector<int32_t>> columns(static_cast<std::size_t>(rows));
  for (int64_t k = 0; k < nnz; ++k) {
    auto& row = columns[static_cast<std::size_t>(draws.below(rows))];
    row.push_back(static_cast<int32_t>(draws.below(cols)));
  }
  for (auto& row : columns) std::sort(row.begin(), row.end());
  return csr_from_rows(columns, cols, seed + 1);
}

HostCsr power_law_graph(int64_t rows, int64_t cols, int64_t nnz, uint64_t seed) {
  constexpr double exponent = 0.8;
  Draws draws(seed);
  double weight = 0;
  for (int64_t r = 0; r < rows; ++r) weight += std::pow(static_cast<double>(r + 1), -exponent);
  std::vector<std::vector<int32_t>> columns(static_cast<std::size_t>(rows));
  for (int64_t r = 0; r < rows; ++r) {
    const double share = std::pow(static_cast<double>(r + 1), -exponent) / weight;
    const int64_t length = std::llround(share * static_cast<double>(nnz));
    for (int64_t k = 0; k < length; ++k) {
      // The inverse of the distribution function of x^-0.8 on (0, cols).
      const double column = static_cast<double>(cols) * std::pow(draws.uniform(), 1 / (1 - exponent));
      columns[static_cast<std::size_t>(r)].push_back(
          static_cast<int32_t>(std::min<int64_t>(static_cast<int64_t>(column), cols - 1)));
    }
  }
  return csr_from_rows(columns, cols, seed + 1);
}

HostCsr giant_row_graph(int64_t nnz, uint64_t seed) {
  constexpr int64_t cols = 41;
  Draws draws(seed);
  std::vector<std::vector<int32_t>> columns(5);
  for (std::size_t r = 0; r < columns.size(); ++r) {
    const int64_t length = r == 2 ? nnz : static_cast<int64_t>(r);
    for (int64_t k = 0; k < length; ++k) columns[r].push_back(static_cast<int32_t>(draws.below(cols)));
  }
  return csr_from_rows(columns, cols, seed + 1);
}

std::vector<NamedGraph> hostile_graphs() {
  using Rows = std::vector<std::vector<int32_t>>;
  const auto every_column = [](int32_t cols) {
    std::vector<int32_t> columns(static_cast<std::size_t>(cols));
    std::iota(columns.begin(), columns.end(), 0);
    return columns;
  };
  std::vector<NamedGraph> graphs;
  graphs.push_back({"no rows, no columns", csr_from_rows({}, 0, 1)});
  graphs.push_back({"no rows", csr_from_rows({}, 5, 1)});
  graphs.push_back({"no columns", csr_from_rows(Rows(5), 0, 1)});
  graphs.push_back({"no edges", csr_from_rows(Rows(9), 9, 1)});
  graphs.push_back({"one edge", csr_from_rows({{0}}, 1, 2)});
  graphs.push_back({"empty rows first, between and last", csr_from_rows({{}, {}, {3}, {}, {0, 2}, {}, {1}, {}, {}}, 4, 3)});

  Rows hub_row(33);
  hub_row[17] = every_column(70);
  graphs.push_back({"hub row", csr_from_rows(hub_row, 70, 4)});
  graphs.push_back({"hub column", csr_from_rows(Rows(67, {5}), 11, 5)});

  Rows loops(19);
  for (int32_t r = 0; r < 19; ++r) loops[static_cast<std::size_t>(r)] = {r};
  graphs.push_back({"self-loops only", csr_from_rows(loops, 19, 6)});
  graphs.push_back({"repeated columns", csr_from_rows({{2, 2, 2, 2, 2}, {0, 0, 1, 1}, {}, {1, 0, 1, 0, 1}}, 3, 7)});

  // Lengths 0 to 40: every remainder of every unrolled loop.
  Rows lengths;
  Draws draws(8);
  for (int length = 0; length <= 40; ++length) {
    std::vector<int32_t>& row = lengths.emplace_back();
    for (int k = 0; k < length; ++k) row.push_back(static_cast<int32_t>(draws.below(23)));
  }
  graphs.push_back({"every length to 40", csr_from_rows(lengths, 23, 8)});
  graphs.push_back({"wide", random_graph(3, 200, 90, 9)});
  graphs.push_back({"tall", random_graph(300, 3, 350, 10)});
  graphs.push_back({"power law", power_law_graph(120, 80, 600, 11)});

  HostCsr extreme = random_graph(30, 30, 200, 12);
  for (std::size_t k = 0; k < extreme.values.size(); ++k) {
    constexpr float values[] = {0.0f, 1e30f, -1e30f, -0.0f, 1e-30f, 1.0f, -1e-20f};
    extreme.values[k] = values[k % std::size(values)];
  }
  graphs.push_back({"zero and huge values", std::move(extreme)});
  return graphs;
}

HostMatrix random_matrix(int64_t rows, int64_t cols, uint64_t seed) {
  Draws draws(seed);
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  for (float& value : matrix.values) value = draws.mixed();
  return matrix;
}

HostMatrix uniform_matrix(int64_t rows, int64_t cols, uint64_t seed, double most) {
  Draws draws(seed);
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  for (float& value : matrix.values) value = static_cast<float>(most * (2 * draws.uniform() - 1));
  return matrix;
}

HostCsr squared(HostCsr matrix) {
  const int64_t n = std::max(matrix.rows, matrix.cols);
  matrix.row_offsets.resize(static_cast<std::size_t>(n + 1), matrix.nnz());
  matrix.rows = matrix.cols = n;
  return matrix;
}

std::vector<int64_t> random_permutation(int64_t count, uint64_t seed) {
  Draws draws(seed);
  std::vector<int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (int64_t i = count - 1; i > 0; --i) {
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(draws.below(i + 1))]);
  }
  return order;
}

}  // namespace heddle::bench
