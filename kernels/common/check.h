#pragma once

#include <functional>

#include "heddle/error.h"
#include "heddle/kernel/views.h"

// Argument checks shared by the ops; the sentences name the op and the argument.
namespace heddle::kernels {

template <class T>
void check_data(const char* op, const char* name, const DenseView<T>& view) {
  require(view.rows >= 0 && view.cols >= 0, ErrorKind::usage, op, ": ", name, " is ", view.rows, " x ", view.cols);
  require(view.size() == 0 || view.data != nullptr, ErrorKind::usage, op, ": ", name, " is null");
}

template <class T, class U>
void check_same_shape(const char* op, const char* name, const DenseView<T>& a, const char* other, const DenseView<U>& b) {
  require(a.rows == b.rows && a.cols == b.cols, ErrorKind::usage, op, ": ", name, " is ", a.rows, " x ", a.cols, ", ", other,
          " is ", b.rows, " x ", b.cols);
}

/// The arrays of a graph, or of a matrix as far as its structure goes.
inline void check_graph(const char* op, const CsrView& a) {
  require(a.rows == 0 || a.row_offsets != nullptr, ErrorKind::usage, op, ": row_offsets is null");
  require(a.nnz == 0 || a.col_indices != nullptr, ErrorKind::usage, op, ": col_indices is null");
}

/// Columns that stand side by side by head.
inline void check_heads(const char* op, int64_t heads, int64_t width, int64_t most = INT64_MAX) {
  require(heads <= most, ErrorKind::usage, op, ": ", heads, " heads, there must be 1 to ", most);
  require(heads >= 1 && width >= heads && width % heads == 0, ErrorKind::usage, op, ": ", width, " columns do not make ", heads,
          " heads");
}

/// Whether the two share memory in any way.
template <class T, class U>
bool overlap(const DenseView<T>& a, const DenseView<U>& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  const std::less<const void*> before;
  return before(a.data, b.data + b.size()) && before(b.data, a.data + a.size());
}

template <class T, class U>
void check_apart(const char* op, const char* name, const DenseView<T>& a, const char* other, const DenseView<U>& b) {
  require(!overlap(a, b), ErrorKind::usage, op, ": ", name, " and ", other, " share memory");
}

/// For outputs that may stand in their input's place, but must not straddle it.
template <class T, class U>
void check_same_or_apart(const char* op, const char* name, const DenseView<T>& a, const char* other, const DenseView<U>& b) {
  require(static_cast<const void*>(a.data) == static_cast<const void*>(b.data) || !overlap(a, b), ErrorKind::usage, op, ": ",
          name, " and ", other, " overlap in part");
}

}  // namespace heddle::kernels
