// Every op's one list of cases, as a comparison with double precision and as a gradient check, on every device.
#include <doctest/doctest.h>

#include "heddle/gradcheck.h"
#include "tests/autograd/cases.h"
#include "tests/support/compare.h"

namespace heddle::test {

TEST_SUITE_BEGIN("autograd");

TEST_CASE("every op / every device / matches double precision") {
  for (const NamedDevice& device : devices()) {
    for (const bench::OpCase& op_case : bench::op_cases()) {
      INFO(device.name, ": ", op_case.name);
      const bench::Op op = prepared(op_case, device.device);
      Context context(device.device, bench::op_case_seed);
      CHECK(mismatch(op(context, upload_all(context, op_case.inputs, true)).to_host().values, op_case.expected) == "");
    }
  }
}

TEST_CASE("every op / every device / its gradients agree with differences, element by element and along a direction") {
  for (const NamedDevice& device : devices()) {
    for (const bench::OpCase& op_case : bench::op_cases()) {
      INFO(device.name, ": ", op_case.name);
      const GradcheckResult result =
          gradcheck(device.device, prepared(op_case, device.device), op_case.inputs, {.seed = bench::op_case_seed});
      CHECK_MESSAGE(result.passed, result.message);
    }
  }
}

TEST_CASE("every op / an input that wants no gradient gets none, and the others' stay the same") {
  for (const NamedDevice& device : devices()) {
    for (const bench::OpCase& op_case : bench::op_cases()) {
      if (op_case.inputs.size() < 2) continue;
      INFO(device.name, ": ", op_case.name);
      const bench::Op op = prepared(op_case, device.device);
      std::vector<std::vector<float>> both;
      Context context(device.device, bench::op_case_seed);
      const auto gradients = [&](const std::vector<bool>& wanted) {
        context.begin_step();
        std::vector<Tensor> inputs;
        for (std::size_t i = 0; i < wanted.size(); ++i) inputs.push_back(context.make_tensor(op_case.inputs[i], wanted[i]));
        context.tape().backward(l2_penalty(op(context, inputs), 1));
        std::vector<std::vector<float>> values;
        for (const Tensor& input : inputs)
          values.push_back(input.has_grad() ? input.grad_to_host().values : std::vector<float>{});
        return values;
      };
      const std::vector<bool> every(op_case.inputs.size(), true);
      const auto all = gradients(every);
      for (std::size_t without = 0; without < every.size(); ++without) {
        std::vector<bool> wanted = every;
        wanted[without] = false;
        const auto some = gradients(wanted);
        for (std::size_t i = 0; i < every.size(); ++i) {
          INFO("without ", without, ", gradient ", i);
          CHECK(bit_difference(some[i], i == without ? std::vector<float>{} : all[i]) == "");
        }
      }
    }
  }
}

TEST_CASE("every op / a gradient adds to what another use of the input has left") {
  for (const NamedDevice& device : devices()) {
    for (const bench::OpCase& op_case : bench::op_cases()) {
      INFO(device.name, ": ", op_case.name);
      // The op without another use, with two other uses around it on the tape, and those alone: the gradients must add up. Their
      // sum has two roundings of values below 100.
      const bench::Op op = prepared(op_case, device.device);
      Context context(device.device, bench::op_case_seed);
      const auto gradients = [&](bool with_op, bool with_others) {
        context.begin_step();
        const std::vector<Tensor> inputs = upload_all(context, op_case.inputs, true);
        std::vector<Tensor> losses;
        if (with_others) losses.push_back(l2_penalty(inputs[0], 0.5f));
        if (with_op) losses.push_back(l2_penalty(op(context, inputs), 1));
        if (with_others) losses.push_back(l2_penalty(inputs[0], 2));
        Tensor loss = losses[0];
        for (std::size_t i = 1; i < losses.size(); ++i) loss = add(loss, losses[i]);
        context.tape().backward(loss);
        return inputs[0].grad_to_host().values;
      };
      const std::vector<float> together = gradients(true, true), alone = gradients(true, false), others = gradients(false, true);
      bench::Reference expected;
      for (std::size_t i = 0; i < alone.size(); ++i) {
        expected.values.push_back(static_cast<double>(alone[i]) + others[i]);
        expected.bounds.push_back(
            4 * 0x1p-24 * (std::abs(static_cast<double>(alone[i])) + std::abs(static_cast<double>(others[i]))) + 1e-30);
      }
      CHECK(mismatch(together, expected) == "");
    }
  }
}

TEST_CASE("gradcheck / finds a gradient that is wrong by a factor, a sign, an element or not there") {
  const HostMatrix x{2, 2, {0.5f, -0.25f, 0.75f, 1}};
  const auto square = [](float factor, int64_t wrong_element, bool recorded) {
    return [=](Context& context, const std::vector<Tensor>& in) {
      const Tensor input = in[0];
      const HostMatrix values = input.to_host();
      HostMatrix squared = values;
      for (float& value : squared.values) value *= value;
      const Tensor y = context.make_tensor(squared);
      if (!recorded) return y;
      return context.tape().record(y, {input}, [=] {
        const HostMatrix at = input.to_host();
        HostMatrix gradient = y.grad_to_host();
        for (std::size_t i = 0; i < gradient.values.size(); ++i) {
          gradient.values[i] *= 2 * at.values[i] * (wrong_element < 0 || wrong_element == static_cast<int64_t>(i) ? factor : 1);
        }
        input.add_grad([&](DenseView<float> target) {
          upload(y.context().stream(), target.data, gradient.values.data(), gradient.values.size() * sizeof(float));
        });
      });
    };
  };
  for (const NamedDevice& device : devices()) {
    INFO(device.name);
    CHECK(gradcheck(device.device, square(1, -1, true), {x}).passed);
    CHECK_FALSE(gradcheck(device.device, square(1.02f, -1, true), {x}).passed);
    CHECK_FALSE(gradcheck(device.device, square(-1, -1, true), {x}).passed);
    CHECK_FALSE(gradcheck(device.device, square(std::nanf(""), -1, true), {x}).passed);
    const GradcheckResult one = gradcheck(device.device, square(1.1f, 2, true), {x});
    CHECK_FALSE(one.passed);
    CHECK_MESSAGE(one.message.find("input 0, element 2") != std::string::npos, one.message);
    CHECK(error_mismatch(ErrorKind::usage, "depends on nothing", [&] { gradcheck(device.device, square(1, -1, false), {x}); }) ==
          "");
  }
}

TEST_CASE("gradcheck / refuses a step or a tolerance that is not above 0") {
  const auto same = [](Context&, const std::vector<Tensor>& in) { return scale(in[0], 1); };
  const HostMatrix x{1, 1, {1}};
  CHECK(error_mismatch(ErrorKind::usage, "above 0", [&] { gradcheck(Device::cpu(), same, {x}, {.step = 0}); }) == "");
  CHECK(error_mismatch(ErrorKind::usage, "above 0", [&] { gradcheck(Device::cpu(), same, {x}, {.tolerance = -1}); }) == "");
}

TEST_SUITE_END();

}  // namespace heddle::test
