#pragma once

#include <cstdint>
#include <cstring>
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
  require(heads <= most, ErrorKind::usage, op, ": ", counted(heads, "head"), ", there must be 1 to ", most);
  require(heads >= 1 && width >= heads && width % heads == 0, ErrorKind::usage, op, ": ", counted(width, "column"),
          " cannot be shared by ", counted(heads, "head"));
}

/// The arrays that an op reads and writes, to refuse those that share memory and must not. Each op names all of its own here:
///   Operands("spmm").writes("y", y).reads("x", x).reads("a", a).check();
class Operands {
 public:
  explicit Operands(const char* op) : op_(op) {}

  /// `in_place_of`: the name of an operand in whose place this one may stand, but must not straddle.
  template <class T>
  Operands& writes(const char* name, const DenseView<T>& y, const char* in_place_of = nullptr) {
    return add({name, "", y.data, y.size() * static_cast<int64_t>(sizeof(T)), true, in_place_of});
  }
  template <class T>
  Operands& reads(const char* name, const DenseView<T>& x) {
    return add({name, "", x.data, x.size() * static_cast<int64_t>(sizeof(T)), false, nullptr});
  }
  template <class T>
  Operands& writes(const char* name, T* values, int64_t count) {
    return writes(name, DenseView<T>{values, 1, count});
  }
  template <class T>
  Operands& reads(const char* name, const T* values, int64_t count) {
    return reads(name, DenseView<const T>{values, 1, count});
  }
  Operands& reads(const char* name, const CsrView& a) {
    constexpr int64_t wide = sizeof(int64_t), narrow = sizeof(int32_t);
    return add({name, "'s row_offsets", a.row_offsets, (a.rows + 1) * wide, false, nullptr})
        .add({name, "'s col_indices", a.col_indices, a.nnz * narrow, false, nullptr})
        .add({name, "'s values", a.values, a.nnz * narrow, false, nullptr})
        .add({name, "'s value_index", a.value_index, a.nnz * wide, false, nullptr});
  }

  /// Throws Error{usage} where a written array shares memory with any other.
  void check() const {
    for (int i = 0; i < count_; ++i) {
      if (!arrays_[i].written) continue;
      for (int j = 0; j < count_; ++j) {
        if (j == i || !overlap(arrays_[i], arrays_[j])) continue;
        const bool in_place = may_replace(arrays_[i], arrays_[j]) || may_replace(arrays_[j], arrays_[i]);
        if (in_place && arrays_[i].begin == arrays_[j].begin) continue;
        fail(ErrorKind::usage, op_, ": ", arrays_[i].name, " and ", arrays_[j].name, arrays_[j].part,
             in_place ? " overlap in part" : " share memory");
      }
    }
  }

 private:
  struct Array {
    const char* name;
    const char* part;
    const void* begin;
    int64_t bytes;
    bool written;
    const char* in_place_of;
  };
  static constexpr int most_arrays = 24;

  Operands& add(const Array& array) {
    if (array.begin == nullptr || array.bytes <= 0) return *this;
    require(count_ < most_arrays, ErrorKind::internal, op_, ": more than ", counted(most_arrays, "operand"));
    arrays_[count_++] = array;
    return *this;
  }
  static bool overlap(const Array& a, const Array& b) {
    const std::less<const void*> before;
    return before(a.begin, static_cast<const char*>(b.begin) + b.bytes) &&
           before(b.begin, static_cast<const char*>(a.begin) + a.bytes);
  }
  static bool may_replace(const Array& y, const Array& x) {
    return y.in_place_of != nullptr && std::strcmp(y.in_place_of, x.name) == 0;
  }

  const char* op_;
  int count_ = 0;
  Array arrays_[most_arrays];
};

}  // namespace heddle::kernels
