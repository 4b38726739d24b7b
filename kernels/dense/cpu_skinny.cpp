#include "kernels/dense/cpu_skinny.h"

#include "heddle/kernel/gemm.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

// Idea: products of a tall matrix with a tiny one (Cora's 2708 x 16 by 16 x 7) are over before a BLAS has packed its panels.
//   C = A op(B): B is packed once, row-major and padded; a thread keeps a few rows of C in registers while k runs.
//   C = A^T B: a thread sums a chunk of k for a few rows of C in registers; chunks are added in their order.
// Each element is summed in the order of k, so the bits depend neither on the threads nor on the width of the vectors.
// Bytes: 4 (M K + K N + M N), each once (A^T B: A and B once per group of rows of C, from the first-level cache).
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int max_vectors = static_cast<int>(skinny_limit) / lanes;

/// How many rows of C, each of `vectors` registers, are kept: half of the registers, eight rows at most.
constexpr int rows_kept(int vectors) {
  const int fit = vector_registers / 2 / vectors;
  return fit >= 8 ? 8 : fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
}

/// Not an initialiser, which GCC turns into a call or a string instruction.
template <int count, int vectors>
[[gnu::always_inline]] inline void clear(Vec (&sum)[count][vectors]) {
#pragma GCC unroll 8
  for (int r = 0; r < count; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) sum[r][v] = Vec{};
  }
}

void pack(const GemmArgs& args, float* packed) {
  const int64_t k = args.k();
  const int64_t n = args.c.cols;
  const int64_t padded = skinny_padded(n);
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t j = 0; j < n; ++j) packed[i * padded + j] = args.transpose_b ? args.b.data[j * k + i] : args.b.data[i * n + j];
    for (int64_t j = n; j < padded; ++j) packed[i * padded + j] = 0;
  }
}

/// `count` rows of C from `row` on.
template <int vectors, int count>
void multiply_rows(const GemmArgs& args, const float* packed, int64_t row, int last) {
  const int64_t k = args.k();
  const int64_t n = args.c.cols;
  const int64_t padded = skinny_padded(n);
  const float* a = args.a.data + row * k;
  Vec sum[count][vectors];
  clear(sum);
  for (int64_t i = 0; i < k; ++i) {
    const float* b = packed + i * padded;
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      const Vec column = load(b + v * lanes);
#pragma GCC unroll 8
      for (int r = 0; r < count; ++r) sum[r][v] += broadcast(a[r * k + i]) * column;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < count; ++r) {
    float* c = args.c.data + (row + r) * n;
#pragma GCC unroll 16
    for (int v = 0; v < vectors - 1; ++v) store(c + v * lanes, sum[r][v]);
    store_first(c + (vectors - 1) * lanes, sum[r][vectors - 1], last);
  }
}

template <int vectors>
void multiply_range(const GemmArgs& args, const float* packed, int64_t begin, int64_t end, int last) {
  constexpr int kept = rows_kept(vectors);
  int64_t row = begin;
  for (; row + kept <= end; row += kept) multiply_rows<vectors, kept>(args, packed, row, last);
  for (; row < end; ++row) multiply_rows<vectors, 1>(args, packed, row, last);
}

/// out[row .. row + count) = the sum over the ks [begin, end) of A[k][row + r] * B[k].
template <int vectors, int count>
void sum_outer(const GemmArgs& args, int64_t row, int64_t begin, int64_t end, int last, float* out) {
  const int64_t m = args.c.rows;
  const int64_t n = args.c.cols;
  Vec sum[count][vectors];
  clear(sum);
  for (int64_t k = begin; k < end; ++k) {
    const float* a = args.a.data + k * m + row;
    const float* b = args.b.data + k * n;
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      const Vec column = v + 1 < vectors || last == lanes ? load(b + v * lanes) : load_first(b + v * lanes, last);
#pragma GCC unroll 8
      for (int r = 0; r < count; ++r) sum[r][v] += broadcast(a[r]) * column;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < count; ++r) {
    float* c = out + (row + r) * n;
#pragma GCC unroll 16
    for (int v = 0; v < vectors - 1; ++v) store(c + v * lanes, sum[r][v]);
    store_first(c + (vectors - 1) * lanes, sum[r][vectors - 1], last);
  }
}

template <int vectors>
void sum_chunk(const GemmArgs& args, int64_t begin, int64_t end, int last, float* out) {
  constexpr int kept = rows_kept(vectors);
  int64_t row = 0;
  for (; row + kept <= args.c.rows; row += kept) sum_outer<vectors, kept>(args, row, begin, end, last, out);
  for (; row < args.c.rows; ++row) sum_outer<vectors, 1>(args, row, begin, end, last, out);
}

template <int vectors>
void run(const GemmArgs& args, float* workspace, Threads threads) {
  const int64_t n = args.c.cols;
  const int last = static_cast<int>(n - (vectors - 1) * lanes);
  if (!args.transpose_a) {
    pack(args, workspace);
    parallel_ranges(threads, args.c.rows, 8, args.k() * n,
                    [&](int64_t begin, int64_t end) { multiply_range<vectors>(args, workspace, begin, end, last); });
    return;
  }
  const int64_t k = args.k();
  const int64_t size = args.c.rows * n;
  const int64_t chunks = skinny_chunks(k);
  parallel_each(threads, chunks, skinny_chunk_k * size, [&](int64_t chunk) {
    const int64_t begin = chunk * skinny_chunk_k;
    sum_chunk<vectors>(args, begin, begin + skinny_chunk_k < k ? begin + skinny_chunk_k : k, last, workspace + chunk * size);
  });
  parallel_ranges(threads, size, lanes, chunks, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) args.c.data[i] = chunks > 0 ? workspace[i] : 0;
    for (int64_t chunk = 1; chunk < chunks; ++chunk) {
      for (int64_t i = begin; i < end; ++i) args.c.data[i] += workspace[chunk * size + i];
    }
  });
}

}  // namespace

void gemm_cpu_skinny(const GemmArgs& args, float* workspace, Threads threads) {
  using Run = void (*)(const GemmArgs&, float*, Threads);
  static constexpr Run runs[] = {
    run<1>,
    run<2>,
    run<3>,
    run<4>,
#if !defined(__AVX512F__)
    run<5>,
    run<6>,
    run<7>,
    run<8>,
#if !defined(__AVX2__)
    run<9>,
    run<10>,
    run<11>,
    run<12>,
    run<13>,
    run<14>,
    run<15>,
    run<16>,
#endif
#endif
  };
  static_assert(sizeof runs / sizeof *runs == max_vectors, "one instance per width");
  runs[(args.c.cols + lanes - 1) / lanes - 1](args, workspace, threads);
}

}  // namespace heddle::kernels::HEDDLE_ISA
