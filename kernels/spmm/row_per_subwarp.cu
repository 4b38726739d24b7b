#include "heddle/kernel/variant.h"
#include "kernels/spmm/gather.h"

// Idea: a group of 2^k <= 32 lanes owns a row and a tile of its columns, and walks the row's non-zeros in order, by aligned
// fours: their columns and values are two 16-byte reads that all lanes of the group share, and four gathers are in flight. A lane
// holds one or two float4 of the tile (where d is a multiple of 4 and X and Y are aligned), else one, two or four floats. No
// shuffles.
// Bytes: nnz * (4 + 4 per stored value) per tile, 4 nnz d gathered in whole sectors, 4 n d written.
// Source: C. Yang, A. Buluc, J. Owens: "Design principles for sparse matrix multiplication on the GPU", Euro-Par 2018 (row
// split).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

/// Grid: rows along x, column tiles along y, both with the grid's stride. `lanes` is the group's size. Four blocks a
/// multiprocessor are asked for because ptxas, left alone, aims at more and spills.
template <class Piece, int pieces, Values kind>
__global__ void __launch_bounds__(block_threads, 4)
    spmm_row_per_subwarp_kernel(int lanes, int64_t rows, int64_t d, const int64_t* __restrict__ row_offsets, NonZeros a,
                                const float* __restrict__ x, float* __restrict__ y) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    const int owned = owned_pieces<pieces>(column, distance, d);
    for (int64_t row = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; row < rows; row += int64_t{gridDim.x} * groups) {
      const int64_t end = row_offsets[row + 1];
      Piece sum[pieces] = {};
      add_range<Piece, pieces, kind>(row_offsets[row], end, a, d, x + column, distance, owned, sum);
      store_pieces(y + row * d + column, distance, owned, sum);
    }
  }
}

void spmm_row_per_subwarp(const SpmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.a;
  if (args.y.size() == 0) return;
  with_pieces(args, [&]<class Piece, int pieces>() {
    const auto [lanes, tiles] = column_layout<Piece, pieces>(args.x.cols);
    const dim3 grid(static_cast<unsigned>(blocks_for(a.rows, block_threads / lanes)), tiles);
    with_values(a, [&, lanes = lanes]<Values kind>() {
      launch(spmm_row_per_subwarp_kernel<Piece, pieces, kind>, grid, block_threads, 0, stream, lanes, a.rows, args.x.cols,
             a.row_offsets, non_zeros_of(a), args.x.data, args.y.data);
    });
  });
}

}  // namespace

Variant<SpmmArgs> spmm_row_per_subwarp_variant() {
  return {.name = "row_per_subwarp",
          .summary = "2^k lanes own a row, 16-byte loads",
          .source = "Yang, Buluc, Owens 2018 (row split)",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = needs_no_workspace<SpmmArgs>,
          .run = spmm_row_per_subwarp};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
