#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "heddle/data.h"
#include "heddle/kernel/philox.h"

/// Every kernel op in double precision, straight from its definition, with a bound on the error of any correct float32
/// implementation: whatever its order of summation, with or without fused multiply-add.
///
/// Notation: u = 2^-24 is half the distance from 1 to the next float; a rounding multiplies by 1 + e, |e| <= u, and where the
/// result is below the normal range adds at most 2^-150. gamma(n) = n u / (1 - n u) bounds the effect of n roundings in a chain
/// (N. Higham, "Accuracy and stability of numerical algorithms", lemma 3.1). The double reference's own error is 2^29 times
/// smaller; one more rounding in each count covers it.
namespace heddle::bench {

/// A result: element i lies within bounds[i] of values[i].
struct Reference {
  std::vector<double> values;
  std::vector<double> bounds;
  std::vector<double> magnitudes = {};  ///< of spmm: the sums of the terms' absolute values
};

/// bounds[i], wider for a variant that rounds an input of the products with this relative error first; the same where there are
/// no magnitudes.
double widened_bound(const Reference& reference, std::size_t i, double rounding);
/// The reference with all of its bounds so.
Reference widened(Reference reference, double rounding);

double gamma(int64_t roundings);

/// How a matrix hands out its values: CsrView's three kinds.
enum class CsrValues { ones, direct, indexed };

/// A X. `indexed` reads a.values[value_index[k]].
Reference spmm(const HostCsr& a, CsrValues kind, const std::vector<int64_t>& value_index, const HostMatrix& x);

/// op(A) op(B), A and B as stored.
Reference gemm(const HostMatrix& a, const HostMatrix& b, bool transpose_a, bool transpose_b);

/// dropout(relu(x + bias)); `bias` may be null. `random.step` is host memory.
struct Activation {
  const std::vector<float>* bias = nullptr;
  bool relu = false;
  float dropout = 0;
  RandomStream random;
};
Reference bias_relu_dropout(const HostMatrix& x, const Activation& activation);

struct ActivationGradient {
  Reference dx;
  Reference dbias;
};
/// `y` is the forward's output as it was computed.
ActivationGradient bias_relu_dropout_backward(const HostMatrix& y, const HostMatrix& dy, const Activation& activation);

/// (E + A^ E + ... + A^^layers E) / (layers + 1) with A^ = diag(scale) A diag(scale), A without its values where `ones`.
Reference propagation(const HostCsr& a, bool ones, const std::vector<float>& scale, const HostMatrix& e, int64_t layers);

Reference masked_nll(const HostMatrix& logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& rows,
                     const std::vector<float>& weights = {});
Reference masked_nll_backward(const HostMatrix& logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& rows,
                              float dloss, const std::vector<float>& weights = {});
int32_t count_correct(const HostMatrix& logits, const std::vector<int32_t>& labels, const std::vector<int32_t>& rows);

/// Rows of users, positives and negatives, as many of each. Scores and softplus may be float, the mean is double.
Reference bpr_loss(const HostMatrix& rows);
Reference bpr_loss_backward(const HostMatrix& rows, float dloss);

struct SampledSoftmaxReference {
  Reference loss;
  Reference gradient;  ///< for a dloss of 1, as rows
};
/// kernels/ranking_loss/ranking_loss.h has the formula. Norms are made in double by the implementation too, unit rows are floats.
SampledSoftmaxReference sampled_softmax_loss(const HostMatrix& rows, int64_t batch, float temperature);

/// factor * sum x^2, summed in double by the implementation too.
Reference sum_of_squares(const HostMatrix& x, float factor);
/// y + factor x.
Reference add_scaled(const std::vector<float>& x, float factor, const std::vector<float>& y);
/// factor scalar x, `factors` of the two given: one or two roundings.
Reference scale(const std::vector<float>& x, double factor, int factors);

/// One tensor's way through Adam's steps. A bound on the error of weight and moments grows along.
class AdamReference {
 public:
  struct Settings {
    float learning_rate, beta1, beta2, epsilon;
    int64_t decay_steps = 0;
  };
  AdamReference(const std::vector<float>& initial, const Settings& settings);
  void step(const std::vector<float>& gradient);

  Reference weight;
  Reference moment1;
  Reference moment2;

 private:
  Settings settings_;
  int64_t steps_ = 0;
  std::vector<double> moment1_magnitude_;  // moment1 with every gradient's absolute value
  std::vector<double> lost1_, lost2_;      // what of the moments was read as 0, at most
};

}  // namespace heddle::bench
