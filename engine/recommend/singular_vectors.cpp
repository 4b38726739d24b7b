#include "engine/recommend/singular_vectors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/random.h"
#include "heddle/buffer.h"
#include "kernels/common/parallel.h"
#include "kernels/dense/blas_library.h"
#include "kernels/dense/dense.h"
#include "kernels/spmm/spmm.h"

namespace heddle::recommending {

namespace {

/// Of the largest eigenvalue of a Gram matrix: below this, float32 sums hold nothing but rounding.
constexpr double noise = 1e-6;

/// Independent standard normals.
std::vector<float> normals(int64_t count, uint64_t seed, kernels::Threads threads) {
  std::vector<float> values(static_cast<std::size_t>(count));
  const RandomStream random{.seed = seed, .purpose = random_purpose::sketch, .step = nullptr};
  // Four words make four normals, in some 100 ns: as long as so many elements.
  constexpr int64_t work_of_four = 128;
  kernels::parallel_ranges(threads, (count + 3) / 4, 1, work_of_four, [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      const std::array<float, 4> four = four_normals(random_words(random, static_cast<uint64_t>(group)), 1, 0.5);
      std::copy_n(four.begin(), std::min<int64_t>(4, count - 4 * group), values.begin() + 4 * group);
    }
  });
  return values;
}

/// A tall matrix on the device; its columns are narrowed in place when some are dropped.
class Tall {
 public:
  Tall(Stream& stream, int64_t rows, int64_t cols)
      : buffer_(stream, static_cast<std::size_t>(rows * cols) * sizeof(float)), rows_(rows), cols_(cols) {}
  DenseView<float> view() const { return {buffer_.as<float>(), rows_, cols_}; }
  void narrow(int64_t cols) { cols_ = cols; }
  void swap(Tall& other) {
    buffer_.swap(other.buffer_);
    std::swap(rows_, other.rows_);
    std::swap(cols_, other.cols_);
  }

 private:
  Buffer buffer_;
  int64_t rows_, cols_;
};

struct Eigen {
  std::vector<double> values;   ///< ascending
  std::vector<double> vectors;  ///< a row each
};

/// Of X^T X. Begins a step.
Eigen gram_eigen(Context& context, const DenseView<float>& x) {
  context.begin_step();
  const int64_t n = x.cols;
  const DenseView<float> gram{context.arena().allocate_array<float>(n * n), n, n};
  kernels::Execution execution = context.execution();
  kernels::gemm({.a = x, .b = x, .c = gram, .transpose_a = true}, execution);
  const std::vector<float> host = download(context.stream(), gram.data, static_cast<std::size_t>(n * n));
  Eigen eigen{std::vector<double>(static_cast<std::size_t>(n)), {host.begin(), host.end()}};
  kernels::symmetric_eigen(eigen.vectors.data(), n, eigen.values.data());
  return eigen;
}

/// y = x E[:, kept] diag(scale), E's columns being the eigenvectors from the largest value on; y is narrowed to `kept` columns.
template <class Scale>
void rotate(Context& context, const Tall& x, const Eigen& eigen, int64_t kept, const Scale& scale, Tall& y) {
  const auto n = static_cast<int64_t>(eigen.values.size());
  std::vector<float> rotation(static_cast<std::size_t>(n * kept));
  for (int64_t column = 0; column < kept; ++column) {
    const int64_t from = n - 1 - column;
    const double factor = scale(eigen.values[static_cast<std::size_t>(from)]);
    for (int64_t row = 0; row < n; ++row) {
      rotation[static_cast<std::size_t>(row * kept + column)] =
          static_cast<float>(factor * eigen.vectors[static_cast<std::size_t>(from * n + row)]);
    }
  }
  context.begin_step();
  const DenseView<float> device{context.arena().allocate_array<float>(n * kept), n, kept};
  upload(context.stream(), device.data, rotation.data(), rotation.size() * sizeof(float));
  y.narrow(kept);
  kernels::Execution execution = context.execution();
  kernels::gemm({.a = x.view(), .b = device, .c = y.view()}, execution);
}

/// How many eigenvalues, from the largest, stand above the noise.
int64_t significant(const Eigen& eigen) {
  const double most = eigen.values.empty() ? 0 : eigen.values.back();
  return std::count_if(eigen.values.begin(), eigen.values.end(), [&](double value) { return value > noise * most && value > 0; });
}

/// x's columns become an orthonormal basis of what they span; directions that are lost in the noise are dropped. `spare` is of
/// x's size.
void orthonormalise(Context& context, Tall& x, Tall& spare) {
  const Eigen eigen = gram_eigen(context, x.view());
  rotate(
      context, x, eigen, significant(eigen), [](double value) { return 1 / std::sqrt(value); }, spare);
  x.swap(spare);
}

}  // namespace

HostMatrix right_singular_vectors(Context& context, const CsrView& a, const CsrView& transpose, const SketchOptions& options,
                                  const std::function<void(double share)>& done) {
  const int64_t width = std::min({options.rank + options.oversample, a.rows, a.cols});
  if (width == 0 || options.rank == 0 || a.nnz == 0) return {a.cols, 0, {}};
  Stream& stream = context.stream();
  Tall q(stream, a.cols, width), spare(stream, a.cols, width), image(stream, a.rows, width);
  {
    const std::vector<float> start = normals(a.cols * width, options.seed, stream.thread_team());
    upload(stream, q.view().data, start.data(), start.size() * sizeof(float));
  }
  const auto multiply = [&](const CsrView& matrix, const Tall& x, Tall& y) {
    y.narrow(x.view().cols);
    context.begin_step();
    kernels::Execution execution = context.execution();
    kernels::spmm({.a = matrix, .x = x.view(), .y = y.view()}, execution);
  };
  for (int64_t iteration = 0; iteration < options.iterations; ++iteration) {
    if (done) done(static_cast<double>(iteration) / static_cast<double>(options.iterations + 1));  // what follows takes as long
    multiply(a, q, image);
    multiply(transpose, image, spare);
    q.swap(spare);
    // Once is enough between products: only what the columns span matters. The last basis must be orthonormal to rounding, and
    // one pass leaves errors of the order of rounding times the Gram matrix's condition.
    orthonormalise(context, q, spare);
  }
  orthonormalise(context, q, spare);
  orthonormalise(context, q, spare);
  multiply(a, q, image);
  const Eigen eigen = gram_eigen(context, image.view());
  const int64_t kept = std::min(options.rank, significant(eigen));
  rotate(
      context, q, eigen, kept, [](double) { return 1.0; }, spare);
  return {a.cols, kept, download(stream, spare.view().data, static_cast<std::size_t>(a.cols * kept))};
}

}  // namespace heddle::recommending
