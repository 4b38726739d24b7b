#pragma once

#include "heddle/kernel/views.h"

namespace heddle::kernels {

struct Execution;

inline constexpr float adam_least_moment1 = 0x1p-96f;
inline constexpr float adam_least_moment2 = 0x1p-120f;
inline constexpr float adam_least_squared = 0x1p-52f;

/// One parameter tensor of an Adam step, flattened.
struct AdamTensor {
  float* weight = nullptr;          ///< n, updated
  const float* gradient = nullptr;  ///< n
  float* moment1 = nullptr;         ///< n, updated
  float* moment2 = nullptr;         ///< n, updated
  int64_t size = 0;                 ///< n
};

/// Adam (Kingma & Ba 2015, algorithm 1) over several tensors in one launch, step number t = *step + 1:
///   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///   w -= learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// The corrections are computed in double precision. *step is read, not changed.
///
/// Numbers too small to matter are read as 0, here and not by a mode of the processor, so that all devices do the same: m and g
/// of a magnitude below 2^-96, v below 2^-120, and in g^2 a g below 2^-52. Otherwise the moments of a weight whose gradient has
/// become 0 decay to subnormal numbers and stay there, and each operation on one takes a processor a hundred cycles; with these
/// limits no product in the two lines of m and v is subnormal (for beta1 up to 1 - 2^-24, beta2 from 2^-6 to 1 - 2^-22).
/// With the usual epsilon of 1e-8 a v or g^2 that small cannot change a bit of the divisor, nor such an m one of a weight above
/// 1e-13.
struct AdamArgs {
  const AdamTensor* tensors = nullptr;         ///< tensor_count, in host memory (the cpu device reads it)
  const AdamTensor* device_tensors = nullptr;  ///< the same in the device's memory (simt and cuda read it)
  int64_t tensor_count = 0;
  const uint32_t* step = nullptr;  ///< 1, in the device's memory
  float learning_rate = 1e-3f;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  /// 0: the learning rate stays. n: it falls to 0 along a cosine, learning_rate (1 + cos(pi min(t - 1, n) / n)) / 2 at step t
  /// (Loshchilov & Hutter 2017, eq. 5, without restarts).
  int64_t decay_steps = 0;
};
void adam(const AdamArgs& args, Execution& execution);

}  // namespace heddle::kernels
