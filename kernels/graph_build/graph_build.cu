// Thrust's names get a prefix of their own: one program may hold its templates as nvcc compiled them, as g++ did, and as somebody
// else's sources did, and the linker keeps one of each name.
#ifdef __CUDACC__
#define THRUST_CUB_WRAPPED_NAMESPACE heddle_cuda
#else
#define THRUST_CUB_WRAPPED_NAMESPACE heddle_host
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#endif

#include <thrust/binary_search.h>
#include <thrust/copy.h>
#include <thrust/count.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/permutation_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>
#include <thrust/system_error.h>
#include <thrust/tabulate.h>
#include <thrust/transform_reduce.h>
#ifdef __CUDACC__
#include <thrust/system/cuda/execution_policy.h>

#include "kernels/device/cuda.h"
#define HEDDLE_FUNCTION __host__ __device__
#else
#include <thrust/execution_policy.h>

#include "kernels/common/parallel.h"
#define HEDDLE_FUNCTION
#endif

#include <algorithm>
#include <cstdint>
#include <new>
#include <numeric>
#include <vector>

#include "heddle/error.h"
#include "kernels/graph_build/graph_build.h"

// Idea: entries as 64-bit numbers row * 2^32 + column, sorted (stable: on cuda Thrust's radix sort, on the host the standard
// library's, on one thread); the first of each run of equal ones is an entry of the matrix, and the offsets are found by binary
// search. Nothing is summed but by one thread in the order of the entries, so that the bits are the same everywhere.
// Transposes are the same sort, by column, on cuda; on the host a counting sort by column, 24 nnz bytes read and written.
// On the host, what computes elements each by itself goes to the device's threads; the rest one thread does.
// Bytes, n entries: 8 n written, then on cuda 16 n moved by each pass of the sort, with as much memory again while it runs; on
// the host log2(n) passes, without memory where there are no values, with 24 n bytes where there are.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

namespace thrust = THRUST_NS_QUALIFIER;

#ifdef __CUDACC__
/// Thrust's temporary memory, from the device's pool.
class Scratch {
 public:
  using value_type = char;
  explicit Scratch(Stream& stream) : stream_(stream) {}
  char* allocate(std::ptrdiff_t bytes) { return held_.emplace_back(stream_, static_cast<std::size_t>(bytes)).as<char>(); }
  void deallocate(char* pointer, std::size_t) {
    std::erase_if(held_, [pointer](const Buffer& buffer) { return buffer.data() == pointer; });
  }

 private:
  Stream& stream_;
  std::vector<Buffer> held_;
};
#else
/// What Thrust runs with on the host: its sequential system, but for loops whose elements know nothing of each other (Thrust
/// makes transform, tabulate and vectorised searches of them), which the threads of the device share. A body must not throw.
struct OnThreads : thrust::device_execution_policy<OnThreads> {
  explicit OnThreads(Threads threads_) : threads(threads_) {}
  Threads threads;
};

template <class Iterator, class Size, class Function>
Iterator for_each_n(const OnThreads& policy, Iterator first, Size count, Function function) {
  parallel_ranges(policy.threads, static_cast<int64_t>(count), 1, 1, [&](int64_t begin, int64_t end) {
    Function of_part = function;  // Thrust's take themselves for modifiable
    for (int64_t i = begin; i < end; ++i) of_part(first[i]);
  });
  return first + count;
}
template <class Iterator, class Function>
Iterator for_each(const OnThreads& policy, Iterator first, Iterator last, Function function) {
  return for_each_n(policy, first, last - first, function);
}
#endif

/// body(policy): what Thrust is to run with on the stream. Its exceptions become ours.
template <class Body>
auto run(const char* op, Stream& stream, const Body& body) {
  try {
#ifdef __CUDACC__
    check_cuda(cudaSetDevice(stream.device_index()), "cudaSetDevice");
    Scratch scratch(stream);
    return body(thrust::cuda::par(scratch).on(static_cast<cudaStream_t>(stream.native())));
#else
    return body(OnThreads(stream.thread_team()));
#endif
  } catch (const std::bad_alloc&) {
    fail(ErrorKind::out_of_memory, op, ": no room for temporary memory");
  } catch (const thrust::system_error& error) {
    fail(ErrorKind::internal, op, ": ", error.what());
  }
}

#ifdef __CUDACC__
template <class Policy, class Key>
void sort_keys(const Policy& policy, Key* keys, int64_t count, Stream&) {
  thrust::sort(policy, keys, keys + count);
}
template <class Policy, class Key, class Value>
void stable_sort_by_key(const Policy& policy, Key* keys, int64_t count, Value* values, Stream&) {
  thrust::stable_sort_by_key(policy, keys, keys + count, values);
}
#else
// Thrust's sequential sorts take memory; the standard library's need nothing, or do with less where there is none.
template <class Policy, class Key>
void sort_keys(const Policy&, Key* keys, int64_t count, Stream&) {
  std::sort(keys, keys + count);
}
template <class Policy, class Key, class Value>
void stable_sort_by_key(const Policy&, Key* keys, int64_t count, Value* values, Stream& stream) {
  struct Pair {
    Key key;
    Value value;
  };
  const Buffer buffer(stream, static_cast<std::size_t>(count) * sizeof(Pair));
  auto* const pairs = buffer.as<Pair>();
  for (int64_t i = 0; i < count; ++i) pairs[i] = {keys[i], values[i]};
  std::stable_sort(pairs, pairs + count, [](const Pair& a, const Pair& b) { return a.key < b.key; });
  for (int64_t i = 0; i < count; ++i) {
    keys[i] = pairs[i].key;
    values[i] = pairs[i].value;
  }
}
#endif

template <class T>
Buffer make_array(Stream& stream, int64_t count) {
  return Buffer(stream, static_cast<std::size_t>(count) * sizeof(T));
}

BuiltCsr make_csr(Stream& stream, int64_t rows, int64_t cols, int64_t nnz, bool has_values) {
  return {rows,
          cols,
          nnz,
          make_array<int64_t>(stream, rows + 1),
          make_array<int32_t>(stream, nnz),
          make_array<float>(stream, has_values ? nnz : 0)};
}

thrust::counting_iterator<int64_t> counting(int64_t from) { return thrust::counting_iterator<int64_t>(from); }

struct EntryKey {
  const int32_t* row;
  const int32_t* col;
  HEDDLE_FUNCTION uint64_t operator()(int64_t e) const {
    return static_cast<uint64_t>(row[e]) << 32 | static_cast<uint32_t>(col[e]);
  }
};

/// e where entry e lies outside the matrix, else `none`.
struct OutsideEntry {
  int64_t rows, cols;
  const int32_t* row;
  const int32_t* col;
  int64_t none;
  HEDDLE_FUNCTION int64_t operator()(int64_t e) const {
    return row[e] < 0 || row[e] >= rows || col[e] < 0 || col[e] >= cols ? e : none;
  }
};

/// Whether entry e is the first with its key.
struct IsFirst {
  const uint64_t* keys;
  HEDDLE_FUNCTION bool operator()(int64_t e) const { return e == 0 || keys[e] != keys[e - 1]; }
};

struct ColumnOfRun {
  const uint64_t* keys;
  const int64_t* first;
  HEDDLE_FUNCTION int32_t operator()(int64_t i) const { return static_cast<int32_t>(keys[first[i]]); }
};

/// The key that no entry of an earlier row reaches.
struct RowKey {
  HEDDLE_FUNCTION uint64_t operator()(int64_t row) const { return static_cast<uint64_t>(row) << 32; }
};

/// The value of the i-th run of equal entries.
struct MergeRun {
  const float* values;
  const int64_t* first;
  int64_t runs, count;
  Merge merge;
  HEDDLE_FUNCTION float operator()(int64_t i) const {
    const int64_t end = i + 1 < runs ? first[i + 1] : count;
    float merged = values[first[i]];
    for (int64_t e = first[i] + 1; e < end; ++e) {
      merged = merge == Merge::sum ? merged + values[e] : values[e] > merged ? values[e] : merged;
    }
    return merged;
  }
};

/// The value of a matrix's k-th non-zero.
struct ValueOf {
  const float* values;
  const int64_t* value_index;
  explicit ValueOf(const CsrView& a) : values(a.values), value_index(a.value_index) {}
  HEDDLE_FUNCTION float operator()(int64_t k) const {
    return values == nullptr ? 1.0f : values[value_index != nullptr ? value_index[k] : k];
  }
};

struct RowSum {
  const int64_t* row_offsets;
  ValueOf value;
  HEDDLE_FUNCTION float operator()(int64_t row) const {
    if (value.values == nullptr) return static_cast<float>(row_offsets[row + 1] - row_offsets[row]);
    double sum = 0;
    for (int64_t k = row_offsets[row]; k < row_offsets[row + 1]; ++k) sum += value(k);
    return static_cast<float>(sum);
  }
};

struct AdjacencyOffset {
  int64_t rows, nnz;
  const int64_t* above;
  const int64_t* below;
  HEDDLE_FUNCTION int64_t operator()(int64_t row) const { return row <= rows ? above[row] : nnz + below[row - rows]; }
};

struct AdjacencyColumn {
  int64_t nnz;
  int32_t rows;
  const int32_t* above;
  const int32_t* below;
  HEDDLE_FUNCTION int32_t operator()(int64_t k) const { return k < nnz ? rows + above[k] : below[k - nnz]; }
};

struct AdjacencyValue {
  int64_t nnz;
  ValueOf above;
  const float* below;
  HEDDLE_FUNCTION float operator()(int64_t k) const { return k < nnz ? above(k) : below[k - nnz]; }
};

}  // namespace

BuiltCsr coo_to_csr(int64_t rows, int64_t cols, const int32_t* row, const int32_t* col, const float* value, int64_t count,
                    Merge merge, Stream& stream) {
  return run("coo_to_csr", stream, [&](const auto& policy) {
    const int64_t outside = thrust::transform_reduce(
        policy, counting(0), counting(count), OutsideEntry{rows, cols, row, col, count}, count, thrust::minimum<int64_t>());
    if (outside < count) {
      fail(ErrorKind::usage, "coo_to_csr: entry ", outside, " is (", download(stream, row + outside, 1)[0], ", ",
           download(stream, col + outside, 1)[0], "), the matrix is ", rows, " x ", cols);
    }
    const Buffer key_buffer = make_array<uint64_t>(stream, count);
    const Buffer value_buffer = make_array<float>(stream, value != nullptr ? count : 0);
    auto* const keys = key_buffer.as<uint64_t>();
    auto* const values = value_buffer.as<float>();
    thrust::tabulate(policy, keys, keys + count, EntryKey{row, col});
    if (value != nullptr) {
      thrust::copy(policy, value, value + count, values);
      stable_sort_by_key(policy, keys, count, values, stream);
    } else {
      sort_keys(policy, keys, count, stream);
    }

    const int64_t nnz = thrust::count_if(policy, counting(0), counting(count), IsFirst{keys});
    const Buffer first_buffer = make_array<int64_t>(stream, nnz);
    auto* const first = first_buffer.as<int64_t>();
    thrust::copy_if(policy, counting(0), counting(count), first, IsFirst{keys});
    BuiltCsr csr = make_csr(stream, rows, cols, nnz, value != nullptr);
    const auto runs = thrust::make_permutation_iterator(keys, first);
    const auto row_keys = thrust::make_transform_iterator(counting(0), RowKey{});
    thrust::lower_bound(policy, runs, runs + nnz, row_keys, row_keys + (rows + 1), csr.row_offsets.as<int64_t>());
    auto* const columns = csr.col_indices.as<int32_t>();
    thrust::tabulate(policy, columns, columns + nnz, ColumnOfRun{keys, first});
    if (value != nullptr) {
      auto* const merged = csr.values.as<float>();
      thrust::tabulate(policy, merged, merged + nnz, MergeRun{values, first, nnz, count, merge});
    }
    return csr;
  });
}

#ifdef __CUDACC__
BuiltCsr transpose_csr(const CsrView& a, Stream& stream) {
  return run("transpose_csr", stream, [&](const auto& policy) {
    // Rows ascend with the non-zeros, so a stable sort by column leaves them ascending in each column.
    const Buffer row_buffer = make_array<int32_t>(stream, a.nnz);
    const Buffer column_buffer = make_array<int32_t>(stream, a.nnz);
    const Buffer order_buffer = make_array<int64_t>(stream, a.nnz);
    auto* const rows = row_buffer.as<int32_t>();
    auto* const columns = column_buffer.as<int32_t>();
    auto* const order = order_buffer.as<int64_t>();
    thrust::upper_bound(policy, a.row_offsets + 1, a.row_offsets + std::max<int64_t>(a.rows, 1), counting(0), counting(a.nnz),
                        rows);
    thrust::copy(policy, a.col_indices, a.col_indices + a.nnz, columns);
    thrust::sequence(policy, order, order + a.nnz);
    stable_sort_by_key(policy, columns, a.nnz, order, stream);

    BuiltCsr csr = make_csr(stream, a.cols, a.rows, a.nnz, a.values != nullptr);
    thrust::lower_bound(policy, columns, columns + a.nnz, counting(0), counting(a.cols + 1), csr.row_offsets.as<int64_t>());
    const auto sorted_rows = thrust::make_permutation_iterator(rows, order);
    thrust::copy(policy, sorted_rows, sorted_rows + a.nnz, csr.col_indices.as<int32_t>());
    if (a.values != nullptr) {
      thrust::transform(policy, order, order + a.nnz, csr.values.as<float>(), ValueOf(a));
    }
    return csr;
  });
}
#else
/// A counting sort by column: rows ascend within each column, as the matrix is walked in the order of its rows.
BuiltCsr transpose_csr(const CsrView& a, Stream& stream) {
  BuiltCsr csr = make_csr(stream, a.cols, a.rows, a.nnz, a.values != nullptr);
  auto* const offsets = csr.row_offsets.as<int64_t>();
  auto* const rows = csr.col_indices.as<int32_t>();
  auto* const values = csr.values.as<float>();
  const ValueOf value(a);
  // At first offsets[c] is where column c's next non-zero goes; at the end that is where column c + 1 begins.
  std::fill_n(offsets, a.cols + 1, 0);
  for (int64_t k = 0; k < a.nnz; ++k) ++offsets[a.col_indices[k] + 1];
  std::partial_sum(offsets, offsets + a.cols + 1, offsets);
  for (int64_t row = 0; row < a.rows; ++row) {
    for (int64_t k = a.row_offsets[row]; k < a.row_offsets[row + 1]; ++k) {
      const int64_t at = offsets[a.col_indices[k]]++;
      rows[at] = static_cast<int32_t>(row);
      if (a.values != nullptr) values[at] = value(k);
    }
  }
  std::copy_backward(offsets, offsets + a.cols, offsets + a.cols + 1);
  offsets[0] = 0;
  return csr;
}
#endif

void row_sums(const CsrView& a, float* sums, Stream& stream) {
  run("row_sums", stream, [&](const auto& policy) {
    thrust::tabulate(policy, sums, sums + a.rows, RowSum{a.row_offsets, ValueOf(a)});
  });
}

BuiltCsr bipartite_adjacency(const CsrView& r, Stream& stream) {
  const BuiltCsr transposed = transpose_csr(r, stream);
  return run("bipartite_adjacency", stream, [&](const auto& policy) {
    const int64_t nodes = r.rows + r.cols;
    BuiltCsr csr = make_csr(stream, nodes, nodes, 2 * r.nnz, r.values != nullptr);
    const CsrView below = transposed.view();
    auto* const offsets = csr.row_offsets.as<int64_t>();
    thrust::tabulate(policy, offsets, offsets + nodes + 1, AdjacencyOffset{r.rows, r.nnz, r.row_offsets, below.row_offsets});
    auto* const columns = csr.col_indices.as<int32_t>();
    thrust::tabulate(policy, columns, columns + csr.nnz,
                     AdjacencyColumn{r.nnz, static_cast<int32_t>(r.rows), r.col_indices, below.col_indices});
    if (r.values != nullptr) {
      auto* const values = csr.values.as<float>();
      thrust::tabulate(policy, values, values + csr.nnz, AdjacencyValue{r.nnz, ValueOf(r), below.values});
    }
    return csr;
  });
}

}  // namespace heddle::kernels::HEDDLE_TWIN
