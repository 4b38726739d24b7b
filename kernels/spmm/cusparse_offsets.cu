#include "kernels/spmm/cusparse_offsets.h"

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"

// Idea: a thread an offset. Bytes: 12 an offset.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

__global__ void __launch_bounds__(block_threads)
    narrow_offsets_kernel(const int64_t* __restrict__ from, int32_t* __restrict__ to, int64_t count) {
  for (int64_t i = global_thread(); i < count; i += global_threads()) to[i] = static_cast<int32_t>(from[i]);
}

}  // namespace

void narrow_offsets(const int64_t* from, int32_t* to, int64_t count, Stream& stream) {
  launch(narrow_offsets_kernel, blocks_for(count, block_threads), block_threads, 0, stream, from, to, count);
}

}  // namespace heddle::kernels::HEDDLE_TWIN
