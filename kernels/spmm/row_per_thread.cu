#include "heddle/kernel/kernel.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"
#include "kernels/spmm/values.h"

// Idea: the plain reference. A thread owns a row and walks its non-zeros in order, once for every eight columns of X.
// Bytes: ceil(d / 8) walks of nnz * (4 + 4 per stored value), 4 nnz d gathered and 4 n d written; neighbouring lanes read
// different rows, so each of a warp's requests touches up to 32 sectors: right for narrow X only.
// Source: N. Bell, M. Garland: "Implementing sparse matrix-vector multiplication on throughput-oriented processors", SC 2009.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int tile = 8;  // sums that a thread holds in registers

template <Values kind>
__global__ void __launch_bounds__(block_threads)
    spmm_row_per_thread_kernel(int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets,
                               const int32_t* __restrict__ col_indices, const float* __restrict__ values,
                               const int64_t* __restrict__ value_index, const float* __restrict__ x, float* __restrict__ y) {
  for (int64_t row = global_thread(); row < rows; row += global_threads()) {
    const int64_t begin = row_offsets[row];
    const int64_t end = row_offsets[row + 1];
    for (int64_t first = 0; first < d; first += tile) {
      float sum[tile] = {};
      for (int64_t k = begin; k < end; ++k) {
        const float value = value_at<kind>(values, value_index, k);
        const float* const source = x + col_indices[k] * d + first;
        HEDDLE_UNROLL
        for (int j = 0; j < tile; ++j) {
          if (first + j < d) sum[j] = value * source[j] + sum[j];
        }
      }
      HEDDLE_UNROLL
      for (int j = 0; j < tile; ++j) {
        if (first + j < d) y[row * d + first + j] = sum[j];
      }
    }
  }
}

void spmm_row_per_thread(const SpmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.a;
  if (args.y.size() == 0) return;
  with_values(a, [&]<Values kind>() {
    launch(spmm_row_per_thread_kernel<kind>, blocks_for(a.rows, block_threads), block_threads, 0, stream, a.rows, args.x.cols,
           a.row_offsets, a.col_indices, a.values, a.value_index, args.x.data, args.y.data);
  });
}

}  // namespace

Variant<SpmmArgs> spmm_row_per_thread_variant() {
  return {.name = "row_per_thread",
          .summary = "a thread owns a row: the plain reference",
          .source = "Bell and Garland 2009 (scalar CSR)",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = needs_no_workspace<SpmmArgs>,
          .run = spmm_row_per_thread};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
