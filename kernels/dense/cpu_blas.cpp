#include <algorithm>
#include <climits>
#include <cstring>

#include "heddle/error.h"
#include "kernels/common/parallel.h"
#include "kernels/dense/blas_library.h"
#include "kernels/dense/launchers.h"

// Idea: the BLAS works single-threaded on panels of fixed size, one thread a panel: its own threads would change the bits with
//   their number. A product with many rows is cut along its rows. One with a long k and a small output (a weight gradient) is
//   cut along k into chunks whose partial products are added in their order.
namespace heddle::kernels {

namespace {

constexpr int64_t panel_rows = 512;
// A chunk's partial output is written and read once, its inputs' panels are packed: 2048 rows of k amortise both.
constexpr int64_t chunk_k = 2048;

struct Cut {
  int64_t panels = 1;
  int64_t chunks = 1;
};

/// How a product is cut: by its shape alone, so that the bits do not depend on the threads.
Cut cut(const GemmArgs& args) {
  if (args.k() > 2 * chunk_k && args.c.rows <= 2 * panel_rows) return {1, (args.k() + chunk_k - 1) / chunk_k};
  return {(args.c.rows + panel_rows - 1) / panel_rows, 1};
}

/// out = op(A)[rows, ks] op(B)[ks, :]
void multiply(const BlasLibrary& blas, const GemmArgs& args, int64_t row, int64_t rows, int64_t k, int64_t ks, float* out) {
  const int64_t lda = args.a.cols;
  const int64_t ldb = args.b.cols;
  const float* a = args.a.data + (args.transpose_a ? k * lda + row : row * lda + k);
  const float* b = args.b.data + (args.transpose_b ? k : k * ldb);
  blas.sgemm(CblasRowMajor, args.transpose_a ? CblasTrans : CblasNoTrans, args.transpose_b ? CblasTrans : CblasNoTrans,
             static_cast<int>(rows), static_cast<int>(args.c.cols), static_cast<int>(ks), 1.0f, a, static_cast<int>(lda), b,
             static_cast<int>(ldb), 0.0f, out, static_cast<int>(args.c.cols));
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
  const auto [panels, chunks] = cut(args);
  if (chunks == 1) {
    parallel_chunks(threads, panels, [&](int64_t panel) {
      const int64_t row = panel * panel_rows;
      multiply(blas, args, row, std::min(panel_rows, args.c.rows - row), 0, args.k(), args.c.data + row * args.c.cols);
    });
    return;
  }
  float* partials = static_cast<float*>(workspace);
  const int64_t size = args.c.size();
  parallel_chunks(threads, chunks, [&, count = chunks](int64_t chunk) {
    const int64_t k = chunk * chunk_k;
    multiply(blas, args, 0, args.c.rows, k, chunk + 1 == count ? args.k() - k : chunk_k, partials + chunk * size);
  });
  parallel_ranges(threads, size, 64, 4096, [&, count = chunks](int64_t begin, int64_t end) {
    std::copy(partials + begin, partials + end, args.c.data + begin);
    for (int64_t chunk = 1; chunk < count; ++chunk) {
      const float* partial = partials + chunk * size;
      for (int64_t i = begin; i < end; ++i) args.c.data[i] += partial[i];
    }
  });
}

}  // namespace heddle::kernels
