#include "heddle/kernel/variant.h"
#include "kernels/spmm/gather.h"

// Idea: equal shares of work, whatever the degrees. The merge of the row ends with the non-zeros is a path of rows + nnz steps; a
// group of 2^k <= 32 lanes owns a share of it, finds where that begins by binary search, and walks it: a step is a non-zero to
// add or a row to write. A row that ends in the share is written, also where it began before; of the row left unfinished the sum
// becomes the share's carry. A second pass adds each row's carries, in the order of the shares, to what the first wrote.
// The bits depend on rows, nnz and d only.
// Bytes: nnz * (4 + 4 per stored value) per tile, 4 nnz d gathered, 4 n d written, 8 n offsets; 4 d per share written, read back
// and added to y, and 16 log2(n) from the caches to find its bounds. A row over m shares is fixed up by one group in m steps.
// Source: D. Merrill, M. Garland: "Merge-based parallel sparse matrix-vector multiplication", SC 2016; C. Yang, A. Buluc,
// J. Owens: "Design principles for sparse matrix multiplication on the GPU", Euro-Par 2018.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
// A share is long enough to pay for its two searches; and no more shares than a large GPU runs groups at once (132
// multiprocessors of 32 full warps, four times over), since every share more is a carry more.
constexpr int64_t least_share = 128;
constexpr int64_t most_shares = 16384;

int64_t share_length(const CsrView& a) { return std::max(least_share, (a.rows + a.nnz + most_shares - 1) / most_shares); }
int64_t share_count(const CsrView& a) {
  const int64_t length = share_length(a);
  return (a.rows + a.nnz + length - 1) / length;
}

/// Rows that end within the first `steps` steps of the path; the steps that remain of them are non-zeros.
__device__ __forceinline__ int64_t rows_before(int64_t steps, int64_t rows, int64_t nnz,
                                               const int64_t* __restrict__ row_offsets) {
  int64_t low = steps > nnz ? steps - nnz : 0;
  int64_t high = steps < rows ? steps : rows;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (row_offsets[middle + 1] <= steps - middle - 1) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// Grid: shares along x with the grid's stride, column tiles along y likewise. carry_row[s] is -1 where share s ends with a row.
/// Three blocks a multiprocessor are asked for because with the registers of four the widest instance spills.
template <class Piece, int pieces, Values kind>
__global__ void __launch_bounds__(block_threads, 3)
    spmm_merge_path_kernel(int lanes, int64_t share, int64_t shares, int64_t rows, int64_t nnz, int64_t d,
                           const int64_t* __restrict__ row_offsets, NonZeros a, const float* __restrict__ x,
                           float* __restrict__ y, float* __restrict__ carry, int32_t* __restrict__ carry_row) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    const int owned = owned_pieces<pieces>(column, distance, d);
    for (int64_t s = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; s < shares; s += int64_t{gridDim.x} * groups) {
      const int64_t begin = s * share;
      const int64_t end = begin + share < rows + nnz ? begin + share : rows + nnz;
      const int64_t last_row = rows_before(end, rows, nnz, row_offsets);
      int64_t row = rows_before(begin, rows, nnz, row_offsets);
      int64_t k = begin - row;
      for (; row < last_row; ++row) {
        const int64_t stop = row_offsets[row + 1];
        Piece sum[pieces] = {};
        add_range<Piece, pieces, kind>(k, stop, a, d, x + column, distance, owned, sum);
        store_pieces(y + row * d + column, distance, owned, sum);
        k = stop;
      }
      const int64_t stop = end - last_row;
      if (k < stop) {
        Piece sum[pieces] = {};
        add_range<Piece, pieces, kind>(k, stop, a, d, x + column, distance, owned, sum);
        store_pieces(carry + s * d + column, distance, owned, sum);
      }
      if (lane == 0 && first == 0) carry_row[s] = k < stop ? static_cast<int32_t>(last_row) : -1;
    }
  }
}

/// The group of the first share that carries into a row adds up the carries of all. Grid as above.
template <class Piece, int pieces>
__global__ void __launch_bounds__(block_threads)
    spmm_merge_path_carry_kernel(int lanes, int64_t shares, int64_t d, const float* __restrict__ carry,
                                 const int32_t* __restrict__ carry_row, float* __restrict__ y) {
  constexpr int piece_floats = sizeof(Piece) / sizeof(float);
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const int groups = block_threads / lanes;
  const int distance = lanes * piece_floats;
  const int tile = distance * pieces;
  for (int64_t first = int64_t{blockIdx.y} * tile; first < d; first += int64_t{gridDim.y} * tile) {
    const int64_t column = first + lane * piece_floats;
    const int owned = owned_pieces<pieces>(column, distance, d);
    for (int64_t s = int64_t{blockIdx.x} * groups + threadIdx.x / lanes; s < shares; s += int64_t{gridDim.x} * groups) {
      const int32_t row = carry_row[s];
      if (row < 0 || (s > 0 && carry_row[s - 1] == row)) continue;
      Piece sum[pieces] = {};
      for (int64_t t = s; t < shares && carry_row[t] == row; ++t) {
        HEDDLE_UNROLL
        for (int p = 0; p < pieces; ++p) {
          if (p < owned) sum[p] = add_piece(sum[p], *reinterpret_cast<const Piece*>(carry + t * d + column + p * distance));
        }
      }
      float* const target = y + row * d + column;
      HEDDLE_UNROLL
      for (int p = 0; p < pieces; ++p) {
        if (p < owned) sum[p] = add_piece(sum[p], *reinterpret_cast<const Piece*>(target + p * distance));
      }
      store_pieces(target, distance, owned, sum);
    }
  }
}

std::size_t spmm_merge_path_workspace(const SpmmArgs& args) {
  return static_cast<std::size_t>(share_count(args.a) * (args.x.cols + 1)) * sizeof(float);
}

void spmm_merge_path(const SpmmArgs& args, void* workspace, Stream& stream) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  if (args.y.size() == 0) return;
  const int64_t share = share_length(a), shares = share_count(a);
  float* const carry = static_cast<float*>(workspace);
  int32_t* const carry_row = reinterpret_cast<int32_t*>(carry + shares * d);
  with_pieces(args, [&]<class Piece, int pieces>() {
    const auto [lanes, tiles] = column_layout<Piece, pieces>(d);
    const dim3 grid(static_cast<unsigned>(blocks_for(shares, block_threads / lanes)), tiles);
    with_values(a, [&, lanes = lanes]<Values kind>() {
      launch(spmm_merge_path_kernel<Piece, pieces, kind>, grid, block_threads, 0, stream, lanes, share, shares, a.rows, a.nnz, d,
             a.row_offsets, non_zeros_of(a), args.x.data, args.y.data, carry, carry_row);
    });
    if (shares == 1) return;
    launch(spmm_merge_path_carry_kernel<Piece, pieces>, grid, block_threads, 0, stream, lanes, shares, d, carry, carry_row,
           args.y.data);
  });
}

}  // namespace

Variant<SpmmArgs> spmm_merge_path_variant() {
  return {.name = "merge_path",
          .summary = "equal shares of rows + non-zeros, carries added in order",
          .source = "Merrill and Garland 2016; Yang, Buluc, Owens 2018",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = spmm_merge_path_workspace,
          .run = spmm_merge_path};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
