#pragma once

#include "heddle/kernel/views.h"

namespace heddle::kernels {

struct Execution;

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
