#include <algorithm>
#include <climits>
#include <cstring>

#include "heddle/error.h"
#include "kernels/common/parallel.h"
#include "kernels/dense/blas_library.h"
#include "kernels/dense/launchers.h"

// Idea: the BLAS works single-threaded on panels of fixed size, one thread a panel: its own threads would change the bits with
//   their number. A product is cut along its rows and, where it has few of them, along its columns. One with a long k and a small
//   output (a weight gradient) is cut along k into chunks whose partial products are added in their order.
namespace heddle::kernels {

namespace {

constexpr int64_t panel_rows = 512;
// The left operand's rows are packed anew for each panel of columns: a small part of the work at 256 of them.
constexpr int64_t least_panel_columns = 256;
// Of so many pieces each of a large machine's threads has one; more of them would only pack more.
constexpr int64_t enough_pieces = 256;
// A chunk's partial output is written and read once, its inputs' panels are packed: 2048 rows of k amortise both.
constexpr int64_t chunk_k = 2048;

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

/// The pieces of a product: panels of rows, panels of columns, chunks of k.
struct Cut {
  int64_t row_panels = 1;
  int64_t column_panels = 1;
  int64_t chunks = 1;
  int64_t panel_columns = 0;

  int64_t pieces() const { return row_panels * column_panels * chunks; }
};

/// How a product is cut: by its shape alone, so that the bits do not depend on the threads.
Cut cut(const GemmArgs& args) {
  Cut cut;
  if (args.k() > 2 * chunk_k && args.c.rows <= 2 * panel_rows) {
    cut.chunks = (args.k() + chunk_k - 1) / chunk_k;
  } else {
    cut.row_panels = (args.c.rows + panel_rows - 1) / panel_rows;
  }
  const int64_t wanted = std::clamp<int64_t>(enough_pieces / std::max<int64_t>(cut.pieces(), 1), 1,
                                             std::max<int64_t>(args.c.cols / least_panel_columns, 1));
  // Whole vectors and tiles of the BLAS's kernels: multiples of 64 columns.
  cut.panel_columns = std::max<int64_t>((args.c.cols + wanted - 1) / wanted + 63, 64) / 64 * 64;
  cut.column_panels = std::max<int64_t>((args.c.cols + cut.panel_columns - 1) / cut.panel_columns, 1);
  return cut;
}

/// out[rows, columns] = op(A)[rows, ks] op(B)[ks, columns]; out is as wide as C.
void multiply(const BlasLibrary& blas, const GemmArgs& args, Range rows, Range columns, Range ks, float* out) {
  const int64_t lda = args.a.cols;
  const int64_t ldb = args.b.cols;
  const float* a = args.a.data + (args.transpose_a ? ks.begin * lda + rows.begin : rows.begin * lda + ks.begin);
  const float* b = args.b.data + (args.transpose_b ? columns.begin * ldb + ks.begin : ks.begin * ldb + columns.begin);
  blas.sgemm(CblasRowMajor, args.transpose_a ? CblasTrans : CblasNoTrans, args.transpose_b ? CblasTrans : CblasNoTrans,
             static_cast<int>(rows.size()), static_cast<int>(columns.size()), static_cast<int>(ks.size()), 1.0f, a,
             static_cast<int>(lda), b, static_cast<int>(ldb), 0.0f, out + rows.begin * args.c.cols + columns.begin,
             static_cast<int>(args.c.cols));
}

}  // namespace

std::string gemm_cpu_blas_supports(const GemmArgs& args) {
  // CBLAS counts in int; rows are cut into panels and may be more.
  if (args.a.cols > INT_MAX || args.b.cols > INT_MAX || args.c.cols > INT_MAX) return "a matrix has more than 2^31 - 1 columns";
  return {};
}

std::size_t gemm_cpu_blas_workspace(const GemmArgs& args) {
  const int64_t chunks = cut(args).chunks;
  return chunks > 1 ? static_cast<std::size_t>(chunks * args.c.size()) * sizeof(float) : 0;
}

void gemm_cpu_blas(const GemmArgs& args, void* workspace, Stream& stream) {
  const Threads threads = stream.thread_team();
  if (args.k() == 0) {
    std::memset(args.c.data, 0, static_cast<std::size_t>(args.c.size()) * sizeof(float));
    return;
  }
  const BlasLibrary& blas = blas_library();
  const Cut cuts = cut(args);
  const int64_t chunks = cuts.chunks;
  const int64_t size = args.c.size();
  float* const partials = chunks > 1 ? static_cast<float*>(workspace) : args.c.data;
  const auto range = [](int64_t piece, int64_t length, int64_t count) {
    return Range{piece * length, std::min((piece + 1) * length, count)};
  };
  parallel_chunks(threads, cuts.pieces(), [&](int64_t piece) {
    // Neighbouring pieces have the left operand's rows in common.
    const int64_t column_panel = piece % cuts.column_panels;
    const int64_t row_panel = piece / cuts.column_panels % cuts.row_panels;
    const int64_t chunk = piece / cuts.column_panels / cuts.row_panels;
    const Range rows = cuts.row_panels > 1 ? range(row_panel, panel_rows, args.c.rows) : Range{0, args.c.rows};
    const Range ks = chunks > 1 ? range(chunk, chunk_k, args.k()) : Range{0, args.k()};
    multiply(blas, args, rows, range(column_panel, cuts.panel_columns, args.c.cols), ks, partials + chunk * size);
  });
  if (chunks == 1) return;
  parallel_ranges(threads, size, 64, chunks, [&](int64_t begin, int64_t end) {
    std::copy(partials + begin, partials + end, args.c.data + begin);
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      const float* partial = partials + chunk * size;
      for (int64_t i = begin; i < end; ++i) args.c.data[i] += partial[i];
    }
  });
}

}  // namespace heddle::kernels
