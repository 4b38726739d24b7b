// Every op shares large work among all threads of a large machine: counted, so that two processors are enough to see it.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "bench/graphs.h"
#include "heddle/attention.h"
#include "heddle/ops.h"
#include "kernels/dense/dense.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/sampling/sampling.h"
#include "kernels/scores/scores.h"
#include "kernels/topk/topk.h"
#include "tests/support/compare.h"
#include "tests/threads/watch.h"

namespace heddle::test {

namespace {

constexpr int threads = 64;

HostMatrix matrix(int64_t rows, int64_t cols) { return bench::uniform_matrix(rows, cols, 3); }

struct SharedCase {
  std::string name;
  std::vector<HostMatrix> inputs;
  std::function<Tensor(Context&, const std::vector<Tensor>&)> op;
};

const HostCsr& graph() {
  static const HostCsr csr = bench::random_graph(8000, 8000, 60'000, 6);
  return csr;
}

/// Each with work for far more than 64 threads in each direction.
std::vector<SharedCase> shared_cases(Stream& stream) {
  using In = const std::vector<Tensor>&;
  const auto sparse = std::make_shared<SparseMatrix>(stream, graph(), false);
  const HostMatrix x = matrix(8000, 64), row = matrix(1, 64), row8 = matrix(1, 64);
  const AttentionOptions heads{.heads = 8, .slope = 0.2f, .dropout = 0.3f};
  std::vector<int32_t> ids, labels;
  for (int32_t i = 0; i < 20'000; ++i) ids.push_back(i * 37 % 8000);
  for (int32_t i = 0; i < 70'000; ++i) labels.push_back(i % 64);
  std::vector<int32_t> nodes(8000);
  for (int32_t i = 0; i < 8000; ++i) nodes[static_cast<std::size_t>(i)] = i;
  const auto device_ids = std::make_shared<Buffer>(Buffer::upload(stream, ids));
  const auto device_labels = std::make_shared<Buffer>(Buffer::upload(stream, labels));
  const auto device_nodes = std::make_shared<Buffer>(Buffer::upload(stream, nodes));
  const auto scales = std::make_shared<Buffer>(Buffer::upload(stream, std::vector<float>(8000, 0.5f)));
  NormalisedAdjacency adjacency{sparse->view(), scales->as<float>()};
  adjacency.a.values = nullptr;
  stream.synchronise();
  return {
      {"matmul of a tall matrix and a tiny one",
       {matrix(70'000, 16), matrix(16, 8)},
       [](Context&, In in) { return matmul(in[0], in[1]); }},
      {"matmul of many rows", {matrix(33'000, 70), matrix(70, 80)}, [](Context&, In in) { return matmul(in[0], in[1]); }},
      {"matmul of few rows and many columns",
       {matrix(200, 300), matrix(300, 30'000)},
       [](Context&, In in) { return matmul(in[0], in[1]); }},
      {"spmm", {x}, [sparse](Context&, In in) { return spmm(*sparse, in[0]); }},
      {"add", {x, x}, [](Context&, In in) { return add(in[0], in[1]); }},
      {"scale", {x}, [](Context&, In in) { return scale(in[0], 2); }},
      {"add_bias", {matrix(40'000, 64), row}, [](Context&, In in) { return add_bias(in[0], in[1]); }},
      {"bias_relu_dropout", {matrix(40'000, 64), row}, [](Context&, In in) { return bias_relu_dropout(in[0], in[1], 0.5f); }},
      {"bias_elu_dropout", {matrix(40'000, 64), row}, [](Context&, In in) { return bias_elu_dropout(in[0], in[1], 0.5f); }},
      {"relu", {x}, [](Context&, In in) { return relu(in[0]); }},
      {"dropout", {x}, [](Context&, In in) { return dropout(in[0], 0.5f); }},
      {"l2_penalty", {x}, [](Context&, In in) { return l2_penalty(in[0], 0.1f); }},
      {"masked_nll",
       {matrix(70'000, 64)},
       [device_labels, device_nodes](Context&, In in) {
         return masked_nll(in[0], Targets{device_labels->as<int32_t>(), device_nodes->as<int32_t>(), 8000});
       }},
      {"bpr_loss", {matrix(3 * 8192, 64)}, [](Context&, In in) { return bpr_loss(in[0]); }},
      {"sampled_softmax_loss",
       {matrix(2 * 2048 + 1024, 64)},
       [](Context&, In in) { return sampled_softmax_loss(in[0], 2048, 0.2f); }},
      {"gather_rows",
       {x},
       [device_ids](Context& context, In in) {
         return gather_rows(in[0], make_row_batch(context, device_ids->as<int32_t>(), 20'000, 8000));
       }},
      {"propagate", {x}, [adjacency, sparse, scales](Context&, In in) { return propagate(adjacency, in[0], 2); }},
      {"propagate_rows",
       {x},
       [adjacency, sparse, scales, device_ids](Context& context, In in) {
         return propagate_rows(adjacency, in[0], 2, make_row_batch(context, device_ids->as<int32_t>(), 20'000, 8000));
       }},
      {"gat_attention",
       {x, row, row8},
       [sparse, heads](Context&, In in) { return gat_attention(*sparse, in[0], in[1], in[2], heads); }},
      {"gatv2_attention",
       {x, x, row},
       [sparse, heads](Context&, In in) { return gatv2_attention(*sparse, in[0], in[1], in[2], heads); }},
      {"head_scores", {matrix(40'000, 64), row}, [](Context&, In in) { return head_scores(in[0], in[1], 8); }},
      {"edge_sums", {matrix(8000, 8), matrix(8000, 8)}, [sparse](Context&, In in) { return edge_sums(*sparse, in[0], in[1]); }},
      {"head_sddmm", {x, x}, [sparse](Context&, In in) { return head_sddmm(*sparse, in[0], in[1], 8); }},
      {"leaky_relu", {x}, [](Context&, In in) { return leaky_relu(in[0], 0.2f); }},
      {"edge_softmax",
       {matrix(static_cast<int64_t>(graph().nnz()), 8)},
       [sparse](Context&, In in) { return edge_softmax(*sparse, in[0]); }},
      {"head_spmm",
       {matrix(static_cast<int64_t>(graph().nnz()), 8), x},
       [sparse](Context&, In in) { return head_spmm(*sparse, in[0], in[1], 8); }},
  };
}

/// All threads take part in the largest loop; in every loop, all that it has chunks for.
void check_shared(const Watch& watch) {
  CHECK(watch.largest().chunks >= threads);
  CHECK(watch.largest().threads() == threads);
  for (const Watch::Loop& loop : watch.loops()) CHECK(loop.threads() == std::min<int64_t>(threads, loop.chunks));
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("every op / forward and backward, large work is shared by all of 64 threads" * doctest::skip(under_thread_sanitizer)) {
  const Device device = Device::cpu({.threads = threads});
  Stream stream(device.backend());
  for (const SharedCase& c : shared_cases(stream)) {
    INFO(c.name);
    Context context(device, 5);
    context.set_training(true);
    // The second time no memory is allocated, so that nothing is counted but the op.
    for (bool counted : {false, true}) {
      INFO((counted ? "second" : "first"), " time");
      context.begin_step();
      std::vector<Tensor> inputs;
      for (const HostMatrix& input : c.inputs) inputs.push_back(context.make_tensor(input, true));
      Tensor y;
      {
        const Watch watch(device);
        y = c.op(context, inputs);
        if (counted) check_shared(watch);
      }
      const Tensor loss = y.rows() * y.cols() == 1 ? y : l2_penalty(y, 1);
      const Watch watch(device);
      context.tape().backward(loss);
      if (counted) check_shared(watch);
    }
  }
}

TEST_CASE("every kernel without a gradient / large work is shared by all of 64 threads" * doctest::skip(under_thread_sanitizer)) {
  const Device device = Device::cpu({.threads = threads});
  Context context(device, 5);
  Stream& stream = context.stream();
  const Tensor tall = context.make_tensor(matrix(40'000, 64)), few = context.make_tensor(matrix(3, 64));
  const Tensor many = context.make_tensor(matrix(140'000, 64));
  const Tensor wide = context.make_tensor(matrix(3, 300'000)), same = context.make_tensor(matrix(40'000, 64));
  kernels::Execution execution = context.execution();
  const Buffer columns(stream, 40'000 * 20 * sizeof(int32_t)), scores(stream, 40'000 * 20 * sizeof(float));
  const auto best = [&](int64_t k) { return kernels::TopKOutput{k, columns.as<int32_t>(), scores.as<float>()}; };
  const auto counted = [&](const std::string& name, const std::function<void()>& run) {
    INFO(name);
    run();
    const Watch watch(device);
    run();
    check_shared(watch);
  };
  const auto none = kernels::ExcludedColumns{};
  counted("top_k of few rows", [&] { kernels::top_k({wide.value(), {none, none}, best(20)}, execution); });
  counted("score_top_k of few rows", [&] {
    kernels::score_top_k({few.value(), many.value(), {none, none}, best(20)}, execution);
  });
  counted("score_top_k of many rows", [&] {
    kernels::score_top_k({tall.value(), few.value(), {none, none}, best(3)}, execution);
  });
  counted("normalise_rows", [&] { kernels::normalise_rows(tall.value(), same.value(), execution); });
  counted("standardise_rows", [&] { kernels::standardise_rows(tall.value(), same.value(), execution); });
  counted("fill", [&] { kernels::fill(1, same.value(), execution); });
}

TEST_CASE("sampled softmax / by chunks and by blocks, the bits are the same with any number of threads") {
  struct Sizes {
    int64_t batch, negatives, d;
  };
  for (const Sizes& sizes : {Sizes{1, 1, 1}, Sizes{47, 5, 7}, Sizes{49, 97, 33}, Sizes{700, 130, 64}, Sizes{2048, 1024, 64}}) {
    std::vector<float> expected, expected_gradient;
    for (int count : {1, 2, 3, 7, 8, 64}) {
      INFO(sizes.batch, "+", sizes.negatives, ", d=", sizes.d, ", ", count, " threads");
      Context context(Device::cpu({.threads = count}), 5);
      const Tensor rows = context.make_tensor(matrix(2 * sizes.batch + sizes.negatives, sizes.d), true);
      const Tensor loss = sampled_softmax_loss(rows, sizes.batch, 0.2f);
      context.tape().backward(loss);
      if (count == 1) {
        expected = loss.to_host().values;
        expected_gradient = rows.grad_to_host().values;
      }
      CHECK(bit_difference(loss.to_host().values, expected) == "");
      CHECK(bit_difference(rows.grad_to_host().values, expected_gradient) == "");
    }
  }
}

TEST_CASE("sampled softmax / a batch whose probabilities are too many to be kept has the same bits in bounded memory") {
  const int64_t batch = 2048, negatives = 33'000;  // 272 MB of them
  const HostMatrix input = matrix(2 * batch + negatives, 1);
  std::vector<float> expected, expected_gradient;
  for (int count : {1, 64}) {
    INFO(count, " threads");
    Context context(Device::cpu({.threads = count}), 5);
    const Tensor rows = context.make_tensor(input, true);
    const Tensor loss = sampled_softmax_loss(rows, batch, 0.2f);
    context.tape().backward(loss);
    CHECK(context.arena().held_bytes() < std::size_t{256} << 20);
    if (count == 1) {
      expected = loss.to_host().values;
      expected_gradient = rows.grad_to_host().values;
    }
    CHECK(bit_difference(loss.to_host().values, expected) == "");
    CHECK(bit_difference(rows.grad_to_host().values, expected_gradient) == "");
  }
}

TEST_CASE("matmul / cut along rows, columns and terms, the bits are the same with any number of threads") {
  struct Sizes {
    int64_t m, k, n;
  };
  for (const Sizes& sizes : {Sizes{200, 300, 3000}, Sizes{1, 70, 5000}, Sizes{600, 90, 700}, Sizes{130, 9000, 300}}) {
    std::vector<float> expected;
    for (int count : {1, 2, 7, 64}) {
      INFO(sizes.m, "x", sizes.k, " by ", sizes.k, "x", sizes.n, ", ", count, " threads");
      Context context(Device::cpu({.threads = count}), 5);
      const Tensor c = matmul(context.make_tensor(matrix(sizes.m, sizes.k)), context.make_tensor(matrix(sizes.k, sizes.n)));
      if (count == 1) expected = c.to_host().values;
      CHECK(bit_difference(c.to_host().values, expected) == "");
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
