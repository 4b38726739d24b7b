#include "kernels/ranking_loss/ranking_loss.h"

#include <algorithm>

#include "heddle/kernel/variant.h"
#include "kernels/common/check.h"
#include "kernels/common/profiled_op.h"
#include "kernels/dense/dense.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/loss/sum_chunks.h"
#include "kernels/ranking_loss/cpu_ranking_loss.h"
#include "kernels/ranking_loss/launchers.h"

namespace heddle::kernels {

namespace {

bool on_cpu(const Execution& execution) { return execution.stream.kind() == DeviceKind::cpu; }

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

float mean(const double* partials, int64_t chunks, int64_t terms) {
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) total += partials[chunk];
  return static_cast<float>(total / static_cast<double>(terms));
}

void check_triples(const char* op, DenseView<const float> rows) {
  check_data(op, "rows", rows);
  require(rows.rows >= 3 && rows.rows % 3 == 0, ErrorKind::usage, op, ": ", counted(rows.rows, "row"),
          ", there must be as many users as positives and negatives, at least one of each");
}

// Each chunk costs a partial gradient of the negatives: more of them than this would cost more memory than they bring threads.
// Their number shows in the last bits, so it is the same for any number of threads; where it is too small for them, blocks are
// handed out instead.
constexpr int64_t most_softmax_chunks = 16;
// All blocks' logits together, which a plan by blocks keeps: four times a batch of 4096 against 4096 negatives.
constexpr int64_t most_block_bytes = int64_t{256} << 20;

SoftmaxPlan softmax_plan(const SampledSoftmaxArgs& args, int threads) {
  const int64_t m = args.rows.rows - 2 * args.batch;
  SoftmaxPlan plan;
  plan.chunk_users = round_up((args.batch + most_softmax_chunks - 1) / most_softmax_chunks, softmax_block_users);
  plan.chunks = (args.batch + plan.chunk_users - 1) / plan.chunk_users;
  plan.padded_d = round_up(args.rows.cols, 16);
  plan.padded_m = round_up(m, 64);
  // A user's logits, itself as a unit row and scaled, its unit positive and its gradient.
  const int64_t user_floats = plan.padded_m + softmax_logits_padding + 4 * plan.padded_d;
  const int64_t all_blocks_bytes = plan.chunks * plan.chunk_users * user_floats * static_cast<int64_t>(sizeof(float));
  // With two chunks a thread, all are busy for nine tenths of the time or more.
  plan.by_blocks = threads > 1 && int64_t{2} * threads > plan.chunks && all_blocks_bytes <= most_block_bytes;
  plan.block_users = plan.by_blocks ? softmax_small_block_users : softmax_block_users;
  plan.chunk_blocks = plan.chunk_users / plan.block_users;
  plan.block_floats = plan.block_users * user_floats;
  plan.gradient_floats = round_up(m, softmax_tile_rows) * plan.padded_d;
  plan.shared_floats = m * plan.padded_d + plan.padded_m * args.rows.cols;
  return plan;
}

/// The mean of the users' losses, added by blocks and chunks in the order of a plan by chunks.
float mean_loss(const double* losses, int64_t batch, int64_t chunk_users) {
  double total = 0;
  for (int64_t chunk = 0; chunk < batch; chunk += chunk_users) {
    const int64_t chunk_end = std::min(chunk + chunk_users, batch);
    double of_chunk = 0;
    for (int64_t block = chunk; block < chunk_end; block += softmax_block_users) {
      double of_block = 0;
      for (int64_t b = block; b < std::min(block + softmax_block_users, chunk_end); ++b) of_block += losses[b];
      of_chunk += of_block;
    }
    total += of_chunk;
  }
  return static_cast<float>(total / static_cast<double>(batch));
}

void sampled_softmax_on_cpu(const SampledSoftmaxArgs& args, Execution& execution) {
  const SoftmaxPlan plan = softmax_plan(args, execution.stream.threads());
  Arena& arena = execution.arena;
  const ArenaArray<float> shared(arena, plan.shared_floats), blocks(arena, plan.scratch_blocks() * plan.block_floats),
      gradients(arena, plan.chunks * plan.gradient_floats);
  const ArenaArray<double> losses(arena, args.batch), inverse_norms(arena, args.rows.rows - 2 * args.batch);
  const SoftmaxWorkspace workspace{shared.data(), blocks.data(), gradients.data(), losses.data(), inverse_norms.data()};
  HEDDLE_CALL_CPU(execution.stream, sampled_softmax_loss, args, plan, workspace);
  *args.loss = mean_loss(workspace.losses, args.batch, plan.chunk_users);
}

// Cosines of a chunk of users: 8 MiB, a part of a large GPU's second-level cache and as many tiles of 128 x 128 as it has
// multiprocessors; but never so few users that a chunk is over before the next can be launched.
constexpr int64_t chunk_cosines = int64_t{1} << 21;
constexpr int64_t least_chunk_users = 64;

void sampled_softmax_on_device(const SampledSoftmaxArgs& args, Execution& execution) {
  const int64_t batch = args.batch;
  const int64_t d = args.rows.cols;
  const int64_t m = args.rows.rows - 2 * batch;
  const int64_t chunk_users = std::min(batch, std::max(least_chunk_users, chunk_cosines / m));
  Arena& arena = execution.arena;
  const ArenaArray<float> unit(arena, args.rows.size()), inverse_totals(arena, batch), push(arena, batch);
  const ArenaArray<double> inverse_norms(arena, args.rows.rows), losses(arena, batch);
  const ArenaArray<float> cosines(arena, chunk_users * m), scaled_users(arena, chunk_users * d);
  const ArenaArray<float> part(arena, m * d);  // a later chunk's share of the negatives' gradient
  const SoftmaxRows softmax{
      args.rows, batch, args.temperature, unit.data(), inverse_norms.data(), losses.data(), inverse_totals.data(), push.data()};

  HEDDLE_CALL_DEVICE(execution.stream, unit_rows, softmax);
  const DenseView<const float> negatives{softmax.unit + 2 * batch * d, m, d};
  const DenseView<float> dnegatives{args.drows.data + 2 * batch * d, m, d};
  for (int64_t first = 0; first < batch; first += chunk_users) {
    const int64_t count = std::min(chunk_users, batch - first);
    const DenseView<float> terms{cosines.data(), count, m};
    gemm({{softmax.unit + first * d, count, d}, negatives, terms, false, true}, execution);
    HEDDLE_CALL_DEVICE(execution.stream, softmax_rows, softmax, first, terms, scaled_users.data());
    if (args.drows.data == nullptr) continue;
    gemm({terms, negatives, {args.drows.data + first * d, count, d}}, execution);
    const DenseView<float> target = first == 0 ? dnegatives : DenseView<float>{part.data(), m, d};
    gemm({terms, {scaled_users.data(), count, d}, target, true, false}, execution);
    if (first > 0) add_scaled(target, 1, dnegatives, execution);
  }
  HEDDLE_CALL_DEVICE(execution.stream, sum_chunks, batch, 1.0 / static_cast<double>(batch), softmax.losses, args.loss);
  if (args.drows.data != nullptr) HEDDLE_CALL_DEVICE(execution.stream, softmax_row_gradients, softmax, args.drows);
}

}  // namespace

void bpr_loss(const BprLossArgs& args, Execution& execution) {
  check_triples("bpr_loss", args.rows);
  Operands("bpr_loss").writes("loss", args.loss, 1).reads("rows", args.rows).check();
  const ProfiledOp op(execution, "bpr_loss", [&](OpArguments& arguments) {
    arguments.reads("rows", args.rows);
    arguments.array("loss", args.loss, 1);
  });
  const int64_t batch = args.rows.rows / 3;
  const int64_t chunks = (batch + bpr_chunk_rows - 1) / bpr_chunk_rows;
  const ArenaArray<double> partials(execution.arena, chunks);
  if (on_cpu(execution)) {
    HEDDLE_CALL_CPU(execution.stream, bpr_loss, args.rows, partials.data());
    *args.loss = mean(partials.data(), chunks, batch);
  } else {
    HEDDLE_CALL_DEVICE(execution.stream, bpr_loss, args.rows, partials.data());
    HEDDLE_CALL_DEVICE(execution.stream, sum_chunks, chunks, 1.0 / static_cast<double>(batch), partials.data(), args.loss);
  }
}

void bpr_loss_backward(DenseView<const float> rows, const float* dloss, DenseView<float> drows, Execution& execution) {
  check_triples("bpr_loss_backward", rows);
  check_same_shape("bpr_loss_backward", "drows", drows, "rows", rows);
  check_data("bpr_loss_backward", "drows", drows);
  Operands("bpr_loss_backward").writes("drows", drows).reads("rows", rows).reads("dloss", dloss, 1).check();
  const ProfiledOp op(execution, "bpr_loss_backward", [&](OpArguments& arguments) {
    arguments.reads("rows", rows);
    arguments.array("dloss", dloss, 1);
    arguments.writes("drows", drows);
  });
  if (on_cpu(execution)) return HEDDLE_CALL_CPU(execution.stream, bpr_loss_backward, rows, *dloss, drows);
  HEDDLE_CALL_DEVICE(execution.stream, bpr_loss_backward, rows, dloss, drows);
}

void sampled_softmax_loss(const SampledSoftmaxArgs& args, Execution& execution) {
  const char* const op = "sampled_softmax_loss";
  check_data(op, "rows", args.rows);
  require(args.batch >= 1, ErrorKind::usage, op, ": a batch of ", args.batch, ", a mean over none has no value");
  require(args.rows.rows > 2 * args.batch, ErrorKind::usage, op, ": ", counted(args.rows.rows, "row"), " for ",
          counted(args.batch, "user"), ", as many positives and no negative");
  require(args.temperature > 0, ErrorKind::usage, op, ": the temperature ", args.temperature, " is not above 0");
  if (args.drows.data != nullptr) check_same_shape(op, "drows", args.drows, "rows", args.rows);
  Operands(op).writes("drows", args.drows).writes("loss", args.loss, 1).reads("rows", args.rows).check();
  const ProfiledOp profiled(execution, op, [&](OpArguments& arguments) {
    arguments.reads("rows", args.rows);
    arguments.array("loss", args.loss, 1);
    arguments.writes("drows", args.drows);
  });
  if (on_cpu(execution)) return sampled_softmax_on_cpu(args, execution);
  sampled_softmax_on_device(args, execution);
}

}  // namespace heddle::kernels
