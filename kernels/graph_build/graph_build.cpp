#include "kernels/graph_build/graph_build.h"

#include <limits>

#include "heddle/error.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/common/twins.h"

namespace heddle::kernels {

// Compiled by g++ for the cpu and simt devices, whose memory is the host's, and by nvcc for cuda.
// NOLINTBEGIN(bugprone-macro-parentheses): an attribute cannot stand in parentheses.
#define HEDDLE_DECLARE_GRAPH_BUILD(twin, component)                                                                     \
  namespace twin {                                                                                                      \
  component BuiltCsr coo_to_csr(int64_t rows, int64_t cols, const int32_t* row, const int32_t* col, const float* value, \
                                int64_t count, Merge merge, Stream& stream);                                            \
  component BuiltCsr transpose_csr(const CsrView& a, Stream& stream);                                                   \
  component void row_sums(const CsrView& a, float* sums, Stream& stream);                                               \
  component BuiltCsr bipartite_adjacency(const CsrView& r, Stream& stream);                                             \
  }
// NOLINTEND(bugprone-macro-parentheses)
HEDDLE_DECLARE_GRAPH_BUILD(host, )
HEDDLE_DECLARE_GRAPH_BUILD(cuda, HEDDLE_COMPONENT)
#define HEDDLE_CALL_GRAPH_BUILD(stream, function, ...) \
  ((stream).kind() == DeviceKind::cuda ? cuda::function(__VA_ARGS__, stream) : host::function(__VA_ARGS__, stream))

namespace {

constexpr int64_t most_nodes = std::numeric_limits<int32_t>::max();

void check_size(const char* op, int64_t rows, int64_t cols) {
  require(rows >= 0 && rows <= most_nodes && cols >= 0 && cols <= most_nodes, ErrorKind::usage, op, ": a matrix of ", rows, " x ",
          cols, "; there may be 2^31 - 1 rows and columns");
}

void check_csr(const char* op, const CsrView& a) {
  check_size(op, a.rows, a.cols);
  require(a.row_offsets != nullptr, ErrorKind::usage, op, ": row_offsets is null");
  require(a.nnz == 0 || a.col_indices != nullptr, ErrorKind::usage, op, ": col_indices is null");
  require(a.value_index == nullptr || a.values != nullptr, ErrorKind::usage, op, ": value_index is given without values");
}

}  // namespace

BuiltCsr coo_to_csr(int64_t rows, int64_t cols, const int32_t* row, const int32_t* col, const float* value, int64_t count,
                    Merge merge, Execution& execution) {
  check_size("coo_to_csr", rows, cols);
  require(count >= 0, ErrorKind::usage, "coo_to_csr: ", counted(count, "entry", "entries"));
  require(count == 0 || (row != nullptr && col != nullptr), ErrorKind::usage, "coo_to_csr: row or col is null");
  const ProfiledOp op(execution, "coo_to_csr", [&](OpArguments& arguments) {
    arguments.array("row", row, count);
    arguments.array("col", col, count);
    arguments.array("value", value, count);
  });
  return HEDDLE_CALL_GRAPH_BUILD(execution.stream, coo_to_csr, rows, cols, row, col, value, count, merge);
}

BuiltCsr transpose_csr(const CsrView& a, Execution& execution) {
  check_csr("transpose_csr", a);
  const ProfiledOp op(execution, "transpose_csr", [&](OpArguments& arguments) {
    arguments.matrix("a", a);
    arguments.matrix("transpose", {a.cols, a.rows, a.nnz, nullptr, nullptr, a.values});
  });
  return HEDDLE_CALL_GRAPH_BUILD(execution.stream, transpose_csr, a);
}

void row_sums(const CsrView& a, float* sums, Execution& execution) {
  check_csr("row_sums", a);
  require(a.rows == 0 || sums != nullptr, ErrorKind::usage, "row_sums: sums is null");
  Operands("row_sums").writes("sums", sums, a.rows).reads("a", a).check();
  const ProfiledOp op(execution, "row_sums", [&](OpArguments& arguments) {
    arguments.matrix("a", a);
    arguments.array("sums", sums, a.rows);
  });
  HEDDLE_CALL_GRAPH_BUILD(execution.stream, row_sums, a, sums);
}

BuiltCsr bipartite_adjacency(const CsrView& r, Execution& execution) {
  check_csr("bipartite_adjacency", r);
  check_size("bipartite_adjacency", r.rows + r.cols, r.rows + r.cols);
  const ProfiledOp op(execution, "bipartite_adjacency", [&](OpArguments& arguments) {
    arguments.matrix("r", r);
    const int64_t n = r.rows + r.cols;
    arguments.matrix("adjacency", {n, n, 2 * r.nnz, nullptr, nullptr, r.values});
  });
  return HEDDLE_CALL_GRAPH_BUILD(execution.stream, bipartite_adjacency, r);
}

}  // namespace heddle::kernels
