#pragma once

#include <cstdint>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/kernel/views.h"

// From edge lists to CSR, by Thrust: on cuda compiled by nvcc, on the host (cpu and simt) on the device's own threads but for
// sorts and scans, which one thread does there; one source. Sorting is by integers and stable, so results are the same
// everywhere.
namespace heddle::kernels {

struct Execution;

/// What becomes of the values of entries with equal row and column.
enum class Merge { largest, sum };

/// A CSR matrix that was built on a device, with the memory it stands in.
struct BuiltCsr {
  int64_t rows = 0, cols = 0, nnz = 0;
  Buffer row_offsets, col_indices, values;  ///< values: empty where none were given
  CsrView view() const {
    return {
        rows, cols, nnz, row_offsets.as<int64_t>(), col_indices.as<int32_t>(), values.bytes() > 0 ? values.as<float>() : nullptr};
  }
};

/// Sorts `count` entries (row[e], col[e], value[e]) by row, then column, and merges equal ones. `value` may be null. All in the
/// memory of the stream's device. Throws Error{usage} for an entry outside rows x cols, Error{out_of_memory}.
BuiltCsr coo_to_csr(int64_t rows, int64_t cols, const int32_t* row, const int32_t* col, const float* value, int64_t count,
                    Merge merge, Execution& execution);

/// The transpose, with the values moved along.
BuiltCsr transpose_csr(const CsrView& a, Execution& execution);

/// The sums of the rows' values (their number of non-zeros where there are none): the weighted degrees.
void row_sums(const CsrView& a, float* sums, Execution& execution);

/// The adjacency [[0, R], [R^T, 0]] of a bipartite graph, (rows + cols) square, from R.
BuiltCsr bipartite_adjacency(const CsrView& r, Execution& execution);

}  // namespace heddle::kernels
