#pragma once

#include "heddle/kernel/views.h"

namespace heddle::kernels {

/// Y = A X for a CSR matrix A [n x m] and a dense X [m x d]. Every pointer is to memory of the stream's device.
/// `run` overwrites all of Y, rows without non-zeros included; sums stand in the order of the row's non-zeros unless the
/// variant says otherwise. Y overlaps neither X nor A. n, m, d and nnz may be 0.
struct SpmmArgs {
  CsrView a;                 ///< n x m
  DenseView<const float> x;  ///< m x d
  DenseView<float> y;        ///< n x d
};

}  // namespace heddle::kernels
