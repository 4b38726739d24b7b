#include "kernels/common/csr_shares.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/spmm/cpu_rows.h"

// Idea: a tile of a row's output columns stays in vector registers while the row's non-zeros stream by; each non-zero costs its
//   column, its value and one pass over the tile of its x row. The threads share rows + non-zeros evenly, in many small parts.
// One thread owns whole rows. Each output element is summed in the order of the row's non-zeros where d > 32; narrower rows keep
//   2 (d <= 32) or 4 (d <= 16) sums, of every 2nd or 4th non-zero, and add them up at the end: one sum alone would wait for each
//   addition to finish before the next. That depends on d only, so the bits are the same for every number of threads and for
//   every instruction set with fused multiply-add (avx2, avx512); portable rounds twice.
// Bytes: nnz (4 d + 4 + 4) gathered, 4 n d written. Where d > 32 and x outgrows the second-level cache, the x row of the non-zero
//   `prefetch_distance` ahead is fetched early.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

// Half of the registers hold the tile; the rest hold the loads in flight.
constexpr int max_tile = vector_registers / 2;
constexpr int64_t prefetch_distance = 8;
constexpr int64_t prefetch_from_bytes = int64_t{1} << 20;
// Of narrow rows the processor itself has dozens in flight, and early fetches only take up its load slots (docs/lab.md).
constexpr int64_t prefetch_beyond_columns = 32;
constexpr int cache_line_floats = 16;

// std::integer_sequence would do, but no std template may be instantiated here (see simd.h).
template <int... index>
struct Sequence {};
template <int count, int... index>
struct SequenceTo : SequenceTo<count - 1, count - 1, index...> {};
template <int... index>
struct SequenceTo<0, index...> {
  using type = Sequence<index...>;
};

enum class Values { ones, direct, indexed };

template <Values values>
[[gnu::always_inline]] inline float value_of(const CsrView& a, int64_t k) {
  if constexpr (values == Values::ones) return 1.0f;
  if constexpr (values == Values::direct) return a.values[k];
  if constexpr (values == Values::indexed) return a.values[a.value_index[k]];
}

/// Columns [column, column + tile * lanes) of the rows [begin, end); the last vector holds `last` columns, all of them if
/// `whole`.
template <int tile, int ways, Values values, bool prefetch, bool whole>
void rows(const SpmmArgs& args, int64_t begin, int64_t end, int64_t column, int last) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  const float* x = args.x.data + column;
  for (int64_t row = begin; row < end; ++row) {
    Vec sum[ways][tile];
#pragma GCC unroll 4
    for (int way = 0; way < ways; ++way) {
#pragma GCC unroll 16
      for (int t = 0; t < tile; ++t) sum[way][t] = Vec{};
    }
    const auto add = [&](Vec * into, int64_t k) __attribute__((always_inline)) {
      if constexpr (prefetch) {
        // Reading ahead may leave the row, never the matrix.
        const int64_t ahead = k + prefetch_distance < a.nnz ? k + prefetch_distance : a.nnz - 1;
        const float* next = x + a.col_indices[ahead] * d;
#pragma GCC unroll 16
        for (int t = 0; t < tile * lanes; t += cache_line_floats) __builtin_prefetch(next + t);
      }
      const float* source = x + a.col_indices[k] * d;
      const Vec value = broadcast(value_of<values>(a, k));
#pragma GCC unroll 16
      for (int t = 0; t < tile - 1; ++t) into[t] += value * load(source + t * lanes);
      into[tile - 1] += value * (whole ? load(source + (tile - 1) * lanes) : load_first(source + (tile - 1) * lanes, last));
    };
    const int64_t stop = a.row_offsets[row + 1];
    int64_t k = a.row_offsets[row];
    for (; k + ways <= stop; k += ways) {
#pragma GCC unroll 4
      for (int way = 0; way < ways; ++way) add(sum[way], k + way);
    }
#pragma GCC unroll 4
    for (int way = 0; way < ways - 1; ++way) {
      if (k + way < stop) add(sum[way], k + way);
    }
#pragma GCC unroll 4
    for (int half = ways / 2; half > 0; half /= 2) {
#pragma GCC unroll 4
      for (int way = 0; way < half; ++way) {
#pragma GCC unroll 16
        for (int t = 0; t < tile; ++t) sum[way][t] += sum[way + half][t];
      }
    }
    float* y = args.y.data + row * d + column;
#pragma GCC unroll 16
    for (int t = 0; t < tile - 1; ++t) store(y + t * lanes, sum[0][t]);
    if constexpr (whole) {
      store(y + (tile - 1) * lanes, sum[0][tile - 1]);
    } else {
      store_first(y + (tile - 1) * lanes, sum[0][tile - 1], last);
    }
  }
}

using Rows = void (*)(const SpmmArgs&, int64_t, int64_t, int64_t, int);

/// The instances for tiles of 1 ... `count` vectors.
template <int count, int ways, Values values, bool prefetch, bool whole>
struct Table {
  Rows entry[count];
  template <int... index>
  static constexpr Table make(Sequence<index...>) {
    return {{rows<index + 1, ways, values, prefetch, whole>...}};
  }
};

template <int count, int ways, Values values, bool prefetch, bool whole>
Rows instance(int64_t vectors) {
  static constexpr auto table = Table<count, ways, values, prefetch, whole>::make(typename SequenceTo<count>::type{});
  return table.entry[vectors - 1];
}

template <Values values, bool prefetch, bool whole>
Rows rows_for(int64_t d, int64_t vectors) {
  if (d <= 16) return instance<16 / lanes, 4, values, prefetch, whole>(vectors);
  if (d <= 32) return instance<32 / lanes, 2, values, prefetch, whole>(vectors);
  return instance<max_tile, 1, values, prefetch, whole>(vectors);
}

template <Values values>
Rows rows_for(int64_t d, int64_t vectors, bool prefetch, bool whole) {
  if (prefetch) return whole ? rows_for<values, true, true>(d, vectors) : rows_for<values, true, false>(d, vectors);
  return whole ? rows_for<values, false, true>(d, vectors) : rows_for<values, false, false>(d, vectors);
}

}  // namespace

bool spmm_cpu_prefetches(const SpmmArgs& args) {
  return args.x.cols > prefetch_beyond_columns && args.x.size() * static_cast<int64_t>(sizeof(float)) >= prefetch_from_bytes;
}

void spmm_cpu_rows(const SpmmArgs& args, int64_t begin, int64_t end, bool prefetch) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  const int64_t vectors = (d + lanes - 1) / lanes;
  const int64_t tiles = (vectors + max_tile - 1) / max_tile;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const int64_t first = vectors * tile / tiles;
    const int64_t count = vectors * (tile + 1) / tiles - first;
    const int64_t columns = d - first * lanes < count * lanes ? d - first * lanes : count * lanes;
    const int last = static_cast<int>(columns - (count - 1) * lanes);
    const Rows run = a.values == nullptr        ? rows_for<Values::ones>(d, count, prefetch, last == lanes)
                     : a.value_index == nullptr ? rows_for<Values::direct>(d, count, prefetch, last == lanes)
                                                : rows_for<Values::indexed>(d, count, prefetch, last == lanes);
    run(args, begin, end, first * lanes, last);
  }
}

void spmm_cpu_row_vectorised(const SpmmArgs& args, const CpuRowOptions& options, Threads threads) {
  const CsrView& a = args.a;
  const int64_t d = args.x.cols;
  const bool prefetch = options.prefetch && spmm_cpu_prefetches(args);
  const int64_t work = a.nnz + a.rows;
  const int64_t parts = parts_for(threads, work * d);
  const auto bound = [&](int64_t part) __attribute__((always_inline)) {
    if (part == parts) return a.rows;
    return options.balance ? row_at_work(a, work * part / parts) : a.rows * part / parts;
  };
  parallel_chunks(threads, parts, [&](int64_t part) { spmm_cpu_rows(args, bound(part), bound(part + 1), prefetch); });
}

}  // namespace heddle::kernels::HEDDLE_ISA
