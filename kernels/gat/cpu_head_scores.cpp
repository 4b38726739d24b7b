#include "kernels/common/parallel.h"
#include "kernels/gat/cpu_gat.h"
#include "kernels/gat/cpu_head_dots.h"

// Idea: a thread owns rows; backward, da is summed row after row within 512 rows and then over these chunks in order.
// Bytes: x read once forward and once backward, 4 n H of scores; dx, where wanted, written once.
namespace heddle::kernels::HEDDLE_ISA {

void head_scores(const HeadScoresArgs& args, Threads threads) {
  const int64_t heads = args.heads;
  const int64_t width = args.x.cols;
  const int64_t columns = width / heads;
  parallel_ranges(threads, args.x.rows, 1, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      head_dots(args.x.data + row * width, args.a, heads, columns, args.stride, args.scores + row * args.stride);
    }
  });
}

void head_scores_backward(const HeadScoresBackwardArgs& args, float* partials, Threads threads) {
  const int64_t heads = args.heads;
  const int64_t width = args.x.cols;
  const int64_t columns = width / heads;
  const int64_t n = args.x.rows;
  const int64_t chunks = (n + head_scores_chunk_rows - 1) / head_scores_chunk_rows;
  parallel_each(threads, chunks, head_scores_chunk_rows * width, [&](int64_t chunk) {
    const HeadScoresBackwardArgs own = args;  // nothing that is written here can be a part of it
    float* const sums = own.da != nullptr ? partials + chunk * width : nullptr;
    if (sums != nullptr) {
      for (int64_t c = 0; c < width; ++c) sums[c] = 0;
    }
    const int64_t begin = chunk * head_scores_chunk_rows;
    const int64_t end = begin + head_scores_chunk_rows < n ? begin + head_scores_chunk_rows : n;
    for (int64_t row = begin; row < end; ++row) {
      const float* const x = own.x.data + row * width;
      const float* const dscores = own.dscores + row * own.stride;
      float* const dx = own.dx.data != nullptr ? own.dx.data + row * width : nullptr;
      for (int64_t h = 0; h < heads; ++h) {
        const float d = dscores[h];
        const int64_t first = h * columns;
        if (sums != nullptr) {
          for (int64_t c = first; c < first + columns; ++c) sums[c] += d * x[c];
        }
        if (dx != nullptr) {
          for (int64_t c = first; c < first + columns; ++c) dx[c] = d * own.a[c];
        }
      }
    }
  });
  if (args.da == nullptr) return;
  for (int64_t c = 0; c < width; ++c) args.da[c] = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (int64_t c = 0; c < width; ++c) args.da[c] += partials[chunk * width + c];
  }
}

}  // namespace heddle::kernels::HEDDLE_ISA
