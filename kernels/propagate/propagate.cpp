#include "kernels/propagate/propagate.h"

#include <algorithm>

#include "heddle/error.h"
#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/common/twins.h"

namespace heddle::kernels {

HEDDLE_DECLARE_CPU(void propagate(const PropagateArgs& args, Threads threads);
                   void prescale(const PrescaleArgs& args, Threads threads);
                   Frontier neighbours(const NeighboursArgs& args, Threads threads))
HEDDLE_DECLARE_DEVICE(void propagate(const PropagateArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void prescale(const PrescaleArgs& args, Stream& stream))

namespace {

int64_t row_bytes(const StoredRows& rows, int64_t width) {
  return width * static_cast<int64_t>(rows.bf16 != nullptr ? sizeof(uint16_t) : sizeof(float));
}

/// The non-zeros of the listed rows; all where the list cannot be read here.
int64_t listed_nnz(const PropagateArgs& args, DeviceKind device) {
  if (args.rows == nullptr || device == DeviceKind::cuda) return args.a.nnz;
  int64_t nnz = 0;
  for (int64_t p = 0; p < args.row_count; ++p) {
    const int64_t row = args.rows[p];
    nnz += args.a.row_offsets[row + 1] - args.a.row_offsets[row];
  }
  return nnz;
}

void describe(const PropagateArgs& args, int64_t count, DeviceKind device, OpArguments& arguments) {
  const int64_t nnz = listed_nnz(args, device);
  arguments.structure("a", {count, args.a.cols, nnz});
  if (args.a.values != nullptr) arguments.array("values", args.a.values, nnz);
  const int64_t read = std::min(nnz, args.a.cols);
  arguments.add("x", read, args.width, read * row_bytes(args.x, args.width));
  arguments.array("x_scale", args.x_scale, read);
  arguments.reads("base", DenseView<const float>{args.base, count, args.width});
  arguments.array("scale", args.scale, count);
  arguments.array("rows", args.rows, count);
  arguments.add("y", count, args.width, count * row_bytes(args.y, args.width));
}

void check_rows(const char* op, const char* name, const StoredRows& rows, bool needed) {
  require(rows.f32 == nullptr || rows.bf16 == nullptr, ErrorKind::usage, op, ": ", name, " is given in both precisions");
  require(!needed || rows.f32 != nullptr || rows.bf16 != nullptr, ErrorKind::usage, op, ": ", name, " is null");
}

/// How long x and base are where slots name their rows stands in the slots. These may name none, so only the place where such an
/// array begins is known to be its own.
void check_operands(const PropagateArgs& args) {
  const int64_t n = args.a.rows;
  const int64_t listed = args.rows != nullptr ? args.row_count : n;
  const int64_t y_size = (args.compact ? listed : n) * args.width;
  const int64_t x_size = args.x_slots != nullptr ? std::min<int64_t>(1, n * args.width) : n * args.width;
  const int64_t base_size = args.base_slots != nullptr ? std::min<int64_t>(1, n * args.width) : n * args.width;
  Operands("propagate")
      .writes("y", args.y.f32, y_size)
      .writes("y", args.y.bf16, y_size)
      .reads("x", args.x.f32, x_size)
      .reads("x", args.x.bf16, x_size)
      .reads("base", args.base, base_size)
      .reads("a", args.a)
      .reads("scale", args.scale, n)
      .reads("x_scale", args.x_scale, n)
      .reads("x_slots", args.x_slots, n)
      .reads("base_slots", args.base_slots, n)
      .reads("rows", args.rows, args.row_count)
      .check();
}

void check_matrix(const char* op, const CsrView& a) {
  require(a.rows == a.cols && a.rows >= 0, ErrorKind::usage, op, ": the matrix is ", a.rows, " x ", a.cols,
          ", it must be square");
  check_graph(op, a);
}

void check_on_cpu(const char* op, const Execution& execution) {
  const DeviceKind kind = execution.stream.kind();
  require(kind == DeviceKind::cpu, ErrorKind::usage, op, ": ", to_string(kind), " has no such kernel, cpu has");
}

}  // namespace

void propagate(const PropagateArgs& args, Execution& execution) {
  check_matrix("propagate", args.a);
  require(args.a.value_index == nullptr, ErrorKind::usage, "propagate: values through an index are not supported");
  require(args.width >= 0, ErrorKind::usage, "propagate: the width is ", args.width);
  const int64_t count = args.rows != nullptr ? args.row_count : args.a.rows;
  require(count >= 0 && count <= args.a.rows, ErrorKind::usage, "propagate: the list has ", counted(count, "row"),
          ", the matrix ", args.a.rows);
  const bool empty = count == 0 || args.width == 0;
  require(empty || args.scale != nullptr, ErrorKind::usage, "propagate: scale is null");
  check_rows("propagate", "x", args.x, !empty && args.a.nnz > 0);
  check_rows("propagate", "y", args.y, !empty);
  require(args.base_slots == nullptr || args.base != nullptr, ErrorKind::usage, "propagate: base_slots is given without base");
  check_operands(args);
  if (empty) return;
  const ProfiledOp op(execution, "propagate",
                      [&](OpArguments& arguments) { describe(args, count, execution.stream.kind(), arguments); });
  HEDDLE_CALL(execution.stream, propagate, args);
}

void prescale(const PrescaleArgs& args, Execution& execution) {
  const DenseView<const float> x{args.x, args.rows, args.width};
  check_data("prescale", "x", x);
  const bool empty = x.size() == 0;
  require(empty || args.scale != nullptr, ErrorKind::usage, "prescale: scale is null");
  check_rows("prescale", "y", args.y, !empty);
  Operands("prescale")
      .writes("y", DenseView<float>{args.y.f32, args.rows, args.width}, "x")
      .writes("y", args.y.bf16, x.size())
      .reads("x", x)
      .reads("scale", args.scale, args.rows)
      .check();
  if (empty) return;
  const ProfiledOp op(execution, "prescale", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.array("scale", args.scale, args.rows);
    arguments.add("y", args.rows, args.width, args.rows * row_bytes(args.y, args.width));
  });
  HEDDLE_CALL(execution.stream, prescale, args);
}

Frontier neighbours(const NeighboursArgs& args, Execution& execution) {
  check_matrix("neighbours", args.a);
  check_on_cpu("neighbours", execution);
  require(args.row_count >= 0, ErrorKind::usage, "neighbours: ", counted(args.row_count, "row"), " are listed");
  require(args.row_count == 0 || args.rows != nullptr, ErrorKind::usage, "neighbours: rows is null");
  if (args.row_count == 0) return {};
  require(args.flags != nullptr && args.columns != nullptr, ErrorKind::usage, "neighbours: flags or columns is null");
  Operands("neighbours")
      .writes("flags", args.flags, args.a.rows)
      .writes("columns", args.columns, args.a.rows)
      .reads("rows", args.rows, args.row_count)
      .reads("a", args.a)
      .check();
  const ProfiledOp op(execution, "neighbours", [&](OpArguments& arguments) {
    arguments.structure("a", args.a);
    arguments.array("rows", args.rows, args.row_count);
  });
  return HEDDLE_CALL_CPU(execution.stream, neighbours, args);
}

void assign_slots(const int32_t* rows, int64_t row_count, bool compact, int32_t* slots, int64_t n, Execution& execution) {
  check_on_cpu("assign_slots", execution);
  Operands("assign_slots").writes("slots", slots, n).reads("rows", rows, row_count).check();
  const ProfiledOp op(execution, "assign_slots", [&](OpArguments& arguments) {
    arguments.array("rows", rows, row_count);
    arguments.array("slots", slots, n);
  });
  std::fill_n(slots, n, -1);
  for (int64_t p = 0; p < row_count; ++p) slots[rows[p]] = compact ? static_cast<int32_t>(p) : rows[p];
}

}  // namespace heddle::kernels
