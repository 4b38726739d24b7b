#include "kernels/elementwise/elementwise.h"

#include <algorithm>
#include <bit>

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"

// Idea: one pass over memory. A thread owns four neighbouring elements: one 16-byte access per array and one Philox call for
// their dropout. Column sums: a block owns 512 rows and up to 32 columns; its threads take every 8th row or less often, their
// sums are added in the threads' order, and a second kernel adds those of the blocks in order.
// Bytes: each input read once and each output written once; the column sums read dx once more, from the L2 cache where it fits.
// Source: N. Srivastava et al.: "Dropout", JMLR 15, 2014; J. Salmon et al.: "Parallel random numbers", SC 2011 (Philox).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

int64_t quad_blocks(int64_t size) { return blocks_for((size + 3) / 4, block_threads); }

struct Dropout {
  uint32_t threshold;  // an element whose word is below is dropped
  float scale;
  RandomStream random;
};

Dropout dropout_of(float p, const RandomStream& random) { return {dropout_threshold(p), 1.0f / (1.0f - p), random}; }

/// Scales what dropout keeps of elements 4 * group ... 4 * group + 3 and zeroes the rest.
__device__ __forceinline__ void drop_quad(const Dropout& dropout, int64_t group, float (&quad)[4]) {
  const PhiloxWords words = random_words(dropout.random, static_cast<uint64_t>(group));
  HEDDLE_UNROLL
  for (int j = 0; j < 4; ++j) quad[j] = words.word[j] < dropout.threshold ? 0.0f : quad[j] * dropout.scale;
}

// x and y without __restrict__: they may be the same array.
__global__ void __launch_bounds__(block_threads)
    bias_relu_dropout_kernel(int64_t size, int64_t d, const float* x, const float* __restrict__ bias, bool relu, bool elu,
                             Dropout dropout, bool aligned, float* y) {
  for (int64_t group = global_thread(); 4 * group < size; group += global_threads()) {
    float quad[4];
    load_quad(x, 4 * group, size, aligned, quad);
    if (bias != nullptr) {
      int64_t column = 4 * group % d;
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) {
        quad[j] += bias[column];
        column = column + 1 < d ? column + 1 : 0;
      }
    }
    if (relu) {
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) quad[j] = quad[j] < 0 ? 0.0f : quad[j];  // a NaN stays one
    }
    if (elu) {
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) quad[j] = quad[j] < 0 ? expf(quad[j]) - 1.0f : quad[j];
    }
    if (dropout.threshold != 0) drop_quad(dropout, group, quad);
    store_quad(y, 4 * group, size, aligned, quad);
  }
}

// y is null without relu and elu. dy and dx may be the same array.
__global__ void __launch_bounds__(block_threads)
    bias_relu_dropout_backward_kernel(int64_t size, const float* __restrict__ y, bool elu, const float* dy, Dropout dropout,
                                      bool aligned, float* dx) {
  for (int64_t group = global_thread(); 4 * group < size; group += global_threads()) {
    float quad[4];
    load_quad(dy, 4 * group, size, aligned, quad);
    if (elu) {
      float value[4];
      load_quad(y, 4 * group, size, aligned, value);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) quad[j] *= value[j] > 0 ? 1.0f : value[j] / dropout.scale + 1.0f;
      if (dropout.threshold != 0) drop_quad(dropout, group, quad);
    } else if (y != nullptr) {
      float passed[4];
      load_quad(y, 4 * group, size, aligned, passed);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) quad[j] = passed[j] <= 0 ? 0.0f : quad[j] * dropout.scale;  // a NaN passes here too
    } else if (dropout.threshold != 0) {
      drop_quad(dropout, group, quad);
    }
    store_quad(dx, 4 * group, size, aligned, quad);
  }
}

/// partials[chunk][column]: sums over the rows of a chunk. Grid: chunks along x, tiles of `width` columns along y, with the
/// grid's stride; `width` is a power of two up to 32.
__global__ void __launch_bounds__(block_threads)
    column_sums_kernel(int64_t n, int64_t d, int width, const float* __restrict__ x, float* __restrict__ partials) {
  SHARED(float, sums, block_threads);
  const int thread = static_cast<int>(threadIdx.x);
  const int slices = block_threads / width;
  const int slice = thread / width;
  const int64_t begin = blockIdx.x * column_sum_chunk_rows;
  const int64_t end = min(begin + column_sum_chunk_rows, n);
  for (int64_t first = int64_t{blockIdx.y} * width; first < d; first += int64_t{gridDim.y} * width) {
    const int64_t column = first + thread % width;
    float sum = 0;
    if (column < d) {
      for (int64_t row = begin + slice; row < end; row += slices) sum += x[row * d + column];
    }
    sums[thread] = sum;
    __syncthreads();
    if (slice == 0 && column < d) {
      for (int s = 1; s < slices; ++s) sum += sums[s * width + thread];
      partials[blockIdx.x * d + column] = sum;
    }
    __syncthreads();  // the next tile writes `sums` again
  }
}

/// sums[column] = partials over the chunks, in their order. A thread owns a column.
__global__ void __launch_bounds__(block_threads)
    column_sums_of_chunks_kernel(int64_t chunks, int64_t d, const float* __restrict__ partials, float* __restrict__ sums) {
  for (int64_t column = global_thread(); column < d; column += global_threads()) {
    float sum = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partials[chunk * d + column];
    sums[column] = sum;
  }
}

void column_sums(DenseView<const float> x, float* partials, float* sums, Stream& stream) {
  const int64_t d = x.cols;
  const int64_t chunks = (x.rows + column_sum_chunk_rows - 1) / column_sum_chunk_rows;
  const int width = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(d, 1, 32))));
  const dim3 grid(static_cast<unsigned>(chunks), static_cast<unsigned>(std::min<int64_t>((d + width - 1) / width, 65535)));
  launch(column_sums_kernel, grid, block_threads, 0, stream, x.rows, d, width, x.data, partials);
  launch(column_sums_of_chunks_kernel, blocks_for(d, block_threads), block_threads, 0, stream, chunks, d, partials, sums);
}

// y = operation(x, y) element by element; an operation says which of the two it reads.

struct AddScaled {
  static constexpr bool reads_x = true, reads_y = true;
  float factor;
  __device__ __forceinline__ float operator()(float x, float y) const { return factor * x + y; }
};
struct Scale {
  static constexpr bool reads_x = true, reads_y = false;
  float factor;
  __device__ __forceinline__ float operator()(float x, float) const { return factor * x; }
};
struct ScaleBy {
  static constexpr bool reads_x = true, reads_y = false;
  float factor;
  const float* scalar;
  __device__ __forceinline__ float operator()(float x, float) const { return factor * *scalar * x; }
};
struct Fill {
  static constexpr bool reads_x = false, reads_y = false;
  float value;
  __device__ __forceinline__ float operator()(float, float) const { return value; }
};

template <class Operation>
__global__ void __launch_bounds__(block_threads)
    map_kernel(int64_t size, Operation operation, const float* x, bool aligned, float* y) {
  for (int64_t group = global_thread(); 4 * group < size; group += global_threads()) {
    float from[4] = {};
    float to[4] = {};
    if constexpr (Operation::reads_x) load_quad(x, 4 * group, size, aligned, from);
    if constexpr (Operation::reads_y) load_quad(y, 4 * group, size, aligned, to);
    HEDDLE_UNROLL
    for (int j = 0; j < 4; ++j) to[j] = operation(from[j], to[j]);
    store_quad(y, 4 * group, size, aligned, to);
  }
}

template <class Operation>
void map(const Operation& operation, const float* x, DenseView<float> y, Stream& stream) {
  launch(map_kernel<Operation>, quad_blocks(y.size()), block_threads, 0, stream, y.size(), operation, x,
         aligned_for_quads(x, y.data), y.data);
}

__global__ void increment_kernel(uint32_t* counter) {
  if (threadIdx.x == 0) ++*counter;
}

__global__ void record_scalar_kernel(const float* value, const uint32_t* step, float* history, int64_t length) {
  if (threadIdx.x == 0 && *step < length) history[*step] = *value;
}

}  // namespace

void bias_relu_dropout(const BiasReluDropoutArgs& args, Stream& stream) {
  const int64_t size = args.x.size();
  launch(bias_relu_dropout_kernel, quad_blocks(size), block_threads, 0, stream, size, args.x.cols, args.x.data, args.bias,
         args.relu, args.elu, dropout_of(args.dropout, args.random), aligned_for_quads(args.x.data, args.y.data), args.y.data);
}

void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, float* partials, Stream& stream) {
  const int64_t size = args.dy.size();
  const float* const y = args.relu || args.elu ? args.y.data : nullptr;
  if (args.dx.data != nullptr) {
    launch(bias_relu_dropout_backward_kernel, quad_blocks(size), block_threads, 0, stream, size, y, args.elu, args.dy.data,
           dropout_of(args.dropout, args.random), aligned_for_quads(y, args.dy.data, args.dx.data), args.dx.data);
  }
  // Without dx nothing changes between dy and it.
  if (args.dbias != nullptr) column_sums(args.dx.data != nullptr ? args.dx : args.dy, partials, args.dbias, stream);
}

void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Stream& stream) {
  map(AddScaled{factor}, x.data, y, stream);
}

void scale(DenseView<const float> x, float factor, DenseView<float> y, Stream& stream) { map(Scale{factor}, x.data, y, stream); }

void scale_by(DenseView<const float> x, float factor, const float* scalar, DenseView<float> y, Stream& stream) {
  map(ScaleBy{factor, scalar}, x.data, y, stream);
}

void fill(float value, DenseView<float> y, Stream& stream) { map(Fill{value}, nullptr, y, stream); }

void increment(uint32_t* counter, Stream& stream) { launch(increment_kernel, 1, 32, 0, stream, counter); }

void record_scalar(const float* value, const uint32_t* step, float* history, int64_t length, Stream& stream) {
  launch(record_scalar_kernel, 1, 32, 0, stream, value, step, history, length);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
