#include <cmath>

#include "kernels/common/csr_shares.h"
#include "kernels/edge/launchers.h"

// Idea: one thread walks a row's edges, head by head, as the definitions say. The plain reference.
// Bytes: head_sddmm gathers 4 H D per edge; edge_softmax reads x three times and writes y twice, 4 H each per edge.
namespace heddle::kernels {

void head_sddmm_cpu_row_loop(const HeadSddmmArgs& args, void*, Stream& stream) {
  const CsrView& a = args.graph;
  const int64_t width = args.x.cols;
  const int64_t columns = width / args.heads;
  parallel_row_shares(stream.thread_team(), a, width, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
        for (int64_t h = 0; h < args.heads; ++h) {
          const float* x = args.x.data + row * width + h * columns;
          const float* y = args.y.data + a.col_indices[k] * width + h * columns;
          float sum = 0;
          for (int64_t c = 0; c < columns; ++c) sum += x[c] * y[c];
          args.s.data[k * args.heads + h] = sum;
        }
      }
    }
  });
}

void edge_softmax_cpu_row_loop(const EdgeSoftmaxArgs& args, void*, Stream& stream) {
  const CsrView& a = args.graph;
  const int64_t heads = args.x.cols;
  const float* const x = args.x.data;
  float* const y = args.y.data;
  parallel_row_shares(stream.thread_team(), a, heads, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t begin = a.row_offsets[row];
      const int64_t end = a.row_offsets[row + 1];
      for (int64_t h = 0; h < heads; ++h) {
        float most = -INFINITY;
        for (int64_t k = begin; k < end; ++k) most = x[k * heads + h] > most ? x[k * heads + h] : most;
        float sum = 0;
        for (int64_t k = begin; k < end; ++k) {
          y[k * heads + h] = std::exp(x[k * heads + h] - most);
          sum += y[k * heads + h];
        }
        for (int64_t k = begin; k < end; ++k) y[k * heads + h] /= sum;
      }
    }
  });
}

}  // namespace heddle::kernels
