#include "kernels/loss/cpu_loss.h"

#include <atomic>
#include <cmath>
#include <cstring>

#include "kernels/common/parallel.h"

// Idea: a thread owns whole rows. Only the listed rows are read: with 140 of Cora's 2,708 rows the loss is over in microseconds.
namespace heddle::kernels::cpu {

namespace {

/// Work of a class in a row, in elements: an exponential.
constexpr int64_t work_of_class = 16;

float row_max(const float* logits, int64_t classes) {
  float most = logits[0];
  for (int64_t c = 1; c < classes; ++c) most = logits[c] > most ? logits[c] : most;
  return most;
}

double sum_of_exponentials(const float* logits, int64_t classes, float most) {
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(logits[c] - most);
  return sum;
}

}  // namespace

void masked_nll(const MaskedNllArgs& args, double* losses, Threads threads) {
  const int64_t classes = args.logits.cols;
  parallel_each(threads, args.row_count, classes * work_of_class, [&](int64_t i) {
    const float* logits = args.logits.data + args.rows[i] * classes;
    const float most = row_max(logits, classes);
    losses[i] =
        std::log(sum_of_exponentials(logits, classes, most)) + (static_cast<double>(most) - logits[args.labels[args.rows[i]]]);
    if (args.class_weights != nullptr) losses[i] *= args.class_weights[args.labels[args.rows[i]]];
  });
  double total = 0;
  for (int64_t begin = 0; begin < args.row_count; begin += sum_chunk_terms) {
    const int64_t end = begin + sum_chunk_terms < args.row_count ? begin + sum_chunk_terms : args.row_count;
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) sum += losses[i];
    total += sum;
  }
  *args.loss =
      static_cast<float>(total / (args.class_weights != nullptr ? args.weight_sum : static_cast<double>(args.row_count)));
}

void masked_nll_backward(const MaskedNllBackwardArgs& args, Threads threads) {
  const int64_t classes = args.logits.cols;
  // Zeroes, which take an eighth of the time of a number that is worked on, a cache line each time.
  constexpr int64_t line = 16;
  const int64_t size = args.dlogits.size();
  parallel_ranges(threads, (size + line - 1) / line, 1, line / 8, [&](int64_t begin, int64_t end) {
    const int64_t last = end * line < size ? end * line : size;
    std::memset(args.dlogits.data + begin * line, 0, static_cast<std::size_t>(last - begin * line) * sizeof(float));
  });
  const bool weighted = args.class_weights != nullptr;
  const float mean_share = *args.dloss / (weighted ? static_cast<float>(args.weight_sum) : static_cast<float>(args.row_count));
  parallel_ranges(threads, args.row_count, 1, classes * work_of_class, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* logits = args.logits.data + args.rows[i] * classes;
      float* gradient = args.dlogits.data + args.rows[i] * classes;
      const float share = weighted ? mean_share * args.class_weights[args.labels[args.rows[i]]] : mean_share;
      const float most = row_max(logits, classes);
      double sum = 0;
      for (int64_t c = 0; c < classes; ++c) {
        gradient[c] = std::exp(logits[c] - most);
        sum += gradient[c];
      }
      const float factor = static_cast<float>(share / sum);
      for (int64_t c = 0; c < classes; ++c) gradient[c] *= factor;
      gradient[args.labels[args.rows[i]]] -= share;
    }
  });
}

void count_correct(const CountCorrectArgs& args, Threads threads) {
  const int64_t classes = args.logits.cols;
  std::atomic<int32_t> correct{0};
  parallel_ranges(threads, args.row_count, 1, classes, [&](int64_t begin, int64_t end) {
    int32_t here = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float* logits = args.logits.data + args.rows[i] * classes;
      int64_t best = 0;
      bool comparable = logits[0] == logits[0];
      for (int64_t c = 1; c < classes; ++c) {
        if (logits[c] > logits[best]) best = c;
        comparable = comparable && logits[c] == logits[c];
      }
      here += comparable && best == args.labels[args.rows[i]];
    }
    correct += here;
  });
  *args.correct = correct;
}

}  // namespace heddle::kernels::cpu
