#include "kernels/common/bf16_simd.h"
#include "kernels/common/csr_shares.h"
#include "kernels/common/parallel.h"
#include "kernels/propagate/propagate.h"

// Idea: a tile of a row's columns stays in vector registers while the row's non-zeros stream by; without stored values each
//   costs its column and one pass over the tile of its x row, which is fetched `prefetch_distance` non-zeros early. The row's
//   factors come in once, at its end. Where x has rows for some columns only (x_slots), the row's non-zeros are first thinned
//   out into a list on the stack.
// One thread owns whole rows, in parts of about equal non-zeros. Each output element is one sum in the order of the row's
//   non-zeros: the bits are the same for every number of threads and for avx2 and avx512.
// Bytes: nnz (width (4 or 2) + 4) gathered, n width (4 or 2) written.
namespace heddle::kernels::HEDDLE_ISA {

namespace {

constexpr int max_tile = 8;
constexpr int64_t prefetch_distance = 24;
constexpr int cache_line_bytes = 64;
/// Non-zeros that are thinned out at once: their slots and weights take 8 KB of the stack.
constexpr int64_t listed_at_once = 1024;

/// What a non-zero's x row is multiplied with, besides nothing.
enum class Weight { one, value, x_scale };

/// Where the sums get non-zeros from: the matrix itself, or a list of those that have a slot.
enum class Source { matrix, list };

struct List {
  int32_t slots[listed_at_once + lanes];
  float weights[listed_at_once + lanes];
  int64_t count;
};

/// Lists the non-zeros [begin, end) that have a slot, at most `listed_at_once`, in their order.
[[gnu::always_inline]] inline void fill(List& list, const PropagateArgs& args, int64_t begin, int64_t end) {
  const CsrView& a = args.a;
  int64_t count = 0;
#if defined(__AVX512F__)
  for (int64_t k = begin; k < end; k += lanes) {
    const int64_t left = end - k;
    const __mmask16 present = static_cast<__mmask16>(left >= lanes ? 0xFFFF : (1u << left) - 1);
    const __m512i columns = _mm512_maskz_loadu_epi32(present, a.col_indices + k);
    __m512i slots = columns;
    __mmask16 kept = present;
    if (args.x_slots != nullptr) {
      slots = _mm512_mask_i32gather_epi32(_mm512_set1_epi32(-1), present, columns, args.x_slots, 4);
      kept = _mm512_movepi32_mask(slots) ^ 0xFFFF;
    }
    _mm512_storeu_si512(list.slots + count, _mm512_maskz_compress_epi32(kept, slots));
    if (a.values != nullptr || args.x_scale != nullptr) {
      __m512 weights = a.values != nullptr ? _mm512_maskz_loadu_ps(present, a.values + k) : _mm512_set1_ps(1);
      if (args.x_scale != nullptr) {
        weights = _mm512_mul_ps(weights, _mm512_mask_i32gather_ps(_mm512_setzero_ps(), present, columns, args.x_scale, 4));
      }
      _mm512_storeu_ps(list.weights + count, _mm512_maskz_compress_ps(kept, weights));
    }
    count += __builtin_popcount(kept);
  }
#else
  for (int64_t k = begin; k < end; ++k) {
    const int32_t column = a.col_indices[k];
    const int32_t slot = args.x_slots != nullptr ? args.x_slots[column] : column;
    list.slots[count] = slot;
    const float value = a.values != nullptr ? a.values[k] : 1.0f;
    list.weights[count] = args.x_scale != nullptr ? value * args.x_scale[column] : value;
    count += slot >= 0;
  }
#endif
  list.count = count;
}

/// Columns [column, column + tile * lanes) of the listed rows [begin, end); the last vector holds `last` columns, all of them
/// if `whole`.
template <int tile, bool bf16, Weight weight, Source source, bool whole>
void rows(const PropagateArgs& args, int64_t begin, int64_t end, int64_t column, int last) {
#if defined(__AVX512F__)
  // A load of 32 bfloat16 becomes the even and the odd columns by one operation each, which are put in order at the row's end:
  // two operations in place of the four that widening takes, and the same sums.
  constexpr bool paired = bf16 && whole && tile % 2 == 0;
#endif
  const CsrView& a = args.a;
  const int64_t d = args.width;
  const auto row_at_place = [&](int64_t p) { return args.rows != nullptr ? int64_t{args.rows[p]} : p; };
  const auto x_of = [&](int64_t slot, int vector) __attribute__((always_inline)) {
    const int64_t at = slot * d + column + vector * lanes;
    if constexpr (bf16) {
      return !whole && vector == tile - 1 ? load_first_bf16(args.x.bf16 + at, last) : load_bf16(args.x.bf16 + at);
    } else {
      return !whole && vector == tile - 1 ? load_first(args.x.f32 + at, last) : load(args.x.f32 + at);
    }
  };
  const auto prefetch = [&](int64_t slot) __attribute__((always_inline)) {
    const int64_t at = slot * d + column;
    const char* const next =
        bf16 ? reinterpret_cast<const char*>(args.x.bf16 + at) : reinterpret_cast<const char*>(args.x.f32 + at);
    constexpr int bytes = tile * lanes * (bf16 ? 2 : 4);
#pragma GCC unroll 16
    for (int byte = 0; byte < bytes; byte += cache_line_bytes) __builtin_prefetch(next + byte);
  };
  for (int64_t p = begin; p < end; ++p) {
    const int64_t row = row_at_place(p);
    const int64_t start = a.row_offsets[row];
    const int64_t stop = a.row_offsets[row + 1];
    const int64_t base_row = args.base == nullptr ? -1 : args.base_slots != nullptr ? args.base_slots[row] : row;
    if (base_row >= 0) {
      // Read once: kept out of the shared cache, where x has to stay.
      const char* const base = reinterpret_cast<const char*>(args.base + base_row * d + column);
#pragma GCC unroll 16
      for (int byte = 0; byte < tile * lanes * 4; byte += cache_line_bytes) __builtin_prefetch(base + byte, 0, 0);
    }
    Vec sum[tile];
#pragma GCC unroll 16
    for (int t = 0; t < tile; ++t) sum[t] = Vec{};
    const auto add = [&](int64_t slot, float factor) __attribute__((always_inline)) {
#if defined(__AVX512F__)
      if constexpr (paired) {
        const Vec factors = broadcast(factor);
#pragma GCC unroll 16
        for (int t = 0; t < tile; t += 2) {
          const __m512i pairs = _mm512_loadu_si512(args.x.bf16 + slot * d + column + t * lanes);
          const Vec even = (Vec)_mm512_slli_epi32(pairs, 16);
          const Vec odd = (Vec)_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int32_t>(0xFFFF0000)));
          sum[t] += weight == Weight::one ? even : factors * even;
          sum[t + 1] += weight == Weight::one ? odd : factors * odd;
        }
        return;
      }
#endif
      if constexpr (weight == Weight::one) {
#pragma GCC unroll 16
        for (int t = 0; t < tile; ++t) sum[t] += x_of(slot, t);
      } else {
        const Vec factors = broadcast(factor);
#pragma GCC unroll 16
        for (int t = 0; t < tile; ++t) sum[t] += factors * x_of(slot, t);
      }
    };
    if constexpr (source == Source::list) {
      List list;
      for (int64_t k = start; k < stop; k += listed_at_once) {
        fill(list, args, k, k + listed_at_once < stop ? k + listed_at_once : stop);
        for (int64_t i = 0; i < list.count; ++i) {
          prefetch(list.slots[i + prefetch_distance < list.count ? i + prefetch_distance : list.count - 1]);
          add(list.slots[i], list.weights[i]);
        }
      }
    } else {
      // The row after this one follows it in the matrix where all rows are listed.
      const int64_t after = p + 1 < end ? a.row_offsets[row_at_place(p + 1)] - stop : 0;
      for (int64_t k = start; k < stop; ++k) {
        int64_t ahead = k + prefetch_distance;
        ahead = ahead < stop ? ahead : ahead + after;
        prefetch(a.col_indices[ahead < a.nnz ? ahead : a.nnz - 1]);
        const int32_t at = a.col_indices[k];
        add(at, weight == Weight::value ? a.values[k] : weight == Weight::x_scale ? args.x_scale[at] : 1.0f);
      }
    }
#if defined(__AVX512F__)
    if constexpr (paired) {
      const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
#pragma GCC unroll 16
      for (int t = 0; t < tile; t += 2) {
        const __m512 even = (__m512)sum[t];
        const __m512 odd = (__m512)sum[t + 1];
        sum[t] = (Vec)_mm512_permutex2var_ps(even, low, odd);
        sum[t + 1] = (Vec)_mm512_permutex2var_ps(even, high, odd);
      }
    }
#endif
    const float scale = args.scale[row];
    const Vec scales = broadcast(scale);
    const Vec factors = broadcast(args.prescale ? args.factor * scale : args.factor);
    const int64_t y_at = (args.rows != nullptr && args.compact ? p : row) * d + column;
#pragma GCC unroll 16
    for (int t = 0; t < tile; ++t) {
      const int count = !whole && t == tile - 1 ? last : lanes;
      Vec value = scales * sum[t];
      if (base_row >= 0) {
        const float* const base = args.base + base_row * d + column + t * lanes;
        value = (count == lanes ? load(base) : load_first(base, count)) + scales * sum[t];
      }
      value = factors * value;
      if (args.y.bf16 != nullptr) {
        store_first_bf16(args.y.bf16 + y_at + t * lanes, value, count);
      } else if (count == lanes) {
        store(args.y.f32 + y_at + t * lanes, value);
      } else {
        store_first(args.y.f32 + y_at + t * lanes, value, count);
      }
    }
  }
}

using Rows = void (*)(const PropagateArgs&, int64_t, int64_t, int64_t, int);

template <int tile, bool bf16, Weight weight, Source source>
Rows rows_of(int64_t vectors, bool whole) {
  if constexpr (tile > 1) {
    if (vectors < tile) return rows_of<tile - 1, bf16, weight, source>(vectors, whole);
  }
  return whole ? rows<tile, bf16, weight, source, true> : rows<tile, bf16, weight, source, false>;
}

template <bool bf16>
Rows rows_of(const PropagateArgs& args, int64_t vectors, bool whole) {
  const bool values = args.a.values != nullptr;
  const bool x_scale = args.x_scale != nullptr;
  if (args.x_slots != nullptr || (values && x_scale)) {
    return values || x_scale ? rows_of<max_tile, bf16, Weight::value, Source::list>(vectors, whole)
                             : rows_of<max_tile, bf16, Weight::one, Source::list>(vectors, whole);
  }
  return values    ? rows_of<max_tile, bf16, Weight::value, Source::matrix>(vectors, whole)
         : x_scale ? rows_of<max_tile, bf16, Weight::x_scale, Source::matrix>(vectors, whole)
                   : rows_of<max_tile, bf16, Weight::one, Source::matrix>(vectors, whole);
}

/// The first place in the list whose row is at or past `row`.
int64_t place_of(const int32_t* list, int64_t count, int64_t row) {
  int64_t low = 0;
  int64_t high = count;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (list[middle] < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// The place where part `part` of `parts` begins. A list is taken for an even sample of the matrix's rows: cut at the rows that
/// halve the whole work, it falls into parts of about equal work without anybody adding up the lengths of its rows.
int64_t part_begin(const PropagateArgs& args, int64_t part, int64_t parts) {
  const int64_t row = part == parts ? args.a.rows : row_at_work(args.a, (args.a.nnz + args.a.rows) * part / parts);
  return args.rows != nullptr ? place_of(args.rows, args.row_count, row) : row;
}

}  // namespace

void propagate(const PropagateArgs& args, Threads threads) {
  const CsrView& a = args.a;
  const int64_t vectors = (args.width + lanes - 1) / lanes;
  const int64_t tiles = (vectors + max_tile - 1) / max_tile;
  const int64_t count = args.rows != nullptr ? args.row_count : a.rows;
  // The threads work side by side, not each in a half of its own: in a bipartite graph they then read one side's rows at a time,
  // and those stay in the shared cache. As many parts for each, then.
  const int64_t wanted = parts_for(threads, (a.nnz / a.rows + 1) * count * args.width);
  const int64_t each = wanted / threads.count;
  const int64_t parts = each > 0 ? each * threads.count : wanted;
  parallel_chunks(threads, parts, [&](int64_t chunk) {
    const int64_t part = each > 0 ? chunk % each * threads.count + chunk / each : chunk;
    const int64_t begin = part_begin(args, part, parts);
    const int64_t end = part_begin(args, part + 1, parts);
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t first = vectors * tile / tiles;
      const int64_t here = vectors * (tile + 1) / tiles - first;
      const int64_t columns = args.width - first * lanes < here * lanes ? args.width - first * lanes : here * lanes;
      const int last = static_cast<int>(columns - (here - 1) * lanes);
      const Rows run =
          args.x.bf16 != nullptr ? rows_of<true>(args, here, last == lanes) : rows_of<false>(args, here, last == lanes);
      run(args, begin, end, first * lanes, last);
    }
  });
}

void prescale(const PrescaleArgs& args, Threads threads) {
  const int64_t d = args.width;
  parallel_ranges(threads, args.rows, 1, d, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Vec scale = broadcast(args.scale[row]);
      for (int64_t c = 0; c < d; c += lanes) {
        const int count = d - c < lanes ? static_cast<int>(d - c) : lanes;
        const float* const x = args.x + row * d + c;
        const Vec value = scale * (count == lanes ? load(x) : load_first(x, count));
        if (args.y.bf16 != nullptr) {
          store_first_bf16(args.y.bf16 + row * d + c, value, count);
        } else if (count == lanes) {
          store(args.y.f32 + row * d + c, value);
        } else {
          store_first(args.y.f32 + row * d + c, value, count);
        }
      }
    }
  });
}

Frontier neighbours(const NeighboursArgs& args, Threads threads) {
  const CsrView& a = args.a;
  const int64_t n = a.rows;
  // Parts of the columns, counted first and written once the counts say where; their number does not show in the list.
  constexpr int64_t most_chunks = 1024;
  const int64_t wanted = parts_for(threads, n);
  const int64_t chunks = wanted < most_chunks ? wanted : most_chunks;
  Frontier found[most_chunks];
  const auto first_of = [&](int64_t chunk) { return n * chunk / chunks; };
  parallel_chunks(threads, chunks, [&](int64_t chunk) {
    __builtin_memset(args.flags + first_of(chunk), 0, static_cast<std::size_t>(first_of(chunk + 1) - first_of(chunk)));
  });
  // A flag that stands anywhere costs as much as a few dozen elements in a row.
  constexpr int64_t scattered = 16;
  const int64_t flags_each = args.row_count > 0 ? a.nnz / a.rows + 1 : 0;
  parallel_ranges(threads, args.row_count, 16, flags_each * scattered, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t row = args.rows[p];
      // Threads may set one flag at the same time, to the same value: relaxed stores, plain moves to the processor.
      if (args.themselves) __atomic_store_n(args.flags + row, uint8_t{1}, __ATOMIC_RELAXED);
      for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
        __atomic_store_n(args.flags + a.col_indices[k], uint8_t{1}, __ATOMIC_RELAXED);
      }
    }
  });
  parallel_chunks(threads, chunks, [&](int64_t chunk) {
    int64_t rows = 0;
    int64_t nnz = 0;
    for (int64_t c = first_of(chunk); c < first_of(chunk + 1); ++c) {
      rows += args.flags[c];
      nnz += args.flags[c] * (a.row_offsets[c + 1] - a.row_offsets[c]);
    }
    found[chunk] = {rows, nnz};
  });
  Frontier all;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const Frontier here = found[chunk];
    found[chunk] = all;
    all = {all.rows + here.rows, all.nnz + here.nnz};
  }
  parallel_chunks(threads, chunks, [&](int64_t chunk) {
    int32_t* next = args.columns + found[chunk].rows;
    for (int64_t c = first_of(chunk); c < first_of(chunk + 1); ++c) {
      if (args.flags[c] != 0) *next++ = static_cast<int32_t>(c);
    }
  });
  return all;
}

}  // namespace heddle::kernels::HEDDLE_ISA
