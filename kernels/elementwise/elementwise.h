#pragma once

#include "heddle/kernel/philox.h"
#include "heddle/kernel/views.h"

// Elementwise ops. Every pointer is to memory of the stream's device. Outputs are overwritten wholly. Sizes may be 0.
namespace heddle::kernels {

struct Execution;

/// y = dropout(relu(x + bias)), each of the three optional, in this order (Srivastava et al. 2014: what is kept is scaled by
/// 1 / (1 - p)); or with elu, exp(x) - 1 where x < 0 (Clevert et al. 2016), in relu's place.
/// Element i of the row-major matrix is dropped when word i of `random` is below dropout_threshold(p).
struct BiasReluDropoutArgs {
  DenseView<const float> x;     ///< n x d
  const float* bias = nullptr;  ///< d, or null
  bool relu = false;
  bool elu = false;          ///< not both
  float dropout = 0;         ///< p in [0, 1)
  RandomStream random = {};  ///< read where dropout > 0
  DenseView<float> y;        ///< n x d; may be x itself
};
void bias_relu_dropout(const BiasReluDropoutArgs& args, Execution& execution);

/// The gradient of the above: dx from dy, and the column sums of dx as dbias (f32, in a fixed order).
/// With relu an element passes where y > 0, which also says that it was kept; without it the mask is drawn again. elu's slope is
/// exp(x) = y + 1.
struct BiasReluDropoutBackwardArgs {
  DenseView<const float> y = {};  ///< n x d, the forward's output; not read (may be null) without relu and elu
  DenseView<const float> dy;      ///< n x d
  bool relu = false;
  bool elu = false;
  float dropout = 0;
  RandomStream random = {};
  DenseView<float> dx = {};  ///< n x d; may be dy itself; null data: not wanted
  float* dbias = nullptr;    ///< d; null: not wanted
};
void bias_relu_dropout_backward(const BiasReluDropoutBackwardArgs& args, Execution& execution);

/// dbias is summed in two levels: first within chunks of this many rows, then over the chunks in their order. The cpu adds a
/// chunk row after row, the GPU kernels add interleaved slices of it; either order is fixed, whatever the number of threads.
inline constexpr int64_t column_sum_chunk_rows = 512;

/// y += factor * x, element by element; y does not overlap x.
void add_scaled(DenseView<const float> x, float factor, DenseView<float> y, Execution& execution);

/// y = factor * x, element by element; y may be x.
void scale(DenseView<const float> x, float factor, DenseView<float> y, Execution& execution);

/// y = factor * scalar[0] * x, the scalar read on the device; y does not overlap x.
void scale_by(DenseView<const float> x, float factor, const float* scalar, DenseView<float> y, Execution& execution);

/// Every element of y = value.
void fill(float value, DenseView<float> y, Execution& execution);

/// *counter += 1 on the device.
void increment(uint32_t* counter, Execution& execution);

/// history[*step] = *value where *step < length, on the device: a captured step can log its loss without the host.
void record_scalar(const float* value, const uint32_t* step, float* history, int64_t length, Execution& execution);

}  // namespace heddle::kernels
