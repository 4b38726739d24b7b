#include "kernels/common/parallel.h"
#include "kernels/spmm/cpu_rows.h"

// Idea: equal shares of the merge of row ends and non-zeros, as in merge_path.cu: one row longer than all others together is
// still shared out. A thread owns a share: it finishes the row that the share before began, runs whole rows by the register tile
// of cpu_row_vectorised, and leaves the sum of the row that it begins as the share's carry. Carries are added in the order of the
// shares, whose bounds depend on rows and nnz only, so that the bits are the same for every number of threads.
// Bytes: as cpu_row_vectorised, and 8 d a share.
// Source: D. Merrill, M. Garland: "Merge-based parallel sparse matrix-vector multiplication", SC 2016.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

// Enough shares to keep many threads level, each far longer than handing it over takes.
constexpr int64_t least_share = 2048;
constexpr int64_t most_shares = 256;

int64_t share_count(const CsrView& a) {
  const int64_t shares = (a.rows + a.nnz + least_share - 1) / least_share;
  return shares < most_shares ? shares : most_shares;
}

/// Rows that end within the first `steps` steps of the path.
int64_t rows_before(int64_t steps, const CsrView& a) {
  int64_t low = steps > a.nnz ? steps - a.nnz : 0;
  int64_t high = steps < a.rows ? steps : a.rows;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (a.row_offsets[middle + 1] <= steps - middle - 1) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// The sum of the non-zeros [begin, end) alone, as a row of its own.
void part_of_row(const SpmmArgs& args, int64_t begin, int64_t end, float* sum, bool prefetch) {
  const int64_t bounds[] = {begin, end};
  SpmmArgs part = args;
  part.a.rows = 1;
  part.a.row_offsets = bounds;
  part.y = {sum, 1, args.x.cols};
  spmm_cpu_rows(part, 0, 1, prefetch);
}

}  // namespace

unsigned long spmm_cpu_merge_path_workspace(const SpmmArgs& args) {
  return static_cast<unsigned long>(share_count(args.a) * (args.x.cols + 1)) * sizeof(float);
}

void spmm_cpu_merge_path(const SpmmArgs& args, void* workspace, Threads threads) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  const int64_t shares = share_count(a);
  const int64_t steps = a.rows + a.nnz;
  const bool prefetch = spmm_cpu_prefetches(args);
  float* const carry = static_cast<float*>(workspace);
  int32_t* const carry_row = reinterpret_cast<int32_t*>(carry + shares * d);
  parallel_chunks(threads, shares, [&](int64_t s) {
    const int64_t first = steps / shares * s + steps % shares * s / shares;
    const int64_t last = steps / shares * (s + 1) + steps % shares * (s + 1) / shares;
    const int64_t last_row = rows_before(last, a);
    int64_t row = rows_before(first, a);
    int64_t k = first - row;
    if (row < last_row) {
      if (k > a.row_offsets[row]) {
        part_of_row(args, k, a.row_offsets[row + 1], args.y.data + row * d, prefetch);
        ++row;
      }
      spmm_cpu_rows(args, row, last_row, prefetch);
      k = a.row_offsets[last_row];
    }
    const int64_t stop = last - last_row;
    if (k < stop) part_of_row(args, k, stop, carry + s * d, prefetch);
    carry_row[s] = k < stop ? static_cast<int32_t>(last_row) : -1;
  });
  for (int64_t s = 0; s < shares; ++s) {
    if (carry_row[s] < 0) continue;
    float* const y = args.y.data + carry_row[s] * d;
    for (int64_t c = 0; c < d; ++c) y[c] += carry[s * d + c];
  }
}

}  // namespace heddle::kernels::HEDDLE_ISA
