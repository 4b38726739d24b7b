#include <numeric>
#include <utility>

#include "heddle/data.h"
#include "heddle/rethrow.h"
#include "io/hasher.h"

namespace heddle {

namespace {

using io::detail::Hasher;

static_assert(sizeof(std::pair<int32_t, int32_t>) == 8, "an edge is two int32 in the stream");

/// Adds the entries that are not zero of a row given by columns and values.
class RowHasher {
 public:
  explicit RowHasher(Hasher& hasher) : hasher_(hasher) {}

  void add(const int32_t* columns, const float* values, int64_t count) {
    int64_t zeros = 0;
    for (int64_t i = 0; i < count; ++i) zeros += values[i] == 0;
    if (zeros == 0) return hasher_.add_row(columns, values, count);
    columns_.clear();
    values_.clear();
    for (int64_t i = 0; i < count; ++i) {
      if (values[i] == 0) continue;
      columns_.push_back(columns[i]);
      values_.push_back(values[i]);
    }
    hasher_.add_row(columns_.data(), values_.data(), count - zeros);
  }

 private:
  Hasher& hasher_;
  std::vector<int32_t> columns_;
  std::vector<float> values_;
};

}  // namespace

std::string NodeDataset::content_hash() const try {
  Hasher hasher;
  const char stream_tag[8] = {'h', 'e', 'd', 'd', 'l', 'e', directed ? 'D' : 'N', '1'};
  hasher.add(stream_tag, sizeof(stream_tag));
  hasher.add(nodes);
  hasher.add_counted(edges);
  hasher.add_counted(edge_weights);

  const int64_t rows = features_are_sparse ? sparse_features.rows : dense_features.rows;
  const int64_t cols = feature_count();
  hasher.add(rows);
  hasher.add(cols);
  RowHasher row_hasher(hasher);
  if (features_are_sparse) {
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      const int64_t begin = sparse_features.row_offsets[row];
      row_hasher.add(sparse_features.col_indices.data() + begin, sparse_features.values.data() + begin,
                     sparse_features.row_offsets[row + 1] - begin);
    }
  } else {
    std::vector<int32_t> columns(static_cast<std::size_t>(cols));
    std::iota(columns.begin(), columns.end(), 0);
    for (int64_t row = 0; row < rows; ++row) row_hasher.add(columns.data(), dense_features.values.data() + row * cols, cols);
  }

  hasher.add(classes);
  hasher.add_counted(labels);
  for (const std::vector<int32_t>* split : {&train, &val, &test}) hasher.add_counted(*split);
  return hasher.hex();
} catch (...) {
  rethrow_as_error();
}

std::string NodeDataset::graph_hash() const try {
  Hasher hasher;
  hasher.add(nodes);
  hasher.add_counted(edges);
  hasher.add_counted(edge_weights);
  hasher.add(int64_t{features_are_sparse});
  hasher.add(feature_count());
  hasher.add_counted(sparse_features.row_offsets);
  hasher.add_counted(sparse_features.col_indices);
  hasher.add_counted(sparse_features.values);
  hasher.add_counted(dense_features.values);
  if (directed) hasher.add(int64_t{1});
  return hasher.hex();
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
