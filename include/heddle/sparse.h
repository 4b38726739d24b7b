#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "heddle/buffer.h"
#include "heddle/data.h"
#include "heddle/device.h"
#include "heddle/export.h"
#include "heddle/kernel/views.h"

HEDDLE_API_BEGIN
namespace heddle {

/// A sparse matrix's structure in 128 bits: XXH3 of its sizes, row offsets and columns. Values do not enter.
struct StructureHash {
  uint64_t high = 0;  ///< the upper half
  uint64_t low = 0;   ///< the lower half

  /// 32 digits.
  std::string hex() const;
  friend bool operator==(const StructureHash&, const StructureHash&) = default;
  friend bool operator<(const StructureHash& a, const StructureHash& b) {
    return std::tie(a.high, a.low) < std::tie(b.high, b.low);
  }
};
/// Of a matrix on the host.
StructureHash structure_hash(const HostCsr& matrix);

/// For CsrView::identity: 1, 2, 3, ... in this process.
uint64_t new_matrix_identity();

/// A constant sparse matrix on a device, with its transpose: CSR, 64-bit row offsets, 32-bit columns.
class SparseMatrix {
 public:
  SparseMatrix() = default;
  /// Uploads `matrix` and builds its transpose, which shares the values through a permutation; a `symmetric` matrix is its own.
  /// Throws Error{usage} if the CSR is malformed, and where `symmetric` is claimed of a matrix that is not.
  SparseMatrix(Stream& stream, const HostCsr& matrix, bool symmetric = false);

  /// How many rows.
  int64_t rows() const { return view_.rows; }
  /// How many columns.
  int64_t cols() const { return view_.cols; }
  /// How many non-zeros.
  int64_t nnz() const { return view_.nnz; }
  /// Whether it was said to be its own transpose.
  bool symmetric() const { return symmetric_; }

  /// Where the matrix is; index -1: nowhere, it is empty.
  DeviceKind device_kind() const { return device_kind_; }
  /// See device_kind().
  int device_index() const { return device_index_; }

  /// For kernels.
  CsrView view() const { return view_; }
  /// The transpose; its value_index maps its non-zeros to this matrix's.
  CsrView transpose() const { return symmetric_ ? view_ : transpose_; }

  /// Of the matrix.
  const StructureHash& structure() const { return structure_; }
  /// Of its transpose.
  const StructureHash& transpose_structure() const { return symmetric_ ? structure_ : transpose_structure_; }

 private:
  CsrView view_;
  CsrView transpose_;
  StructureHash structure_, transpose_structure_;
  bool symmetric_ = false;
  DeviceKind device_kind_ = DeviceKind::cpu;
  int device_index_ = -1;
  Buffer row_offsets_, col_indices_, values_;
  Buffer transpose_offsets_, transpose_indices_, value_index_;
};

}  // namespace heddle
HEDDLE_API_END
