#include "kernels/scores/scores.h"

#include <algorithm>

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"

// Idea: sparse_product: a block owns a row of Y in global memory and takes the rows of B that it sums one after the other, its
//   threads side by side; columns are distinct within a row of B, so no two threads meet, and a barrier keeps the order.
// add_transposed: a block moves tiles of 32 x 32 through shared memory, so that reads and writes are both along rows; the padding
//   column keeps the 32 elements of a tile's column in 32 banks.
// standardise_rows: a block owns a row; each of 256 threads sums every 256th difference from the row's first element, and the
//   sums are added as a tree in shared memory. Double, because a row is as long as the catalogue.
// Bytes: sparse_product 4 m n written, then 16 an addition (index, value, y twice); add_transposed 8 or 12 m n; standardise_rows
//   8 m n read (the second time from the L2 cache), 4 m n written.
// Source: F. Gustavson: "Two fast algorithms for sparse matrices", TOMS 4, 1978; G. Ruetsch, P. Micikevicius: "Optimizing matrix
//   transpose in CUDA", 2009.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr int tile = 32;
constexpr int tile_rows = 8;  // rows of a tile that a block moves at a time

// Four blocks a multiprocessor: left to itself, ptxas spills for sm_80 to fit eight.
__global__ void __launch_bounds__(block_threads, 4)
    sparse_product_kernel(int64_t m, int64_t n, const int64_t* __restrict__ a_offsets, const int32_t* __restrict__ a_columns,
                          const float* __restrict__ a_values, const int64_t* __restrict__ b_offsets,
                          const int32_t* __restrict__ b_columns, const float* __restrict__ b_values, float* y) {
  for (int64_t row = blockIdx.x; row < m; row += gridDim.x) {
    float* const to = y + row * n;
    for (int64_t c = threadIdx.x; c < n; c += block_threads) to[c] = 0.0f;
    __syncthreads();
    for (int64_t k = a_offsets[row]; k < a_offsets[row + 1]; ++k) {
      const float factor = a_values != nullptr ? a_values[k] : 1.0f;
      const int64_t from = a_columns[k];
      for (int64_t j = b_offsets[from] + threadIdx.x; j < b_offsets[from + 1]; j += block_threads) {
        to[b_columns[j]] += factor * (b_values != nullptr ? b_values[j] : 1.0f);
      }
      __syncthreads();
    }
  }
}

/// Grid: tiles of X's rows along x, of its columns along y with the grid's stride. Block: 32 x 8.
__global__ void __launch_bounds__(tile* tile_rows)
    add_transposed_kernel(int64_t n, int64_t m, const float* __restrict__ x, const float* __restrict__ z,
                          const float* __restrict__ scale, float* __restrict__ y) {
  SHARED(float, moved, tile, tile + 1);
  const int across = static_cast<int>(threadIdx.x);
  const int64_t first_row = int64_t{blockIdx.x} * tile;
  for (int64_t first_column = int64_t{blockIdx.y} * tile; first_column < m; first_column += int64_t{gridDim.y} * tile) {
    for (int down = static_cast<int>(threadIdx.y); down < tile; down += tile_rows) {
      const int64_t r = first_row + down;
      const int64_t c = first_column + across;
      if (r < n && c < m) {
        const int64_t at = r * m + c;
        moved[down][across] = z != nullptr ? x[at] + scale[r] * z[at] : x[at];
      }
    }
    __syncthreads();
    for (int down = static_cast<int>(threadIdx.y); down < tile; down += tile_rows) {
      const int64_t c = first_column + down;
      const int64_t r = first_row + across;
      if (r < n && c < m) y[c * n + r] = moved[across][down];
    }
    __syncthreads();  // the next tile is written over this one
  }
}

__global__ void __launch_bounds__(block_threads)
    standardise_rows_kernel(int64_t rows, int64_t n, const float* __restrict__ x, float* __restrict__ y) {
  SHARED(double, sums, block_threads);
  SHARED(double, squares, block_threads);
  const int thread = static_cast<int>(threadIdx.x);
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* const from = x + row * n;
    const double origin = from[0];
    double sum = 0;
    double square = 0;
    for (int64_t c = thread; c < n; c += block_threads) {
      const double difference = from[c] - origin;
      sum += difference;
      square += difference * difference;
    }
    sums[thread] = sum;
    squares[thread] = square;
    for (int width = block_threads / 2; width > 0; width /= 2) {
      __syncthreads();
      if (thread < width) {
        sums[thread] += sums[thread + width];
        squares[thread] += squares[thread + width];
      }
    }
    __syncthreads();
    const double mean = sums[0] / static_cast<double>(n);
    const double variance = squares[0] / static_cast<double>(n) - mean * mean;
    const double factor = variance > 0 ? 1 / sqrt(variance) : 0;
    for (int64_t c = thread; c < n; c += block_threads) {
      y[row * n + c] = static_cast<float>((from[c] - origin - mean) * factor);
    }
    __syncthreads();  // the next row's sums are written over these
  }
}

static_assert(standardise_sums == block_threads, "the header says how the sums interleave");

}  // namespace

void sparse_product(const SparseProductArgs& args, Stream& stream) {
  launch(sparse_product_kernel, blocks_for(args.y.rows, 1), block_threads, 0, stream, args.y.rows, args.y.cols,
         args.a.row_offsets, args.a.col_indices, args.a.values, args.b.row_offsets, args.b.col_indices, args.b.values,
         args.y.data);
}

void add_transposed(const AddTransposedArgs& args, Stream& stream) {
  const dim3 grid(static_cast<unsigned>((args.x.rows + tile - 1) / tile),
                  static_cast<unsigned>(std::min<int64_t>((args.x.cols + tile - 1) / tile, 65535)));
  launch(add_transposed_kernel, grid, dim3(tile, tile_rows), 0, stream, args.x.rows, args.x.cols, args.x.data, args.z.data,
         args.scale, args.y.data);
}

void standardise_rows(DenseView<const float> x, DenseView<float> y, Stream& stream) {
  launch(standardise_rows_kernel, blocks_for(x.rows, 1), block_threads, 0, stream, x.rows, x.cols, x.data, y.data);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
