#include "heddle/kernel/variant.h"
#include "kernels/device/backend.h"
#include "kernels/spmm/gather.h"

// Idea: the parallelism of the non-zeros themselves. A group of 2^k <= 32 lanes takes one non-zero, finds its row by binary
// search in the offsets, and adds the scaled x row into the y row with an atomic per element. Perfectly balanced, and the
// reference of what not to rely on: the order of the additions, so the bits, differ from run to run, and the atomics of a hub
// row queue up.
// Bytes: nnz * (4 + 4 per stored value + 8 log2(n), from the caches), 4 nnz d gathered, 4 nnz d in atomics, 4 n d zeroed.
// Source: the scatter-add of message passing, M. Fey, J. Lenssen: "Fast graph representation learning with PyTorch Geometric",
// 2019.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

/// Adds to a y of zeros. Grid: non-zeros along x with the grid's stride.
template <Values kind>
__global__ void __launch_bounds__(block_threads)
    spmm_edge_atomic_kernel(int lanes, int64_t rows, int64_t nnz, int64_t d, const int64_t* __restrict__ row_offsets,
                            const int32_t* __restrict__ col_indices, const float* __restrict__ values,
                            const int64_t* __restrict__ value_index, const float* __restrict__ x, float* __restrict__ y) {
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  for (int64_t k = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; k < nnz; k += int64_t{gridDim.x} * groups) {
    // The last row that begins at or before k; empty rows that begin there too come before it.
    int64_t row = 0, beyond = rows;
    while (beyond - row > 1) {
      const int64_t middle = (row + beyond) / 2;
      (row_offsets[middle] <= k ? row : beyond) = middle;
    }
    const float* const source = x + col_indices[k] * d;
    const float value = value_at<kind>(values, value_index, k);
    for (int64_t c = lane; c < d; c += lanes) atomicAdd(y + row * d + c, value * source[c]);
  }
}

void spmm_edge_atomic(const SpmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.a;
  if (args.y.size() == 0) return;
  stream.backend().fill_zero(args.y.data, static_cast<std::size_t>(args.y.size()) * sizeof(float), stream);
  const int lanes = column_layout<float, 1>(args.x.cols).lanes;
  with_values(a, [&]<Values kind>() {
    launch(spmm_edge_atomic_kernel<kind>, blocks_for(a.nnz, block_threads / lanes), block_threads, 0, stream, lanes, a.rows,
           a.nnz, args.x.cols, a.row_offsets, a.col_indices, a.values, a.value_index, args.x.data, args.y.data);
  });
}

}  // namespace

Variant<SpmmArgs> spmm_edge_atomic_variant() {
  return {.name = "edge_atomic",
          .summary = "lanes own a non-zero, atomic additions: the order, so the bits, differ by run",
          .source = "Fey and Lenssen 2019 (scatter-add)",
          .deterministic = false,
          .supports = takes_anything<SpmmArgs>,
          .workspace = needs_no_workspace<SpmmArgs>,
          .run = spmm_edge_atomic};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
