#include <algorithm>
#include <bit>
#include <cstdint>

#include "heddle/kernel/kernel.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"
#include "kernels/spmm/values.h"

// Idea: for narrow X the lanes lie along a row's non-zeros. A group of 2^k <= 32 lanes, about as many as a row has non-zeros on
// average, owns a row and four columns; each lane adds up every 2^k-th non-zero, and shuffles add up the lanes in a fixed order.
// Columns and values are read coalesced, each once, where the other mappings read them with most of a sector's lanes idle.
// Bytes: ceil(d / 4) walks of nnz * (4 + 4 per stored value), 4 nnz d gathered, 4 n d written. An x row narrower than a sector
// still costs one: beyond d = 8 mappings along the columns move less.
// Source: N. Bell, M. Garland: "Implementing sparse matrix-vector multiplication on throughput-oriented processors", SC 2009
// (vector CSR); G. Dai et al.: "Heuristic adaptability to input dynamics for SpMM on GPUs", DAC 2022 (parallel reduction).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int tile = 4;

/// Grid: rows along x, column tiles along y, both with the grid's stride. `aligned`: rows of x can be read in quads.
template <Values kind>
__global__ void __launch_bounds__(block_threads, 4)
    spmm_parallel_reduction_kernel(int lanes, bool aligned, int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets,
                                   const int32_t* __restrict__ col_indices, const float* __restrict__ values,
                                   const int64_t* __restrict__ value_index, const float* __restrict__ x, float* __restrict__ y) {
  const int lane = static_cast<int>(lane_id()) & (lanes - 1);
  const unsigned mask = (lanes == 32 ? 0xFFFFFFFFu : (1u << lanes) - 1) << (lane_id() - static_cast<unsigned>(lane));
  const int groups = block_threads / lanes;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    for (int64_t row = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; row < rows; row += int64_t{gridDim.x} * groups) {
      const int64_t end = row_offsets[row + 1];
      float sum[tile] = {};
      for (int64_t k = row_offsets[row] + lane; k < end; k += lanes) {
        const float value = value_at<kind>(values, value_index, k);
        float quad[tile];
        load_quad(x + col_indices[k] * d, first, d, aligned, quad);
        HEDDLE_UNROLL
        for (int j = 0; j < tile; ++j) sum[j] = value * quad[j] + sum[j];
      }
      for (int apart = lanes / 2; apart > 0; apart /= 2) {
        HEDDLE_UNROLL
        for (int j = 0; j < tile; ++j) sum[j] += __shfl_xor_sync(mask, sum[j], apart);
      }
      if (lane == 0) store_quad(y + row * d, first, d, aligned, sum);
    }
  }
}

void spmm_parallel_reduction(const SpmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  if (args.y.size() == 0) return;
  const int64_t mean_degree = (a.nnz + a.rows - 1) / a.rows;
  const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(mean_degree, 2, 32))));
  const bool aligned = d % 4 == 0 && aligned_for_quads(args.x.data, args.y.data);
  const dim3 grid(static_cast<unsigned>(blocks_for(a.rows, block_threads / lanes)),
                  static_cast<unsigned>(std::min<int64_t>((d + tile - 1) / tile, 65535)));
  with_values(a, [&]<Values kind>() {
    launch(spmm_parallel_reduction_kernel<kind>, grid, block_threads, 0, stream, lanes, aligned, a.rows, d, a.row_offsets,
           a.col_indices, a.values, a.value_index, args.x.data, args.y.data);
  });
}

}  // namespace

Variant<SpmmArgs> spmm_parallel_reduction_variant() {
  return {.name = "parallel_reduction",
          .summary = "lanes along a row's non-zeros, shuffles add them up: for narrow widths",
          .source = "Bell and Garland 2009 (vector CSR), Dai et al. 2022",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = needs_no_workspace<SpmmArgs>,
          .run = spmm_parallel_reduction};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
