#pragma once

#include <string>
#include <vector>

#include "bench/op_cases.h"
#include "tests/support/devices.h"

// What the tests that sweep bench::op_cases share.
namespace heddle::test {

/// The op of a case, its constants on the device.
inline bench::Op prepared(const bench::OpCase& op_case, const Device& device) {
  Stream stream(device.backend());
  bench::Op op = op_case.prepare(stream);
  stream.synchronise();
  return op;
}

inline std::vector<Tensor> upload_all(Context& context, const std::vector<HostMatrix>& inputs, bool requires_grad) {
  std::vector<Tensor> tensors;
  for (const HostMatrix& input : inputs) tensors.push_back(context.make_tensor(input, requires_grad));
  return tensors;
}

/// The op that a case is one of: the first word of its name.
inline std::string op_name(const bench::OpCase& op_case) { return op_case.name.substr(0, op_case.name.find(' ')); }

}  // namespace heddle::test
