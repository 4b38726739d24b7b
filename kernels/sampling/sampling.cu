#include "kernels/sampling/draw.h"

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"

// Idea: a thread owns a sample: one or two calls of the counter-based generator, and for a negative a binary search in the
// user's row. Nothing is rejected, so threads of a warp stay together but for the lengths of their rows.
// Bytes: 4 written for each id; a sample reads some 40 and the 4 log2(row) of its search, all of them at random.
// Source: J. Salmon et al.: "Parallel random numbers: as easy as 1, 2, 3", SC 2011; D. Lemire: "Fast random integer generation in
// an interval", ACM Trans. Model. Comput. Simul. 29, 2019 (the multiplication in place of a division).
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 128;

__global__ void __launch_bounds__(block_threads)
    sample_bpr_kernel(InteractionsView interactions, int64_t batch, RandomStream random, int32_t* __restrict__ ids) {
  for (int64_t b = global_thread(); b < batch; b += global_threads()) draw_bpr(interactions, batch, random, b, ids);
}

__global__ void __launch_bounds__(block_threads)
    sample_softmax_kernel(InteractionsView interactions, SoftmaxDraws draws, RandomStream random, int32_t* __restrict__ ids) {
  const int64_t count = draws.batch + draws.negatives;
  for (int64_t i = global_thread(); i < count; i += global_threads()) draw_softmax(interactions, draws, random, i, ids);
}

}  // namespace

void sample_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random, int32_t* ids, Stream& stream) {
  launch(sample_bpr_kernel, blocks_for(batch, block_threads), block_threads, 0, stream, interactions, batch, random, ids);
}

void sample_softmax(const InteractionsView& interactions, const SoftmaxDraws& draws, const RandomStream& random, int32_t* ids,
                    Stream& stream) {
  launch(sample_softmax_kernel, blocks_for(draws.batch + draws.negatives, block_threads), block_threads, 0, stream, interactions,
         draws, random, ids);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
