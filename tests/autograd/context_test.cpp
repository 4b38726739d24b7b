#include "heddle/context.h"

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <stdexcept>

#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

const HostMatrix row{1, 4, {1, -2, 3, -4}};
constexpr const char* stale = "a Tensor is used after its step ended";

// An explicit instantiation may name a private member: that puts a context to its last generation without 2^32 steps.
template <uint32_t Context::*member>
struct Generation {
  friend uint32_t& generation_of(Context& context) { return context.*member; }
};
uint32_t& generation_of(Context& context);
template struct Generation<&Context::generation_>;

/// One training step on a small network with dropout; its loss.
float step(Context& context, const Parameter& weight, const Parameter& bias) {
  context.begin_step();
  const Tensor x = context.make_tensor({3, 4, {1, 2, -1, 0, 0.5f, 1, 1, -2, 3, 0, 1, 1}});
  const Tensor loss = l2_penalty(bias_relu_dropout(matmul(x, weight), bias, 0.5f), 1);
  context.tape().backward(loss);
  context.advance_step();
  return loss.to_host().values[0];
}

const HostMatrix initial_weight{4, 2, {1, 2, -1, 0.5f, 0.25f, -1, 1, 1}};
const HostMatrix initial_bias{1, 2, {0.5f, -0.5f}};

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("tensor / use after its step ended is refused, whatever the use") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Tensor x = context.make_tensor(row, true);
    const Tensor y = relu(x);
    context.begin_step();
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { x.value(); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { y.rows(); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { y.has_grad(); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { y.to_host(); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { relu(y); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { add(context.make_tensor(row), y); }) == "");
    CHECK(error_mismatch(ErrorKind::usage, stale, [&] { context.tape().backward(y); }) == "");
  }
}

TEST_CASE("tensor / an empty one is refused") {
  const Tensor empty;
  CHECK(error_mismatch(ErrorKind::usage, "empty Tensor", [&] { empty.rows(); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "empty Tensor", [&] { empty.context(); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "empty Tensor", [&] { relu(empty); }) == "");
}

TEST_CASE("tensor / shapes and values must agree") {
  Context context(Device::cpu());
  CHECK(error_mismatch(ErrorKind::usage, "2 x 2 does not fit 3 values", [&] { context.make_tensor({2, 2, {1, 2, 3}}); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "-1 x 2", [&] { context.make_tensor(-1, 2); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "1 x 3 does not fit 4 values", [&] { Constant(context, 1, 3, row.values); }) == "");
}

TEST_CASE("constant / lives across steps and wants no gradient") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Constant constant(context, row);
    const Tensor before = constant.tensor();
    context.begin_step();
    CHECK(before.to_host().values == row.values);
    CHECK_FALSE(relu(before).requires_grad());
  }
}

TEST_CASE("context / the generation after the last is 1: 0 would mark a parameter") {
  Context context(Device::cpu());
  generation_of(context) = std::numeric_limits<uint32_t>::max() - 1;
  context.begin_step();
  const Tensor x = context.make_tensor(row, true);
  CHECK(x.to_host().values == row.values);
  context.begin_step();
  CHECK(context.generation() == 1);
  CHECK(error_mismatch(ErrorKind::usage, stale, [&] { x.value(); }) == "");
  const Tensor y = context.make_tensor(row, true);
  CHECK_FALSE(y.has_grad());
  context.tape().backward(l2_penalty(y, 1));
  CHECK(y.grad_to_host().values == row.values);
  context.begin_step();
  CHECK(error_mismatch(ErrorKind::usage, stale, [&] { y.value(); }) == "");
}

TEST_CASE("context / evaluating ends with its scope, however that ends") {
  Context context(Device::cpu({.threads = 1}));
  for (const bool training : {true, false}) {
    context.set_training(training);
    {
      const Evaluating outer(context);
      const Evaluating inner(context);
      CHECK_FALSE(context.training());
    }
    CHECK(context.training() == training);
    CHECK_THROWS_AS(
        [&] {
          const Evaluating evaluating(context);
          throw std::runtime_error("half-way");
        }(),
        std::runtime_error);
    CHECK(context.training() == training);
  }
}

TEST_CASE("context / two side by side do not disturb each other") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const auto alone = [&](uint64_t seed) {
      Context context(device.device, seed);
      const Parameter weight(context, "weight", initial_weight), bias(context, "bias", initial_bias);
      std::vector<float> losses;
      for (int i = 0; i < 4; ++i) losses.push_back(step(context, weight, bias));
      const std::vector<float> gradient = weight.tensor().grad_to_host().values;
      losses.insert(losses.end(), gradient.begin(), gradient.end());
      return losses;
    };
    Context one(device.device, 1), two(device.device, 2);
    const Parameter weight1(one, "weight", initial_weight), bias1(one, "bias", initial_bias);
    const Parameter weight2(two, "weight", initial_weight), bias2(two, "bias", initial_bias);
    std::vector<float> losses1, losses2;
    for (int i = 0; i < 4; ++i) {
      losses1.push_back(step(one, weight1, bias1));
      two.set_training(true);
      losses2.push_back(step(two, weight2, bias2));
      two.set_training(false);  // must not reach the other
    }
    for (auto [losses, weight] : {std::pair(&losses1, &weight1), std::pair(&losses2, &weight2)}) {
      const std::vector<float> gradient = weight->tensor().grad_to_host().values;
      losses->insert(losses->end(), gradient.begin(), gradient.end());
    }
    CHECK(bit_difference(losses1, alone(1)) == "");
    CHECK(bit_difference(losses2, alone(2)) == "");
    CHECK(losses1 != losses2);
  }
}

TEST_CASE(
    "context / each dropout of a step, each step and each seed draws its own mask; a step that is not advanced draws again") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const HostMatrix ones{1, 64, std::vector<float>(64, 1)};
    std::set<std::vector<float>> masks;
    std::vector<float> again;
    for (uint64_t seed : {1, 2}) {
      Context context(device.device, seed);
      for (int i = 0; i < 3; ++i) {
        context.begin_step();
        const Tensor x = context.make_tensor(ones);
        const std::vector<float> first = dropout(x, 0.5f).to_host().values;
        masks.insert(first);
        masks.insert(dropout(x, 0.5f).to_host().values);
        context.begin_step();
        CHECK(bit_difference(dropout(context.make_tensor(ones), 0.5f).to_host().values, first) == "");
        context.advance_step();
      }
    }
    CHECK(masks.size() == 12);
  }
}

TEST_CASE("context / dropout draws the same mask on every device") {
  const HostMatrix ones{7, 13, std::vector<float>(91, 1)};
  std::vector<float> expected;
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device, 5);
    const std::vector<float> mask = dropout(context.make_tensor(ones), 0.3f).to_host().values;
    if (expected.empty()) expected = mask;
    CHECK(bit_difference(mask, expected) == "");
  }
}

TEST_CASE("context / a second step allocates nothing, on the host or on the device") {
  for (const NamedDevice& device : devices()) {
#ifdef __SANITIZE_ADDRESS__
    if (device.device.kind() == DeviceKind::simt) continue;  // each block gets new shared memory, so that a late use is seen
#endif
    INFO(device.name);
    Context context(device.device, 1);
    const Parameter weight(context, "weight", initial_weight), bias(context, "bias", initial_bias);
    const HostMatrix input{3, 4, std::vector<float>(12, 1)};
    const auto one_step = [&] {
      context.begin_step();
      const Tensor h = matmul(context.make_tensor(input), weight);
      const Tensor y = add(bias_relu_dropout(h, bias, 0.5f), scale(h, 0.5f));
      context.tape().backward(add(l2_penalty(y, 1), l2_penalty(weight, 0.1f)));
      context.advance_step();
    };
    one_step();
    const std::size_t held = context.arena().held_bytes();
    const int64_t before = allocations();
    CHECK(held > 0);
    CHECK(before > 0);
    for (int i = 0; i < 9; ++i) one_step();
    // What a CUDA runtime allocates for a launch is its own affair.
    if (device.device.kind() != DeviceKind::cuda) CHECK(allocations() - before == 0);
    CHECK(context.arena().held_bytes() == held);
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
