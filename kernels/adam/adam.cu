#include "kernels/adam/adam.h"

#include <algorithm>
#include <cmath>

#include "heddle/kernel/kernel.h"
#include "kernels/common/quads.h"

// Idea: one launch over all tensors, which are small and many: tensors along the grid's y, a tensor's elements along x. A thread
// owns four neighbouring weights at a time. The bias corrections, two powers in double, are computed once per block.
// Bytes: 16 read and 12 written per weight.
// Source: D. Kingma, J. Ba: "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
namespace heddle::kernels::HEDDLE_TWIN {

namespace {

constexpr int block_threads = 256;
constexpr double pi = 3.14159265358979323846;

struct AdamFactors {
  float learning_rate, beta1, beta2, epsilon;
  int64_t decay_steps;
};

__device__ __forceinline__ bool is_quad_aligned(const float* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0;
}

/// x, but 0 where its magnitude is below `least`; NaN stays.
__device__ __forceinline__ float unless_below(float x, float least) { return fabsf(x) < least ? 0.0f : x; }

__global__ void __launch_bounds__(block_threads) adam_kernel(const AdamTensor* __restrict__ tensors, int64_t tensor_count,
                                                             const uint32_t* __restrict__ step, AdamFactors factors) {
  SHARED(float, corrections, 2);
  if (threadIdx.x == 0) {
    const double t = static_cast<double>(*step) + 1;
    double rate = factors.learning_rate;
    if (factors.decay_steps > 0) rate *= (1 + cos(pi * min((t - 1) / static_cast<double>(factors.decay_steps), 1.0))) / 2;
    corrections[0] = static_cast<float>(rate / (1 - pow(static_cast<double>(factors.beta1), t)));
    corrections[1] = static_cast<float>(1 / sqrt(1 - pow(static_cast<double>(factors.beta2), t)));
  }
  __syncthreads();
  const float step_size = corrections[0];
  const float inverse_root_correction2 = corrections[1];
  for (int64_t index = blockIdx.y; index < tensor_count; index += gridDim.y) {
    const AdamTensor tensor = tensors[index];
    const bool aligned = is_quad_aligned(tensor.weight) && is_quad_aligned(tensor.gradient) && is_quad_aligned(tensor.moment1) &&
                         is_quad_aligned(tensor.moment2);
    for (int64_t group = global_thread(); 4 * group < tensor.size; group += global_threads()) {
      float weight[4], gradient[4], moment1[4], moment2[4];
      load_quad(tensor.weight, 4 * group, tensor.size, aligned, weight);
      load_quad(tensor.gradient, 4 * group, tensor.size, aligned, gradient);
      load_quad(tensor.moment1, 4 * group, tensor.size, aligned, moment1);
      load_quad(tensor.moment2, 4 * group, tensor.size, aligned, moment2);
      HEDDLE_UNROLL
      for (int j = 0; j < 4; ++j) {
        const float g = unless_below(gradient[j], adam_least_moment1);
        const float squared = unless_below(g, adam_least_squared);
        moment1[j] = factors.beta1 * unless_below(moment1[j], adam_least_moment1) + (1 - factors.beta1) * g;
        moment2[j] = factors.beta2 * unless_below(moment2[j], adam_least_moment2) + (1 - factors.beta2) * (squared * squared);
        weight[j] -= step_size * moment1[j] / (sqrtf(moment2[j]) * inverse_root_correction2 + factors.epsilon);
      }
      store_quad(tensor.weight, 4 * group, tensor.size, aligned, weight);
      store_quad(tensor.moment1, 4 * group, tensor.size, aligned, moment1);
      store_quad(tensor.moment2, 4 * group, tensor.size, aligned, moment2);
    }
  }
}

}  // namespace

void adam(const AdamArgs& args, Stream& stream) {
  int64_t largest = 0;
  for (int64_t i = 0; i < args.tensor_count; ++i) largest = std::max(largest, args.tensors[i].size);
  const dim3 grid(static_cast<unsigned>(blocks_for((largest + 3) / 4, block_threads)),
                  static_cast<unsigned>(std::min<int64_t>(args.tensor_count, 65535)));
  launch(adam_kernel, grid, block_threads, 0, stream, args.device_tensors, args.tensor_count, args.step,
         AdamFactors{args.learning_rate, args.beta1, args.beta2, args.epsilon, args.decay_steps});
}

}  // namespace heddle::kernels::HEDDLE_TWIN
