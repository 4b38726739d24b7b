#include "kernels/edge/cpu_edge.h"

#include "kernels/common/csr_shares.h"
#include "kernels/common/parallel.h"
#include "kernels/common/wide_simd.h"

// Idea: a thread owns whole rows and walks their edges, a vector of heads or of a head's columns at a time. Every sum is in the
// order of the row's edges. Bytes: each number per edge and head is read and written as often as the formulas say, 4 each;
// head_sddmm and head_spmm gather 4 H D per edge.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

/// body(row) for every row.
template <class Body>
[[gnu::always_inline]] inline void parallel_rows(Threads threads, const CsrView& a, int64_t width, const Body& body) {
  parallel_row_shares(threads, a, width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) body(row);
  });
}

/// f(first, some) for vectors of `count` numbers.
template <class F>
[[gnu::always_inline]] inline void for_vectors(int64_t count, const F& f) {
  for (int64_t c = 0; c < count; c += lanes) f(c, count - c < lanes ? static_cast<int>(count - c) : lanes);
}

[[gnu::always_inline]] inline int64_t number_of(const CsrView& a, int64_t k) {
  return a.value_index != nullptr ? a.value_index[k] : k;
}

}  // namespace

void edge_sums(const EdgeSumsArgs& args, Threads threads) {
  const CsrView& a = args.graph;
  const int64_t heads = args.s.cols;
  parallel_rows(threads, a, heads, [&](int64_t row) {
    for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
      const float* const source = args.sources.data + a.col_indices[k] * heads;
      for_vectors(heads, [&](int64_t h, int some) {
        store_first(args.s.data + k * heads + h,
                    load_first(source + h, some) + load_first(args.targets.data + row * heads + h, some), some);
      });
    }
  });
}

void sum_over_edges(const SumOverEdgesArgs& args, Threads threads) {
  const CsrView& a = args.graph;
  const int64_t heads = args.s.cols;
  parallel_rows(threads, a, heads, [&](int64_t row) {
    for_vectors(heads, [&](int64_t h, int some) {
      Vec sum = {};
      for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
        sum += load_first(args.s.data + number_of(a, k) * heads + h, some);
      }
      store_first(args.y.data + row * heads + h, sum, some);
    });
  });
}

void head_sddmm(const HeadSddmmArgs& args, Threads threads) {
  const CsrView& a = args.graph;
  const int64_t width = args.x.cols;
  const int64_t columns = width / args.heads;
  parallel_rows(threads, a, width, [&](int64_t row) {
    for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
      for (int64_t h = 0; h < args.heads; ++h) {
        args.s.data[k * args.heads + h] =
            dot(args.x.data + row * width + h * columns, args.y.data + a.col_indices[k] * width + h * columns, columns);
      }
    }
  });
}

void head_spmm(const HeadSpmmArgs& args, Threads threads) {
  const CsrView& a = args.graph;
  const int64_t heads = args.heads;
  const int64_t width = args.x.cols;
  const int64_t columns = width / heads;
  parallel_rows(threads, a, width, [&](int64_t row) {
    float* const y = args.y.data + row * width;
    for (int64_t c = 0; c < width; ++c) y[c] = 0;
    for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
      const float* const x = args.x.data + a.col_indices[k] * width;
      const float* const s = args.s.data + number_of(a, k) * heads;
      for (int64_t h = 0; h < heads; ++h) {
        const Vec weight = broadcast(s[h]);
        for_vectors(columns, [&](int64_t c, int some) {
          const int64_t at = h * columns + c;
          store_first(y + at, load_first(y + at, some) + weight * load_first(x + at, some), some);
        });
      }
    }
  });
}

void edge_softmax(const EdgeSoftmaxArgs& args, Threads threads) {
  const CsrView& a = args.graph;
  const int64_t heads = args.x.cols;
  parallel_rows(threads, a, heads, [&](int64_t row) {
    const int64_t begin = a.row_offsets[row];
    const int64_t end = a.row_offsets[row + 1];
    for_vectors(heads, [&](int64_t h, int some) {
      Vec most = broadcast(-__builtin_inff());
      for (int64_t k = begin; k < end; ++k) most = greater_of(load_first(args.x.data + k * heads + h, some), most);
      Vec sum = {};
      for (int64_t k = begin; k < end; ++k) {
        const Vec weight = exp_of(load_first(args.x.data + k * heads + h, some) - most);
        sum += weight;
        store_first(args.y.data + k * heads + h, weight, some);
      }
      const Vec inverse = broadcast(1.0f) / sum;
      for (int64_t k = begin; k < end; ++k) {
        store_first(args.y.data + k * heads + h, load_first(args.y.data + k * heads + h, some) * inverse, some);
      }
    });
  });
}

void edge_softmax_backward(const EdgeSoftmaxBackwardArgs& args, Threads threads) {
  const CsrView& a = args.graph;
  const int64_t heads = args.y.cols;
  parallel_rows(threads, a, heads, [&](int64_t row) {
    for_vectors(heads, [&](int64_t h, int some) {
      Vec sum = {};
      for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
        sum += load_first(args.y.data + k * heads + h, some) * load_first(args.dy.data + k * heads + h, some);
      }
      for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
        const Vec y = load_first(args.y.data + k * heads + h, some);
        store_first(args.dx.data + k * heads + h, y * (load_first(args.dy.data + k * heads + h, some) - sum), some);
      }
    });
  });
}

void leaky_relu(DenseView<const float> x, float slope, DenseView<float> y, Threads threads) {
  parallel_ranges(threads, x.rows * x.cols, 64, 1, [&](int64_t begin, int64_t end) {
    for_vectors(end - begin, [&](int64_t i, int some) {
      const Vec v = load_first(x.data + begin + i, some);
      store_first(y.data + begin + i, select(v > Vec{}, v, v * broadcast(slope)), some);
    });
  });
}

void leaky_relu_backward(DenseView<const float> x, float slope, DenseView<const float> dy, DenseView<float> dx, Threads threads) {
  parallel_ranges(threads, x.rows * x.cols, 64, 1, [&](int64_t begin, int64_t end) {
    for_vectors(end - begin, [&](int64_t i, int some) {
      const Vec d = load_first(dy.data + begin + i, some);
      store_first(dx.data + begin + i, select(load_first(x.data + begin + i, some) > Vec{}, d, d * broadcast(slope)), some);
    });
  });
}

}  // namespace heddle::kernels::HEDDLE_ISA
