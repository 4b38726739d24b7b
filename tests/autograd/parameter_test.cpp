#include <doctest/doctest.h>

#include <utility>

#include "heddle/context.h"
#include "heddle/ops.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"

namespace heddle::test {

namespace {

const HostMatrix initial{2, 2, {1, 2, 3, 4}};

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("parameter / assign overwrites the values that its tensors see") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    Parameter weight(context, "weight", initial);
    const Tensor before = weight;
    weight.assign({2, 2, {5, 6, 7, 8}});
    CHECK(before.to_host().values == std::vector<float>{5, 6, 7, 8});
    CHECK(weight.tensor().value().data == before.value().data);
  }
}

TEST_CASE("parameter / assign of another shape is refused by name and changes nothing") {
  Context context(Device::cpu());
  Parameter weight(context, "weight7", initial);
  CHECK(error_mismatch(ErrorKind::usage, "weight7 is 2 x 2, the values are 1 x 4", [&] {
          weight.assign({1, 4, {5, 6, 7, 8}});
        }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "weight7: 2 x 2 does not fit 3 values", [&] {
          weight.assign({2, 2, {5, 6, 7}});
        }) == "");
  CHECK(weight.tensor().to_host().values == initial.values);
}

TEST_CASE("parameter / one whose values do not fill its shape is refused by name") {
  Context context(Device::cpu());
  CHECK(error_mismatch(ErrorKind::usage, "weight7: 2 x 2 does not fit 1 value", [&] {
          Parameter(context, "weight7", {2, 2, {1}});
        }) == "");
}

TEST_CASE("parameter / its tensor outlives steps and the parameter's move") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    Parameter weight(context, "weight", initial, true);
    const Tensor tensor = weight;
    const Parameter moved = std::move(weight);
    context.begin_step();
    context.tape().backward(l2_penalty(moved, 2));
    CHECK(tensor.to_host().values == initial.values);
    CHECK(tensor.grad_to_host().values == std::vector<float>{2, 4, 6, 8});
    CHECK(moved.name() == "weight");
    CHECK(moved.regularised());
  }
}

TEST_CASE("parameter / an op never works in its memory") {
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    Context context(device.device);
    const Parameter weight(context, "weight", {1, 2, {-1, 2}});
    const Parameter bias(context, "bias", {1, 2, {0.5f, 0.5f}});
    const float* gradient = nullptr;
    for (int step = 0; step < 2; ++step) {
      context.begin_step();
      const Tensor y = dropout(relu(add_bias(weight.tensor(), bias)), 0.5f);
      context.tape().backward(l2_penalty(y, 1));
      CHECK(weight.tensor().to_host().values == std::vector<float>{-1, 2});
      // The optimiser keeps the gradient's address.
      if (step > 0) CHECK(weight.tensor().grad().data == gradient);
      gradient = weight.tensor().grad().data;
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
