#include "heddle/sparse.h"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "heddle/error.h"
#include "heddle/hex.h"

namespace heddle {

namespace {

void check(const HostCsr& m) {
  require(m.rows >= 0 && m.cols >= 0 && m.cols <= std::numeric_limits<int32_t>::max(), ErrorKind::usage,
          "sparse matrix: ", m.rows, " x ", m.cols, " does not fit 32-bit column ids");
  require(
      static_cast<int64_t>(m.row_offsets.size()) == m.rows + 1 && m.row_offsets.front() == 0 && m.row_offsets.back() == m.nnz(),
      ErrorKind::usage, "sparse matrix: the row offsets do not span ", counted(m.rows, "row"), " and ",
      counted(m.nnz(), "non-zero"));
  require(m.values.size() == m.col_indices.size(), ErrorKind::usage, "sparse matrix: ", counted(m.values.size(), "value"),
          " for ", counted(m.nnz(), "column"));
  for (int64_t row = 0; row < m.rows; ++row) {
    require(m.row_offsets[row] <= m.row_offsets[row + 1], ErrorKind::usage, "sparse matrix: the offsets of row ", row,
            " descend");
  }
  for (int64_t row = 0; row < m.rows; ++row) {
    for (int64_t k = m.row_offsets[row]; k < m.row_offsets[row + 1]; ++k) {
      require(m.col_indices[k] >= 0 && m.col_indices[k] < m.cols, ErrorKind::usage, "sparse matrix: row ", row, " has column ",
              m.col_indices[k], ", ", there_are(m.cols));
    }
  }
}

/// Chained by seeds: each array's hash is the next one's.
StructureHash hash_of(int64_t rows, int64_t cols, const std::vector<int64_t>& offsets, const std::vector<int32_t>& columns) {
  const int64_t sizes[] = {rows, cols};
  uint64_t seed = XXH3_64bits(sizes, sizeof sizes);
  seed = XXH3_64bits_withSeed(offsets.data(), offsets.size() * sizeof(int64_t), seed);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(columns.data(), columns.size() * sizeof(int32_t), seed);
  return {hash.high64, hash.low64};
}

int64_t longest(const std::vector<int64_t>& offsets) {
  int64_t most = 0;
  for (std::size_t row = 1; row < offsets.size(); ++row) most = std::max(most, offsets[row] - offsets[row - 1]);
  return most;
}

struct Transpose {
  std::vector<int64_t> offsets;
  std::vector<int32_t> indices;
  std::vector<int64_t> value_index;
};

/// A counting sort by column: rows ascend within each column, as the original is walked in row order.
Transpose transpose_of(const HostCsr& m) {
  Transpose t{std::vector<int64_t>(m.cols + 1), std::vector<int32_t>(m.nnz()), std::vector<int64_t>(m.nnz())};
  for (int32_t column : m.col_indices) ++t.offsets[column + 1];
  for (int64_t column = 0; column < m.cols; ++column) t.offsets[column + 1] += t.offsets[column];
  std::vector<int64_t> next(t.offsets.begin(), t.offsets.end() - 1);
  for (int64_t row = 0; row < m.rows; ++row) {
    for (int64_t k = m.row_offsets[row]; k < m.row_offsets[row + 1]; ++k) {
      const int64_t at = next[m.col_indices[k]]++;
      t.indices[at] = static_cast<int32_t>(row);
      t.value_index[at] = k;
    }
  }
  return t;
}

bool is_symmetric(const HostCsr& m) {
  if (m.rows != m.cols) return false;
  const Transpose t = transpose_of(m);
  if (t.offsets != m.row_offsets || t.indices != m.col_indices) return false;
  for (int64_t k = 0; k < m.nnz(); ++k) {
    if (m.values[k] != m.values[t.value_index[k]]) return false;
  }
  return true;
}

}  // namespace

std::string StructureHash::hex() const { return hex_of(high, low); }

StructureHash structure_hash(const HostCsr& matrix) {
  return hash_of(matrix.rows, matrix.cols, matrix.row_offsets, matrix.col_indices);
}

uint64_t new_matrix_identity() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

SparseMatrix::SparseMatrix(Stream& stream, const HostCsr& matrix, bool symmetric)
    : symmetric_(symmetric), device_kind_(stream.kind()), device_index_(stream.device_index()) {
  check(matrix);
  row_offsets_ = Buffer::upload(stream, matrix.row_offsets);
  col_indices_ = Buffer::upload(stream, matrix.col_indices);
  values_ = Buffer::upload(stream, matrix.values);
  view_ = {matrix.rows,
           matrix.cols,
           matrix.nnz(),
           row_offsets_.as<int64_t>(),
           col_indices_.as<int32_t>(),
           values_.as<float>(),
           nullptr,
           longest(matrix.row_offsets),
           new_matrix_identity()};
  structure_ = structure_hash(matrix);
  if (symmetric) {
    require(is_symmetric(matrix), ErrorKind::usage, "sparse matrix: it was said to be symmetric and is not");
    return;
  }
  require(matrix.rows <= std::numeric_limits<int32_t>::max(), ErrorKind::usage,
          "sparse matrix: its transpose needs 32-bit row ids, it has ", counted(matrix.rows, "row"));
  const Transpose t = transpose_of(matrix);
  transpose_offsets_ = Buffer::upload(stream, t.offsets);
  transpose_indices_ = Buffer::upload(stream, t.indices);
  value_index_ = Buffer::upload(stream, t.value_index);
  transpose_ = {matrix.cols,
                matrix.rows,
                matrix.nnz(),
                transpose_offsets_.as<int64_t>(),
                transpose_indices_.as<int32_t>(),
                values_.as<float>(),
                value_index_.as<int64_t>(),
                longest(t.offsets),
                new_matrix_identity()};
  transpose_structure_ = hash_of(matrix.cols, matrix.rows, t.offsets, t.indices);
}

}  // namespace heddle
