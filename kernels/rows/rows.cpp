#include "kernels/rows/rows.h"

#include <algorithm>
#include <limits>

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/rows/launchers.h"

namespace heddle::kernels {

namespace {

void check_groups(const char* op, const RowGroups& groups) {
  require(groups.count >= 0 && groups.count <= std::numeric_limits<int32_t>::max(), ErrorKind::usage, op, ": ",
          counted(groups.count, "id"), " do not fit 32-bit places");
  require(groups.count == 0 || groups.ids != nullptr, ErrorKind::usage, op, ": ids is null");
  require(groups.order != nullptr && groups.distinct != nullptr && groups.offsets != nullptr && groups.group_of != nullptr &&
              groups.group_count != nullptr,
          ErrorKind::usage, op, ": order, distinct, offsets, group_of or group_count is null");
}

}  // namespace

std::size_t group_rows_workspace(int64_t count, int64_t n, DeviceKind device) {
  if (device == DeviceKind::cuda) return cuda::group_rows_cub_workspace(count, n);
  return static_cast<std::size_t>(sort_workspace_per_row * count) * sizeof(int32_t);
}

void group_rows(const RowGroups& groups, int64_t n, void* workspace, Execution& execution) {
  check_groups("group_rows", groups);
  require(n >= 0 && n <= std::numeric_limits<int32_t>::max(), ErrorKind::usage, "group_rows: ", counted(n, "row"),
          " do not fit 32-bit numbers");
  require(groups.count == 0 || workspace != nullptr, ErrorKind::usage, "group_rows: workspace is null");
  Operands("group_rows")
      .writes("order", groups.order, groups.count)
      .writes("distinct", groups.distinct, groups.count)
      .writes("offsets", groups.offsets, groups.count + 1)
      .writes("group_of", groups.group_of, groups.count)
      .writes("group_count", groups.group_count, 1)
      .reads("ids", groups.ids, groups.count)
      .check();
  const ProfiledOp op(execution, "group_rows", [&](OpArguments& arguments) {
    arguments.array("ids", groups.ids, groups.count);
    arguments.array("order", groups.order, groups.count);
    arguments.array("distinct", groups.distinct, groups.count);
    arguments.array("offsets", groups.offsets, groups.count + 1);
    arguments.array("group_of", groups.group_of, groups.count);
  });
  auto* const numbers = static_cast<int32_t*>(workspace);
  switch (execution.stream.kind()) {
    case DeviceKind::cpu: return cpu::group_rows(groups, n, numbers);
    case DeviceKind::simt: return simt::group_rows_one_block(groups, n, numbers, execution.stream);
    case DeviceKind::cuda: return cuda::group_rows_cub(groups, n, workspace, execution.stream);
  }
}

void gather_rows(DenseView<const float> x, const int32_t* ids, DenseView<float> y, Execution& execution) {
  check_data("gather_rows", "x", x);
  check_data("gather_rows", "y", y);
  require(y.cols == x.cols, ErrorKind::usage, "gather_rows: y has ", counted(y.cols, "column"), ", x has ", x.cols);
  Operands("gather_rows").writes("y", y).reads("x", x).reads("ids", ids, y.rows).check();
  if (y.size() == 0) return;
  require(ids != nullptr, ErrorKind::usage, "gather_rows: ids is null");
  const ProfiledOp op(execution, "gather_rows", [&](OpArguments& arguments) {
    arguments.array("ids", ids, y.rows);
    arguments.reads("x", DenseView<const float>{x.data, y.rows, x.cols});
    arguments.writes("y", y);
  });
  HEDDLE_CALL(execution.stream, gather_rows, x, ids, y);
}

void sum_row_groups(const SumRowGroupsArgs& args, Execution& execution) {
  check_groups("sum_row_groups", args.groups);
  check_data("sum_row_groups", "y", args.y);
  check_data("sum_row_groups", "target", args.target);
  require(args.y.rows == args.groups.count, ErrorKind::usage, "sum_row_groups: y has ", counted(args.y.rows, "row"), ", ",
          there_are(args.groups.count, "id"));
  require(args.target.cols == args.y.cols, ErrorKind::usage, "sum_row_groups: target has ", counted(args.target.cols, "column"),
          ", y has ", args.y.cols);
  Operands("sum_row_groups")
      .writes("target", args.target)
      .reads("y", args.y)
      .reads("order", args.groups.order, args.groups.count)
      .reads("distinct", args.groups.distinct, args.groups.count)
      .reads("offsets", args.groups.offsets, args.groups.count + 1)
      .reads("group_count", args.groups.group_count, 1)
      .check();
  if (args.y.size() == 0) return;
  const ProfiledOp op(execution, "sum_row_groups", [&](OpArguments& arguments) {
    arguments.array("order", args.groups.order, args.groups.count);
    arguments.reads("y", args.y);
    // A group a row at most; how many there are stands on the device.
    const DenseView<float> target{args.target.data, std::min(args.groups.count, args.target.rows), args.target.cols};
    if (args.accumulate) {
      arguments.updates("target", target);
    } else {
      arguments.writes("target", target);
    }
  });
  HEDDLE_CALL(execution.stream, sum_row_groups, args);
}

}  // namespace heddle::kernels
