#include <algorithm>
#include <cstdint>

#include "heddle/kernel/kernel.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"
#include "kernels/spmm/values.h"

// Idea: a warp owns a row and a tile of 32 or 64 columns. It reads the row's columns and values 32 at a time, each lane one, in
// two coalesced requests, and keeps them in shared memory, from where all lanes read each in turn (coalesced row caching); from
// d > 32 on a lane holds two columns, so that a tile reads the row's structure half as often (coarse-grained warp merging).
// Bytes: ceil(d / 64) walks of nnz * (4 + 4 per stored value), 4 nnz d gathered, 4 n d written. Needs no alignment.
// Source: G. Huang, G. Dai, Y. Wang, H. Yang: "GE-SpMM: general-purpose sparse matrix-matrix multiplication on GPUs for graph
// neural networks", SC 2020.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int warps = block_threads / 32;

/// Grid: rows along x, column tiles along y, both with the grid's stride.
template <int columns, Values kind>
__global__ void __launch_bounds__(block_threads, 4)
    spmm_row_cache_kernel(int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets,
                          const int32_t* __restrict__ col_indices, const float* __restrict__ values,
                          const int64_t* __restrict__ value_index, const float* __restrict__ x, float* __restrict__ y) {
  SHARED(int32_t, cached_column, warps, 32);
  SHARED(float, cached_value, warps, 32);
  const int warp = static_cast<int>(warp_id());
  const int lane = static_cast<int>(lane_id());
  constexpr int tile = 32 * columns;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane;
    for (int64_t row = int64_t{blockIdx.x} * warps + warp; row < rows; row += int64_t{gridDim.x} * warps) {
      const int64_t end = row_offsets[row + 1];
      float sum[columns] = {};
      for (int64_t k = row_offsets[row]; k < end; k += 32) {
        if (k + lane < end) {
          cached_column[warp][lane] = col_indices[k + lane];
          if constexpr (kind != Values::ones) cached_value[warp][lane] = value_at<kind>(values, value_index, k + lane);
        }
        __syncwarp();
        const int count = end - k < 32 ? static_cast<int>(end - k) : 32;
        for (int j = 0; j < count; ++j) {
          const float* const source = x + cached_column[warp][j] * d + column;
          const float value = kind == Values::ones ? 1.0f : cached_value[warp][j];
          HEDDLE_UNROLL
          for (int c = 0; c < columns; ++c) {
            if (column + 32 * c < d) sum[c] = value * source[32 * c] + sum[c];
          }
        }
        __syncwarp();  // before the next 32 take these ones' place
      }
      HEDDLE_UNROLL
      for (int c = 0; c < columns; ++c) {
        if (column + 32 * c < d) y[row * d + column + 32 * c] = sum[c];
      }
    }
  }
}

template <int columns>
void launch_columns(const SpmmArgs& args, Stream& stream) {
  const CsrView& a = args.a;
  const int64_t tiles = (args.x.cols + 32 * columns - 1) / (32 * columns);
  const dim3 grid(static_cast<unsigned>(blocks_for(a.rows, warps)), static_cast<unsigned>(std::min<int64_t>(tiles, 65535)));
  with_values(a, [&]<Values kind>() {
    launch(spmm_row_cache_kernel<columns, kind>, grid, block_threads, 0, stream, a.rows, args.x.cols, a.row_offsets,
           a.col_indices, a.values, a.value_index, args.x.data, args.y.data);
  });
}

void spmm_row_cache(const SpmmArgs& args, void*, Stream& stream) {
  if (args.y.size() == 0) return;
  args.x.cols <= 32 ? launch_columns<1>(args, stream) : launch_columns<2>(args, stream);
}

}  // namespace

Variant<SpmmArgs> spmm_row_cache_variant() {
  return {.name = "row_cache",
          .summary = "a warp owns a row, its columns and values staged in shared memory",
          .source = "Huang et al. 2020 (GE-SpMM)",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = needs_no_workspace<SpmmArgs>,
          .run = spmm_row_cache};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
