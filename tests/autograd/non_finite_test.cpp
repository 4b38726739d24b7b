// Infinities and NaN in the inputs of every op, on every device, against double precision.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "bench/graphs.h"
#include "tests/autograd/cases.h"
#include "tests/support/compare.h"

namespace heddle::test {

namespace {

/// <dy, y> as a loss.
Tensor projected(const Tensor& y, const HostMatrix& dy) {
  Context& context = y.context();
  const Tensor weights = context.make_tensor(dy);
  const Tensor loss = context.make_tensor(HostMatrix{1, 1, {0}});
  return context.tape().record(loss, {y}, [y, weights] {
    y.add_grad([&](DenseView<float> d) {
      const HostMatrix copy = weights.to_host();
      upload(y.context().stream(), d.data, copy.values.data(), copy.values.size() * sizeof(float));
    });
  });
}

/// The inputs of a case with `value` in some of the elements of one of them.
struct Planted {
  std::string where;
  std::vector<HostMatrix> inputs;
};
std::vector<Planted> planted(const bench::OpCase& op_case, float value) {
  std::vector<Planted> all;
  for (std::size_t input = 0; input < op_case.inputs.size(); ++input) {
    const std::size_t size = op_case.inputs[input].values.size();
    if (size == 0) continue;
    const auto plant = [&](std::size_t begin, std::size_t end) {
      Planted one{text("input ", input, ", elements ", begin, " to ", end - 1), op_case.inputs};
      for (std::size_t i = begin; i < end; ++i) one.inputs[input].values[i] = value;
      all.push_back(std::move(one));
    };
    for (const std::size_t place : std::set<std::size_t>{0, 1, size / 2, size - 1}) {
      if (place < size) plant(place, place + 1);
    }
    plant(0, size);
    // More than a block of edges that a kernel takes at a time, and not all of a row.
    if (size > 40) plant(0, 40);
  }
  return all;
}

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("every op / infinities and NaN in any input give what double precision gives, forward and backward") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const bench::OpCase& op_case : bench::op_cases()) {
    std::vector<std::pair<NamedDevice, bench::Op>> ops;
    for (const NamedDevice& device : devices()) ops.emplace_back(device, prepared(op_case, device.device));
    for (const float value : {-infinity, infinity, std::numeric_limits<float>::quiet_NaN()}) {
      for (const Planted& plant : planted(op_case, value)) {
        bench::DoubleTape tape;
        std::vector<bench::DoubleTape::Ref> leaves;
        for (const HostMatrix& input : plant.inputs) leaves.push_back(tape.leaf(input));
        const bench::DoubleTape::Ref output = op_case.in_double(tape, leaves);
        const HostMatrix dy = bench::uniform_matrix(tape.value(output).rows, tape.value(output).cols, 60);
        tape.backward(output, dy);
        // Numbers are of order 1; what counts is which of them are numbers.
        const auto about = [](const bench::DoubleMatrix& matrix) {
          bench::Reference reference{matrix.values, {}};
          for (const double number : matrix.values) reference.bounds.push_back(1e-4 * (1 + std::abs(number)));
          return reference;
        };
        for (const auto& [device, op] : ops) {
          INFO(device.name, ": ", op_case.name, ", ", value, " in ", plant.where);
          Context context(device.device, bench::op_case_seed);
          const std::vector<Tensor> inputs = upload_all(context, plant.inputs, true);
          const Tensor y = op(context, inputs);
          CHECK(mismatch(y.to_host().values, about(tape.value(output))) == "");
          context.tape().backward(projected(y, dy));
          for (std::size_t i = 0; i < inputs.size(); ++i) {
            INFO("gradient of input ", i);
            CHECK(mismatch(inputs[i].grad_to_host().values, about(tape.gradient(leaves[i]))) == "");
          }
        }
      }
    }
  }
}

TEST_SUITE_END();

}  // namespace heddle::test
