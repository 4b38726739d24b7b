#include <algorithm>
#include <string>

#include "heddle/kernel/gemm.h"
#include "heddle/kernel/kernel.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"

// Idea: a block owns a tile of C and walks K in slices staged in shared memory one slice ahead; a thread holds 4 x 4 sums in
// registers, so that 8 staged floats feed 16 multiplications. Tiles are 64 x 64 with slices of 16; 128 x 16 with slices of 8
// (one sector of a row) where C is narrow, as hidden layers of 16 and outputs of 7 columns are; 32 x 16 where it is short too.
// Where C has few tiles and K is long (weight gradients), K is cut into chunks that blocks share; their partial products are
// added in order. The cut depends on the sizes only: results repeat bit for bit.
// Bytes: 4 k (m n / tile columns + m n / tile rows) read, 4 m n written, 8 m n per chunk for the partial products.
// Source: V. Volkov, J. Demmel: "Benchmarking GPUs to tune dense linear algebra", SC 2008; split K as in NVIDIA's CUTLASS.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int max_depth = 16;  // of a staged slice of K
constexpr int64_t narrow_columns = 16;
constexpr int64_t short_rows = 32;
constexpr int64_t max_column_tiles = 65535;  // the limit of a grid's y
constexpr int64_t chunk_from_k = 256;
constexpr int64_t least_chunk_k = 64;
constexpr int64_t enough_blocks = 128;  // about one for every multiprocessor of a large GPU

struct Shape {
  int64_t m, n, k;
  int64_t chunk_k;  // a multiple of every depth
  int64_t chunks;
};

int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

Shape shape_of(const GemmArgs& args) {
  Shape shape{args.c.rows, args.c.cols, args.k(), 0, 1};
  const bool narrow = shape.n <= narrow_columns;
  const int64_t tiles = narrow ? ceil_divide(shape.m, 128) : ceil_divide(shape.m, 64) * ceil_divide(shape.n, 64);
  if (shape.k >= chunk_from_k && tiles > 0) {
    shape.chunks = std::max<int64_t>(std::min(enough_blocks / tiles, shape.k / least_chunk_k), 1);
  }
  shape.chunk_k = ceil_divide(ceil_divide(shape.k, shape.chunks), max_depth) * max_depth;
  if (shape.k > 0) shape.chunks = ceil_divide(shape.k, shape.chunk_k);
  return shape;
}

/// Element (row, col) of a rows x cols matrix stored by rows, or by columns where it is transposed; 0 outside.
template <bool transposed>
__device__ __forceinline__ float element(const float* __restrict__ matrix, int64_t row, int64_t col, int64_t rows, int64_t cols) {
  if (row >= rows || col >= cols) return 0.0f;
  return transposed ? matrix[col * rows + row] : matrix[row * cols + col];
}

/// Grid: tiles of rows along x, of columns along y, chunks of K along z. `c` is [chunks x m x n]. 512 threads a multiprocessor
/// leave each the 128 registers that the staged slice and its addresses take.
template <int tile_rows, int tile_cols, int depth, bool transpose_a, bool transpose_b>
__global__ void __launch_bounds__(tile_rows* tile_cols / 16, 512 / (tile_rows * tile_cols / 16))
    gemm_tiled_kernel(int64_t m, int64_t n, int64_t k, int64_t chunk_k, const float* __restrict__ a, const float* __restrict__ b,
                      float* __restrict__ c) {
  static_assert(max_depth % depth == 0, "chunks are whole slices");
  constexpr int threads = tile_rows * tile_cols / 16;
  constexpr int a_loads = tile_rows * depth / threads;
  constexpr int b_loads = tile_cols * depth / threads;
  // One float4 of padding per line spreads the column-wise stores of a slice over the banks.
  SHARED(float4, tile_a, 2, depth, tile_rows / 4 + 1);
  SHARED(float4, tile_b, 2, depth, tile_cols / 4 + 1);
  const int thread = static_cast<int>(threadIdx.x);
  const int thread_row = thread / (tile_cols / 4);
  const int thread_col = thread % (tile_cols / 4);
  const int64_t first_row = int64_t{blockIdx.x} * tile_rows;
  const int64_t first_col = int64_t{blockIdx.y} * tile_cols;
  const int64_t begin = blockIdx.z * chunk_k;
  const int64_t end = min(begin + chunk_k, k);
  // A thread without an element of C still stages and waits with the others.
  const bool owns = first_row + 4 * thread_row < m && first_col + 4 * thread_col < n;

  float staged_a[a_loads];
  float staged_b[b_loads];
  // Neighbouring threads read neighbouring addresses: along K where a row of the tile is contiguous, else across it. What lies
  // past the chunk's end is beyond K too, or else the first slice of the next chunk and never reached: chunks are whole slices.
  const auto fetch = [&](int64_t slice) {
    HEDDLE_UNROLL
    for (int i = 0; i < a_loads; ++i) {
      const int at = i * threads + thread;
      const int row = transpose_a ? at % tile_rows : at / depth;
      const int inner = transpose_a ? at / tile_rows : at % depth;
      staged_a[i] = element<transpose_a>(a, first_row + row, slice + inner, m, k);
    }
    HEDDLE_UNROLL
    for (int i = 0; i < b_loads; ++i) {
      const int at = i * threads + thread;
      const int col = transpose_b ? at / depth : at % tile_cols;
      const int inner = transpose_b ? at % depth : at / tile_cols;
      staged_b[i] = element<transpose_b>(b, slice + inner, first_col + col, k, n);
    }
  };
  const auto stage = [&](int buffer) {
    HEDDLE_UNROLL
    for (int i = 0; i < a_loads; ++i) {
      const int at = i * threads + thread;
      const int row = transpose_a ? at % tile_rows : at / depth;
      const int inner = transpose_a ? at / tile_rows : at % depth;
      reinterpret_cast<float*>(tile_a[buffer][inner])[row] = staged_a[i];
    }
    HEDDLE_UNROLL
    for (int i = 0; i < b_loads; ++i) {
      const int at = i * threads + thread;
      const int col = transpose_b ? at / depth : at % tile_cols;
      const int inner = transpose_b ? at % depth : at / tile_cols;
      reinterpret_cast<float*>(tile_b[buffer][inner])[col] = staged_b[i];
    }
  };

  float4 sum[4] = {};
  fetch(begin);
  stage(0);
  __syncthreads();
  int buffer = 0;
  for (int64_t slice = begin; slice < end; slice += depth) {
    const bool more = slice + depth < end;
    if (more) fetch(slice + depth);
    if (owns) {
      HEDDLE_UNROLL
      for (int inner = 0; inner < depth; ++inner) {
        const float4 column = tile_a[buffer][inner][thread_row];
        const float4 row = tile_b[buffer][inner][thread_col];
        sum[0] = fma4(column.x, row, sum[0]);
        sum[1] = fma4(column.y, row, sum[1]);
        sum[2] = fma4(column.z, row, sum[2]);
        sum[3] = fma4(column.w, row, sum[3]);
      }
    }
    // The other buffer was last read before the barrier that ended the previous slice.
    if (more) stage(1 - buffer);
    __syncthreads();
    buffer = 1 - buffer;
  }

  if (owns) {
    float* const chunk = c + blockIdx.z * m * n;
    HEDDLE_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int64_t row = first_row + 4 * thread_row + i;
      const int64_t col = first_col + 4 * thread_col;
      if (row >= m) continue;
      float* const target = chunk + row * n + col;
      target[0] = sum[i].x;
      if (col + 1 < n) target[1] = sum[i].y;
      if (col + 2 < n) target[2] = sum[i].z;
      if (col + 3 < n) target[3] = sum[i].w;
    }
  }
}

/// c = the sum of the chunks' partial products, in their order. A thread owns an element.
__global__ void gemm_tiled_sum_kernel(int64_t size, int64_t chunks, const float* __restrict__ partials, float* __restrict__ c) {
  for (int64_t i = global_thread(); i < size; i += global_threads()) {
    float sum = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partials[chunk * size + i];
    c[i] = sum;
  }
}

template <int tile_rows, int tile_cols, int depth, bool transpose_a, bool transpose_b>
void launch_tiles(const GemmArgs& args, const Shape& shape, float* target, Stream& stream) {
  const dim3 grid(static_cast<unsigned>(ceil_divide(shape.m, tile_rows)), static_cast<unsigned>(ceil_divide(shape.n, tile_cols)),
                  static_cast<unsigned>(shape.chunks));
  launch(gemm_tiled_kernel<tile_rows, tile_cols, depth, transpose_a, transpose_b>, grid, tile_rows * tile_cols / 16, 0, stream,
         shape.m, shape.n, shape.k, shape.chunk_k, args.a.data, args.b.data, target);
}

template <int tile_rows, int tile_cols, int depth>
void launch_transposes(const GemmArgs& args, const Shape& shape, float* target, Stream& stream) {
  if (args.transpose_a) {
    return args.transpose_b ? launch_tiles<tile_rows, tile_cols, depth, true, true>(args, shape, target, stream)
                            : launch_tiles<tile_rows, tile_cols, depth, true, false>(args, shape, target, stream);
  }
  return args.transpose_b ? launch_tiles<tile_rows, tile_cols, depth, false, true>(args, shape, target, stream)
                          : launch_tiles<tile_rows, tile_cols, depth, false, false>(args, shape, target, stream);
}

std::string gemm_tiled_supports(const GemmArgs& args) {
  if (args.c.cols > 64 * max_column_tiles) {
    return text("c has ", counted(args.c.cols, "column"), ", ", 64 * max_column_tiles, " is the limit");
  }
  return {};
}

std::size_t gemm_tiled_workspace(const GemmArgs& args) {
  const Shape shape = shape_of(args);
  return shape.chunks > 1 ? static_cast<std::size_t>(shape.chunks * shape.m * shape.n) * sizeof(float) : 0;
}

void gemm_tiled(const GemmArgs& args, void* workspace, Stream& stream) {
  const Shape shape = shape_of(args);
  if (shape.m == 0 || shape.n == 0) return;
  float* const target = shape.chunks > 1 ? static_cast<float*>(workspace) : args.c.data;
  if (shape.n > narrow_columns) {
    launch_transposes<64, 64, max_depth>(args, shape, target, stream);
  } else if (shape.m > short_rows) {
    launch_transposes<128, 16, 8>(args, shape, target, stream);
  } else {
    launch_transposes<32, 16, 8>(args, shape, target, stream);
  }
  if (shape.chunks > 1) {
    const int64_t size = shape.m * shape.n;
    launch(gemm_tiled_sum_kernel, blocks_for(size, 128), 128, 0, stream, size, shape.chunks, target, args.c.data);
  }
}

}  // namespace

Variant<GemmArgs> gemm_tiled_variant() {
  return {.name = "tiled",
          .summary = "a block owns an output tile, shared-memory panels",
          .source = "Volkov and Demmel 2008",
          .deterministic = true,
          .supports = gemm_tiled_supports,
          .workspace = gemm_tiled_workspace,
          .run = gemm_tiled,
          .limits = "at most 4,194,240 columns"};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
