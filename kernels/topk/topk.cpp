#include "kernels/topk/topk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/parallel.h"
#include "kernels/common/profiled_op.h"
#include "kernels/common/twins.h"
#include "kernels/topk/cpu_topk.h"

namespace heddle::kernels {

HEDDLE_DECLARE_CPU(void top_k(const TopKArgs& args, const TopKPlan& plan, const TopKWorkspace& workspace, Threads threads);
                   void score_top_k(const ScoreTopKArgs& args, const TopKPlan& plan, const TopKWorkspace& workspace,
                                    Threads threads))
HEDDLE_DECLARE_DEVICE(void top_k(const TopKArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void score_top_k(const ScoreTopKArgs& args, Stream& stream))
HEDDLE_DECLARE_DEVICE(void normalise_rows(DenseView<const float> x, DenseView<float> y, Stream& stream))

namespace {

/// A batch of rows has as much memory as this where columns are in one range, and this much in any number of ranges.
constexpr int64_t batch_bytes = int64_t{32} << 20;
constexpr int64_t most_workspace_bytes = 8 * batch_bytes;

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

void check_top_k(const char* op, int64_t n, const ExcludedColumns (&exclude)[2], const TopKOutput& best, int64_t m) {
  require(best.k >= 1 && best.k <= top_k_limit, ErrorKind::usage, op, ": k is ", best.k, ", it must be 1 to ", top_k_limit);
  require(n <= std::numeric_limits<int32_t>::max(), ErrorKind::usage, op, ": ", counted(n, "column"), "; there may be 2^31 - 1");
  require(m == 0 || (best.columns != nullptr && best.scores != nullptr), ErrorKind::usage, op, ": an output is null");
  for (const ExcludedColumns& columns : exclude) {
    require(columns.row_offsets != nullptr || columns.rows == nullptr, ErrorKind::usage, op,
            ": rows of excluded columns are given without row_offsets");
  }
}

/// The outputs, and what of the excluded columns has a known length.
Operands& add_top_k(Operands& operands, const ExcludedColumns (&exclude)[2], const TopKOutput& best, int64_t m) {
  operands.writes("columns", best.columns, m * best.k).writes("best_scores", best.scores, m * best.k);
  for (const ExcludedColumns& columns : exclude) {
    operands.reads("excluded rows", columns.rows, m);
    // As long as the matrix that `rows` names rows of, and as that has non-zeros: one at least.
    operands.reads("excluded row_offsets", columns.row_offsets, columns.rows != nullptr ? 1 : m + 1);
    operands.reads("excluded col_indices", columns.col_indices, 1);
  }
  return operands;
}

/// The arguments of the rows from `first` on.
ExcludedColumns from_row(const ExcludedColumns& columns, int64_t first) {
  if (columns.row_offsets == nullptr) return columns;
  if (columns.rows != nullptr) return {columns.row_offsets, columns.col_indices, columns.rows + first};
  return {columns.row_offsets + first, columns.col_indices, nullptr};
}
TopKOutput from_row(const TopKOutput& best, int64_t first) {
  return {best.k, best.columns + first * best.k, best.scores + first * best.k};
}

/// Rows are cut into blocks and, where these are fewer than the parts that the threads want, columns into ranges of at least
/// 2048. Each range has candidates of all rows: there are no more than fit into most_workspace_bytes, however many threads ask.
/// `d`: of the factors, 0: none.
TopKPlan plan_for(int64_t m, int64_t n, int64_t d, int64_t k, int64_t most_rows, Threads threads) {
  TopKPlan plan{};
  plan.rows_per_block = std::min(most_rows, m);
  plan.row_blocks = (m + plan.rows_per_block - 1) / plan.rows_per_block;
  // Of products the right factors are read once, and sixteen multiplications take as long as an element.
  // Four a thread at most: each range begins with no candidates, and finds its first ones anew.
  const int64_t parts = std::min(parts_for(threads, d == 0 ? m * n : std::max(n * d, m * n * d / 16)),
                                 threads.count == 1 ? int64_t{1} : int64_t{4} * threads.count);
  const int64_t range_bytes = 8 * k * m + static_cast<int64_t>(sizeof(float)) * panel_columns * d * plan.row_blocks;
  const int64_t wanted =
      std::min((parts + plan.row_blocks - 1) / plan.row_blocks, std::max<int64_t>(1, most_workspace_bytes / range_bytes));
  const int64_t ranges = std::clamp<int64_t>(n / 2048, 1, wanted);
  // A multiple of the panel, so that only the last one has columns to spare.
  plan.columns_per_range = std::max<int64_t>(1, ((n + ranges - 1) / ranges + panel_columns - 1) / panel_columns) * panel_columns;
  plan.ranges = std::max<int64_t>(1, (n + plan.columns_per_range - 1) / plan.columns_per_range);
  return plan;
}

/// run(first row, rows, plan, workspace) over batches of rows whose workspace has a bounded size. `d`: of the factors, 0: none.
template <class Run>
void for_batches(int64_t m, int64_t n, int64_t d, int64_t k, int64_t most_rows, Execution& execution, const Run& run) {
  const int64_t block_bytes = 8 * k * most_rows + static_cast<int64_t>(sizeof(float)) * panel_columns * d;
  const int64_t rows_per_batch = std::max(batch_bytes / block_bytes, int64_t{1}) * most_rows;
  for (int64_t first = 0; first < m; first += rows_per_batch) {
    const int64_t rows = std::min(rows_per_batch, m - first);
    const TopKPlan plan = plan_for(rows, n, d, k, most_rows, execution.stream.thread_team());
    TopKWorkspace workspace{execution.arena.allocate_array<uint64_t>(rows * plan.ranges * k), nullptr};
    if (d > 0) workspace.panels = execution.arena.allocate_array<float>(plan.row_blocks * plan.ranges * panel_columns * d);
    run(first, rows, plan, workspace);
    execution.arena.give_back(workspace.panels);
    execution.arena.give_back(workspace.candidates);
  }
}

}  // namespace

void top_k(const TopKArgs& args, Execution& execution) {
  check_data("top_k", "scores", args.scores);
  const int64_t m = args.scores.rows;
  const int64_t n = args.scores.cols;
  check_top_k("top_k", n, args.exclude, args.best, m);
  Operands operands("top_k");
  add_top_k(operands, args.exclude, args.best, m).reads("scores", args.scores).check();
  if (m == 0) return;
  const ProfiledOp op(execution, "top_k", [&](OpArguments& arguments) {
    arguments.reads("scores", args.scores);
    arguments.array("columns", args.best.columns, m * args.best.k);
    arguments.array("best_scores", args.best.scores, m * args.best.k);
  });
  if (!on_cpu(execution)) return HEDDLE_CALL_DEVICE(execution.stream, top_k, args);
  for_batches(m, n, 0, args.best.k, 16, execution,
              [&](int64_t first, int64_t rows, const TopKPlan& plan, const TopKWorkspace& workspace) {
                const TopKArgs part{{args.scores.data + first * n, rows, n},
                                    {from_row(args.exclude[0], first), from_row(args.exclude[1], first)},
                                    from_row(args.best, first)};
                HEDDLE_CALL_CPU(execution.stream, top_k, part, plan, workspace);
              });
}

void score_top_k(const ScoreTopKArgs& args, Execution& execution) {
  check_data("score_top_k", "left", args.left);
  check_data("score_top_k", "right", args.right);
  require(args.left.cols == args.right.cols, ErrorKind::usage, "score_top_k: left has ", counted(args.left.cols, "column"),
          ", right has ", args.right.cols);
  const int64_t m = args.left.rows, d = args.left.cols;
  check_top_k("score_top_k", args.right.rows, args.exclude, args.best, m);
  Operands operands("score_top_k");
  add_top_k(operands, args.exclude, args.best, m).reads("left", args.left).reads("right", args.right).check();
  if (m == 0) return;
  const ProfiledOp op(execution, "score_top_k", [&](OpArguments& arguments) {
    arguments.reads("left", args.left);
    arguments.reads("right", args.right);
    arguments.array("columns", args.best.columns, m * args.best.k);
    arguments.array("best_scores", args.best.scores, m * args.best.k);
  });
  if (!on_cpu(execution)) return HEDDLE_CALL_DEVICE(execution.stream, score_top_k, args);
  for_batches(m, args.right.rows, d, args.best.k, most_rows_per_block, execution,
              [&](int64_t first, int64_t rows, const TopKPlan& plan, const TopKWorkspace& workspace) {
                const ScoreTopKArgs part{{args.left.data + first * d, rows, d},
                                         args.right,
                                         {from_row(args.exclude[0], first), from_row(args.exclude[1], first)},
                                         from_row(args.best, first)};
                HEDDLE_CALL_CPU(execution.stream, score_top_k, part, plan, workspace);
              });
}

namespace {

// Squares in double: a float's neither overflow nor vanish. Four sums, so that additions do not wait for each other.
void normalise_row(const float* x, float* y, int64_t d) {
  double sums[4] = {};
  for (int64_t i = 0; i < d; ++i) sums[i % 4] += static_cast<double>(x[i]) * x[i];
  const double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  const double factor = sum == 0 ? 0 : 1 / std::sqrt(sum);
  for (int64_t i = 0; i < d; ++i) y[i] = static_cast<float>(x[i] * factor);
}

}  // namespace

void normalise_rows(DenseView<const float> x, DenseView<float> y, Execution& execution) {
  check_same_shape("normalise_rows", "y", y, "x", x);
  check_data("normalise_rows", "x", x);
  check_data("normalise_rows", "y", y);
  Operands("normalise_rows").writes("y", y, "x").reads("x", x).check();
  if (x.size() == 0) return;
  const ProfiledOp op(execution, "normalise_rows", [&](OpArguments& arguments) {
    arguments.reads("x", x);
    arguments.writes("y", y);
  });
  if (!on_cpu(execution)) return HEDDLE_CALL_DEVICE(execution.stream, normalise_rows, x, y);
  const int64_t d = x.cols;
  parallel_ranges(execution.stream.thread_team(), x.rows, 1, d, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) normalise_row(x.data + r * d, y.data + r * d, d);
  });
}

}  // namespace heddle::kernels
