#pragma once

#include "heddle/kernel/views.h"

// Losses and counts. Every pointer is to memory of the stream's device. Outputs are overwritten wholly.
namespace heddle::kernels {

struct Execution;

/// Sums are made in two levels: double sums of chunks of this many terms, then over the chunks. Each level's order is fixed on
/// each device, whatever the number of threads; it differs between cpu and GPU kernels, which add as a tree.
inline constexpr int64_t sum_chunk_terms = 1024;

/// loss = mean over the m listed rows of log_sum_exp(logits[row]) - logits[row][label[row]]  (softmax cross-entropy).
/// With class weights a row counts by the weight of its label, and the mean is divided by the sum of these. The mean is summed in
/// a fixed order. log_sum_exp subtracts the row's maximum first: logits of +-1e4 are safe.
struct MaskedNllArgs {
  DenseView<const float> logits;         ///< n x classes, classes >= 1
  const int32_t* labels = nullptr;       ///< n; in [0, classes) for every listed row
  const int32_t* rows = nullptr;         ///< m row numbers in [0, n), distinct
  int64_t row_count = 0;                 ///< m >= 1
  float* loss = nullptr;                 ///< 1
  const float* class_weights = nullptr;  ///< classes, finite and not negative; null: all are 1
  double weight_sum = 0;                 ///< of the listed rows' labels, above 0; not read without weights
};
void masked_nll(const MaskedNllArgs& args, Execution& execution);

/// dlogits = dloss[0] / m * (softmax(logits[row]) - onehot(label[row])) in the listed rows, 0 in all others. With class weights
/// weight[label[row]] / weight_sum in place of 1 / m.
struct MaskedNllBackwardArgs {
  DenseView<const float> logits;
  const int32_t* labels = nullptr;
  const int32_t* rows = nullptr;
  int64_t row_count = 0;
  const float* dloss = nullptr;          ///< 1
  DenseView<float> dlogits;              ///< n x classes
  const float* class_weights = nullptr;  ///< as in MaskedNllArgs
  double weight_sum = 0;
};
void masked_nll_backward(const MaskedNllBackwardArgs& args, Execution& execution);

/// *correct = how many of the m listed rows have their largest logit (ties: the smallest class) at the label.
struct CountCorrectArgs {
  DenseView<const float> logits;
  const int32_t* labels = nullptr;
  const int32_t* rows = nullptr;
  int64_t row_count = 0;
  int32_t* correct = nullptr;  ///< 1
};
void count_correct(const CountCorrectArgs& args, Execution& execution);

/// *sum = factor * the sum of squares of x, summed in a fixed order with double partial sums.
void sum_of_squares(DenseView<const float> x, float factor, float* sum, Execution& execution);

}  // namespace heddle::kernels
