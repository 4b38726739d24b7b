#include <cmath>

#include "heddle/models.h"
#include "heddle/rethrow.h"

namespace heddle {

HostMatrix glorot_uniform(int64_t rows, int64_t cols, uint64_t seed, uint32_t index) try {
  HostMatrix matrix{rows, cols, std::vector<float>(static_cast<std::size_t>(rows * cols))};
  const double limit = std::sqrt(6.0 / static_cast<double>(rows + cols));
  const RandomStream random{.seed = seed, .purpose = random_purpose::initial_weights + index, .step = nullptr};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    matrix.values[i] = static_cast<float>(limit * (2.0 * uniform01(random_word(random, i)) - 1.0));
  }
  return matrix;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
