#pragma once

#include <cstdint>
#include <type_traits>

namespace heddle {

// No function here may be emitted out of line: kernels compiled for one instruction set include this file, and the linker
// would be free to use their copy everywhere.

/// A row-major matrix somewhere in a device's memory: element (r, c) at data[r * cols + c]. Owns nothing.
template <class T>
struct DenseView {
  T* data = nullptr;  ///< the first element
  int64_t rows = 0;   ///< how many rows
  int64_t cols = 0;   ///< how many columns

  /// Elements.
  [[gnu::always_inline]] int64_t size() const { return rows * cols; }
  /// The same, to be read only.
  template <class U>
  requires(std::is_same_v<U, const T> && !std::is_const_v<T>) [[gnu::always_inline]] operator DenseView<U>() const {
    return {data, rows, cols};
  }
};

/// A sparse matrix in compressed sparse rows, in a device's memory. Owns nothing.
/// Row r's non-zeros stand at [row_offsets[r], row_offsets[r + 1]); the k-th has column col_indices[k] and the value
///   values[value_index[k]]   where both are given (a transpose that borrows the original's values),
///   values[k]                where value_index is null,
///   1                        where values is null.
struct CsrView {
  int64_t rows = 0;                      ///< how many rows
  int64_t cols = 0;                      ///< how many columns
  int64_t nnz = 0;                       ///< how many non-zeros
  const int64_t* row_offsets = nullptr;  ///< rows + 1, ascending, first 0, last nnz
  const int32_t* col_indices = nullptr;  ///< nnz, each in [0, cols)
  const float* values = nullptr;         ///< nnz, or null
  const int64_t* value_index = nullptr;  ///< nnz, a permutation of [0, nnz), or null
  int64_t longest_row = -1;              ///< the most non-zeros of a row; -1: not known. Variants are chosen by it
  /// A number that no other structure of this process has had (new_matrix_identity); 0: none. What a library finds out about a
  /// matrix is kept by it, so the arrays of a matrix with one stay as they are.
  uint64_t identity = 0;
};

}  // namespace heddle
