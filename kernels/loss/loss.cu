#include "kernels/loss/loss.h"

#include "heddle/kernel/kernel.h"
#include "kernels/common/block_sum.h"
#include "kernels/common/quads.h"
#include "kernels/device/backend.h"
#include "kernels/loss/sum_chunks.h"

// Idea: a thread owns a listed row and reads its logits twice, for the maximum and for the sum of exponentials; only listed
// rows are read. Sums: a block owns a chunk of 1024 terms, a thread every 128th of them; the threads' double sums are added
// as a tree in shared memory, and a last block adds the chunks' in the same way. No step depends on the schedule.
// Bytes: 4 m classes read (the second reading comes from the cache); backward writes 4 n classes.
// Source: the maximum first, as in P. Blanchard, D. Higham, N. Higham: "Accurately computing the log-sum-exp", IMA J. Numer.
// Anal. 41, 2021.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 128;

int64_t chunks_of(int64_t terms) { return (terms + sum_chunk_terms - 1) / sum_chunk_terms; }

/// A NaN among the logits makes the sum of exponentials NaN, wherever it stands.
struct Softmax {
  float most;
  float sum;  // of exp(logit - most)
};
__device__ __forceinline__ Softmax softmax_of(const float* __restrict__ logits, int64_t classes) {
  float most = logits[0];
  for (int64_t c = 1; c < classes; ++c) most = logits[c] > most ? logits[c] : most;
  float sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += expf(logits[c] - most);
  return {most, sum};
}

__global__ void __launch_bounds__(block_threads)
    masked_nll_kernel(int64_t classes, int64_t row_count, const float* __restrict__ logits, const int32_t* __restrict__ labels,
                      const int32_t* __restrict__ rows, const float* __restrict__ class_weights, double* __restrict__ partials) {
  double sum = 0;
  const int64_t end = min((blockIdx.x + int64_t{1}) * sum_chunk_terms, row_count);
  for (int64_t i = blockIdx.x * sum_chunk_terms + threadIdx.x; i < end; i += block_threads) {
    const float* const row = logits + rows[i] * classes;
    const Softmax softmax = softmax_of(row, classes);
    // The difference of the two logits in double: exact, however far they are from zero.
    const int32_t label = labels[rows[i]];
    const double loss = static_cast<double>(logf(softmax.sum)) + (static_cast<double>(softmax.most) - row[label]);
    sum += class_weights != nullptr ? class_weights[label] * loss : loss;
  }
  sum = block_sum<block_threads>(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(block_threads)
    sum_of_squares_kernel(int64_t size, const float* __restrict__ x, bool aligned, double* __restrict__ partials) {
  double sum = 0;
  const int64_t end = min((blockIdx.x + int64_t{1}) * sum_chunk_terms, size);
  for (int64_t first = blockIdx.x * sum_chunk_terms + 4 * threadIdx.x; first < end; first += 4 * block_threads) {
    float quad[4];
    load_quad(x, first, end, aligned, quad);
    HEDDLE_UNROLL
    for (int j = 0; j < 4; ++j) sum += static_cast<double>(quad[j]) * quad[j];
  }
  sum = block_sum<block_threads>(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

/// *total = factor * the sum of the chunks' sums. One block.
__global__ void __launch_bounds__(block_threads)
    sum_of_chunks_kernel(int64_t chunks, double factor, const double* __restrict__ partials, float* __restrict__ total) {
  double sum = 0;
  for (int64_t chunk = threadIdx.x; chunk < chunks; chunk += block_threads) sum += partials[chunk];
  sum = block_sum<block_threads>(sum);
  if (threadIdx.x == 0) *total = static_cast<float>(factor * sum);
}

__global__ void __launch_bounds__(block_threads)
    masked_nll_backward_kernel(int64_t classes, int64_t row_count, const float* __restrict__ logits,
                               const int32_t* __restrict__ labels, const int32_t* __restrict__ rows,
                               const float* __restrict__ dloss, const float* __restrict__ class_weights, float divisor,
                               float* __restrict__ dlogits) {
  const float mean_share = *dloss / divisor;
  for (int64_t i = global_thread(); i < row_count; i += global_threads()) {
    const int64_t first = rows[i] * classes;
    const int32_t label = labels[rows[i]];
    const float share = class_weights != nullptr ? mean_share * class_weights[label] : mean_share;
    const Softmax softmax = softmax_of(logits + first, classes);
    const float factor = share / softmax.sum;
    for (int64_t c = 0; c < classes; ++c) {
      dlogits[first + c] = factor * expf(logits[first + c] - softmax.most) - (c == label ? share : 0.0f);
    }
  }
}

__global__ void __launch_bounds__(block_threads)
    count_correct_kernel(int64_t classes, int64_t row_count, const float* __restrict__ logits, const int32_t* __restrict__ labels,
                         const int32_t* __restrict__ rows, int32_t* correct) {
  int found = 0;
  for (int64_t i = global_thread(); i < row_count; i += global_threads()) {
    const float* const row = logits + rows[i] * classes;
    int64_t best = 0;
    bool comparable = row[0] == row[0];
    for (int64_t c = 1; c < classes; ++c) {
      if (row[c] > row[best]) best = c;
      comparable = comparable && row[c] == row[c];  // a NaN is not equal to itself
    }
    found += comparable && best == labels[rows[i]];
  }
  found = group_sum<32>(found);
  if (lane_id() == 0 && found > 0) atomicAdd(correct, found);
}

}  // namespace

void sum_chunks(int64_t chunks, double factor, const double* partials, float* total, Stream& stream) {
  launch(sum_of_chunks_kernel, 1, block_threads, 0, stream, chunks, factor, partials, total);
}

void masked_nll(const MaskedNllArgs& args, double* partials, Stream& stream) {
  const int64_t chunks = chunks_of(args.row_count);
  launch(masked_nll_kernel, chunks, block_threads, 0, stream, args.logits.cols, args.row_count, args.logits.data, args.labels,
         args.rows, args.class_weights, partials);
  const double divisor = args.class_weights != nullptr ? args.weight_sum : static_cast<double>(args.row_count);
  sum_chunks(chunks, 1.0 / divisor, partials, args.loss, stream);
}

void masked_nll_backward(const MaskedNllBackwardArgs& args, Stream& stream) {
  stream.backend().fill_zero(args.dlogits.data, static_cast<std::size_t>(args.dlogits.size()) * sizeof(float), stream);
  const float divisor = args.class_weights != nullptr ? static_cast<float>(args.weight_sum) : static_cast<float>(args.row_count);
  launch(masked_nll_backward_kernel, blocks_for(args.row_count, block_threads), block_threads, 0, stream, args.logits.cols,
         args.row_count, args.logits.data, args.labels, args.rows, args.dloss, args.class_weights, divisor, args.dlogits.data);
}

void count_correct(const CountCorrectArgs& args, Stream& stream) {
  stream.backend().fill_zero(args.correct, sizeof(*args.correct), stream);
  launch(count_correct_kernel, blocks_for(args.row_count, block_threads), block_threads, 0, stream, args.logits.cols,
         args.row_count, args.logits.data, args.labels, args.rows, args.correct);
}

void sum_of_squares(DenseView<const float> x, float factor, float* sum, double* partials, Stream& stream) {
  const int64_t chunks = chunks_of(x.size());
  launch(sum_of_squares_kernel, chunks, block_threads, 0, stream, x.size(), x.data, aligned_for_quads(x.data), partials);
  sum_chunks(chunks, factor, partials, sum, stream);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
