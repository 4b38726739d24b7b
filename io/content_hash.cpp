#include <xxhash.h>

#include <bit>
#include <memory>
#include <new>
#include <numeric>

#include "heddle/data.h"
#include "heddle/error.h"

namespace heddle {

namespace {

static_assert(std::endian::native == std::endian::little, "the canonical stream is little-endian");
static_assert(sizeof(std::pair<int32_t, int32_t>) == 8, "an edge is two int32 in the stream");

/// XXH3-128 of a stream of numbers.
class Hasher {
 public:
  Hasher() : state_(XXH3_createState()) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
  }
  template <class T>
  void add(const T* values, int64_t count) {
    XXH3_128bits_update(state_.get(), values, static_cast<size_t>(count) * sizeof(T));
  }
  void add(int64_t value) { add(&value, 1); }
  template <class T>
  void add_counted(const std::vector<T>& values) {
    add(static_cast<int64_t>(values.size()));
    add(values.data(), static_cast<int64_t>(values.size()));
  }
  /// A feature row: the number of its non-zeros, their columns, their values.
  void add_row(const int32_t* columns, const float* values, int64_t nonzeros) {
    add(nonzeros);
    add(columns, nonzeros);
    add(values, nonzeros);
  }
  std::string hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    std::string result;
    for (const uint64_t half : {hash.high64, hash.low64}) {
      for (int shift = 60; shift >= 0; shift -= 4) result += "0123456789abcdef"[(half >> shift) & 15];
    }
    return result;
  }

 private:
  struct Release {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Release> state_;
};

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

std::string NodeDataset::content_hash() const {
  Hasher hasher;
  constexpr char kStream[8] = {'h', 'e', 'd', 'd', 'l', 'e', 'N', '1'};
  hasher.add(kStream, sizeof(kStream));
  hasher.add(nodes);
  hasher.add_counted(edges);
  hasher.add_counted(edge_weights);

  const int64_t rows = features_are_sparse ? sparse_features.rows : dense_features.rows;
  const int64_t cols = feature_count();
  hasher.add(rows);
  hasher.add(cols);
  RowHasher row_hasher(hasher);
  if (features_are_sparse) {
    for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
      const int64_t begin = sparse_features.row_offsets[row];
      row_hasher.add(sparse_features.col_indices.data() + begin, sparse_features.values.data() + begin,
                     sparse_features.row_offsets[row + 1] - begin);
    }
  } else {
    std::vector<int32_t> columns(static_cast<size_t>(cols));
    std::iota(columns.begin(), columns.end(), 0);
    for (int64_t row = 0; row < rows; ++row) row_hasher.add(columns.data(), dense_features.values.data() + row * cols, cols);
  }

  hasher.add(classes);
  hasher.add_counted(labels);
  for (const std::vector<int32_t>* split : {&train, &val, &test}) hasher.add_counted(*split);
  return hasher.hex();
}

}  // namespace heddle
