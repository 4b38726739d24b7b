#include "kernels/sampling/sampling.h"

#include <cmath>
#include <limits>

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/parallel.h"
#include "kernels/common/profiled_op.h"
#include "kernels/common/twins.h"
#include "kernels/sampling/draw.h"

namespace heddle::kernels {

HEDDLE_DECLARE_DEVICE(void sample_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random,
                                      int32_t* ids, Stream& stream))
HEDDLE_DECLARE_DEVICE(void sample_softmax(const InteractionsView& interactions, const SoftmaxDraws& draws,
                                          const RandomStream& random, int32_t* ids, Stream& stream))

namespace {

// A draw takes some 50 ns, as long as so many elements.
constexpr int64_t work_of_draw = 64;

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

/// `count`: how many ids are drawn.
void check(const char* op, const InteractionsView& interactions, int64_t batch, int32_t* ids, int64_t count,
           const RandomStream& random) {
  const CsrView& matrix = interactions.matrix;
  require(batch >= 0, ErrorKind::usage, op, ": a batch of ", batch);
  require(matrix.rows + matrix.cols <= std::numeric_limits<int32_t>::max(), ErrorKind::usage, op, ": ",
          counted(matrix.rows, "user"), " and ", counted(matrix.cols, "item"), " are more nodes than 32 bits number");
  require(matrix.row_offsets != nullptr && matrix.col_indices != nullptr, ErrorKind::usage, op, ": the matrix has a null array");
  require(ids != nullptr, ErrorKind::usage, op, ": ids is null");
  Operands(op)
      .writes("ids", ids, count)
      .reads("matrix", matrix)
      .reads("row_of", interactions.row_of, matrix.nnz)
      .reads("eligible", interactions.eligible, interactions.eligible_count)
      .reads("step", random.step, 1)
      .check();
}

}  // namespace

void sample_bpr(const InteractionsView& interactions, int64_t batch, const RandomStream& random, int32_t* ids,
                Execution& execution) {
  require(interactions.eligible_count >= 1 && interactions.eligible != nullptr, ErrorKind::usage,
          "sample_bpr: no user has an item and lacks another: there is nothing to compare");
  check("sample_bpr", interactions, batch, ids, 3 * batch, random);
  const ProfiledOp op(execution, "sample_bpr", [&](OpArguments& arguments) { arguments.array("ids", ids, 3 * batch); });
  if (on_cpu(execution)) {
    return parallel_ranges(execution.stream.thread_team(), batch, 1, work_of_draw, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) draw_bpr(interactions, batch, random, b, ids);
    });
  }
  HEDDLE_CALL_DEVICE(execution.stream, sample_bpr, interactions, batch, random, ids);
}

void sample_softmax(const InteractionsView& interactions, int64_t batch, int64_t negatives, float popularity_share,
                    const RandomStream& random, int32_t* ids, Execution& execution) {
  require(interactions.matrix.nnz >= 1, ErrorKind::usage, "sample_softmax: there are no interactions to draw from");
  check("sample_softmax", interactions, batch, ids, 2 * batch + negatives, random);
  require(interactions.row_of != nullptr, ErrorKind::usage, "sample_softmax: row_of is null");
  require(negatives >= 0, ErrorKind::usage, "sample_softmax: ", counted(negatives, "negative"));
  require(popularity_share >= 0 && popularity_share <= 1, ErrorKind::usage, "sample_softmax: a popularity share of ",
          popularity_share, " is not in [0, 1]");
  const SoftmaxDraws draws{batch, std::llround(static_cast<double>(popularity_share) * static_cast<double>(negatives)),
                           negatives};
  const ProfiledOp op(execution, "sample_softmax",
                      [&](OpArguments& arguments) { arguments.array("ids", ids, 2 * batch + negatives); });
  if (on_cpu(execution)) {
    return parallel_ranges(execution.stream.thread_team(), batch + negatives, 1, work_of_draw, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) draw_softmax(interactions, draws, random, i, ids);
    });
  }
  HEDDLE_CALL_DEVICE(execution.stream, sample_softmax, interactions, draws, random, ids);
}

}  // namespace heddle::kernels
