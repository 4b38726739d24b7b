#pragma once

#include "kernels/common/twins.h"
#include "kernels/elementwise/elementwise.h"

// The cpu's side of elementwise.cpp, once per instruction set.
namespace heddle::kernels {

/// A drop probability as the loops want it: dropped where the word is below the threshold, else scaled.
struct DropoutRule {
  uint32_t threshold = 0;
  float scale = 1;
};

/// Floats of the `repeated_bias` that bias_relu_dropout wants: element i is bias[i % d].
inline constexpr int64_t repeated_bias_extra = 16;

HEDDLE_DECLARE_CPU(void bias_relu_dropout(const BiasReluDropoutArgs& args, DropoutRule rule, const float* repeated_bias,
                                          Threads threads);
                   void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, DropoutRule rule, float* partials,
                                                   Threads threads);
                   void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Threads threads);
                   void scale(DenseView<const float> x, float factor, DenseView<float> y, Threads threads);
                   void fill(float value, DenseView<float> y, Threads threads);
                   void sum_of_squares(DenseView<const float> x, double* partials, Threads threads))

}  // namespace heddle::kernels
