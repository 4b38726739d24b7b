#include "heddle/kernel/kernel.h"
#include "heddle/kernel/spmm.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/quads.h"
#include "kernels/spmm/values.h"

// Idea: a thread owns one element of Y and walks its row's non-zeros; neighbouring threads own neighbouring columns.
// Bytes: d walks of nnz * (4 + 4 per stored value), which neighbours share in the cache, 4 nnz d gathered and 4 n d written.
// Source: the definition.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;

template <Values kind>
__global__ void __launch_bounds__(block_threads)
    spmm_element_per_thread_kernel(int64_t elements, int64_t d, const int64_t* __restrict__ row_offsets,
                                   const int32_t* __restrict__ col_indices, const float* __restrict__ values,
                                   const int64_t* __restrict__ value_index, const float* __restrict__ x, float* __restrict__ y) {
  for (int64_t at = global_thread(); at < elements; at += global_threads()) {
    const int64_t row = at / d, column = at % d;
    float sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k)
      sum = value_at<kind>(values, value_index, k) * x[col_indices[k] * d + column] + sum;
    y[at] = sum;
  }
}

void spmm_element_per_thread(const SpmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.a;
  if (args.y.size() == 0) return;
  with_values(a, [&]<Values kind>() {
    launch(spmm_element_per_thread_kernel<kind>, blocks_for(args.y.size(), block_threads), block_threads, 0, stream,
           args.y.size(), args.x.cols, a.row_offsets, a.col_indices, a.values, a.value_index, args.x.data, args.y.data);
  });
}

}  // namespace

Variant<SpmmArgs> spmm_element_per_thread_variant() {
  return {.name = "element_per_thread",
          .summary = "a thread owns an element of the result",
          .source = "definition",
          .deterministic = true,
          .supports = takes_anything<SpmmArgs>,
          .workspace = needs_no_workspace<SpmmArgs>,
          .run = spmm_element_per_thread};
}

}  // namespace heddle::kernels::HEDDLE_TWIN
