// What must be true of every op, shown for every case of the one list: on every device, whatever its inputs are.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <set>

#include "tests/autograd/cases.h"
#include "tests/support/compare.h"
#include "tests/support/source_dir.h"

namespace heddle::test {

namespace {

using Gradients = std::vector<std::vector<float>>;

Gradients gradients_of(const std::vector<Tensor>& tensors) {
  Gradients gradients;
  for (const Tensor& tensor : tensors) {
    gradients.push_back(tensor.has_grad() ? tensor.grad_to_host().values : std::vector<float>{});
  }
  return gradients;
}

/// The sum of all, element by element. An input that an op reads twice gets its parts in another order, and they may cancel: a
/// few roundings of the greatest element are granted.
bench::Reference sum_of(const Gradients& parts) {
  bench::Reference sum{std::vector<double>(parts[0].size()), {}};
  double greatest = 0;
  for (const std::vector<float>& part : parts) {
    REQUIRE(part.size() == sum.values.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      sum.values[i] += part[i];
      greatest = std::max(greatest, std::abs(static_cast<double>(part[i])));
    }
  }
  sum.bounds.assign(sum.values.size(), 8 * 0x1p-24 * greatest);
  return sum;
}

/// Takes memory of many sizes and fills it with NaN: an op that gave back what its gradient still reads will read that.
void poison_free_memory(Context& context) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int64_t size = 4096; size >= 64; size /= 2) {
    const HostMatrix nans{1, size, std::vector<float>(static_cast<std::size_t>(size), nan)};
    for (int i = 0; i < 16; ++i) context.make_tensor(nans);
  }
}

}  // namespace

TEST_SUITE_BEGIN("autograd");

TEST_CASE("every op / the list of cases has each differentiable op of the public headers") {
  std::set<std::string> listed, declared;
  for (const bench::OpCase& op_case : bench::op_cases()) listed.insert(op_name(op_case));
  for (const char* header : {"ops.h", "attention.h"}) {
    std::ifstream file(source_dir() / "include/heddle" / header);
    REQUIRE(file);
    const std::regex declaration(R"(^Tensor (\w+)\()");
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (std::regex_search(line, match, declaration)) declared.insert(match[1]);
    }
  }
  CHECK(declared.size() >= 20);
  for (const std::string& op : declared) CHECK_MESSAGE(listed.count(op) == 1, op);
}

TEST_CASE("every op / one tensor given for two inputs has the gradients of two equal ones, added") {
  for (const NamedDevice& device : devices()) {
    std::set<std::string> several, shared;
    for (const bench::OpCase& op_case : bench::op_cases()) {
      const std::size_t count = op_case.inputs.size();
      if (count < 2) continue;
      several.insert(op_name(op_case));
      const bench::Op op = prepared(op_case, device.device);
      for (std::size_t first = 0; first < count; ++first) {
        // The inputs that are one: a pair, or all of the shape.
        std::vector<std::vector<std::size_t>> groups(1);
        for (std::size_t other = first + 1; other < count; ++other) {
          const HostMatrix &a = op_case.inputs[first], &b = op_case.inputs[other];
          if (a.rows != b.rows || a.cols != b.cols) continue;
          groups[0].push_back(other);
          groups.push_back({other});
        }
        for (const std::vector<std::size_t>& group : groups) {
          if (group.empty()) continue;
          shared.insert(op_name(op_case));
          INFO(device.name, ": ", op_case.name, ", input ", first, " and ", group.size(), " more from ", group[0], " on");
          Context context(device.device, bench::op_case_seed);
          const auto gradients = [&](bool one) {
            context.begin_step();
            std::vector<HostMatrix> values = op_case.inputs;
            for (const std::size_t other : group) values[other] = values[first];
            std::vector<Tensor> inputs = upload_all(context, values, true);
            if (one) {
              for (const std::size_t other : group) inputs[other] = inputs[first];
            }
            context.tape().backward(l2_penalty(op(context, inputs), 1));
            return gradients_of(inputs);
          };
          const Gradients apart = gradients(false), together = gradients(true);
          Gradients parts{apart[first]};
          for (const std::size_t other : group) parts.push_back(apart[other]);
          CHECK(mismatch(together[first], sum_of(parts)) == "");
        }
      }
    }
    for (const std::string& op : several) CHECK_MESSAGE(shared.count(op) == 1, op, " has no two inputs of one shape");
  }
}

TEST_CASE("every op / backward through the same loss twice gives twice each gradient") {
  for (const NamedDevice& device : devices()) {
    for (const bench::OpCase& op_case : bench::op_cases()) {
      INFO(device.name, ": ", op_case.name);
      const bench::Op op = prepared(op_case, device.device);
      Context context(device.device, bench::op_case_seed);
      const std::vector<Tensor> inputs = upload_all(context, op_case.inputs, true);
      const Tensor loss = l2_penalty(op(context, inputs), 1);
      context.tape().backward(loss);
      const Gradients once = gradients_of(inputs);
      poison_free_memory(context);
      context.tape().backward(loss);
      const Gradients twice = gradients_of(inputs);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        INFO("input ", i);
        CHECK(mismatch(twice[i], sum_of({once[i], once[i]})) == "");
      }
    }
  }
}

TEST_CASE("every op / the gradients of two losses of its output add up") {
  for (const NamedDevice& device : devices()) {
    for (const bench::OpCase& op_case : bench::op_cases()) {
      INFO(device.name, ": ", op_case.name);
      const bench::Op op = prepared(op_case, device.device);
      Context context(device.device, bench::op_case_seed);
      const auto gradients = [&](bool first, bool second) {
        context.begin_step();
        const std::vector<Tensor> inputs = upload_all(context, op_case.inputs, true);
        const Tensor y = op(context, inputs);
        const Tensor loss = l2_penalty(y, 1), other = l2_penalty(add(scale(y, 3), y), 0.25f);
        if (first) context.tape().backward(loss);
        poison_free_memory(context);
        if (second) context.tape().backward(other);
        return gradients_of(inputs);
      };
      const Gradients both = gradients(true, true), one = gradients(true, false), two = gradients(false, true);
      for (std::size_t i = 0; i < one.size(); ++i) {
        INFO("input ", i);
        CHECK(mismatch(both[i], sum_of({one[i], two[i]})) == "");
      }
    }
  }
}

TEST_CASE("every op / inputs of two contexts are refused by name, with both devices") {
  for (const NamedDevice& device : devices()) {
    const Device elsewhere = device.device.kind() == DeviceKind::simt ? Device::cpu({.threads = 1}) : Device::simt();
    for (const bench::OpCase& op_case : bench::op_cases()) {
      const bench::Op op = prepared(op_case, device.device);
      for (std::size_t input = 1; input < op_case.inputs.size(); ++input) {
        for (const Device& other_device : {device.device, elsewhere}) {
          INFO(device.name, ": ", op_case.name, ", input ", input);
          Context context(device.device), other(other_device);
          other.begin_step();  // other steps have passed there
          std::vector<Tensor> inputs = upload_all(context, op_case.inputs, true);
          inputs[input] = other.make_tensor(op_case.inputs[input], true);
          for (const std::string& part : {std::string("belongs to a context on ") + device.device.description(),
                                          "to another on " + other_device.description()}) {
            CHECK(error_mismatch(ErrorKind::usage, part, [&] { op(context, inputs); }) == "");
          }
        }
      }
    }
  }
}

TEST_CASE("every op / a matrix on another device than the tensors is refused with both") {
  const std::set<std::string> with_matrix = {"spmm",      "edge_sums",     "head_sddmm",     "edge_softmax",
                                             "head_spmm", "gat_attention", "gatv2_attention"};
  std::set<std::string> seen;
  for (const NamedDevice& device : devices()) {
    const Device elsewhere = device.device.kind() == DeviceKind::simt ? Device::cpu({.threads = 1}) : Device::simt();
    for (const bench::OpCase& op_case : bench::op_cases()) {
      if (with_matrix.count(op_name(op_case)) == 0) continue;
      seen.insert(op_name(op_case));
      INFO(device.name, ": ", op_case.name);
      const bench::Op op = prepared(op_case, elsewhere);
      Context context(device.device);
      const std::vector<Tensor> inputs = upload_all(context, op_case.inputs, true);
      CHECK(error_mismatch(
                ErrorKind::usage,
                text("the matrix is on ", to_string(elsewhere.kind()), ", the tensors are on ", device.device.description()),
                [&] { op(context, inputs); }) == "");
    }
  }
  CHECK(seen == with_matrix);
}

TEST_SUITE_END();

}  // namespace heddle::test
