#include "kernels/common/csr_shares.h"
#include "kernels/spmm/launchers.h"

// Idea: one thread walks a row's non-zeros and adds each x row into the y row, as the definition says. The plain reference.
// Bytes: x rows gathered once per non-zero; the y row is read and written once per non-zero, from the first-level cache.
namespace heddle::kernels {

void spmm_cpu_row_loop(const SpmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  parallel_row_shares(stream.thread_team(), a, d, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* y = args.y.data + row * d;
      for (int64_t c = 0; c < d; ++c) y[c] = 0;
      for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
        const float* x = args.x.data + a.col_indices[k] * d;
        const float value = a.values == nullptr ? 1.0f : a.values[a.value_index == nullptr ? k : a.value_index[k]];
        for (int64_t c = 0; c < d; ++c) y[c] += value * x[c];
      }
    }
  });
}

}  // namespace heddle::kernels
