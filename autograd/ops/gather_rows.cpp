#include "autograd/row_groups.h"
#include "heddle/context.h"
#include "heddle/error.h"
#include "heddle/operation.h"
#include "kernels/rows/rows.h"

namespace heddle {

RowBatch make_row_batch(Context& context, const int32_t* ids, int64_t count, int64_t n) {
  require(count >= 0, ErrorKind::usage, "make_row_batch: ", counted(count, "id"), " are given");
  Arena& arena = context.arena();
  const kernels::RowGroups groups{.ids = ids,
                                  .count = count,
                                  .order = arena.allocate_array<int32_t>(count),
                                  .distinct = arena.allocate_array<int32_t>(count),
                                  .offsets = arena.allocate_array<int32_t>(count + 1),
                                  .group_of = arena.allocate_array<int32_t>(count),
                                  .group_count = arena.allocate_array<int32_t>(1)};
  void* workspace = arena.allocate(kernels::group_rows_workspace(count, n, context.stream().kind()));
  kernels::Execution execution = context.execution();
  kernels::group_rows(groups, n, workspace, execution);
  arena.give_back(workspace);
  return {ids, count, groups.order, groups.distinct, groups.offsets, groups.group_of, groups.group_count};
}

Tensor gather_rows(const Tensor& x, const RowBatch& rows) {
  const Operation op("gather_rows", {x});
  const Tensor y = op.make_tensor(rows.count, x.cols()).reusable();
  kernels::gather_rows(x.value(), rows.ids, y.value(), op.execution());
  return op.record(y, [x, y, rows] {
    x.add_to_grad([&](DenseView<float> dx) {
      kernels::Execution execution = y.context().execution();
      kernels::sum_row_groups({.groups = row_groups(rows), .y = y.grad(), .target = dx, .accumulate = true}, execution);
    });
  });
}

}  // namespace heddle
