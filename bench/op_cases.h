#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/double_tape.h"
#include "bench/references.h"
#include "heddle/attention.h"
#include "heddle/context.h"
#include "heddle/ops.h"

namespace heddle::bench {

/// A differentiable op as a function of its inputs.
using Op = std::function<Tensor(Context&, const std::vector<Tensor>&)>;

/// The same in double precision.
using DoubleOp = std::function<DoubleTape::Ref(DoubleTape&, const std::vector<DoubleTape::Ref>&)>;

/// One use of one differentiable op, as data: what it must compute, and a function to check the gradients of or to time.
struct OpCase {
  std::string name;
  /// Each may want a gradient. Of order 1 and, where relu sees them, so far from its kink that a gradient check does not reach
  /// it.
  std::vector<HostMatrix> inputs;
  /// Uploads what is constant and returns the op, which keeps it. Wait for the stream before the op is used on another.
  std::function<Op(Stream&)> prepare;
  /// The op's values in the first step of a context of op_case_seed that is training.
  Reference expected;
  /// What the op computes then, of any inputs of these shapes: infinities and NaN among them.
  DoubleOp in_double;
};

inline constexpr uint64_t op_case_seed = 11;

/// Every op of heddle/ops.h and heddle/attention.h, its name first in the case's: each overload, odd shapes, an input used twice,
/// dropout on.
std::vector<OpCase> op_cases();

}  // namespace heddle::bench
