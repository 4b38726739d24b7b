#include <algorithm>
#include <bit>
#include <string>

#include "heddle/kernel/kernel.h"
#include "heddle/kernel/spmm.h"
#include "kernels/common/quads.h"
#include "kernels/spmm/values.h"

// Idea: a group of 2^k <= 32 lanes owns a row and a tile of its columns, and walks the row's non-zeros in order, four at a
// time so that four gathers are in flight. A lane holds one or two float4 of the tile (where d is a multiple of 4 and X and Y
// are aligned), else one, two or four floats. All lanes of a group read the same index in one request; no shuffles.
// Bytes: nnz * (4 + 4 per stored value) per tile, 4 nnz d gathered in whole sectors, 4 n d written.
// Source: C. Yang, A. Buluc, J. Owens: "Design principles for sparse matrix multiplication on the GPU", Euro-Par 2018 (row
// split).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int edges_in_flight = 4;

__device__ __forceinline__ float fma_piece(float factor, float x, float sum) { return factor * x + sum; }
__device__ __forceinline__ float4 fma_piece(float factor, float4 x, float4 sum) { return fma4(factor, x, sum); }

/// sum[p] += value(k) * x[column(k)][piece p] for `edges` non-zeros from k on, one after the other. `x` points to the lane's
/// first column; its pieces are `distance` floats apart, and the first `owned` of them lie within the matrix.
template <int edges, class Piece, int pieces, Values kind>
__device__ __forceinline__ void add_edges(int64_t k, int64_t d, const int32_t* __restrict__ col_indices,
                                          const float* __restrict__ values, const int64_t* __restrict__ value_index,
                                          const float* __restrict__ x, int distance, int owned, Piece (&sum)[pieces]) {
  float value[edges];
  Piece gathered[edges][pieces];
  HEDDLE_UNROLL
  for (int e = 0; e < edges; ++e) {
    const float* const source = x + col_indices[k + e] * d;
    value[e] = value_at<kind>(values, value_index, k + e);
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) {
      gathered[e][p] = p < owned ? *reinterpret_cast<const Piece*>(source + p * distance) : Piece{};
    }
  }
  HEDDLE_UNROLL
  for (int e = 0; e < edges; ++e) {
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) sum[p] = fma_piece(value[e], gathered[e][p], sum[p]);
  }
}

/// Grid: rows along x, column tiles along y, both with the grid's stride. `lanes` is the group's size. Four blocks a
/// multiprocessor are asked for because ptxas, left alone, aims at more and spills.
template <class Piece, int pieces, Values kind>
__global__ void __launch_bounds__(block_threads, 4)
    spmm_row_per_subwarp_kernel(int lanes, int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets,
                                const int32_t* __restrict__ col_indices, const float* __restrict__ values,
                                const int64_t* __restrict__ value_index, const float* __restrict__ x, float* __restrict__ y) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    int owned = 0;
    HEDDLE_UNROLL
    for (int p = 0; p < pieces; ++p) owned += column + p * distance < d;
    for (int64_t row = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; row < rows; row += int64_t{gridDim.x} * groups) {
      const int64_t end = row_offsets[row + 1];
      int64_t k = row_offsets[row];
      Piece sum[pieces] = {};
      for (; k + edges_in_flight <= end; k += edges_in_flight) {
        add_edges<edges_in_flight, Piece, pieces, kind>(k, d, col_indices, values, value_index, x + column, distance, owned, sum);
      }
      for (; k < end; ++k) {
        add_edges<1, Piece, pieces, kind>(k, d, col_indices, values, value_index, x + column, distance, owned, sum);
      }
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        if (p < owned) *reinterpret_cast<Piece*>(y + row * d + column + p * distance) = sum[p];
      }
    }
  }
}

template <class Piece, int pieces>
void launch_pieces(const SpmmArgs& args, Stream& stream) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  constexpr int64_t lane_floats = pieces * sizeof(Piece) / sizeof(float);
  const int64_t wanted = (d + lane_floats - 1) / lane_floats;
  const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::min<int64_t>(wanted, 32))));
  const int64_t tiles = (d + lanes * lane_floats - 1) / (lanes * lane_floats);
  const dim3 grid(static_cast<unsigned>(blocks_for(a.rows, block_threads / lanes)),
                  static_cast<unsigned>(std::min<int64_t>(tiles, 65535)));
  with_values(a, [&]<Values kind>() {
    launch(spmm_row_per_subwarp_kernel<Piece, pieces, kind>, grid, block_threads, 0, stream, lanes, a.rows, d, a.row_offsets,
           a.col_indices, a.values, a.value_index, args.x.data, args.y.data);
  });
}

}  // namespace

std::string spmm_row_per_subwarp_supports(const SpmmArgs&) { return {}; }

void spmm_row_per_subwarp(const SpmmArgs& args, void*, Stream& stream) {
  const int64_t d = args.x.cols;
  if (args.y.size() == 0) return;
  if (d % 4 == 0 && aligned_for_quads(args.x.data, args.y.data)) {
    return d <= 128 ? launch_pieces<float4, 1>(args, stream) : launch_pieces<float4, 2>(args, stream);
  }
  if (d <= 32) return launch_pieces<float, 1>(args, stream);
  return d <= 64 ? launch_pieces<float, 2>(args, stream) : launch_pieces<float, 4>(args, stream);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
