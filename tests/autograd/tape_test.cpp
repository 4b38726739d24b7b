#include "heddle/tape.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "heddle/context.h"
#include "heddle/operation.h"
#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

const HostMatrix column{3, 1, {0.5f, -2, 3}};

std::vector<float> gradient_of(const Tensor& tensor) { return tensor.grad_to_host().values; }

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("backward / a loss that is not 1 x 1 is refused") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true);
  CHECK(error_mismatch(ErrorKind::usage, "the loss is 3 x 1, it must be 1 x 1", [&] { context.tape().backward(scale(x, 2)); }) ==
        "");
}

TEST_CASE("backward / a loss that depends on nothing with a gradient is refused") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, false);
  CHECK(error_mismatch(ErrorKind::usage, "depends on nothing", [&] { context.tape().backward(l2_penalty(x, 1)); }) == "");
}

TEST_CASE("backward / an empty tensor is refused") {
  Context context(Device::cpu());
  CHECK(error_mismatch(ErrorKind::usage, "empty Tensor", [&] { context.tape().backward(Tensor()); }) == "");
}

TEST_CASE("backward / a parameter that the loss does not depend on has no gradient") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Parameter used(context, "used", column), unused(context, "unused", column), elsewhere(context, "elsewhere", column);
    context.begin_step();
    const Tensor not_used = relu(elsewhere);  // on the tape, not under the loss
    context.tape().backward(l2_penalty(used, 1));
    CHECK(gradient_of(used) == column.values);
    CHECK_FALSE(unused.tensor().has_grad());
    CHECK_FALSE(elsewhere.tensor().has_grad());
    CHECK_FALSE(not_used.has_grad());
    CHECK(error_mismatch(ErrorKind::usage, "no backward of this step", [&] { unused.tensor().grad(); }) == "");
  }
}

TEST_CASE("backward / a gradient starts anew in each step") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Parameter weight(context, "weight", column);
    for (int step = 0; step < 3; ++step) {
      context.begin_step();
      CHECK_FALSE(weight.tensor().has_grad());
      context.tape().backward(l2_penalty(weight, 2));
      CHECK(gradient_of(weight) == std::vector<float>{1, -4, 6});
    }
  }
}

TEST_CASE("backward / every use of a tensor adds to its gradient") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Tensor x = context.make_tensor(column, true);
    const Tensor y = scale(x, 1);
    // 1/2 |3 y|^2 with y thrice: its gradient is 9 x, in numbers that floats hold exactly.
    context.tape().backward(l2_penalty(add(add(y, y), y), 1));
    CHECK(gradient_of(x) == std::vector<float>{4.5f, -18, 27});
  }
}

TEST_CASE("backward / through the same loss twice gives twice the gradient") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Tensor x = context.make_tensor(column, true);
    const Tensor loss = l2_penalty(relu(scale(x, 2)), 1);
    context.tape().backward(loss);
    context.tape().backward(loss);
    CHECK(gradient_of(x) == std::vector<float>{4, 0, 24});
  }
}

TEST_CASE("backward / two losses of one step share what they have in common") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true);
  const Tensor common = scale(x, 2);
  const Tensor first = l2_penalty(common, 1), second = l2_penalty(scale(common, 3), 1);
  context.tape().backward(first);
  CHECK(gradient_of(x) == std::vector<float>{2, -8, 12});
  context.tape().backward(second);
  CHECK(gradient_of(x) == std::vector<float>{20, -80, 120});
}

TEST_CASE("backward / the loss of another context is refused, and so is an op of one's own with inputs of two") {
  Context context(Device::cpu({.threads = 1})), other(Device::simt());
  const Tensor x = context.make_tensor(column, true), elsewhere = other.make_tensor(column, true);
  CHECK(error_mismatch(ErrorKind::usage, "backward: the loss belongs to another context than the tape",
                       [&] { other.tape().backward(l2_penalty(x, 1)); }) == "");
  const auto nothing = [] {};
  CHECK(error_mismatch(ErrorKind::usage, "record: the output belongs to another context than the tape",
                       [&] { other.tape().record(x.like(), {x}, nothing); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "record: the output belongs to a context on cpu (1 thread", [&] {
          context.tape().record(x.like(), {x, elsewhere}, nothing);
        }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "pair: input 1 belongs to a context on cpu (1 thread", [&] {
          const Operation op("pair", {x, elsewhere});
        }) == "");
}

TEST_CASE("backward / what a failed walk has left in inner tensors does not count in the next") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true), inner = scale(x, 2);
  bool fails = true;
  const Operation op("sometimes", {inner});
  const bool* const failing = &fails;
  const Tensor y = op.record(op.make_tensor(1, 1), [inner, failing] {
    inner.add_grad([&](DenseView<float> d) { std::fill_n(d.data, d.size(), 1.0f); });
    require(!*failing, ErrorKind::usage, "this time it fails");
  });
  CHECK(error_mismatch(ErrorKind::usage, "this time it fails", [&] { context.tape().backward(y); }) == "");
  CHECK_FALSE(x.has_grad());
  fails = false;
  context.tape().backward(y);
  CHECK(gradient_of(x) == std::vector<float>{2, 2, 2});
}

TEST_CASE("gradient slot / slots of one tensor have memory of their own and add up, in whatever order they are added") {
  for (const NamedDevice& device : devices()) {
    for (const bool before : {false, true}) {
      for (int order = 0; order < 6; ++order) {
        INFO(device.name, ", order ", order, before ? ", with a gradient before" : "");
        Context context(device.device);
        const Parameter x(context, "x", column);
        const Tensor tensor = x;
        if (before) context.tape().backward(l2_penalty(x, 1));
        const auto write = [&](const GradientSlot& slot, float value) {
          const std::vector<float> values(3, value);
          upload(context.stream(), slot.view().data, values.data(), 3 * sizeof(float));
        };
        GradientSlot one(tensor), two(tensor), three(tensor);
        GradientSlot* const slots[] = {&one, &two, &three};
        for (int i = 0; i < 3; ++i) write(*slots[i], static_cast<float>(1 << i));
        const int first = order / 2, second = (first + 1 + order % 2) % 3, last = 3 - first - second;
        for (const int i : {first, second, last}) slots[i]->add();
        std::vector<float> expected(3, 7);
        for (int i = 0; i < 3; ++i)
          expected[static_cast<std::size_t>(i)] += before ? column.values[static_cast<std::size_t>(i)] : 0;
        CHECK(gradient_of(tensor) == expected);
      }
    }
  }
}

TEST_CASE("gradient slot / what is not added is dropped, and where no gradient is wanted there is memory on demand only") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true), constant = context.make_tensor(column);
  { const GradientSlot dropped(x), another(x); }
  CHECK_FALSE(x.has_grad());
  {
    GradientSlot slot(x);
    std::fill_n(slot.view().data, 3, 2.0f);
    slot.add();
    CHECK(error_mismatch(ErrorKind::internal, "added twice", [&] { slot.add(); }) == "");
  }
  CHECK(gradient_of(x) == std::vector<float>{2, 2, 2});
  GradientSlot none(constant), scratch(constant, GradientSlot::Unwanted::scratch);
  CHECK(none.view().data == nullptr);
  REQUIRE(scratch.view().data != nullptr);
  none.add();
  scratch.add();
  CHECK_FALSE(constant.has_grad());
}

TEST_CASE("gradient slot / what was added stays when the slot with the storage is dropped, before and after") {
  for (const bool is_parameter : {false, true}) {
    INFO((is_parameter ? "a parameter" : "a tensor of the step"));
    const auto with = [&](const auto& body) {
      Context context(Device::cpu());
      Parameter parameter(context, "p", column);
      const Tensor x = is_parameter ? Tensor(parameter) : context.make_tensor(column, true);
      body(x);
    };
    const auto write = [](const GradientSlot& slot, float value) { std::fill_n(slot.view().data, 3, value); };
    with([&](const Tensor& x) {
      {
        GradientSlot dropped(x), one(x), two(x);
        const float* const storage = dropped.view().data;
        write(dropped, 100), write(one, 1), write(two, 2);
        one.add();
        two.add();
        CHECK(std::equal(storage, storage + 3, std::vector<float>(3, 100).data()));
      }
      CHECK(gradient_of(x) == std::vector<float>{3, 3, 3});
      GradientSlot after(x);
      write(after, 4);
      after.add();
      CHECK(gradient_of(x) == std::vector<float>{7, 7, 7});
    });
    with([&](const Tensor& x) {
      auto dropped = std::make_unique<GradientSlot>(x);
      GradientSlot one(x), two(x);
      write(*dropped, 100), write(one, 1), write(two, 2);
      dropped.reset();
      CHECK_FALSE(x.has_grad());
      one.add();
      CHECK(gradient_of(x) == std::vector<float>{1, 1, 1});
      two.add();
      CHECK(gradient_of(x) == std::vector<float>{3, 3, 3});
    });
  }
}

TEST_CASE("add_grad / writes may be nested in one another's, of one tensor too") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true);
  const Operation op("nested", {x});
  const Tensor y = op.record(op.make_tensor(1, 1), [x] {
    const auto fill = [](DenseView<float> d, float value) { std::fill_n(d.data, d.size(), value); };
    x.add_grad([&](DenseView<float> outer) {
      x.add_grad([&](DenseView<float> inner) { fill(inner, 1); });
      x.add_to_grad([&](DenseView<float> sum) { sum.data[0] += 100; });
      fill(outer, 10);  // last: the inner ones must not have been added to this memory
    });
    x.add_to_grad([&](DenseView<float> sum) { sum.data[1] += 1000; });
  });
  context.tape().backward(y);
  CHECK(gradient_of(x) == std::vector<float>{111, 1011, 11});
}

TEST_CASE("tape / a closure of any size is kept") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true);
  for (int step = 0; step < 3; ++step) {
    const Operation op("large", {x});
    std::array<float, 20'000> numbers{};
    numbers.back() = 5;
    const Tensor y = op.record(op.make_tensor(1, 1), [x, numbers] {
      x.add_grad([&](DenseView<float> d) { std::fill_n(d.data, d.size(), numbers.back()); });
    });
    context.tape().backward(y);
    CHECK(gradient_of(x)[0] == 5 * static_cast<float>(step + 1));
  }
}

TEST_CASE("backward / the gradients of inner tensors are freed, those of inputs stay") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor(column, true);
  const Tensor inner = scale(x, 2);
  const Tensor loss = l2_penalty(inner, 1);
  context.tape().backward(loss);
  CHECK(x.has_grad());
  CHECK_FALSE(inner.has_grad());
  CHECK_FALSE(loss.has_grad());
}

TEST_CASE("backward / a record of 2000 ops is walked to its start") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor({1, 1, {1}}, true);
  Tensor y = x;
  for (int i = 0; i < 2000; ++i) y = add(y, x);
  context.tape().backward(y);
  CHECK(gradient_of(x) == std::vector<float>{2001});
}

TEST_CASE("evaluation / nothing is recorded and dropout passes everything") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Parameter weight(context, "weight", {1, 3, {1, -2, 3}});
    context.set_training(false);
    const Tensor y = bias_relu_dropout(dropout(weight, 0.9f), weight, 0.9f);
    CHECK_FALSE(y.requires_grad());
    CHECK(y.to_host().values == std::vector<float>{2, 0, 6});
    CHECK(error_mismatch(ErrorKind::usage, "depends on nothing", [&] { context.tape().backward(l2_penalty(y, 1)); }) == "");
  }
}

TEST_CASE("tape / an op of one's own takes part like any other") {
  Context context(Device::cpu());
  const Tensor x = context.make_tensor({1, 2, {2, 3}}, true);
  const auto cube = [](const Tensor& in) {
    const Tensor out = in.like();
    for (int i = 0; i < 2; ++i) out.value().data[i] = in.value().data[i] * in.value().data[i] * in.value().data[i];
    return in.context().tape().record(out, {in}, [in, out] {
      in.add_grad([&](DenseView<float> d) {
        for (int i = 0; i < 2; ++i) d.data[i] = 3 * in.value().data[i] * in.value().data[i] * out.grad().data[i];
      });
    });
  };
  context.tape().backward(l2_penalty(cube(scale(x, 1)), 1));  // 1/2 x^6
  CHECK(gradient_of(x) == std::vector<float>{3 * 32, 3 * 243});
}

TEST_SUITE_END();

}  // namespace heddle::test
