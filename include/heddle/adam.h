#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "heddle/buffer.h"
#include "heddle/context.h"
#include "heddle/export.h"
#include "heddle/tensor.h"

HEDDLE_API_BEGIN
namespace heddle {

/// Settings of Adam.
struct AdamOptions {
  float learning_rate = 0.01f;  ///< of the first step
  float beta1 = 0.9f;           ///< decay a step of the mean of the gradients
  float beta2 = 0.999f;         ///< decay a step of the mean of their squares
  float epsilon = 1e-8f;        ///< added to the root of the latter
  int64_t decay_steps = 0;      ///< n > 0: the learning rate falls to 0 along a cosine over n steps
};

/// Adam (Kingma & Ba 2015) over a model's parameters, one kernel launch a step.
class Adam {
 public:
  /// Begins with moments of zero. The context must outlive it. Throws Error{usage} for a parameter of another context.
  Adam(Context& context, std::span<Parameter> parameters, const AdamOptions& options);
  /// Updates every parameter from its gradient. Throws Error{usage} where one has none in this step.
  void step();

 private:
  Context& context_;
  std::vector<Tensor> parameters_;
  AdamOptions options_;
  Buffer moments_;
  Buffer steps_;    ///< the number of steps taken, on the device
  Buffer tensors_;  ///< the device's copy of the table
  std::vector<std::byte> host_tensors_;
};

}  // namespace heddle
HEDDLE_API_END
