#include <math.h>

#include "kernels/adam/adam.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

// Idea: one pass over weight, gradient and both moments. Bytes: 16 read and 12 written per weight.
namespace heddle::kernels::HEDDLE_ISA {

/// x, but 0 where its magnitude is below `least`; NaN stays.
HEDDLE_SIMD Vec unless_below(Vec x, float least) {
  const Vec magnitude = (Vec)((VecI)x & 0x7fffffff);
  return select(magnitude < broadcast(least), Vec{}, x);
}

namespace {

struct Factors {
  Vec beta1, one_minus_beta1, beta2, one_minus_beta2, step_size, inverse_root_correction2, epsilon;
};

/// One vector of weights. `count` < lanes touches the first `count` only.
[[gnu::always_inline]] inline void update(const AdamTensor& tensor, int64_t i, int count, const Factors& f) {
  const bool whole = count == lanes;
  const auto read = [&](const float* p) { return whole ? load(p + i) : load_first(p + i, count); };
  const auto write = [&](float* p, Vec v) {
    if (whole) {
      store(p + i, v);
    } else {
      store_first(p + i, v, count);
    }
  };
  const Vec g = unless_below(read(tensor.gradient), adam_least_moment1);
  const Vec squared = unless_below(g, adam_least_squared);
  const Vec m = f.beta1 * unless_below(read(tensor.moment1), adam_least_moment1) + f.one_minus_beta1 * g;
  const Vec v = f.beta2 * unless_below(read(tensor.moment2), adam_least_moment2) + f.one_minus_beta2 * (squared * squared);
  write(tensor.moment1, m);
  write(tensor.moment2, v);
  const Vec divisor = square_root(v) * f.inverse_root_correction2 + f.epsilon;
  write(tensor.weight, read(tensor.weight) - f.step_size * m / divisor);
}

}  // namespace

void adam(const AdamArgs& args, Threads threads) {
  const double t = static_cast<double>(*args.step) + 1;
  const double correction1 = 1 - __builtin_pow(static_cast<double>(args.beta1), t);
  const double correction2 = 1 - __builtin_pow(static_cast<double>(args.beta2), t);
  double rate = static_cast<double>(args.learning_rate);
  if (args.decay_steps > 0) {
    const double done = (t - 1) / static_cast<double>(args.decay_steps);
    rate *= (1 + __builtin_cos(M_PI * (done < 1 ? done : 1))) / 2;
  }
  const Factors factors{broadcast(args.beta1),
                        broadcast(1 - args.beta1),
                        broadcast(args.beta2),
                        broadcast(1 - args.beta2),
                        broadcast(static_cast<float>(rate / correction1)),
                        broadcast(static_cast<float>(1 / __builtin_sqrt(correction2))),
                        broadcast(args.epsilon)};
  for (int64_t k = 0; k < args.tensor_count; ++k) {
    const AdamTensor& tensor = args.tensors[k];
    parallel_ranges(threads, tensor.size, 64, 1, [&](int64_t begin, int64_t end) {
      int64_t i = begin;
      for (; i + lanes <= end; i += lanes) update(tensor, i, lanes, factors);
      if (i < end) update(tensor, i, static_cast<int>(end - i), factors);
    });
  }
}

}  // namespace heddle::kernels::HEDDLE_ISA
