#pragma once

#include <functional>
#include <string>
#include <vector>

#include "heddle/context.h"
#include "heddle/data.h"
#include "heddle/export.h"
#include "heddle/tensor.h"

HEDDLE_API_BEGIN
namespace heddle {

/// What a gradient check found.
struct GradcheckResult {
  bool passed = false;  ///< every element, and the direction, agree
  std::string message;  ///< the worst disagreement, with its place and the two values
};

/// How a gradient is checked.
struct GradcheckOptions {
  float step = 1e-2f;  ///< of the central difference, on inputs of order 1
  /// Allowed disagreement |analytic - numeric| <= tolerance * (1 + |numeric|): f32 values of order 1 differ by about 1e-7 / step
  /// from rounding and by step^2 times the third derivative from the difference.
  double tolerance = 2e-3;
  uint64_t seed = 0;  ///< of the direction, the projection and the function's own context
};

/// Checks the gradient of `function` with regard to every input, each element by central differences and all at once along a
/// random direction. The function's output may have any shape: a fixed random projection makes it a scalar. It is called many
/// times, each in a new step of the same number, so that its dropout draws the same masks.
GradcheckResult gradcheck(const Device& device, const std::function<Tensor(Context&, const std::vector<Tensor>&)>& function,
                          const std::vector<HostMatrix>& inputs, const GradcheckOptions& options = {});

}  // namespace heddle
HEDDLE_API_END
