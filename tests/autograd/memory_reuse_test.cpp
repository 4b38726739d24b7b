// What ops do with a tensor handed over as an rvalue, and that they do it to no other.
#include <doctest/doctest.h>

#include <functional>
#include <utility>

#include "heddle/context.h"
#include "heddle/gradcheck.h"
#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

// No product of these, or sum in a chain of ops on them, comes near relu's kink.
const HostMatrix left{3, 2, {1.13f, -1.97f, 0.53f, 1.07f, -0.91f, 2.9f}};
const HostMatrix right{2, 4, {0.59f, 1.03f, -1.21f, 1.9f, 0.31f, -0.87f, 1.51f, 1.1f}};
const HostMatrix bias_row{1, 4, {0.137f, -0.241f, 0.523f, 0.97f}};
const HostCsr triangle{.rows = 3,
                       .cols = 3,
                       .row_offsets = {0, 2, 4, 5},
                       .col_indices = {0, 2, 0, 1, 2},
                       .values = {1.03f, 0.49f, -1.01f, 2.07f, 0.26f}};

constexpr const char* overwritten = "after an op has overwritten it in place";

using InPlace = std::function<Tensor(Tensor&&, const Tensor& bias)>;
const std::pair<const char*, InPlace> in_place_ops[] = {
    {"add_bias", [](Tensor&& x, const Tensor& bias) { return add_bias(std::move(x), bias); }},
    {"relu", [](Tensor&& x, const Tensor&) { return relu(std::move(x)); }},
    {"dropout", [](Tensor&& x, const Tensor&) { return dropout(std::move(x), 0.5f); }},
    {"bias_relu_dropout", [](Tensor&& x, const Tensor& bias) { return bias_relu_dropout(std::move(x), bias, 0.5f); }},
};

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("rvalue / an op takes over the memory of a tensor that nobody reads again, and its later use is refused") {
  for (const NamedDevice& device : devices()) {
    for (const auto& [name, op] : in_place_ops) {
      INFO(device.name, ": ", name);
      Context context(device.device);
      const Tensor bias = context.make_tensor(bias_row, true);
      Tensor x = matmul(context.make_tensor(left, true), context.make_tensor(right, true));
      const float* memory = x.value().data;
      const Tensor y = op(std::move(x), bias);
      CHECK(y.value().data == memory);
      CHECK(error_mismatch(ErrorKind::usage, overwritten, [&] { x.value(); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, overwritten, [&] { relu(x); }) == "");
      CHECK(error_mismatch(ErrorKind::usage, overwritten, [&] { relu(std::move(x)); }) == "");
    }
  }
}

TEST_CASE("rvalue / spmm gives the memory back to the step") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const SparseMatrix a(context.stream(), triangle);
    Tensor x = matmul(context.make_tensor(left, true), context.make_tensor(right, true));
    const float* memory = x.value().data;
    const Tensor y = spmm(a, std::move(x));
    CHECK(error_mismatch(ErrorKind::usage, overwritten, [&] { x.value(); }) == "");
    CHECK(context.make_tensor(3, 4).value().data == memory);
    CHECK(y.value().data != memory);
  }
}

TEST_CASE("rvalue / a chain of ops needs the memory of one result") {
  Context chained(Device::cpu()), single(Device::cpu());
  for (Context* context : {&chained, &single}) {
    context->set_training(false);
    Tensor y = matmul(context->make_tensor(left), context->make_tensor(right));
    if (context == &chained) y = relu(add_bias(dropout(std::move(y), 0.5f), context->make_tensor(bias_row)));
  }
  // The bias and the one copy of it that the cpu makes are all that is more.
  const std::size_t result = 256;
  CHECK(chained.arena().held_bytes() <= single.arena().held_bytes() + 2 * result);
}

TEST_CASE("rvalue / inputs, constants and parameters are not overwritten") {
  for (const NamedDevice& device : devices()) {
    for (const auto& [name, op] : in_place_ops) {
      INFO(device.name, ": ", name);
      Context context(device.device);
      const SparseMatrix a(context.stream(), triangle);
      const HostMatrix values{3, 4, {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12}};
      const Tensor bias = context.make_tensor(bias_row, true);
      const Tensor input = context.make_tensor(values, true);
      const Constant constant(context, values);
      const Parameter parameter(context, "weight", values);
      for (const Tensor& x : {input, constant.tensor(), parameter.tensor()}) {
        op(Tensor(x), bias);
        spmm(a, Tensor(x));
        CHECK(x.to_host().values == values.values);
      }
    }
  }
}

TEST_CASE("lvalue / a named tensor keeps its values, so that it can be used again") {
  for (const NamedDevice& device : devices()) {
    for (bool training : {true, false}) {
      INFO(device.name, ", training ", training);
      Context context(device.device);
      context.set_training(training);
      const SparseMatrix a(context.stream(), triangle);
      const Tensor bias = context.make_tensor(bias_row, true);
      const Tensor h = matmul(context.make_tensor(left, true), context.make_tensor(right, true));
      const std::vector<float> before = h.to_host().values;
      relu(h);
      add_bias(h, bias);
      dropout(h, 0.5f);
      relu(dropout(h, 0.5f));
      add_bias(dropout(h, 0), bias);
      spmm(a, dropout(h, 0.5f));
      bias_relu_dropout(h, bias, 0.5f);
      spmm(a, h);
      CHECK(bit_difference(h.to_host().values, before) == "");
    }
  }
}

TEST_CASE("lvalue / a residual connection has the right gradient") {
  const auto residual = [](Context&, const std::vector<Tensor>& in) {
    const Tensor h = matmul(in[0], in[1]);
    const Tensor r = relu(h);
    return add(r, h);
  };
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    const GradcheckResult result = gradcheck(device.device, residual, {left, right});
    CHECK_MESSAGE(result.passed, result.message);
  }
}

TEST_CASE("rvalue / whatever stands in a chain, the gradient is right") {
  const auto matrix = [](const SparseMatrix& a, int op, Tensor&& x, const Tensor& bias) {
    switch (op) {
      case 0: return add_bias(std::move(x), bias);
      case 1: return relu(std::move(x));
      case 2: return dropout(std::move(x), 0.5f);
      case 3: return bias_relu_dropout(std::move(x), bias, 0.5f);
      case 4: return spmm(a, std::move(x));
      default: return scale(x, 0.5f);
    }
  };
  constexpr int ops = 6;
  for (const NamedDevice& device : devices()) {
    Stream stream(device.device.backend());
    const SparseMatrix a(stream, triangle);
    stream.synchronise();
    for (int chain = 0; chain < ops * ops * ops; ++chain) {
      // All 216 on the cpu's widest instruction set; a sample elsewhere, where a step takes longer.
      const bool widest = device.device.kind() == DeviceKind::cpu && device.device.isa() == best_isa();
      if (!widest && chain % 31 != 0) continue;
      INFO(device.name, ": ops ", chain % ops, ", ", chain / ops % ops, ", ", chain / ops / ops);
      const auto function = [&](Context&, const std::vector<Tensor>& in) {
        Tensor x = matmul(in[0], in[1]);
        for (int rest = chain, i = 0; i < 3; ++i, rest /= ops) x = matrix(a, rest % ops, std::move(x), in[2]);
        return x;
      };
      // A small step: sums in the chain may come near relu's kink. Rounding then counts for more: 1e-7 / 1e-3 of values below 20.
      const GradcheckResult result =
          gradcheck(device.device, function, {left, right, bias_row}, {.step = 1e-3f, .tolerance = 5e-3});
      CHECK_MESSAGE(result.passed, result.message);
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
