#include "kernels/edge/edge.h"

#include "heddle/kernel/edge.h"
#include "heddle/kernel/kernel.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"

// Idea: a thread owns an edge and a head, a row and a head, or a row and a column, so that neighbours in a warp read neighbouring
// heads or columns. Every sum is in the order of the row's edges. The pipeline that these make up is what the fused kernels are
// compared with. Bytes: each number per edge and head read and written as the formulas say, 4 each; 4 H D gathered per edge.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

__device__ __forceinline__ int64_t number_of(const int64_t* __restrict__ value_index, int64_t k) {
  return value_index != nullptr ? value_index[k] : k;
}

__global__ void __launch_bounds__(block_threads)
    edge_sums_kernel(int64_t rows, int64_t heads, const int64_t* __restrict__ row_offsets,
                     const int32_t* __restrict__ col_indices, const float* __restrict__ sources,
                     const float* __restrict__ targets, float* __restrict__ s) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t row = i / heads;
    const int64_t head = i % heads;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      s[k * heads + head] = sources[col_indices[k] * heads + head] + targets[i];
    }
  }
}

__global__ void __launch_bounds__(block_threads)
    sum_over_edges_kernel(int64_t rows, int64_t heads, const int64_t* __restrict__ row_offsets,
                          const int64_t* __restrict__ value_index, const float* __restrict__ s, float* __restrict__ y) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t row = i / heads;
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) sum += s[number_of(value_index, k) * heads + i % heads];
    y[i] = sum;
  }
}

__global__ void __launch_bounds__(block_threads)
    head_sddmm_kernel(int64_t rows, int64_t heads, int64_t columns, const int64_t* __restrict__ row_offsets,
                      const int32_t* __restrict__ col_indices, const float* __restrict__ x, const float* __restrict__ y,
                      float* __restrict__ s) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t row = i / heads;
    const int64_t head = i % heads;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      const float* const other = y + (col_indices[k] * heads + head) * columns;
      float sum = 0;
      for (int64_t c = 0; c < columns; ++c) sum += x[i * columns + c] * other[c];
      s[k * heads + head] = sum;
    }
  }
}

__global__ void __launch_bounds__(block_threads)
    head_spmm_kernel(int64_t rows, int64_t heads, int64_t columns, const int64_t* __restrict__ row_offsets,
                     const int32_t* __restrict__ col_indices, const int64_t* __restrict__ value_index,
                     const float* __restrict__ s, const float* __restrict__ x, float* __restrict__ y) {
  const int64_t width = heads * columns;
  for (int64_t i = global_thread(); i < rows * width; i += global_threads()) {
    const int64_t row = i / width;
    const int64_t column = i % width;
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) {
      sum += s[number_of(value_index, k) * heads + column / columns] * x[col_indices[k] * width + column];
    }
    y[i] = sum;
  }
}

// x and y may be the same array: a thread alone reads and writes its row's numbers of its head.
__global__ void __launch_bounds__(block_threads)
    edge_softmax_kernel(int64_t rows, int64_t heads, const int64_t* __restrict__ row_offsets, const float* x, float* y) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t begin = row_offsets[i / heads];
    const int64_t end = row_offsets[i / heads + 1];
    const int64_t head = i % heads;
    float most = -INFINITY;
    for (int64_t k = begin; k < end; ++k) most = x[k * heads + head] > most ? x[k * heads + head] : most;
    float sum = 0;
    for (int64_t k = begin; k < end; ++k) {
      const float weight = expf(x[k * heads + head] - most);
      sum += weight;
      y[k * heads + head] = weight;
    }
    const float inverse = 1.0f / sum;
    for (int64_t k = begin; k < end; ++k) y[k * heads + head] *= inverse;
  }
}

// dy and dx may be the same array.
__global__ void __launch_bounds__(block_threads)
    edge_softmax_backward_kernel(int64_t rows, int64_t heads, const int64_t* __restrict__ row_offsets,
                                 const float* __restrict__ y, const float* dy, float* dx) {
  for (int64_t i = global_thread(); i < rows * heads; i += global_threads()) {
    const int64_t begin = row_offsets[i / heads];
    const int64_t end = row_offsets[i / heads + 1];
    const int64_t head = i % heads;
    float sum = 0;
    for (int64_t k = begin; k < end; ++k) sum += y[k * heads + head] * dy[k * heads + head];
    for (int64_t k = begin; k < end; ++k) dx[k * heads + head] = y[k * heads + head] * (dy[k * heads + head] - sum);
  }
}

/// to = value where x > 0, else slope * value. `to` may be either array.
__global__ void __launch_bounds__(block_threads)
    leaky_kernel(int64_t size, float slope, const float* x, const float* value, bool aligned, float* to) {
  for (int64_t group = global_thread(); 4 * group < size; group += global_threads()) {
    float sign[4], quad[4];
    load_quad(x, 4 * group, size, aligned, sign);
    load_quad(value, 4 * group, size, aligned, quad);
    HEDDLE_UNROLL
    for (int j = 0; j < 4; ++j) quad[j] = sign[j] > 0 ? quad[j] : slope * quad[j];
    store_quad(to, 4 * group, size, aligned, quad);
  }
}

}  // namespace

void edge_sums(const EdgeSumsArgs& args, Stream& stream) {
  launch(edge_sums_kernel, blocks_for(args.targets.size(), block_threads), block_threads, 0, stream, args.graph.rows, args.s.cols,
         args.graph.row_offsets, args.graph.col_indices, args.sources.data, args.targets.data, args.s.data);
}

void sum_over_edges(const SumOverEdgesArgs& args, Stream& stream) {
  launch(sum_over_edges_kernel, blocks_for(args.y.size(), block_threads), block_threads, 0, stream, args.graph.rows, args.s.cols,
         args.graph.row_offsets, args.graph.value_index, args.s.data, args.y.data);
}

void head_spmm(const HeadSpmmArgs& args, Stream& stream) {
  launch(head_spmm_kernel, blocks_for(args.y.size(), block_threads), block_threads, 0, stream, args.graph.rows, args.heads,
         args.x.cols / args.heads, args.graph.row_offsets, args.graph.col_indices, args.graph.value_index, args.s.data,
         args.x.data, args.y.data);
}

void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Stream& stream) {
  launch(edge_softmax_backward_kernel, blocks_for(args.graph.rows * args.y.cols, block_threads), block_threads, 0, stream,
         args.graph.rows, args.y.cols, args.graph.row_offsets, args.y.data, args.dy.data, args.dx.data);
}

void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Stream& stream) {
  launch(leaky_kernel, blocks_for((x.size() + 3) / 4, block_threads), block_threads, 0, stream, x.size(), slope, x.data, x.data,
         aligned_for_quads(x.data, y.data), y.data);
}

void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy, DenseView<float> dx, Stream& stream) {
  launch(leaky_kernel, blocks_for((x.size() + 3) / 4, block_threads), block_threads, 0, stream, x.size(), slope, x.data, dy.data,
         aligned_for_quads(x.data, dy.data, dx.data), dx.data);
}

namespace {

void head_sddmm_row_per_thread(const HeadSddmmArgs& args, void*, Stream& stream) {
  launch(head_sddmm_kernel, blocks_for(args.graph.rows * args.heads, block_threads), block_threads, 0, stream, args.graph.rows,
         args.heads, args.x.cols / args.heads, args.graph.row_offsets, args.graph.col_indices, args.x.data, args.y.data,
         args.s.data);
}

void edge_softmax_row_per_thread(const EdgeSoftmaxArgs& args, void*, Stream& stream) {
  launch(edge_softmax_kernel, blocks_for(args.graph.rows * args.x.cols, block_threads), block_threads, 0, stream, args.graph.rows,
         args.x.cols, args.graph.row_offsets, args.x.data, args.y.data);
}

}  // namespace

Variant<HeadSddmmArgs> head_sddmm_row_per_thread_variant() {
  return {.name = "row_per_thread",
          .summary = "a thread owns a row and a head: the plain reference",
          .source = "definition",
          .deterministic = true,
          .supports = takes_anything<HeadSddmmArgs>,
          .workspace = needs_no_workspace<HeadSddmmArgs>,
          .run = head_sddmm_row_per_thread};
}

Variant<EdgeSoftmaxArgs> edge_softmax_row_per_thread_variant() {
  return {.name = "row_per_thread",
          .summary = "a thread owns a row and a head, three passes: the plain reference",
          .source = "definition",
          .deterministic = true,
          .supports = takes_anything<EdgeSoftmaxArgs>,
          .workspace = needs_no_workspace<EdgeSoftmaxArgs>,
          .run = edge_softmax_row_per_thread};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
