#pragma once

#include <cstdint>
#include <vector>

#include "bench/references.h"
#include "heddle/arena.h"
#include "heddle/data.h"
#include "heddle/kernel/variant.h"
#include "heddle/kernel/views.h"
#include "tests/support/guarded.h"

namespace heddle::test {

/// What kernel ops run with, on one device.
class Workbench {
 public:
  explicit Workbench(const Device& device, kernels::VariantOverrides overrides = {})
      : stream_(device.backend()), arena_(stream_), overrides_(std::move(overrides)), execution_{stream_, arena_, overrides_} {}

  Stream& stream() { return stream_; }
  Arena& arena() { return arena_; }
  kernels::VariantOverrides& overrides() { return overrides_; }
  kernels::Execution& execution() { return execution_; }

  template <class T>
  Guarded<T> array(const std::vector<T>& values, int64_t offset = 0) {
    return Guarded<T>(stream_, values, offset);
  }
  template <class T = float>
  Guarded<T> output(int64_t count, int64_t offset = 0) {
    return Guarded<T>(stream_, count, offset);
  }

 private:
  Stream stream_;
  Arena arena_;
  kernels::VariantOverrides overrides_;
  kernels::Execution execution_;
};

/// A host matrix in a device's memory.
class DeviceMatrix {
 public:
  DeviceMatrix(Stream& stream, const HostMatrix& matrix, int64_t offset = 0)
      : rows_(matrix.rows), cols_(matrix.cols), values_(stream, matrix.values, offset) {}
  DenseView<const float> view() const { return values_.view(rows_, cols_); }
  DenseView<float> mutable_view() const { return values_.view(rows_, cols_); }
  std::vector<float> values() const { return values_.values(); }

 private:
  int64_t rows_;
  int64_t cols_;
  Guarded<float> values_;
};

/// A host CSR matrix in a device's memory.
class DeviceCsr {
 public:
  DeviceCsr(Stream& stream, const HostCsr& csr, const std::vector<int64_t>& value_index)
      : rows_(csr.rows),
        cols_(csr.cols),
        nnz_(csr.nnz()),
        row_offsets_(stream, csr.row_offsets),
        col_indices_(stream, csr.col_indices),
        values_(stream, csr.values),
        value_index_(stream, value_index) {}
  CsrView view(bench::CsrValues kind) const {
    return {rows_,
            cols_,
            nnz_,
            row_offsets_.data(),
            col_indices_.data(),
            kind == bench::CsrValues::ones ? nullptr : values_.data(),
            kind == bench::CsrValues::indexed ? value_index_.data() : nullptr};
  }

 private:
  int64_t rows_, cols_, nnz_;
  Guarded<int64_t> row_offsets_;
  Guarded<int32_t> col_indices_;
  Guarded<float> values_;
  Guarded<int64_t> value_index_;
};

}  // namespace heddle::test
